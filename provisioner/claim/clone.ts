/**
 * May this claim be filled from that claim? In the peer's order, but each refusal says which object is in
 * the way (the peer has one vague sentence for six of them). Source: docs/peer-behaviour.md#clone-of-a-claim.
 */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import { toBytesRoundedUp } from '../../lib/kube/quantity.ts';
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
  const name = `source PersistentVolumeClaim ${sourceName}`;
  if (source === undefined) return `${name} is not found`;
  if (source.status?.phase !== 'Bound') return `${name} is not Bound, its phase is ${source.status?.phase ?? 'not set'}`;
  if (source.metadata?.deletionTimestamp !== undefined && begun !== true) return `${name} is being deleted`;
  if (classNameOf(source) === undefined) return `${name} has no storage class`;
  if (classNameOf(claim) === undefined) return 'the claim has no storage class';
  const size = toBytesRoundedUp(source.spec?.resources?.requests?.storage ?? 0) ?? 0n;
  if (requestedBytes < size) return `the claim asks for ${requestedBytes} bytes, less than the ${size} of ${name}`;
  if ((source.spec?.volumeName ?? '') === '') return `${name} names no volume`;
  return undefined;
}

function volumeProblem({ claim, class: storageClass, source, sourceVolume, sourceName }: CloneInput): string | undefined {
  const name = `PersistentVolume ${source?.spec?.volumeName ?? ''} of source PersistentVolumeClaim ${sourceName}`;
  if (sourceVolume === undefined) return `${name} is not found`;
  const csi = sourceVolume.spec?.csi ?? undefined;
  const claimRef = sourceVolume.spec?.claimRef ?? undefined;
  const handle = handleOf({ class: storageClass, sourceVolume });
  if (csi === undefined && handle === undefined) return `${name} is not a CSI volume`;
  if (csi !== undefined && csi.driver !== storageClass.provisioner) {
    return `${name} belongs to driver ${csi.driver ?? ''}, the claim's class to ${storageClass.provisioner ?? ''}`;
  }
  const { uid, namespace, name: sourceClaimName } = source?.metadata ?? {};
  if (claimRef === undefined || claimRef.uid !== uid || claimRef.namespace !== namespace || claimRef.name !== sourceClaimName) {
    return `${name} is bound to another claim`;
  }
  if (sourceVolume.status?.phase !== 'Bound') return `${name} is not Bound, its phase is ${sourceVolume.status?.phase ?? 'not set'}`;
  if (handle?.ok !== true) return `${name} has no volume handle${handle === undefined ? '' : `: ${handle.fault}`}`;
  const had = sourceVolume.spec?.volumeMode ?? 'Filesystem';
  const wanted = claim.spec?.volumeMode ?? 'Filesystem';
  return had === wanted ? undefined : `a clone keeps the volume mode: ${name} is ${had}, the claim asks for ${wanted}`;
}
