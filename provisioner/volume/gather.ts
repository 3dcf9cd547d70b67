/** What the caches know of a PV, by its name. Reads no live object. */
import { parseVersion } from '../../lib/controller/resource-version.ts';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { BY_VOLUME } from '../caches.ts';
import type { Caches } from '../caches.ts';
import type { ClaimSettings } from '../claim/state.ts';
import { classNameOf } from '../claim/ownership.ts';
import type { OpenCases } from '../open-cases.ts';
import { deletionSecret } from './ownership.ts';
import type { VolumeState } from './state.ts';

export interface VolumeGatherWorld {
  readonly caches: Pick<Caches, 'volumes' | 'classes' | 'attachments'>;
  readonly settings: () => Pick<ClaimSettings, 'driver' | 'capabilities'>;
  readonly cases: OpenCases;
  readonly memories: VolumeMemories;
}

/** What this process did to a PV, by name; forgotten with the object. */
export interface VolumeMemory {
  readonly uid: string;
  /** DeleteVolume was answered OK. */
  readonly deleted: boolean;
  /** Version of our last write: an older cached object is not decided on. `gone`: there is nothing left to do. */
  readonly floor: bigint | 'gone' | undefined;
}
export type VolumeMemories = Map<string, VolumeMemory>;

/** Adds to what is known of this PV. */
export function remember(memories: VolumeMemories, volume: PersistentVolume, change: Partial<VolumeMemory>): void {
  const { name = '', uid = '' } = volume.metadata ?? {};
  const known = memories.get(name);
  const base = known?.uid === uid ? known : { uid, deleted: false, floor: undefined };
  memories.set(name, { ...base, ...change });
}

function isBehind(volume: PersistentVolume, floor: VolumeMemory['floor']): boolean {
  if (floor === 'gone' || floor === undefined) return floor === 'gone';
  const version = parseVersion(volume.metadata?.resourceVersion);
  return version !== undefined && version < floor;
}

export function gather({ caches, settings, cases, memories }: VolumeGatherWorld, name: string): VolumeState | undefined {
  const volume = caches.volumes.store.get(name);
  if (volume?.metadata?.uid !== memories.get(name)?.uid) memories.delete(name);
  if (volume === undefined) return undefined;
  const memory = memories.get(name);
  const { driver, capabilities } = settings();
  const className = classNameOf(volume) ?? '';
  const claimUid = volume.spec?.claimRef?.uid ?? '';
  return {
    name,
    driver,
    capabilities,
    volume,
    attachedTo: (caches.attachments?.store.byIndex(BY_VOLUME, name) ?? []).map(({ spec }) => spec?.nodeName ?? ''),
    claimOpen: claimUid !== '' && cases.isOpen(claimUid),
    deleted: memory?.deleted === true,
    behind: isBehind(volume, memory?.floor),
    secret: deletionSecret(volume, caches.classes.store.get(className)),
    gone: false,
    leaseStale: false,
    failure: undefined,
    reported: undefined,
  };
}
