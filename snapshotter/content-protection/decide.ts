/**
 * A content that names a snapshot by uid keeps its finalizer until the sidecar takes it away, whether the
 * snapshot lives or not. Contents of our making carry it from the start; this is for those of admins, and
 * for a finalizer that somebody took away.
 */
import type { Rest } from '../../lib/controller/step.ts';
import { givenHandleOf, isDeleting, text, volumeHandleOf } from '../content-facts.ts';
import { isGroupContent } from '../group-fields.ts';
import { inputsOf } from '../inputs.ts';
import { CONTENT_PROTECTION, REASON } from '../names.ts';
import { finalizerPatch } from '../object-patch.ts';
import { regardingContent } from '../regarding.ts';
import type { ContentProtectionEffect, ContentProtectionState } from './state.ts';

export function decide({ content }: ContentProtectionState): ContentProtectionEffect | Rest {
  if (isGroupContent(content)) return { kind: 'done', reason: 'belongs to a group snapshot' };
  if ((volumeHandleOf(content) === undefined) === (givenHandleOf(content) === undefined)) {
    const message = 'exactly one of spec.source.volumeHandle and spec.source.snapshotHandle must be set';
    const event = { type: 'Warning', reason: REASON.contentValidation, message, regarding: regardingContent(content) } as const;
    return { kind: 'done', reason: 'not a valid content', events: [event] };
  }
  if (text(content.spec?.volumeSnapshotRef?.uid) === undefined) return { kind: 'done', reason: 'not bound yet' };
  if (isDeleting(content)) return { kind: 'done', reason: 'on its way out' };
  const patch = finalizerPatch(content, { add: [CONTENT_PROTECTION] });
  if (patch === undefined) return { kind: 'done', reason: 'protected' };
  return { kind: 'protect-content', backoff: 'protect-content', inputs: inputsOf(content.metadata?.uid), patch };
}
