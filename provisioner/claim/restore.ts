/**
 * May this claim be filled from this snapshot? In the peer's order; each refusal is a sentence for the
 * event, and none is final: snapshots become ready and get bound. Source: docs/peer-behaviour.md#restore-from-a-snapshot.
 */
import type { PersistentVolumeClaim, StorageClass, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { toBytesRoundedUp } from '../../lib/kube/quantity.ts';
import { ALLOW_MODE_CHANGE, SNAPSHOT_FINALIZER } from '../facts/names.ts';
import { quoted, words } from '../facts/peer-words.ts';
import type { SourceFacts } from './state.ts';

export type SnapshotVerdict =
  | { readonly kind: 'refused'; readonly message: string }
  /** Bound: the content has to be read. */
  | { readonly kind: 'bound'; readonly snapshot: VolumeSnapshot; readonly contentName: string };

export function checkSnapshot(snapshot: VolumeSnapshot | undefined, name: string): SnapshotVerdict {
  if (snapshot === undefined)
    return {
      kind: 'refused',
      message: `error getting snapshot ${name} from api server: volumesnapshots.snapshot.storage.k8s.io ${quoted(name)} not found`,
    };
  const { deletionTimestamp, finalizers } = snapshot.metadata ?? {};
  // With our finalizer on it, work on it has begun and is finished.
  if (deletionTimestamp !== undefined && finalizers?.includes(SNAPSHOT_FINALIZER) !== true) {
    return { kind: 'refused', message: `snapshot ${name} is being deleted` };
  }
  const contentName = snapshot.status?.boundVolumeSnapshotContentName ?? '';
  if (contentName === '') return { kind: 'refused', message: `snapshot ${name} not bound` };
  return { kind: 'bound', snapshot, contentName };
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
  /** Too little is no reason to refuse. */
  readonly raise: boolean;
}

export type RestoreVerdict =
  | { readonly kind: 'refused'; readonly message: string }
  /** `raisedTo`: bytes that the snapshot needs, where the claim asks for less. */
  | { readonly kind: 'accepted'; readonly snapshotHandle: string; readonly raisedTo?: bigint };

export function checkRestore(input: RestoreInput): RestoreVerdict {
  const { snapshot, content } = input;
  const name = snapshot.metadata?.name ?? '';
  const contentName = snapshot.status?.boundVolumeSnapshotContentName ?? '';
  const refuse = (message: string): RestoreVerdict => ({ kind: 'refused', message });
  if (content === undefined) return refuse(words(`error getting snapshotcontent ${contentName} for snapshot ${name}`, 'it is not found'));
  const ref = content.spec?.volumeSnapshotRef;
  if (ref?.uid !== snapshot.metadata?.uid || ref?.namespace !== snapshot.metadata?.namespace || ref?.name !== name) {
    return refuse(`snapshotcontent ${contentName} for snapshot ${name} is bound to a different snapshot`);
  }
  if (content.spec?.driver !== input.class.provisioner) {
    return refuse(
      words(
        `snapshotcontent ${contentName} for snapshot ${name} is not handled by CSI driver of StorageClass ${input.class.metadata?.name ?? ''}`,
        `the snapshot belongs to driver ${content.spec?.driver ?? ''}, the class to ${input.class.provisioner ?? ''}`,
      ),
    );
  }
  if (snapshot.status?.readyToUse !== true) return refuse(`snapshot ${name} is not Ready`);
  const snapshotHandle = content.status?.snapshotHandle ?? '';
  if (snapshotHandle === '') return refuse(`snapshot handle ${name} is not available`);
  const needed = shortOf(input);
  const problem = (needed === undefined || input.raise ? undefined : sizeProblem(input, needed)) ?? modeProblem(input);
  if (problem !== undefined) return refuse(problem);
  return { kind: 'accepted', snapshotHandle, ...(needed === undefined ? {} : { raisedTo: needed }) };
}

/** What the snapshot restores to, where the claim asks for less. */
function shortOf({ snapshot, requestedBytes }: RestoreInput): bigint | undefined {
  const restoreSize = snapshot.status?.restoreSize ?? undefined;
  const needed = restoreSize === undefined ? undefined : toBytesRoundedUp(restoreSize);
  return needed === undefined || requestedBytes >= needed ? undefined : needed;
}

function sizeProblem({ claim, snapshot, requestedBytes }: RestoreInput, needed: bigint): string {
  const name = snapshot.metadata?.name ?? '';
  return claim.spec?.resources?.requests?.storage === undefined
    ? `error getting capacity for PVC ${claim.metadata?.name ?? ''} when creating snapshot ${name}`
    : `requested volume size ${requestedBytes} is less than the size ${needed} for the source snapshot ${name}`;
}

/** Reading a file system as a raw device, or the other way round, lets a tenant attack the node's kernel (KEP-3141). */
function modeProblem({ claim, content, preventModeConversion }: RestoreInput): string | undefined {
  const wanted = claim.spec?.volumeMode;
  const had = content?.spec?.sourceVolumeMode;
  if (!preventModeConversion || wanted === undefined || had === undefined || wanted === had) return undefined;
  const what =
    `requested volume ${claim.metadata?.namespace ?? ''}/${claim.metadata?.name ?? ''} modifies the mode of the source volume ` +
    'but does not have permission to do so.';
  const allowed = content?.metadata?.annotations?.[ALLOW_MODE_CHANGE];
  const where = `snapshotcontent ${content?.metadata?.name ?? ''}`;
  if (allowed === undefined) return `${what} ${ALLOW_MODE_CHANGE} annotation is not present on ${where}`;
  const value = goBool(allowed);
  if (value === undefined)
    return `${what} failed to convert ${ALLOW_MODE_CHANGE} annotation value to boolean with error: strconv.ParseBool: parsing ${quoted(allowed)}: invalid syntax`;
  return value ? undefined : `${what} ${ALLOW_MODE_CHANGE} is set to false on ${where}`;
}

/** As Go's strconv.ParseBool. */
function goBool(text: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined;
}
