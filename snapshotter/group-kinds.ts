/** The kinds of group snapshots, used where the API server has them and the feature gate is on. */
import {
  GROUP_SNAPSHOT_GROUP,
  GROUP_SNAPSHOT_VERSIONS,
  groupSnapshotResources,
  type GroupSnapshotResources,
} from '../lib/kube/resources.ts';
import { gateEnabled } from '../lib/process/flags.ts';
import type { OptionalKinds } from '../lib/process/served-versions.ts';

type Gates = Parameters<typeof gateEnabled>[0];

/** What a role asks for at its start; `names`: the kinds that it reads. */
export function optionalGroupKinds(featureGates: Gates, names: readonly (keyof GroupSnapshotResources)[]): readonly OptionalKinds[] {
  if (!gateEnabled(featureGates, 'CSIVolumeGroupSnapshot')) return [];
  const resources = groupSnapshotResources(GROUP_SNAPSHOT_VERSIONS[0]);
  const plurals = names.map((name) => resources[name].plural);
  return [{ purpose: 'group snapshots', group: GROUP_SNAPSHOT_GROUP, versions: GROUP_SNAPSHOT_VERSIONS, plurals }];
}

/** Undefined where groups are off: by the gate, or since the server has none of the known versions. */
export function servedGroupKinds(served: ReadonlyMap<string, string>, featureGates: Gates): GroupSnapshotResources | undefined {
  const version = served.get(GROUP_SNAPSHOT_GROUP);
  return version === undefined || !gateEnabled(featureGates, 'CSIVolumeGroupSnapshot') ? undefined : groupSnapshotResources(version);
}
