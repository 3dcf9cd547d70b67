/**
 * May this claim be filled from this snapshot? In the peer's order; each refusal is a sentence for the
 * event, and none is final: snapshots become ready and get bound. Source: docs/peer-behaviour.md#restore-from-a-snapshot.
 */
import type { PersistentVolumeClaim, StorageClass, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { toBytesRoundedUp } from '../../lib/kube/quantity.ts';
import { ALLOW_MODE_CHANGE, SNAPSHOT_FINALIZER } from '../facts/names.ts';
import type { SourceFacts } from './state.ts';

export type SnapshotVerdict =
  | { readonly kind: 'refused'; readonly message: string }
  /** Bound: the content has to be read. */
  | { readonly kind: 'bound'; readonly contentName: string };

export function checkSnapshot(snapshot: VolumeSnapshot | undefined, name: string): SnapshotVerdict {
  if (snapshot === undefined) return { kind: 'refused', message: `VolumeSnapshot ${name} is not found` };
  const { deletionTimestamp, finalizers } = snapshot.metadata ?? {};
  // With our finalizer on it, work on it has begun and is finished.
  if (deletionTimestamp !== undefined && finalizers?.includes(SNAPSHOT_FINALIZER) !== true) {
    return { kind: 'refused', message: `VolumeSnapshot ${name} is being deleted` };
  }
  const contentName = snapshot.status?.boundVolumeSnapshotContentName ?? '';
  if (contentName === '') return { kind: 'refused', message: `VolumeSnapshot ${name} is not bound to a content yet` };
  return { kind: 'bound', contentName };
}

/** By the cache, and nobody is about to change it. */
export function isProtected({ snapshot, snapshotsCached, releasing }: SourceFacts): boolean {
  return snapshotsCached && !releasing && snapshot?.metadata?.finalizers?.includes(SNAPSHOT_FINALIZER) === true;
}

export interface RestoreInput {
  readonly claim: PersistentVolumeClaim;
  readonly class: StorageClass;
  readonly snapshot: VolumeSnapshot;
  readonly content: VolumeSnapshotContent | undefined;
  /** As asked for, in bytes; 0 where the claim asks for nothing. */
  readonly requestedBytes: bigint;
  readonly preventModeConversion: boolean;
}

export type RestoreVerdict =
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'accepted'; readonly snapshotHandle: string };

export function checkRestore(input: RestoreInput): RestoreVerdict {
  const { snapshot, content } = input;
  const name = snapshot.metadata?.name ?? '';
  const contentName = snapshot.status?.boundVolumeSnapshotContentName ?? '';
  const refuse = (message: string): RestoreVerdict => ({ kind: 'refused', message });
  if (content === undefined) return refuse(`VolumeSnapshotContent ${contentName} of VolumeSnapshot ${name} is not found`);
  const ref = content.spec?.volumeSnapshotRef;
  if (ref?.uid !== snapshot.metadata?.uid || ref?.namespace !== snapshot.metadata?.namespace || ref?.name !== name) {
    return refuse(`VolumeSnapshotContent ${contentName} is not bound to VolumeSnapshot ${name}`);
  }
  if (content.spec?.driver !== input.class.provisioner) {
    return refuse(
      `VolumeSnapshot ${name} belongs to driver ${content.spec?.driver ?? ''}, StorageClass ${input.class.metadata?.name ?? ''} ` +
        `to ${input.class.provisioner ?? ''}`,
    );
  }
  if (snapshot.status?.readyToUse !== true) return refuse(`VolumeSnapshot ${name} is not ready to use`);
  const snapshotHandle = content.status?.snapshotHandle ?? '';
  if (snapshotHandle === '') return refuse(`VolumeSnapshotContent ${contentName} has no snapshot handle yet`);
  const problem = sizeProblem(input) ?? modeProblem(input);
  return problem === undefined ? { kind: 'accepted', snapshotHandle } : refuse(problem);
}

function sizeProblem({ snapshot, requestedBytes }: RestoreInput): string | undefined {
  const restoreSize = snapshot.status?.restoreSize ?? undefined;
  const needed = restoreSize === undefined ? undefined : toBytesRoundedUp(restoreSize);
  if (needed === undefined || requestedBytes >= needed) return undefined;
  const name = snapshot.metadata?.name ?? '';
  return `the claim asks for ${requestedBytes} bytes, less than the ${needed} that VolumeSnapshot ${name} restores to`;
}

/** Reading a file system as a raw device, or the other way round, lets a tenant attack the node's kernel (KEP-3141). */
function modeProblem({ claim, content, preventModeConversion }: RestoreInput): string | undefined {
  const wanted = claim.spec?.volumeMode;
  const had = content?.spec?.sourceVolumeMode;
  if (!preventModeConversion || wanted === undefined || had === undefined || wanted === had) return undefined;
  const what = `claim ${claim.metadata?.namespace ?? ''}/${claim.metadata?.name ?? ''} changes the volume mode from ${had} to ${wanted}`;
  const allowed = content?.metadata?.annotations?.[ALLOW_MODE_CHANGE];
  const where = `VolumeSnapshotContent ${content?.metadata?.name ?? ''}`;
  if (allowed === undefined) return `${what}, and ${where} has no annotation ${ALLOW_MODE_CHANGE}`;
  const value = goBool(allowed);
  if (value === undefined) return `${what}, and annotation ${ALLOW_MODE_CHANGE} of ${where} is neither true nor false`;
  return value ? undefined : `${what}, and annotation ${ALLOW_MODE_CHANGE} of ${where} forbids it`;
}

/** As Go's strconv.ParseBool. */
function goBool(text: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined;
}
