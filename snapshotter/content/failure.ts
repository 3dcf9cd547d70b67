/** Telling the user what went wrong: status and event for what is being made, an event for what is being deleted. */
import type { EventReason } from '../../lib/controller/event-table.ts';
import type { EventNote } from '../../lib/controller/step.ts';
import { formatTime } from '../../lib/kube/time.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import { warning } from '../../lib/sidecar/event-notes.ts';
import type { Cause } from '../failure-note.ts';
import { inputsOf } from '../inputs.ts';
import { statusPatch } from '../object-patch.ts';
import { withMore } from '../peer-words.ts';
import type { Content } from './kind.ts';
import { noteFailure } from './marks.ts';
import type { ContentEffect, ContentNext, ContentState, DriverEffect, DriverFailure } from './state.ts';
import { noCredentials, noInput, notAsked, type Named } from './words.ts';

export type Told = Pick<DriverFailure, 'reason' | 'message'>;

/** The first attempt and the later ones have reasons and words of their own: a status tells them apart. */
export function tell<C extends Content>({ kind, content: { status } }: Named<C>, effect: DriverEffect, why: string): Told {
  const { noun, reasons } = kind;
  if (effect === 'delete-snapshot') return { reason: reasons.deleteFailed, message: `Failed to delete ${noun}: ${why}` };
  if (effect === 'create-snapshot' && (status ?? undefined) === undefined)
    return { reason: reasons.creationFailed, message: `Failed to create ${noun}: ${why}` };
  return { reason: reasons.updateFailed, message: `Failed to check and update ${noun} content: ${why}` };
}

interface WhyAndCause {
  readonly why: string;
  readonly cause: Cause;
}

export function describe<C extends Content>(named: Named<C>, effect: DriverEffect, { why, cause }: WhyAndCause): DriverFailure {
  return { kind: 'failed', effect, cause, ...tell(named, effect, why) };
}

export function contentEvent<C extends Content>({ kind, content }: Named<C>, reason: EventReason, message: string): EventNote {
  return warning(kind.resource, content, { reason, message });
}

export interface SecretOfCall {
  readonly effect: DriverEffect;
  readonly secret: SecretName;
}

/** A call's secret cannot be read, or cannot be sent as it is. */
export function noSecret<C extends Content>(named: Named<C>, { effect, secret }: SecretOfCall, why: string): Told {
  const { kind, content } = named;
  const { name, namespace } = secret;
  if (effect === 'refresh-snapshot' && kind.read(content).membership === 'none')
    return withoutCredentials(named, effect, { words: `error getting secret ${name} in namespace ${namespace}: ${why}` });
  return withoutCredentials(named, effect, { words: noCredentials(named), more: `secret ${namespace}/${name}: ${why}` });
}

interface Why {
  readonly words: string;
  readonly more?: string | undefined;
}

/** The Go program's words differ with the call. */
export function withoutCredentials<C extends Content>(named: Named<C>, effect: DriverEffect, { words, more }: Why): Told {
  switch (effect) {
    case 'create-snapshot':
      return tell(named, effect, withMore(noInput(named, words), more));
    case 'refresh-snapshot': {
      const isMember = named.kind.read(named.content).membership !== 'none';
      return tell(named, effect, withMore(notAsked(named, isMember ? 'credentials from annotation' : 'credentials', words), more));
    }
    case 'delete-snapshot':
      return {
        reason: named.kind.reasons.deleteFailed,
        message: withMore('Failed to get snapshot credentials', more),
      };
    default:
      return effect satisfies never;
  }
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
  return report(state, failure) ?? noteFailure(state, failure.cause) ?? { kind: 'done', reason: `waits for a change: ${failure.message}` };
}

/** For the administrator: nobody else waits. The driver's words come last, where a long event is cut off. */
export function uncertainEvent<C extends Content>(told: Named<C>, name: string, { message }: DriverFailure): EventNote {
  const { kind, content } = told;
  const { createRpc, noun, finalizer, reasons } = kind;
  const volumes = kind.nameVolumes(kind.read(content).sources ?? []);
  const words =
    `A ${createRpc} call for this deleted content ended without a clear answer, so the storage may hold a ${noun} named ${name} of ${volumes}. ` +
    `It is looked for with growing pauses, and deleted when it is found. To end this, check that there is none and remove ` +
    `the finalizer ${finalizer} from this content. Last answer: ${message}`;
  return contentEvent(told, reasons.uncertain, words);
}
