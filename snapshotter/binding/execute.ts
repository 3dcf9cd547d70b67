/** One effect of a snapshot's loop at the API server. Own writes go into the caches at once. */
import type { KubeClient, Patch } from '../../lib/kube/client.ts';
import { isAlreadyExists, isNotFound } from '../../lib/kube/api-error.ts';
import type { KubeObject, Resource, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import {
  PERSISTENT_VOLUMES,
  PERSISTENT_VOLUME_CLAIMS,
  VOLUME_SNAPSHOTS,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
} from '../../lib/kube/resources.ts';
import { refusalOf } from '../refusal.ts';
import type { Absorb } from '../refusal.ts';
import type { BindingAnswer, BindingEffect, BindingState, Needed, Refusal } from './state.ts';

export interface BindingExecutor {
  readonly client: KubeClient;
  /** Hands an own write to the cache of its kind. */
  readonly absorb: Absorb;
  /** Remembers what users were not told yet. */
  readonly refused: (refusal: Refusal) => void;
}

export interface BindingRun {
  readonly state: BindingState;
  readonly signal: AbortSignal;
}

export async function execute(tools: BindingExecutor, step: BindingEffect, run: BindingRun): Promise<BindingAnswer> {
  const { state, signal } = run;
  switch (step.kind) {
    case 'confirm':
      return confirm(tools.client, step, run);
    case 'set-class':
    case 'add-finalizers':
      return patchSnapshot(tools, state, { patch: step.patch, signal });
    case 'write-error':
    case 'write-status':
      return patchSnapshot(tools, state, { patch: step.patch, signal, subresource: 'status' });
    case 'release-snapshot':
      return releaseSnapshot(patchSnapshot(tools, state, { patch: step.patch, signal }));
    case 'protect-claim':
      return protectClaim(tools, step, signal);
    case 'create-content':
      return createContent(tools, step, run);
    case 'bind-content':
    case 'mark-content':
      return patchContent(tools, state, { patch: step.patch, signal });
    case 'delete-content':
      return deleteContent(tools, step, run);
    default:
      return step satisfies never;
  }
}

async function createContent(
  tools: BindingExecutor,
  step: BindingEffect & { kind: 'create-content' },
  { state, signal }: BindingRun,
): Promise<BindingAnswer> {
  switch (step.action) {
    case 'see-snapshot': {
      const { namespace, name = '' } = state.snapshot.metadata ?? {};
      const object = await orNothing(tools.client.get(VOLUME_SNAPSHOTS, { namespace, name }, signal));
      return { kind: 'found', needed: 'snapshot', object };
    }
    case 'post':
      return postContent(tools, step.content, signal);
    case 'note-name':
      return patchSnapshot(tools, state, { patch: step.patch, signal, subresource: 'status' });
    default:
      return step satisfies never;
  }
}

interface Write {
  readonly patch: Patch;
  readonly signal: AbortSignal;
  readonly subresource?: 'status';
}

async function patchSnapshot({ client, absorb }: BindingExecutor, { snapshot }: BindingState, change: Write): Promise<BindingAnswer> {
  const { namespace, name = '' } = snapshot.metadata ?? {};
  const object = await client.patch(VOLUME_SNAPSHOTS, { namespace, name }, change);
  absorb(VOLUME_SNAPSHOTS, object);
  return { kind: 'snapshot', object };
}

/** The write that took the last finalizer ended the snapshot, and so did whoever was quicker. */
async function releaseSnapshot(write: Promise<BindingAnswer>): Promise<BindingAnswer> {
  try {
    const answer = await write;
    const finalizers = answer.kind === 'snapshot' ? answer.object.metadata?.finalizers : undefined;
    return (finalizers ?? []).length === 0 ? { kind: 'gone' } : answer;
  } catch (error) {
    if (isNotFound(error)) return { kind: 'gone' };
    throw error;
  }
}

async function patchContent({ client, absorb }: BindingExecutor, { content }: BindingState, change: Write): Promise<BindingAnswer> {
  const object = await client.patch(VOLUME_SNAPSHOT_CONTENTS, { name: content?.metadata?.name ?? '' }, change);
  absorb(VOLUME_SNAPSHOT_CONTENTS, object);
  return { kind: 'content', object, posted: false };
}

async function postContent(
  { client, absorb, refused }: BindingExecutor,
  body: VolumeSnapshotContent,
  signal: AbortSignal,
): Promise<BindingAnswer> {
  try {
    const object = await client.create(VOLUME_SNAPSHOT_CONTENTS, body, { signal });
    absorb(VOLUME_SNAPSHOT_CONTENTS, object);
    return { kind: 'content', object, posted: true };
  } catch (error) {
    // Made by an earlier life of this loop, or by somebody else: the binding checks judge what is there.
    if (isAlreadyExists(error)) {
      const object = await client.get(VOLUME_SNAPSHOT_CONTENTS, { name: body.metadata?.name ?? '' }, signal);
      absorb(VOLUME_SNAPSHOT_CONTENTS, object);
      return { kind: 'content', object, posted: false };
    }
    return answerRefusal(refused, 'create-content', error);
  }
}

async function protectClaim(
  { client, absorb, refused }: BindingExecutor,
  { claim }: BindingEffect & { kind: 'protect-claim' },
  signal: AbortSignal,
): Promise<BindingAnswer> {
  try {
    const object = await client.replace(PERSISTENT_VOLUME_CLAIMS, claim, { signal });
    absorb(PERSISTENT_VOLUME_CLAIMS, object);
    return { kind: 'claim', object };
  } catch (error) {
    if (isNotFound(error)) return { kind: 'claim', object: undefined };
    return answerRefusal(refused, 'protect-claim', error);
  }
}

async function deleteContent(
  { client, absorb, refused }: BindingExecutor,
  { uid, resourceVersion }: BindingEffect & { kind: 'delete-content' },
  { state, signal }: BindingRun,
): Promise<BindingAnswer> {
  try {
    const name = state.content?.metadata?.name ?? '';
    const object = await client.delete(VOLUME_SNAPSHOT_CONTENTS, { name }, { signal, uid, resourceVersion });
    if (object !== undefined) absorb(VOLUME_SNAPSHOT_CONTENTS, object);
    return { kind: 'content', object, posted: false };
  } catch (error) {
    if (isNotFound(error)) return { kind: 'content', object: undefined, posted: false };
    return answerRefusal(refused, 'delete-content', error);
  }
}

/** A refusal is an answer that users must read; anything else is the loop's to repeat. */
function answerRefusal(refused: BindingExecutor['refused'], effect: Refusal['effect'], error: unknown): BindingAnswer {
  const message = refusalOf(error);
  if (message === undefined) throw error;
  refused({ effect, message });
  return { kind: 'refused', refusal: { effect, message } };
}

async function confirm(
  client: KubeClient,
  { needed, name }: BindingEffect & { kind: 'confirm' },
  { state: { snapshot }, signal }: BindingRun,
): Promise<BindingAnswer> {
  const read = <T extends KubeObject>(resource: Resource<T>): Promise<T | undefined> =>
    orNothing(client.get(resource, { name, namespace: resource.namespaced ? snapshot.metadata?.namespace : undefined }, signal));
  switch (needed) {
    case 'content':
      return { kind: 'found', needed, object: await read(VOLUME_SNAPSHOT_CONTENTS) };
    case 'class':
      return { kind: 'found', needed, object: await read(VOLUME_SNAPSHOT_CLASSES) };
    case 'claim':
      return { kind: 'found', needed, object: await read(PERSISTENT_VOLUME_CLAIMS) };
    case 'volume':
      return { kind: 'found', needed, object: await read(PERSISTENT_VOLUMES) };
    default:
      return needed satisfies never;
  }
}

async function orNothing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function absorb(state: BindingState, _: BindingEffect, answer: BindingAnswer): BindingState {
  switch (answer.kind) {
    case 'snapshot':
      return absorbSnapshot(state, answer.object);
    case 'gone':
      return { ...state, gone: true };
    case 'content':
      return { ...state, content: answer.object, confirmed: withNeeded(state, 'content'), posted: state.posted || answer.posted };
    case 'claim':
      return { ...state, claim: answer.object, confirmed: withNeeded(state, 'claim') };
    case 'refused':
      return { ...state, refusal: answer.refusal };
    case 'found':
      return absorbFound(state, answer);
    default:
      return answer satisfies never;
  }
}

/** Under another uid it is not the snapshot that this run is about: that one is gone. */
function absorbSnapshot(state: BindingState, object: VolumeSnapshot | undefined): BindingState {
  if (object === undefined || object.metadata?.uid !== state.snapshot.metadata?.uid) return { ...state, gone: true };
  return { ...state, snapshot: object, confirmed: withNeeded(state, 'snapshot') };
}

function absorbFound(state: BindingState, answer: BindingAnswer & { kind: 'found' }): BindingState {
  const confirmed = withNeeded(state, answer.needed);
  switch (answer.needed) {
    case 'snapshot':
      return absorbSnapshot(state, answer.object);
    case 'content':
      return { ...state, confirmed, content: answer.object };
    case 'class':
      return { ...state, confirmed, snapshotClass: answer.object };
    case 'claim':
      return { ...state, confirmed, claim: answer.object };
    case 'volume':
      return { ...state, confirmed, volume: answer.object };
    default:
      return answer satisfies never;
  }
}

function withNeeded({ confirmed }: BindingState, needed: Needed): ReadonlySet<Needed> {
  return new Set([...confirmed, needed]);
}
