/** What was made without a call for this very content: what the driver says of it, or ready at once where it cannot say. */
import { CAUSE, type Cause } from '../failure-note.ts';
import { inputsOf } from '../inputs.ts';
import { statusPatch } from '../object-patch.ts';
import { withMore } from '../peer-words.ts';
import { resolveSecret } from '../secret-templates.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import { askedAbout, callInputs } from './call-inputs.ts';
import { annotatedSecret } from './create-request.ts';
import { describe, refuse, withoutCredentials } from './failure.ts';
import type { Content } from './kind.ts';
import type { ContentNext, ContentState, DriverFailure } from './state.ts';
import { classNotFound, notAsked, notListed } from './words.ts';

export function decideRefresh<C extends Content>(state: ContentState<C>): ContentNext {
  const { kind, content, snapshotClass, now } = state;
  const { metadata } = content;
  const handles = askedAbout(state);
  if (handles === undefined) return { kind: 'done', reason: 'waits for its group' };
  const { handle } = handles;
  if (!state.answersQuestions) {
    const believed = { kind: 'snapshot', effect: 'refresh-snapshot', handle, creationTime: undefined, sizeBytes: 0n, ready: true } as const;
    const changes = kind.statusChange(content, believed, now) ?? {};
    return {
      kind: 'save-status',
      backoff: 'save-status',
      inputs: inputsOf(metadata?.uid, handle),
      patch: statusPatch(content, content.status, changes),
    };
  }
  const no = (why: string, cause: Cause): ContentNext => refuse(state, describe(state, 'refresh-snapshot', { why, cause }));
  const { className, fault } = kind.read(content);
  if (fault !== undefined) return no(notListed(state, fault), CAUSE.invalid);
  if (className !== undefined && snapshotClass === undefined)
    return no(notAsked(state, `${kind.noun} class ${className}`, classNotFound(kind, className)), CAUSE.missing);
  const secret = questionSecret(state);
  if (!secret.ok) return refuse(state, secret.failure);
  const step = { kind: 'refresh-snapshot', backoff: 'refresh-snapshot', inputs: callInputs(state, 'refresh-snapshot') } as const;
  if (secret.value !== undefined && state.secret === undefined) return { ...step, action: 'read-secret', secret: secret.value };
  return { ...step, action: 'call', handles };
}

type Question = { readonly ok: true; readonly value: SecretName | undefined } | { readonly ok: false; readonly failure: DriverFailure };

/** Members of a group have no class: their secret is in their annotations. */
function questionSecret<C extends Content>(state: ContentState<C>): Question {
  const { kind, content, snapshotClass } = state;
  const isMember = kind.read(content).membership !== 'none';
  const annotated = isMember ? annotatedSecret(state) : undefined;
  if (annotated?.ok === false) {
    const { fault: words, more } = annotated;
    const told = withoutCredentials(state, 'refresh-snapshot', { words, more });
    return { ok: false, failure: { kind: 'failed', effect: 'refresh-snapshot', cause: CAUSE.invalid, ...told } };
  }
  if (annotated?.value !== undefined) return annotated;
  const secret = resolveSecret(snapshotClass?.parameters, kind.questionSecret, { contentName: content.metadata?.name ?? '' });
  if (secret.ok) return secret;
  const why = withMore(notAsked(state, 'secret reference', secret.fault), secret.more);
  return { ok: false, failure: describe(state, 'refresh-snapshot', { why, cause: CAUSE.invalid }) };
}
