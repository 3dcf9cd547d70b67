/** The class of a snapshot that names none: the one marked as default for the driver of its volume. */
import type { PersistentVolumeClaim, PersistentVolume, VolumeSnapshotClass } from '../../lib/kube/objects.ts';
import { text } from '../content-accessors.ts';
import { IS_DEFAULT_CLASS } from '../names.ts';
import { quote } from '../peer-words.ts';
import type { Resolved, Unresolved } from '../secret-templates.ts';

export function isDefaultClass({ metadata }: VolumeSnapshotClass): boolean {
  return metadata?.annotations?.[IS_DEFAULT_CLASS] === 'true';
}

/** Answers the class name. More than one default is refused by name: nobody would know which was taken. */
export function chooseDefaultClass(classes: readonly VolumeSnapshotClass[], driver: string): Resolved<string> {
  const names = classes.flatMap((one) => (one.driver === driver && one.metadata?.name !== undefined ? [one.metadata.name] : [])).toSorted();
  const [name] = names;
  if (name === undefined) return { ok: false, fault: 'cannot find default snapshot class', more: `driver ${driver}` };
  if (names.length > 1)
    return { ok: false, fault: `${names.length} default snapshot classes were found`, more: `driver ${driver}: ${names.join(', ')}` };
  return { ok: true, value: name };
}

export interface SourceVolume {
  readonly driver: string;
  readonly handle: string;
}

/** `missing`: the PV was not found, or is not the claim's. `no-csi`: the words differ with the purpose (source-words.ts). */
type NoVolume = Unresolved & { readonly kind: 'unbound' | 'missing' | 'no-csi' };

/** The CSI volume behind a bound claim, or why there is none. */
export function sourceVolume(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume | undefined,
): { readonly ok: true; readonly value: SourceVolume; readonly volume: PersistentVolume } | NoVolume {
  const { namespace = '', name = '' } = claim.metadata ?? {};
  const volumeName = claim.spec?.volumeName ?? '';
  if (claim.status?.phase !== 'Bound' || volumeName === '')
    return { ok: false, kind: 'unbound', fault: `the PVC ${name} is not yet bound to a PV, will not attempt to take a snapshot` };
  if (volume === undefined) {
    const why = `persistentvolumes ${quote(volumeName)} not found`;
    return { ok: false, kind: 'missing', fault: `failed to retrieve PV ${volumeName} from the API server: ${quote(why)}` };
  }
  const ref = volume.spec?.claimRef;
  const uidDiffers = text(ref?.uid) !== undefined && ref?.uid !== claim.metadata?.uid;
  if (ref?.name !== name || ref.namespace !== namespace || uidDiffers) {
    const more = `PersistentVolume ${volumeName} is not bound to claim ${namespace}/${name}`;
    return { ok: false, kind: 'missing', fault: 'claim in dataSource not bound or invalid', more };
  }
  const driver = text(volume.spec?.csi?.driver);
  const handle = text(volume.spec?.csi?.volumeHandle);
  if (driver !== undefined && handle !== undefined) return { ok: true, value: { driver, handle }, volume };
  return { ok: false, kind: 'no-csi', fault: volumeName, more: `PersistentVolume ${volumeName} is no CSI volume` };
}
