/** Which node can reach a volume, by the volume's required node affinity. Source: core/v1 NodeSelector. */
import type { Node, NodeSelectorRequirement, NodeSelectorTerm, PersistentVolume } from '../../lib/kube/objects.ts';

/** The first matching node by name. Undefined where the volume has no affinity or no node matches. */
export function nodeOf(volume: PersistentVolume, nodes: readonly Node[]): string | undefined {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  if (terms === undefined || terms === null) return undefined;
  const names = nodes.flatMap((node) => (terms.some((term) => matchesTerm(term, node)) ? [node.metadata?.name ?? ''] : []));
  return names.filter((name) => name !== '').toSorted()[0];
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
