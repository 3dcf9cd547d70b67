/** Telling the user what went wrong: status and event for what is being made, an event for what is being deleted. */
import type { EventReason } from '../../lib/controller/event-table.ts';
import type { EventNote } from '../../lib/controller/step.ts';
import { formatTime } from '../../lib/kube/time.ts';
import { warning } from '../../lib/sidecar/event-notes.ts';
import { inputsOf } from '../inputs.ts';
import { statusPatch } from '../object-patch.ts';
import type { Content, ContentKind } from './kind.ts';
import type { ContentEffect, ContentNext, ContentState, DriverEffect, DriverFailure } from './state.ts';

/** What a failure is told about. */
export type Told<C extends Content> = Pick<ContentState<C>, 'kind' | 'content'>;

/** The first attempt and the later ones have reasons and words of their own: a status tells them apart. */
export function describe<C extends Content>({ kind, content: { status } }: Told<C>, effect: DriverEffect, why: string): DriverFailure {
  const { noun, reasons } = kind;
  const told = (reason: EventReason, words: string): DriverFailure => ({ kind: 'failed', effect, reason, message: `${words}: ${why}` });
  if (effect === 'delete-snapshot') return told(reasons.deleteFailed, `Failed to delete ${noun}`);
  if (effect === 'create-snapshot' && (status ?? undefined) === undefined) return told(reasons.creationFailed, `Failed to create ${noun}`);
  return told(reasons.updateFailed, `Failed to check and update ${noun} content`);
}

export function contentEvent<C extends Content>({ kind, content }: Told<C>, reason: EventReason, message: string): EventNote {
  return warning(kind.resource, content, { reason, message });
}

/** One status error and one event, again only if the words change. Undefined where the status says it already. */
export function report<C extends Content>(state: ContentState<C>, { reason, message }: DriverFailure): ContentEffect | undefined {
  const { content, now } = state;
  const { status } = content;
  if (status?.error?.message === message && status.readyToUse === false) return undefined;
  return {
    kind: 'write-error',
    backoff: 'write-error',
    inputs: inputsOf(content.metadata?.uid, message),
    patch: statusPatch(content, status, { error: { time: formatTime(now), message }, readyToUse: false }),
    before: [contentEvent(state, reason, message)],
  };
}

/** Something that only a change of an object can mend: said, then at rest until it changes. Every such object is watched. */
export function refuse<C extends Content>(state: ContentState<C>, failure: DriverFailure): ContentNext {
  return report(state, failure) ?? { kind: 'done', reason: `waits for a change: ${failure.message}` };
}

/** For the administrator: nobody else waits. The driver's words come last, where a long event is cut off. */
export function uncertainEvent<C extends Content>(told: Told<C>, name: string, { message }: DriverFailure): EventNote {
  const { kind, content } = told;
  const { createRpc, noun, finalizer, reasons } = kind;
  const volumes = kind.nameVolumes(kind.read(content).sources ?? []);
  const words =
    `A ${createRpc} call for this deleted content ended without a clear answer, so the storage may hold a ${noun} named ${name} of ${volumes}. ` +
    `It is looked for with growing pauses, and deleted when it is found. To end this, check that there is none and remove ` +
    `the finalizer ${finalizer} from this content. Last answer: ${message}`;
  return contentEvent(told, reasons.uncertain, words);
}

/** What is told of a write that the API server refused, or of a call that ended without an answer. */
export function failedStep<C extends Content>(state: ContentState<C>, step: ContentEffect, why: string): EventNote {
  const { kind, calls } = state;
  const told = (reason: keyof ContentKind<C>['reasons'], words: string): EventNote =>
    contentEvent(state, kind.reasons[reason], `${words}: ${why}`);
  switch (step.kind) {
    case 'create-snapshot':
    case 'refresh-snapshot':
    case 'delete-snapshot': {
      const { reason, message } = describe(state, step.kind, why);
      return contentEvent(state, reason, message);
    }
    case 'release-content':
      return told('deleteFailed', `Failed to delete ${kind.noun}`);
    case 'write-marks':
    case 'write-error':
    case 'save-status':
      if (calls.kind === 'deleted') return told('deleteFailed', 'Failed to clear content status');
      return told('creationFailed', `Failed to update the ${kind.noun} content`);
    default:
      return step satisfies never;
  }
}
