/** Objects of a lineage, as many as one likes. */
import type { LineageNode } from '../../csi-sidecars/lineage/node.ts';

export const NOW_MS = Date.parse('2026-01-03T00:00:00Z');

const HOUR_MS = 3_600_000;

function node(id: string, index: number, more: Partial<LineageNode>): LineageNode {
  const [kind = '', namespace = '', name = ''] = id.split('/');
  const claim = kind === 'claim';
  return {
    id,
    kind: claim ? 'PersistentVolumeClaim' : 'VolumeSnapshot',
    name: `${namespace}/${name}`,
    state: index % 17 === 0 ? (claim ? 'Pending' : 'not ready') : claim ? 'Bound' : 'ready',
    size: `${1 + (index % 40)}Gi`,
    createdAt: new Date(NOW_MS - (index % 4000) * HOUR_MS).toISOString(),
    place: `${claim ? 'pvc' : 'snapcontent'}-3f6c1f6e-7d1b-4b0a-9c51-${String(index).padStart(12, '0')}`,
    parent: undefined,
    ...more,
  };
}

/** Claims with a snapshot each, and a claim restored from every second one. */
export function familiesOf(count: number): LineageNode[] {
  const nodes: LineageNode[] = [];
  for (let family = 0; nodes.length < count; family += 1) {
    const team = `team-${family % 25}`;
    nodes.push(node(`claim/${team}/data-${family}`, nodes.length, {}));
    nodes.push(node(`snapshot/${team}/nightly-${family}`, nodes.length, { parent: `claim/${team}/data-${family}` }));
    if (family % 2 === 0)
      nodes.push(node(`claim/${team}/restored-${family}`, nodes.length, { parent: `snapshot/${team}/nightly-${family}` }));
  }
  return nodes.slice(0, count);
}

/** Each cloned from the one before. */
export function chainOf(count: number): LineageNode[] {
  return Array.from({ length: count }, (_, index) =>
    node(`claim/team/link-${index}`, index, index === 0 ? {} : { parent: `claim/team/link-${index - 1}` }),
  );
}
