/** Telling the user what went wrong: status and event for what is being made, an event for what is being deleted. */
import type { EventNote } from '../../lib/controller/step.ts';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { formatTime } from '../../lib/kube/time.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import type { Cause } from '../failure-note.ts';
import { inputsOf } from '../inputs.ts';
import { CONTENT_PROTECTION, SIDECAR_REASON } from '../names.ts';
import { statusPatch } from '../object-patch.ts';
import { noInput, quote, withMore } from '../peer-words.ts';
import { contentWarning } from '../regarding.ts';
import { noteFailure } from './marks.ts';
import type { ContentEffect, ContentNext, ContentState, DriverEffect, DriverFailure } from './state.ts';

export type Told = Pick<DriverFailure, 'reason' | 'message'>;

/** The first attempt and the later ones have reasons and words of their own: a status tells them apart. */
export function tell({ status }: VolumeSnapshotContent, effect: DriverEffect, why: string): Told {
  if (effect === 'delete-snapshot') return { reason: SIDECAR_REASON.deleteFailed, message: `Failed to delete snapshot: ${why}` };
  if (effect === 'create-snapshot' && (status ?? undefined) === undefined)
    return { reason: SIDECAR_REASON.creationFailed, message: `Failed to create snapshot: ${why}` };
  return { reason: SIDECAR_REASON.updateFailed, message: `Failed to check and update snapshot content: ${why}` };
}

export function describe(
  content: VolumeSnapshotContent,
  effect: DriverEffect,
  { why, cause }: { why: string; cause: Cause },
): DriverFailure {
  return { kind: 'failed', effect, cause, ...tell(content, effect, why) };
}

/** A call's secret cannot be read, or cannot be sent as it is. */
export function noSecret(content: VolumeSnapshotContent, { effect, secret }: SecretOfCall, why: string): Told {
  const { name, namespace } = secret;
  if (effect === 'refresh-snapshot')
    return withoutCredentials(content, effect, { words: `error getting secret ${name} in namespace ${namespace}: ${why}` });
  const words = `cannot get credentials for snapshot content ${quote(content.metadata?.name ?? '')}`;
  return withoutCredentials(content, effect, { words, more: `secret ${namespace}/${name}: ${why}` });
}

export interface SecretOfCall {
  readonly effect: DriverEffect;
  readonly secret: SecretName;
}

interface Why {
  readonly words: string;
  readonly more?: string | undefined;
}

/** The Go program's words differ with the call. */
export function withoutCredentials(content: VolumeSnapshotContent, effect: DriverEffect, { words, more }: Why): Told {
  const name = content.metadata?.name ?? '';
  switch (effect) {
    case 'create-snapshot':
      return tell(content, effect, withMore(noInput(`for content ${name}`, words), more));
    case 'refresh-snapshot':
      return tell(content, effect, withMore(`failed to get credentials for snapshot content ${name}: ${words}`, more));
    case 'delete-snapshot':
      return { reason: SIDECAR_REASON.deleteFailed, message: withMore('Failed to get snapshot credentials', more) };
    default:
      return effect satisfies never;
  }
}

/** One status error and one event, again only if the words change. Undefined where the status says it already. */
export function report({ content, now }: ContentState, { reason, message }: DriverFailure): ContentEffect | undefined {
  const { status } = content;
  if (status?.error?.message === message && status.readyToUse === false) return undefined;
  return {
    kind: 'write-error',
    backoff: 'write-error',
    inputs: inputsOf(content.metadata?.uid, message),
    patch: statusPatch(content, status, { error: { time: formatTime(now), message }, readyToUse: false }),
    before: [contentWarning(content, reason, message)],
  };
}

/** Something that only a change of an object can mend: said, then at rest until it changes. Every such object is watched. */
export function refuse(state: ContentState, failure: DriverFailure): ContentNext {
  return report(state, failure) ?? noteFailure(state, failure.cause) ?? { kind: 'done', reason: `waits for a change: ${failure.message}` };
}

/** For the administrator: nobody else waits. The driver's words come last, where a long event is cut off. */
export function uncertainEvent(content: VolumeSnapshotContent, name: string, { message }: DriverFailure): EventNote {
  const { volumeHandle = '' } = content.spec?.source ?? {};
  const told =
    `A CreateSnapshot call for this deleted content ended without a clear answer, so the storage may hold a snapshot named ${name} of volume ` +
    `${volumeHandle}. It is looked for with growing pauses, and deleted when it is found. To end this, check that there is none and remove ` +
    `the finalizer ${CONTENT_PROTECTION} from this content. Last answer: ${message}`;
  return contentWarning(content, SIDECAR_REASON.uncertain, told);
}
