/** What the caches know of a PV, by its name. Reads no live object. */
import { parseVersion } from '../../lib/controller/resource-version.ts';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { BY_VOLUME } from '../caches.ts';
import type { Caches } from '../caches.ts';
import type { Settings } from '../facts/settings.ts';
import { isReachable } from '../facts/node.ts';
import { classNameOf } from '../facts/ownership.ts';
import type { ClaimsInProgress } from '../intent/claims-in-progress.ts';
import { csiHandle } from '../migration/plugins.ts';
import { deletionSecret } from './ownership.ts';
import type { VolumeState } from './state.ts';

export interface VolumeGatherDeps {
  readonly caches: Pick<Caches, 'volumes' | 'classes' | 'attachments'>;
  readonly settings: () => Pick<Settings, 'driver' | 'capabilities' | 'node'>;
  readonly progress: Pick<ClaimsInProgress, 'of' | 'isOpen'>;
  readonly memories: VolumeMemories;
}

/** What this process did to a PV, by name; forgotten with the object. */
export interface VolumeMemory {
  readonly uid: string;
  /** DeleteVolume was answered OK. */
  readonly deleted: boolean;
  /** Version of our last write: an older cached object is not decided on. `gone`: there is nothing left to do. */
  readonly minVersion: bigint | 'gone' | undefined;
}
export type VolumeMemories = Map<string, VolumeMemory>;

/** Adds to what is known of this PV. */
export function remember(memories: VolumeMemories, volume: PersistentVolume, change: Partial<VolumeMemory>): void {
  const { name = '', uid = '' } = volume.metadata ?? {};
  const known = memories.get(name);
  const base = known?.uid === uid ? known : { uid, deleted: false, minVersion: undefined };
  memories.set(name, { ...base, ...change });
}

function isBehind(volume: PersistentVolume, minVersion: VolumeMemory['minVersion']): boolean {
  if (minVersion === 'gone' || minVersion === undefined) return minVersion === 'gone';
  const version = parseVersion(volume.metadata?.resourceVersion);
  return version !== undefined && version < minVersion;
}

export function gather({ caches, settings, progress, memories }: VolumeGatherDeps, name: string): VolumeState | undefined {
  const volume = caches.volumes.store.get(name);
  if (volume === undefined) return undefined;
  const known = memories.get(name);
  const memory = known?.uid === volume.metadata?.uid ? known : undefined;
  const { driver, capabilities, node } = settings();
  const className = classNameOf(volume) ?? '';
  const claimUid = volume.spec?.claimRef?.uid ?? '';
  return {
    name,
    driver,
    capabilities,
    volume,
    handle: csiHandle(driver, volume),
    attachedTo: (caches.attachments?.store.byIndex(BY_VOLUME, name) ?? []).map(({ spec }) => spec?.nodeName ?? ''),
    making: makingOf(progress, claimUid, name),
    deleted: memory?.deleted === true,
    behind: isBehind(volume, memory?.minVersion),
    secret: deletionSecret(driver, volume, caches.classes.store.get(className)),
    reachable: isReachable(volume, node),
    gone: false,
    failure: undefined,
  };
}

function makingOf(progress: Pick<ClaimsInProgress, 'of' | 'isOpen'>, claimUid: string, name: string): VolumeState['making'] {
  if (!progress.isOpen(claimUid, name)) return 'over';
  return progress.of(claimUid).operation.phase === 'closing' ? 'closing' : 'open';
}
