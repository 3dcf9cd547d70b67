/**
 * May this claim be filled from that claim? In the peer's order and words; where it has one vague
 * sentence for six refusals, ours behind it says which object is in the way. Source: docs/peer-behaviour.md#clone-of-a-claim.
 */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import { toBytesRoundedUp } from '../../lib/kube/quantity.ts';
import { quoted, words } from '../facts/peer-words.ts';
import { csiHandle } from '../migration/plugins.ts';
import { classNameOf } from '../facts/ownership.ts';

export interface CloneInput {
  readonly claim: PersistentVolumeClaim;
  readonly class: StorageClass;
  readonly source: PersistentVolumeClaim | undefined;
  readonly sourceName: string;
  /** The PV that the source names. */
  readonly sourceVolume: PersistentVolume | undefined;
  readonly requestedBytes: bigint;
  /** A call that fills the volume from this source was made before: a source that is going waits for it. */
  readonly begun?: boolean;
}

export type CloneVerdict =
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'accepted'; readonly volumeHandle: string };

export function checkClone(input: CloneInput): CloneVerdict {
  const message = sourceProblem(input) ?? volumeProblem(input);
  if (message !== undefined) return { kind: 'refused', message };
  const handle = handleOf(input);
  return { kind: 'accepted', volumeHandle: handle?.ok === true ? handle.value : '' };
}

function handleOf({ class: { provisioner = '' }, sourceVolume }: Pick<CloneInput, 'class' | 'sourceVolume'>): ReturnType<typeof csiHandle> {
  return sourceVolume === undefined ? undefined : csiHandle(provisioner, sourceVolume);
}

function sourceProblem({ claim, source, sourceName, requestedBytes, begun }: CloneInput): string | undefined {
  if (source === undefined) {
    const where = `error getting PVC ${sourceName} (namespace ${quoted(claim.metadata?.namespace ?? '')}) from api server`;
    return `${where}: persistentvolumeclaim ${quoted(sourceName)} not found`;
  }
  const phase = source.status?.phase ?? '';
  // As Go writes the status of a claim that has no more than a phase.
  if (phase !== 'Bound')
    return `the PVC DataSource ${sourceName} must have a status of Bound.  Got {${phase} [] map[] [] map[] map[] <nil> nil nil}`;
  if (source.metadata?.deletionTimestamp !== undefined && begun !== true)
    return `the PVC DataSource ${sourceName} is currently being deleted`;
  if (classNameOf(source) === undefined) return `the source PVC (${sourceName}) storageclass cannot be empty`;
  if (classNameOf(claim) === undefined) return `the requested PVC (${claim.metadata?.name ?? ''}) storageclass cannot be empty`;
  const size = toBytesRoundedUp(source.spec?.resources?.requests?.storage ?? 0) ?? 0n;
  if (requestedBytes < size)
    return (
      'error, new PVC request must be greater than or equal in size to the specified PVC data source, ' +
      `requested ${requestedBytes} but source is ${size}`
    );
  if ((source.spec?.volumeName ?? '') === '') return `volume name is empty in source PVC ${sourceName}`;
  return undefined;
}

function volumeProblem({ claim, class: storageClass, source, sourceVolume }: CloneInput): string | undefined {
  const invalid = (why: string): string =>
    words('claim in dataSource not bound or invalid', `PersistentVolume ${source?.spec?.volumeName ?? ''} ${why}`);
  if (sourceVolume === undefined) return invalid('is not found');
  const csi = sourceVolume.spec?.csi ?? undefined;
  const claimRef = sourceVolume.spec?.claimRef ?? undefined;
  const handle = handleOf({ class: storageClass, sourceVolume });
  if (csi === undefined && handle === undefined) return invalid('is not a CSI volume');
  if (csi !== undefined && csi.driver !== storageClass.provisioner)
    return invalid(`belongs to driver ${csi.driver ?? ''}, the claim's class to ${storageClass.provisioner ?? ''}`);
  const { uid, namespace, name: sourceClaimName } = source?.metadata ?? {};
  if (claimRef === undefined || claimRef.uid !== uid || claimRef.namespace !== namespace || claimRef.name !== sourceClaimName)
    return invalid('is bound to another claim');
  if (sourceVolume.status?.phase !== 'Bound') return invalid(`is not Bound, its phase is ${sourceVolume.status?.phase ?? 'not set'}`);
  if (handle?.ok !== true) return invalid(`has no volume handle${handle === undefined ? '' : `: ${handle.fault}`}`);
  const had = sourceVolume.spec?.volumeMode ?? 'Filesystem';
  const wanted = claim.spec?.volumeMode ?? 'Filesystem';
  if (had === wanted) return undefined;
  return `the source PVC and destination PVCs must have the same volume mode for cloning.  Source is ${had}, but new PVC requested ${wanted}`;
}
