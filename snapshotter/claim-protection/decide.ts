/**
 * Whether a claim carries the finalizer that keeps its volume while a snapshot, or a group of them, is being made from it.
 *
 * The finalizer matters only to a claim that is being deleted. So it stays, without flapping, while any live
 * snapshot of the claim is un-ready; a claim that is being deleted is held only by what the driver has not
 * decided, or is about to be asked. A failed or dying snapshot pins nothing. The snapshot's own loop adds the
 * finalizer before it posts a content; here it is put back if it was lost under a content that needs it.
 */
import { isDeleting, text } from '../content-accessors.ts';
import { isGroupContent, isGroupMember } from '../group-fields.ts';
import { inputsOf } from '../inputs.ts';
import { needsSource } from '../kinds/accessors.ts';
import { GROUP_FACTS } from '../kinds/group-kind.ts';
import { SINGLE } from '../kinds/single-kind.ts';
import { CLAIM_PROTECTION } from '../names.ts';
import { withFinalizer, withoutFinalizer } from '../../lib/sidecar/finalizers.ts';
import type { ProtectionNext, ProtectionState } from './state.ts';

export function decide(state: ProtectionState): ProtectionNext {
  const { claim } = state;
  const protectedNow = claim.metadata?.finalizers?.includes(CLAIM_PROTECTION) === true;
  const deleting = text(claim.metadata?.deletionTimestamp) !== undefined;
  const reading = isBeingRead(state);
  const held = reading || isWanted(state, deleting);
  // A finalizer cannot be added to what is being deleted: the server refuses it.
  const missing = reading && !protectedNow && !deleting;
  if (!missing && protectedNow === held) return { kind: 'done', reason: held ? 'held by a snapshot' : 'no snapshot needs it' };
  if (!missing && !protectedNow) return { kind: 'done', reason: 'a snapshot will protect it' };
  return {
    kind: 'write-claim',
    backoff: 'write-claim',
    inputs: inputsOf(claim.metadata?.uid, missing),
    claim: missing ? withFinalizer(claim, CLAIM_PROTECTION) : withoutFinalizer(claim, CLAIM_PROTECTION),
  };
}

/** The driver may be at work on a content of this claim. */
function isBeingRead({ snapshots, contents, groupContents }: ProtectionState): boolean {
  const own = snapshots.flatMap(({ snapshot, content }) => (content === undefined || isGroupMember(snapshot) ? [] : [content]));
  return (
    [...own, ...contents].some((content) => !isGroupContent(content) && needsSource(SINGLE, content)) ||
    groupContents.some((content) => needsSource(GROUP_FACTS, content))
  );
}

/** A live snapshot may yet be made from it. */
function isWanted({ snapshots, groups }: ProtectionState, claimDeleting: boolean): boolean {
  const bySnapshot = snapshots.some(({ snapshot, content }) => {
    if (isGroupMember(snapshot) || isDeleting(snapshot) || snapshot.status?.readyToUse === true) return false;
    if (!claimDeleting) return true;
    return content === undefined && (snapshot.status?.error ?? undefined) === undefined;
  });
  return (
    bySnapshot ||
    groups.some(({ group, content }) => !claimDeleting || (content === undefined && (group.status?.error ?? undefined) === undefined))
  );
}
