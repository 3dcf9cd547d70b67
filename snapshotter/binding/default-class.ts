/** The class of a snapshot that names none: the one marked as default for the driver of its volume. */
import type { PersistentVolumeClaim, PersistentVolume, VolumeSnapshotClass } from '../../lib/kube/objects.ts';
import { text } from '../content-accessors.ts';
import { IS_DEFAULT_CLASS } from '../names.ts';
import type { Resolved } from '../secret-templates.ts';

export function isDefaultClass({ metadata }: VolumeSnapshotClass): boolean {
  return metadata?.annotations?.[IS_DEFAULT_CLASS] === 'true';
}

/** Answers the class name. More than one default is refused by name: nobody would know which was taken. */
export function chooseDefaultClass(classes: readonly VolumeSnapshotClass[], driver: string): Resolved<string> {
  const names = classes.flatMap((one) => (one.driver === driver && one.metadata?.name !== undefined ? [one.metadata.name] : [])).toSorted();
  const [name] = names;
  if (name === undefined) return { ok: false, fault: `cannot find default snapshot class for driver ${driver}` };
  if (names.length > 1)
    return { ok: false, fault: `${names.length} default snapshot classes were found for driver ${driver}: ${names.join(', ')}` };
  return { ok: true, value: name };
}

export interface SourceVolume {
  readonly driver: string;
  readonly handle: string;
}

/** The CSI volume behind a bound claim, or why there is none. `missing`: the volume itself was not found. */
export function sourceVolume(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume | undefined,
): Resolved<SourceVolume> & { readonly missing?: boolean } {
  const claimName = `${claim.metadata?.namespace ?? ''}/${claim.metadata?.name ?? ''}`;
  const volumeName = claim.spec?.volumeName ?? '';
  if (claim.status?.phase !== 'Bound' || volumeName === '')
    return { ok: false, fault: `PersistentVolumeClaim ${claimName} is not yet bound to a PersistentVolume` };
  if (volume === undefined)
    return { ok: false, fault: `PersistentVolume ${volumeName} of claim ${claimName} was not found`, missing: true };
  const ref = volume.spec?.claimRef;
  const uidDiffers = text(ref?.uid) !== undefined && ref?.uid !== claim.metadata?.uid;
  if (ref?.name !== claim.metadata?.name || ref?.namespace !== claim.metadata?.namespace || uidDiffers)
    return { ok: false, fault: `PersistentVolume ${volumeName} is not bound to claim ${claimName}`, missing: true };
  const driver = text(volume.spec?.csi?.driver);
  const handle = text(volume.spec?.csi?.volumeHandle);
  if (driver === undefined || handle === undefined)
    return { ok: false, fault: `PersistentVolume ${volumeName} is no CSI volume: only CSI volumes can be snapshotted` };
  return { ok: true, value: { driver, handle } };
}
