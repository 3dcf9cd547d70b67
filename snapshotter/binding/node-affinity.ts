/** Which node can reach volumes, by their required node affinity. Source: core/v1 NodeSelector. */
import type { Node, NodeSelectorRequirement, NodeSelectorTerm, PersistentVolume } from '../../lib/kube/objects.ts';

/**
 * The first by name of the nodes that reach all of the volumes. A volume without affinity is reached from everywhere;
 * a single one that no node reaches has none, as with the Go program. Not ok: of several volumes, no node reaches all.
 */
export function commonNode(
  sources: readonly { readonly volume: PersistentVolume }[],
  nodes: readonly Node[],
): { readonly ok: true; readonly name: string | undefined } | { readonly ok: false } {
  const affinities = sources.flatMap(({ volume }) => {
    const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
    return terms === undefined || terms === null ? [] : [terms];
  });
  if (affinities.length === 0) return { ok: true, name: undefined };
  const names = nodes.flatMap((node) =>
    affinities.every((terms) => terms.some((term) => matchesTerm(term, node))) ? [node.metadata?.name ?? ''] : [],
  );
  const [name] = names.filter((one) => one !== '').toSorted();
  return name === undefined && sources.length > 1 ? { ok: false } : { ok: true, name };
}

/** A term without requirements matches nothing. */
function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  const labels = node.metadata?.labels ?? {};
  return (
    expressions.every((one) => matches(one, Object.hasOwn(labels, one.key ?? '') ? labels[one.key ?? ''] : undefined)) &&
    fields.every((one) => matches(one, one.key === 'metadata.name' ? node.metadata?.name : undefined))
  );
}

function matches({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}
