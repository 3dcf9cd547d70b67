/**
 * The finalizer that keeps a claim while it is cloned. The claim lane sets it before its call; it goes here,
 * and only from a claim that is being deleted: on a living one it hinders nobody, and the next clone finds it
 * set (as in the peer). Pure.
 */
import { CLONE_FINALIZER } from '../facts/names.ts';
import type { CloneProtectionDecision, CloneProtectionState } from './state.ts';

export function decide({ claim, ours, awaited, users }: CloneProtectionState): CloneProtectionDecision {
  const done = (reason: string): CloneProtectionDecision => ({ kind: 'done', reason });
  if (claim.metadata?.finalizers?.includes(CLONE_FINALIZER) !== true) return done('the claim is not protected');
  if (claim.metadata.deletionTimestamp === undefined) return done('the claim is not being deleted');
  if (!ours) return done('the volume of the claim belongs to another driver');
  if (users.length > 0) return done('a clone of the claim is being made');
  if (awaited) return done('a pending claim is to be cloned from it');
  return { kind: 'release', backoff: 'release', inputs: claim.metadata.uid ?? '' };
}
