/**
 * Whether a content is this snapshot's own. The two point at each other: an un-bound content may not be
 * claimed by a snapshot that it does not name, nor a snapshot be served by a content made for another.
 * Source: docs/peer-behaviour.md#binding-checks.
 */
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { preProvisionedHandleOf, namesSnapshot, refersTo, text, volumeHandleOf } from '../content-accessors.ts';
import { REASON } from '../names.ts';
import { withMore } from '../peer-words.ts';
import type { Failure } from './failure.ts';

/** For a snapshot that names its content. A content without a uid is free to be bound. */
export function checkGiven(snapshot: VolumeSnapshot, content: VolumeSnapshotContent): Failure | undefined {
  const name = content.metadata?.name ?? '';
  if (preProvisionedHandleOf(content) === undefined)
    return {
      reason: REASON.mismatchedContent,
      message: withMore('VolumeSnapshotContent is dynamically provisioned while expecting a pre-provisioned one', name),
    };
  const uid = text(content.spec?.volumeSnapshotRef?.uid);
  if (!namesSnapshot(content, snapshot) || (uid !== undefined && uid !== snapshot.metadata?.uid)) return misbound(content);
  return undefined;
}

/** For a snapshot of a claim. */
export function checkDynamic(snapshot: VolumeSnapshot, content: VolumeSnapshotContent): Failure | undefined {
  const name = content.metadata?.name ?? '';
  if (volumeHandleOf(content) === undefined)
    return {
      reason: REASON.mismatchedContent,
      message: `VolumeSnapshotContent ${name} is pre-provisioned while expecting a dynamically provisioned one`,
    };
  if (!refersTo(content, snapshot)) return misbound(content);
  if (preProvisionedHandleOf(content) !== undefined)
    return {
      reason: REASON.handleSet,
      message: withMore(`Snapshot handle should not be set in content ${snapshotKey(snapshot)} for dynamic provisioning`, name),
    };
  return undefined;
}

/** The Go program names the snapshot where it means the content. */
function snapshotKey({ metadata }: VolumeSnapshot): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}

function misbound(content: VolumeSnapshotContent): Failure {
  return {
    reason: REASON.misboundContent,
    message: `VolumeSnapshotContent [${content.metadata?.name ?? ''}] is bound to a different snapshot`,
  };
}
