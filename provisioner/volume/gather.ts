/** What the caches know of a PV, by its name. Reads no live object. */
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
  /** PV name → uid of PVs whose volume this process had deleted. */
  readonly deleted: Map<string, string>;
}

export function gather({ caches, settings, cases, deleted }: VolumeGatherWorld, name: string): VolumeState | undefined {
  const volume = caches.volumes.store.get(name);
  if (volume?.metadata?.uid !== deleted.get(name)) deleted.delete(name);
  if (volume === undefined) return undefined;
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
    deleted: deleted.has(name),
    secret: deletionSecret(volume, caches.classes.store.get(className)),
    gone: false,
    leaseStale: false,
    failure: undefined,
    reported: undefined,
  };
}
