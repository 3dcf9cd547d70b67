/** Which CSI drivers the cluster knows, and which provisioners are of another sort. */
import type { CsiDriver, CsiNode, PersistentVolume } from '../../lib/kube/objects.ts';
import { PROVISIONED_BY } from '../../provisioner/facts/names.ts';
import type { Listed } from './read-only-client.ts';

export interface DriversThere {
  /** CSIDriver objects. */
  readonly announced: ReadonlySet<string>;
  /** Driver → nodes on which the kubelet knows it. */
  readonly nodes: ReadonlyMap<string, readonly string[]>;
  /** No CSIDriver and no node has it. False for all where one of the two could not be listed: then nothing can be said to be missing. */
  isMissing(driver: string): boolean;
  /** A provisioner that made volumes which are none of CSI: it has neither a CSIDriver nor nodes, and needs none. */
  isOtherSort(provisioner: string): boolean;
}

/** Built into Kubernetes, and moved to CSI drivers by it: their classes name them still. */
const IN_TREE = /^kubernetes\.io\//;

export function driversThere({
  drivers,
  csiNodes,
  volumes,
}: {
  readonly drivers: Listed<CsiDriver>;
  readonly csiNodes: Listed<CsiNode>;
  readonly volumes: Listed<PersistentVolume>;
}): DriversThere {
  const announced = new Set(drivers.items.map(({ metadata }) => metadata?.name ?? ''));
  const nodes = new Map<string, string[]>();
  for (const { metadata, spec } of csiNodes.items)
    for (const { name = '' } of spec?.drivers ?? []) nodes.set(name, [...(nodes.get(name) ?? []), metadata?.name ?? '']);
  const others = new Set(
    volumes.items.flatMap(({ metadata, spec }) => (spec?.csi === undefined ? [metadata?.annotations?.[PROVISIONED_BY] ?? ''] : [])),
  );
  const seesAll = drivers.blind === undefined && csiNodes.blind === undefined;
  return {
    announced,
    nodes,
    isMissing: (driver) => seesAll && !announced.has(driver) && !nodes.has(driver),
    isOtherSort: (provisioner) => IN_TREE.test(provisioner) || others.has(provisioner),
  };
}
