/** One effect of a snapshot's loop at the API server. Own writes go into the caches at once. */
import { keyOf } from '../../lib/controller/store.ts';
import type { KubeClient, Patch } from '../../lib/kube/client.ts';
import { ApiError, isAlreadyExists, isNotFound, orNothing } from '../../lib/kube/api-error.ts';
import type { KubeObject, Resource, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import {
  PERSISTENT_VOLUMES,
  PERSISTENT_VOLUME_CLAIMS,
  VOLUME_SNAPSHOTS,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
} from '../../lib/kube/resources.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { causeOfRefusal } from '../failure-note.ts';
import { refusalOf } from '../../lib/sidecar/refusal.ts';
import type { SnapshotTimer } from '../snapshot-timer.ts';
import type { BindingAnswer, BindingEffect, BindingState, Refusal } from './state.ts';

export interface BindingExecuteDeps {
  readonly client: KubeClient;
  readonly applyWrite: ApplyWrite;
  /** By uid: what the status does not say yet. */
  readonly refusals: Map<string, Refusal>;
  readonly timer: Pick<SnapshotTimer, 'written'>;
}

interface Run {
  readonly state: BindingState;
  readonly signal: AbortSignal;
}

export async function execute(deps: BindingExecuteDeps, step: BindingEffect, run: Run): Promise<BindingAnswer> {
  const { state, signal } = run;
  switch (step.kind) {
    case 'confirm':
      return confirm(deps.client, step, run);
    case 'set-class':
    case 'note-failure':
    case 'add-finalizers':
      return patchSnapshot(deps, state, { patch: step.patch, signal });
    case 'write-error':
      return patchSnapshot(deps, state, { patch: step.patch, signal, subresource: 'status' });
    case 'write-status': {
      const answer = await patchSnapshot(deps, state, { patch: step.patch, signal, subresource: 'status' });
      deps.timer.written(keyOf(state.snapshot), step);
      return answer;
    }
    case 'release-snapshot':
      return releaseSnapshot(patchSnapshot(deps, state, { patch: step.patch, signal }));
    case 'protect-claim':
      return orRefusal(deps, { state, effect: step.kind }, () => protectClaim(deps, step, signal));
    case 'create-content':
      return createContent(deps, step, run);
    case 'bind-content':
      return orRefusal(deps, { state, effect: step.kind }, () => patchContent(deps, state, { patch: step.patch, signal }));
    case 'mark-content':
      return patchContent(deps, state, { patch: step.patch, signal });
    case 'delete-content':
      return deleteContent(deps, step, run);
    default:
      return step satisfies never;
  }
}

async function createContent(
  deps: BindingExecuteDeps,
  step: BindingEffect & { kind: 'create-content' },
  { state, signal }: Run,
): Promise<BindingAnswer> {
  switch (step.action) {
    case 'see-snapshot': {
      const { namespace, name = '' } = state.snapshot.metadata ?? {};
      const object = await orNothing(deps.client.get(VOLUME_SNAPSHOTS, { namespace, name }, signal));
      return { kind: 'snapshot', object };
    }
    case 'post':
      return orRefusal(deps, { state, effect: step.kind }, () => postContent(deps, step.content, signal));
    case 'note-name':
      return patchSnapshot(deps, state, { patch: step.patch, signal, subresource: 'status' });
    default:
      return step satisfies never;
  }
}

interface Write {
  readonly patch: Patch;
  readonly signal: AbortSignal;
  readonly subresource?: 'status';
}

async function patchSnapshot(
  { client, applyWrite }: BindingExecuteDeps,
  { snapshot }: BindingState,
  change: Write,
): Promise<BindingAnswer> {
  const { namespace, name = '' } = snapshot.metadata ?? {};
  const object = await client.patch(VOLUME_SNAPSHOTS, { namespace, name }, change);
  applyWrite(VOLUME_SNAPSHOTS, object);
  return { kind: 'snapshot', object };
}

/** The write that took the last finalizer ended the snapshot, and so did whoever was quicker. */
async function releaseSnapshot(write: Promise<BindingAnswer>): Promise<BindingAnswer> {
  const answer = await orNothing(write);
  const left = answer?.kind === 'snapshot' ? (answer.object?.metadata?.finalizers ?? []) : [];
  return answer === undefined || left.length === 0 ? { kind: 'snapshot', object: undefined } : answer;
}

async function patchContent({ client, applyWrite }: BindingExecuteDeps, { content }: BindingState, change: Write): Promise<BindingAnswer> {
  const object = await client.patch(VOLUME_SNAPSHOT_CONTENTS, { name: content?.metadata?.name ?? '' }, change);
  applyWrite(VOLUME_SNAPSHOT_CONTENTS, object);
  return { kind: 'found', needed: 'content', found: { content: object } };
}

async function postContent(
  { client, applyWrite }: BindingExecuteDeps,
  body: VolumeSnapshotContent,
  signal: AbortSignal,
): Promise<BindingAnswer> {
  try {
    const object = await client.create(VOLUME_SNAPSHOT_CONTENTS, body, { signal });
    applyWrite(VOLUME_SNAPSHOT_CONTENTS, object);
    return { kind: 'found', needed: 'content', found: { content: object, posted: true } };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // Made by an earlier life of this loop, or by somebody else: the binding checks judge what is there.
    const object = await client.get(VOLUME_SNAPSHOT_CONTENTS, { name: body.metadata?.name ?? '' }, signal);
    applyWrite(VOLUME_SNAPSHOT_CONTENTS, object);
    return { kind: 'found', needed: 'content', found: { content: object } };
  }
}

async function protectClaim(
  { client, applyWrite }: BindingExecuteDeps,
  { claim }: BindingEffect & { kind: 'protect-claim' },
  signal: AbortSignal,
): Promise<BindingAnswer> {
  const object = await orNothing(client.replace(PERSISTENT_VOLUME_CLAIMS, claim, { signal }));
  if (object !== undefined) applyWrite(PERSISTENT_VOLUME_CLAIMS, object);
  return { kind: 'found', needed: 'claim', found: { claim: object } };
}

async function deleteContent(
  { client, applyWrite }: BindingExecuteDeps,
  { uid, resourceVersion }: BindingEffect & { kind: 'delete-content' },
  { state, signal }: Run,
): Promise<BindingAnswer> {
  const name = state.content?.metadata?.name ?? '';
  const object = await orNothing(client.delete(VOLUME_SNAPSHOT_CONTENTS, { name }, { signal, uid, resourceVersion }));
  if (object !== undefined) applyWrite(VOLUME_SNAPSHOT_CONTENTS, object);
  return { kind: 'found', needed: 'content', found: { content: object } };
}

/** A refusal is an answer that the status must say; anything else is the loop's to tell and to repeat. */
async function orRefusal(
  { refusals }: BindingExecuteDeps,
  { state, effect }: { readonly state: BindingState; readonly effect: Refusal['effect'] },
  write: () => Promise<BindingAnswer>,
): Promise<BindingAnswer> {
  try {
    return await write();
  } catch (error) {
    const message = isNotFound(error) ? undefined : refusalOf(error);
    if (message === undefined) throw error;
    const refusal = { effect, message, cause: causeOfRefusal(error instanceof ApiError ? error.status : 0) };
    refusals.set(state.snapshot.metadata?.uid ?? '', refusal);
    return { kind: 'found', found: { refusal } };
  }
}

async function confirm(
  client: KubeClient,
  { needed, name }: BindingEffect & { kind: 'confirm' },
  { state: { snapshot }, signal }: Run,
): Promise<BindingAnswer> {
  const read = <T extends KubeObject>(resource: Resource<T>): Promise<T | undefined> =>
    orNothing(client.get(resource, { name, namespace: resource.namespaced ? snapshot.metadata?.namespace : undefined }, signal));
  switch (needed) {
    case 'content':
      return { kind: 'found', needed, found: { content: await read(VOLUME_SNAPSHOT_CONTENTS) } };
    case 'class':
      return { kind: 'found', needed, found: { snapshotClass: await read(VOLUME_SNAPSHOT_CLASSES) } };
    case 'claim':
      return { kind: 'found', needed, found: { claim: await read(PERSISTENT_VOLUME_CLAIMS) } };
    case 'volume':
      return { kind: 'found', needed, found: { volume: await read(PERSISTENT_VOLUMES) } };
    default:
      return needed satisfies never;
  }
}

export function absorb(state: BindingState, _: BindingEffect, answer: BindingAnswer): BindingState {
  const needed = answer.kind === 'snapshot' ? answer.kind : answer.needed;
  const confirmed = needed === undefined ? state.confirmed : new Set([...state.confirmed, needed]);
  if (answer.kind === 'found') return { ...state, ...answer.found, confirmed };
  const { object } = answer;
  // Under another uid it is not the snapshot that this run is about: that one is gone.
  if (object === undefined || object.metadata?.uid !== state.snapshot.metadata?.uid) return { ...state, gone: true };
  return { ...state, snapshot: object, confirmed };
}
