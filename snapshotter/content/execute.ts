/** One effect of a content's loop, at the API server. Calls of the driver are in call-driver.ts. */
import { ApiError, isNotFound, orNothing } from '../../lib/kube/api-error.ts';
import type { KubeClient, Patch } from '../../lib/kube/client.ts';
import { refusalOf } from '../../lib/sidecar/refusal.ts';
import { readSecret } from '../../lib/sidecar/secret-reader.ts';
import { isDeleting } from '../content-accessors.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { CAUSE, type Cause, causeOfRefusal } from '../failure-note.ts';
import { conclude, create, type DriverDeps, refresh, remember, remove } from './call-driver.ts';
import { noSecret, type SecretOfCall } from './failure.ts';
import type { Content } from './kind.ts';
import type { ContentAnswer, ContentEffect, ContentState } from './state.ts';

export interface ContentExecuteDeps<C extends Content> extends DriverDeps<C> {
  readonly client: KubeClient;
  readonly applyWrite: ApplyWrite;
}

interface Run<C extends Content> {
  readonly state: ContentState<C>;
  readonly signal: AbortSignal;
}

export async function execute<C extends Content>(deps: ContentExecuteDeps<C>, step: ContentEffect, run: Run<C>): Promise<ContentAnswer<C>> {
  const { state, signal } = run;
  switch (step.kind) {
    case 'create-snapshot':
      if (step.action === 'read-secret') return secretOf(deps, { effect: step.kind, secret: step.secret }, run);
      if (step.action === 'call') return create(deps, step, run);
      // From here on the mark is ours, and says nothing about the calls of an earlier process.
      remember(deps, state, { calls: state.calls });
      return patchContent(deps, state, { patch: step.patch, signal });
    case 'refresh-snapshot':
      if (step.action === 'call') return refresh(deps, step, run);
      return secretOf(deps, { effect: step.kind, secret: step.secret }, run);
    case 'delete-snapshot':
      if (step.action === 'call') return remove(deps, step, run);
      return secretOf(deps, { effect: step.kind, secret: step.secret }, run);
    case 'write-marks':
      return patchContent(deps, state, { patch: step.patch, signal });
    case 'write-error':
    case 'save-status':
      return patchContent(deps, state, { patch: step.patch, signal, subresource: 'status' });
    case 'clear-status':
      return (await orNothing(patchContent(deps, state, { patch: step.patch, signal, subresource: 'status' }))) ?? { kind: 'gone' };
    case 'release-content':
      return (await orNothing(patchContent(deps, state, { patch: step.patch, signal }))) ?? { kind: 'gone' };
    default:
      return step satisfies never;
  }
}

interface Write {
  readonly patch: Patch;
  readonly signal: AbortSignal;
  readonly subresource?: 'status';
}

async function patchContent<C extends Content>(
  { client, applyWrite }: ContentExecuteDeps<C>,
  { kind, content }: ContentState<C>,
  write: Write,
): Promise<ContentAnswer<C>> {
  const object = await client.patch(kind.resource, { name: content.metadata?.name ?? '' }, write);
  applyWrite(kind.resource, object);
  // The write that took the last finalizer ended it.
  if (isDeleting(object) && (object.metadata?.finalizers ?? []).length === 0) return { kind: 'gone' };
  return { kind: 'content', object };
}

/**
 * By name only: the vendors' RBAC may allow no more. A secret that cannot be read, or be sent as it is, is a failure to show.
 * But a secret that is gone holds no deletion up: it often goes with its namespace, and cannot be made again there. Then
 * the driver decides whether it needs one.
 */
async function secretOf<C extends Content>(
  deps: ContentExecuteDeps<C>,
  { effect, secret }: SecretOfCall,
  { state, signal }: Run<C>,
): Promise<ContentAnswer<C>> {
  const failed = (why: string, cause: Cause): ContentAnswer<C> => {
    const told = noSecret(state, { effect, secret }, why);
    return conclude(deps, state, { calls: state.calls, answer: { kind: 'failed', effect, cause, ...told } });
  };
  try {
    const { secret: values, garbled } = await readSecret(deps.client, secret, signal);
    if (garbled[0] === undefined) return { kind: 'secret', secret: values };
    return failed(`the value of ${JSON.stringify(garbled[0])} is no UTF-8 text, and CSI secrets are texts`, CAUSE.invalid);
  } catch (error) {
    if (effect === 'delete-snapshot' && isNotFound(error))
      return { kind: 'secret', secret: { of: secret, isMissing: true, reveal: () => ({}) } };
    const refused = refusalOf(error);
    if (refused === undefined) throw error;
    return failed(refused, causeOfRefusal(error instanceof ApiError ? error.status : 0));
  }
}

export function absorb<C extends Content>(state: ContentState<C>, { kind }: ContentEffect, answer: ContentAnswer<C>): ContentState<C> {
  switch (answer.kind) {
    case 'content': {
      if (answer.object.metadata?.uid !== state.content.metadata?.uid) return state;
      const told = kind === 'write-error' && state.answer?.kind === 'failed' ? { answer: { ...state.answer, isTold: true } as const } : {};
      return { ...state, ...told, content: answer.object };
    }
    case 'gone':
      return { ...state, gone: true };
    case 'secret':
      return { ...state, secret: answer.secret };
    case 'driver':
      return { ...state, answer: answer.answer, calls: answer.calls, content: answer.content, now: answer.now };
    default:
      return answer satisfies never;
  }
}
