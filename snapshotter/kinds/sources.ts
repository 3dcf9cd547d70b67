/** The CSI volumes behind the claims that a snapshot is of, or what is wrong with the first that is not usable. */
import type { PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { text } from '../content-accessors.ts';

/** One volume that a snapshot is made of. */
export interface SourceVolume {
  readonly driver: string;
  readonly handle: string;
  readonly volumeMode: string | undefined;
}

/** A claim that a snapshot is of, as far as it is known, and its volume. */
export interface SourceClaim {
  readonly name: string;
  readonly claim: PersistentVolumeClaim | undefined;
  readonly volume: PersistentVolume | undefined;
}

/** What users are told, by name. Claims are of the snapshot's namespace. */
export type SourceFault =
  | { readonly kind: 'nothing-selected'; readonly selector: string }
  | { readonly kind: 'no-claim'; readonly claim: string }
  | { readonly kind: 'claim-unbound'; readonly claim: string }
  | { readonly kind: 'no-volume'; readonly claim: string; readonly volume: string }
  | { readonly kind: 'volume-of-another'; readonly claim: string; readonly volume: string }
  | { readonly kind: 'no-csi-volume'; readonly claim: string; readonly volume: string };

export interface FoundSource {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume;
  readonly source: SourceVolume;
}

export type FoundSources =
  | { readonly ok: true; readonly found: readonly FoundSource[] }
  /** `missing`: a cache that lags may be the reason. */
  | { readonly ok: false; readonly fault: SourceFault; readonly missing?: 'claim' | 'volume' };

/** The first fault in the order of the claims. */
export function findSources(sources: readonly SourceClaim[]): FoundSources {
  const found: FoundSource[] = [];
  for (const source of sources) {
    const one = findSource(source);
    if (!one.ok) return one;
    found.push(...one.found);
  }
  return { ok: true, found };
}

function findSource({ name, claim, volume }: SourceClaim): FoundSources {
  if (claim === undefined) return { ok: false, fault: { kind: 'no-claim', claim: name }, missing: 'claim' };
  const volumeName = text(claim.spec?.volumeName) ?? '';
  if (claim.status?.phase !== 'Bound' || volumeName === '') return { ok: false, fault: { kind: 'claim-unbound', claim: name } };
  const at = { claim: name, volume: volumeName };
  if (volume === undefined) return { ok: false, fault: { kind: 'no-volume', ...at }, missing: 'volume' };
  const ref = volume.spec?.claimRef;
  const uidDiffers = text(ref?.uid) !== undefined && ref?.uid !== claim.metadata?.uid;
  if (ref?.name !== claim.metadata?.name || ref?.namespace !== claim.metadata?.namespace || uidDiffers)
    return { ok: false, fault: { kind: 'volume-of-another', ...at }, missing: 'volume' };
  const driver = text(volume.spec?.csi?.driver);
  const handle = text(volume.spec?.csi?.volumeHandle);
  if (driver === undefined || handle === undefined) return { ok: false, fault: { kind: 'no-csi-volume', ...at } };
  return { ok: true, found: [{ claim, volume, source: { driver, handle, volumeMode: volume.spec?.volumeMode } }] };
}
