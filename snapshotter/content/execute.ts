/** One effect of a content's loop, at the API server. Calls of the driver are in call-driver.ts. */
import { isNotFound } from '../../lib/kube/api-error.ts';
import type { KubeClient, Patch } from '../../lib/kube/client.ts';
import type { Secret } from '../../lib/kube/objects.ts';
import { isDeleting } from '../content-facts.ts';
import { SECRETS, VOLUME_SNAPSHOT_CONTENTS } from '../../lib/kube/resources.ts';
import { refusalOf } from '../refusal.ts';
import type { Absorb } from '../refusal.ts';
import type { SecretName } from '../secret-templates.ts';
import { callDriver } from './call-driver.ts';
import type { DriverTools } from './call-driver.ts';
import { messageOf } from './failure.ts';
import type { ContentAnswer, ContentEffect, ContentState, DriverEffect, MarkStep } from './state.ts';

export interface ContentExecutor extends DriverTools {
  readonly client: KubeClient;
  readonly absorb: Absorb;
}

export interface ContentRun {
  readonly state: ContentState;
  readonly signal: AbortSignal;
}

export async function execute(tools: ContentExecutor, step: ContentEffect, run: ContentRun): Promise<ContentAnswer> {
  const { state, signal } = run;
  switch (step.kind) {
    case 'create-snapshot':
      if (step.action === 'read-secret') return readSecret(tools, step, run);
      if (step.action === 'call') return callDriver(tools, step, run);
      noteAttempt(tools, step, state);
      return patchContent(tools, state, { patch: step.patch, signal });
    case 'refresh-snapshot':
    case 'delete-snapshot':
      return step.action === 'read-secret' ? readSecret(tools, step, run) : callDriver(tools, step, run);
    case 'assert-mark':
    case 'unmark':
      return patchContent(tools, state, { patch: step.patch, signal });
    case 'write-error':
    case 'save-status':
      return patchContent(tools, state, { patch: step.patch, signal, subresource: 'status' });
    case 'release-content':
      return release(tools, state, { patch: step.patch, signal });
    default:
      return step satisfies never;
  }
}

interface Write {
  readonly patch: Patch;
  readonly signal: AbortSignal;
  readonly subresource?: 'status';
}

async function patchContent({ client, absorb, cases }: ContentExecutor, { content }: ContentState, write: Write): Promise<ContentAnswer> {
  const object = await client.patch(VOLUME_SNAPSHOT_CONTENTS, { name: content.metadata?.name ?? '' }, write);
  absorb(VOLUME_SNAPSHOT_CONTENTS, object);
  // The write that took the last finalizer ended it. The watch may have said so first, and with it all that was known of its calls.
  if (isDeleting(object) && (object.metadata?.finalizers ?? []).length === 0) return { kind: 'gone' };
  return { kind: 'content', object, record: cases.recordOf(content.metadata?.uid ?? '') };
}

async function release(tools: ContentExecutor, state: ContentState, write: Write): Promise<ContentAnswer> {
  try {
    return await patchContent(tools, state, write);
  } catch (error) {
    if (isNotFound(error)) return { kind: 'gone' };
    throw error;
  }
}

/** Before the mark: from here on the mark is ours, and says nothing about earlier calls. */
function noteAttempt({ cases }: ContentExecutor, { doubtful }: MarkStep, { content, record }: ContentState): void {
  if (record.standing !== 'unknown') return;
  cases.write(content.metadata?.uid ?? '', { ...record, standing: doubtful ? 'open' : 'clean' });
}

/** By name only: the vendors' RBAC may allow no more. A secret that cannot be read is a failure to show. */
async function readSecret(
  tools: ContentExecutor,
  { kind, secret }: { readonly kind: DriverEffect; readonly secret: SecretName },
  { state, signal }: ContentRun,
): Promise<ContentAnswer> {
  try {
    const { data } = await tools.client.get<Secret>(SECRETS, secret, signal);
    return { kind: 'secret', secret: { reveal: () => decodeValues(data) } };
  } catch (error) {
    const refused = refusalOf(error);
    if (refused === undefined) throw error;
    const message = messageOf[kind](state.content, `cannot get credentials: secret ${secret.namespace}/${secret.name}: ${refused}`);
    const answer = { kind: 'failed', effect: kind, message, decided: false, gaveUp: false } as const;
    return tools.conclude(state, { answer, record: state.record });
  }
}

function decodeValues(data: Secret['data']): Record<string, string> {
  return Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}

export function absorb(state: ContentState, _: ContentEffect, answer: ContentAnswer): ContentState {
  switch (answer.kind) {
    case 'content':
      return {
        ...state,
        record: answer.record,
        ...(answer.object.metadata?.uid === state.content.metadata?.uid ? { content: answer.object } : {}),
      };
    case 'gone':
      return { ...state, gone: true };
    case 'secret':
      return { ...state, secret: answer.secret };
    case 'driver':
      return { ...state, answer: answer.answer, record: answer.record, content: answer.content, now: answer.now };
    default:
      return answer satisfies never;
  }
}
