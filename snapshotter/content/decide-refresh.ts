/** What was made without a call for this very content: what the driver says of it, or ready at once where it cannot say. */
import { inputsOf } from '../inputs.ts';
import { statusPatch } from '../object-patch.ts';
import { resolveSecret, type Resolved } from '../secret-templates.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import { annotatedSecret } from './create-request.ts';
import { describe, refuse } from './failure.ts';
import type { Handles } from './found.ts';
import type { Content } from './kind.ts';
import type { ContentNext, ContentState } from './state.ts';

export function decideRefresh<C extends Content>(state: ContentState<C>, handles: Handles): ContentNext {
  const { kind, content, snapshotClass, now } = state;
  const { metadata } = content;
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
  const no = (why: string): ContentNext => refuse(state, describe(state, 'refresh-snapshot', why));
  const { className, fault } = kind.read(content);
  if (fault !== undefined) return no(fault);
  if (className !== undefined && snapshotClass === undefined)
    return no(`${kind.classKind.toLowerCase()} ${JSON.stringify(className)} not found`);
  const secret = questionSecret(state);
  if (!secret.ok) return no(secret.fault);
  const inputs = inputsOf(metadata?.uid, handles, className, snapshotClass?.parameters, secret.value);
  const step = { kind: 'refresh-snapshot', backoff: 'refresh-snapshot', inputs } as const;
  if (secret.value !== undefined && state.secret === undefined) return { ...step, action: 'read-secret', secret: secret.value };
  return { ...step, action: 'call', handles };
}

/** Members of a group have no class: their secret is in their annotations. */
function questionSecret<C extends Content>(state: ContentState<C>): Resolved<SecretName | undefined> {
  const { kind, content, snapshotClass } = state;
  const annotated = kind.read(content).membership === 'none' ? undefined : annotatedSecret(state);
  if (annotated !== undefined && (!annotated.ok || annotated.value !== undefined)) return annotated;
  return resolveSecret(snapshotClass?.parameters, kind.questionSecret, { contentName: content.metadata?.name ?? '' });
}
