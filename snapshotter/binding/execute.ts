/** One effect of a snapshot's loop at the API server. Own writes go into the caches at once. */
import type { KubeClient, Patch } from '../../lib/kube/client.ts';
import { ApiError, isAlreadyExists, isNotFound, orNothing } from '../../lib/kube/api-error.ts';
import type { KubeObject, PersistentVolumeClaim, Resource } from '../../lib/kube/objects.ts';
import { type GroupSnapshotResources, PERSISTENT_VOLUMES, PERSISTENT_VOLUME_CLAIMS } from '../../lib/kube/resources.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { causeOfRefusal } from '../failure-note.ts';
import type { ContentObject, SnapshotObject } from '../kinds/kind.ts';
import type { SourceClaim } from '../kinds/sources.ts';
import { proves, standingOf } from '../membership.ts';
import { refusalOf } from '../../lib/sidecar/refusal.ts';
import { type BindingAnswer, type BindingEffect, type BindingState, confirmation, type FoundClaims, type Refusal } from './state.ts';

export interface BindingExecuteDeps {
  readonly client: KubeClient;
  readonly applyWrite: ApplyWrite;
  /** By uid: what the status does not say yet. */
  readonly refusals: Map<string, Refusal>;
  /** A claim with its volume, as far as the caches know that. */
  readonly sourceOf: (claim: PersistentVolumeClaim) => SourceClaim;
  /** Undefined where groups are not served. */
  readonly groupResources: GroupSnapshotResources | undefined;
}

interface Run<S extends SnapshotObject, C extends ContentObject> {
  readonly state: BindingState<S, C>;
  readonly signal: AbortSignal;
}

export async function execute<S extends SnapshotObject, C extends ContentObject>(
  deps: BindingExecuteDeps,
  step: BindingEffect<C>,
  run: Run<S, C>,
): Promise<BindingAnswer<S, C>> {
  switch (step.kind) {
    case 'confirm':
      return confirm(deps, step, run);
    case 'set-class':
    case 'note-failure':
    case 'add-owner':
      return patchSnapshot(deps, run, { patch: step.patch });
    case 'write-error':
    case 'write-status':
      return patchSnapshot(deps, run, { patch: step.patch, subresource: 'status' });
    case 'release-snapshot':
      return releaseSnapshot(patchSnapshot(deps, run, { patch: step.patch }));
    case 'add-finalizers':
      return protectBoth(deps, step, run);
    case 'protect-claim':
      return orRefusal(deps, { state: run.state, effect: step.kind }, async () => ({
        kind: 'claims',
        claims: await protectClaims(deps, step.claims, run.signal),
      }));
    case 'create-content':
      return createContent(deps, step, run);
    case 'bind-content':
      return orRefusal(deps, { state: run.state, effect: step.kind }, () => patchContent(deps, run, step.patch));
    case 'mark-content':
      return patchContent(deps, run, step.patch);
    case 'delete-content':
      return deleteContent(deps, step, run);
    default:
      return step satisfies never;
  }
}

async function createContent<S extends SnapshotObject, C extends ContentObject>(
  deps: BindingExecuteDeps,
  step: BindingEffect<C> & { kind: 'create-content' },
  run: Run<S, C>,
): Promise<BindingAnswer<S, C>> {
  const { state, signal } = run;
  switch (step.action) {
    case 'see-snapshot': {
      const { namespace, name = '' } = state.snapshot.metadata ?? {};
      const object = await orNothing(deps.client.get(state.kind.snapshots, { namespace, name }, signal));
      return { kind: 'snapshot', object };
    }
    case 'post':
      return orRefusal(deps, { state, effect: step.kind }, () => postContent(deps, step.content, run));
    case 'note-name':
      return patchSnapshot(deps, run, { patch: step.patch, subresource: 'status' });
    default:
      return step satisfies never;
  }
}

async function patchSnapshot<S extends SnapshotObject, C extends ContentObject>(
  { client, applyWrite }: BindingExecuteDeps,
  { state: { kind, snapshot }, signal }: Run<S, C>,
  change: { readonly patch: Patch; readonly subresource?: 'status' },
): Promise<BindingAnswer<S, C> & { kind: 'snapshot' }> {
  const { namespace, name = '' } = snapshot.metadata ?? {};
  const object = await client.patch(kind.snapshots, { namespace, name }, { ...change, signal });
  applyWrite(kind.snapshots, object);
  return { kind: 'snapshot', object };
}

/** The write that took the last finalizer ended the snapshot, and so did whoever was quicker. */
async function releaseSnapshot<S extends SnapshotObject, C extends ContentObject>(
  write: Promise<BindingAnswer<S, C>>,
): Promise<BindingAnswer<S, C>> {
  const answer = await orNothing(write);
  const left = answer?.kind === 'snapshot' ? (answer.object?.metadata?.finalizers ?? []) : [];
  return answer === undefined || left.length === 0 ? { kind: 'snapshot', object: undefined } : answer;
}

async function patchContent<S extends SnapshotObject, C extends ContentObject>(
  { client, applyWrite }: BindingExecuteDeps,
  { state: { kind, content }, signal }: Run<S, C>,
  patch: Patch,
): Promise<BindingAnswer<S, C>> {
  const object = await client.patch(kind.contents, { name: content?.metadata?.name ?? '' }, { patch, signal });
  applyWrite(kind.contents, object);
  return { kind: 'found', needed: 'content', found: { content: object } };
}

async function postContent<S extends SnapshotObject, C extends ContentObject>(
  { client, applyWrite }: BindingExecuteDeps,
  body: C,
  { state: { kind }, signal }: Run<S, C>,
): Promise<BindingAnswer<S, C>> {
  try {
    const object = await client.create(kind.contents, body, { signal });
    applyWrite(kind.contents, object);
    return { kind: 'found', needed: 'content', found: { content: object, posted: true } };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // Made by an earlier life of this loop, or by somebody else: the binding checks judge what is there.
    const object = await client.get(kind.contents, { name: body.metadata?.name ?? '' }, signal);
    applyWrite(kind.contents, object);
    return { kind: 'found', needed: 'content', found: { content: object } };
  }
}

/** A claim whose write failed is written again by a step of its own, which tells what goes wrong. */
async function protectBoth<S extends SnapshotObject, C extends ContentObject>(
  deps: BindingExecuteDeps,
  { patch, claims }: BindingEffect<C> & { kind: 'add-finalizers' },
  run: Run<S, C>,
): Promise<BindingAnswer<S, C>> {
  const [snapshot, written] = await Promise.allSettled([patchSnapshot(deps, run, { patch }), protectClaims(deps, claims, run.signal)]);
  if (snapshot.status === 'rejected') throw snapshot.reason;
  return written.status === 'rejected' ? snapshot.value : { ...snapshot.value, claims: written.value };
}

/** All of them are tried; one that failed is told, and tried again. */
async function protectClaims(
  { client, applyWrite }: BindingExecuteDeps,
  claims: readonly PersistentVolumeClaim[],
  signal: AbortSignal,
): Promise<FoundClaims> {
  const write = async (claim: PersistentVolumeClaim): Promise<FoundClaims[number]> => {
    const object = await orNothing(client.replace(PERSISTENT_VOLUME_CLAIMS, claim, { signal }));
    if (object !== undefined) applyWrite(PERSISTENT_VOLUME_CLAIMS, object);
    return [claim.metadata?.name ?? '', object];
  };
  const results = await Promise.allSettled(claims.map(write));
  const refused = results.find((result) => result.status === 'rejected');
  if (refused !== undefined) throw refused.reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

async function deleteContent<S extends SnapshotObject, C extends ContentObject>(
  { client, applyWrite }: BindingExecuteDeps,
  { uid, resourceVersion }: BindingEffect & { kind: 'delete-content' },
  { state: { kind, content }, signal }: Run<S, C>,
): Promise<BindingAnswer<S, C>> {
  const name = content?.metadata?.name ?? '';
  const object = await orNothing(client.delete(kind.contents, { name }, { signal, uid, resourceVersion }));
  if (object !== undefined) applyWrite(kind.contents, object);
  return { kind: 'found', needed: 'content', found: { content: object } };
}

/** A refusal is an answer that the status must say; anything else is the loop's to tell and to repeat. */
async function orRefusal<S extends SnapshotObject, C extends ContentObject>(
  { refusals }: BindingExecuteDeps,
  { state, effect }: { readonly state: BindingState<S, C>; readonly effect: Refusal['effect'] },
  write: () => Promise<BindingAnswer<S, C>>,
): Promise<BindingAnswer<S, C>> {
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

async function confirm<S extends SnapshotObject, C extends ContentObject>(
  { client, sourceOf, groupResources }: BindingExecuteDeps,
  { needed, name }: BindingEffect & { kind: 'confirm' },
  { state: { kind, snapshot }, signal }: Run<S, C>,
): Promise<BindingAnswer<S, C>> {
  const namespace = snapshot.metadata?.namespace ?? '';
  const read = <T extends KubeObject>(resource: Resource<T>): Promise<T | undefined> =>
    orNothing(client.get(resource, { name, namespace: resource.namespaced ? namespace : undefined }, signal));
  switch (needed) {
    case 'content':
      return { kind: 'found', needed, found: { content: await read(kind.contents) } };
    case 'class':
      return { kind: 'found', needed, found: { snapshotClass: await read(kind.classes) } };
    case 'claim':
      return { kind: 'claims', claims: [[name, await read(PERSISTENT_VOLUME_CLAIMS)]] };
    case 'volume':
      return { kind: 'volume', name, object: await read(PERSISTENT_VOLUMES) };
    case 'selection': {
      const { items } = await client.list(PERSISTENT_VOLUME_CLAIMS, { namespace, labelSelector: name, signal });
      return { kind: 'selection', sources: items.map(sourceOf) };
    }
    case 'group':
      return { kind: 'group', object: groupResources === undefined ? undefined : await read(groupResources.snapshots) };
    case 'group-content':
      return { kind: 'group-content', object: groupResources === undefined ? undefined : await read(groupResources.contents) };
    default:
      return needed satisfies never;
  }
}

export function absorb<S extends SnapshotObject, C extends ContentObject>(
  state: BindingState<S, C>,
  step: BindingEffect<C>,
  answer: BindingAnswer<S, C>,
): BindingState<S, C> {
  const known = (...things: readonly string[]): Pick<BindingState<S, C>, 'confirmed'> => ({
    confirmed: new Set([...state.confirmed, ...things]),
  });
  switch (answer.kind) {
    case 'snapshot': {
      const { object } = answer;
      // Under another uid it is not the snapshot that this run is about: that one is gone.
      if (object === undefined || object.metadata?.uid !== state.snapshot.metadata?.uid) return { ...state, gone: true };
      const { sources, names } = withClaims(state, answer.claims ?? []);
      return { ...state, snapshot: object, sources, ...known('snapshot', ...names) };
    }
    case 'found':
      return { ...state, ...answer.found, ...(answer.needed === undefined ? {} : known(answer.needed)) };
    case 'claims': {
      const { sources, names } = withClaims(state, answer.claims);
      return { ...state, sources, ...known(...names) };
    }
    case 'volume': {
      const { name, object } = answer;
      const sources = state.sources.map((source) => (source.claim?.spec?.volumeName === name ? { ...source, volume: object } : source));
      return { ...state, sources, ...known(confirmation('volume', name)) };
    }
    case 'selection': {
      const name = step.kind === 'confirm' ? step.name : '';
      return { ...state, sources: answer.sources, ...known(confirmation('selection', name)) };
    }
    case 'group':
    case 'group-content':
      return { ...state, membership: withGroup(state, answer), ...known(answer.kind) };
    default:
      return answer satisfies never;
  }
}

function withClaims<S extends SnapshotObject, C extends ContentObject>(
  { sources }: BindingState<S, C>,
  found: FoundClaims,
): { readonly sources: readonly SourceClaim[]; readonly names: readonly string[] } {
  const claims = new Map(found);
  return {
    sources: sources.map((source) => (claims.has(source.name) ? { ...source, claim: claims.get(source.name) } : source)),
    names: [...claims.keys()].map((name) => confirmation('claim', name)),
  };
}

/** What a live read says of the group that the snapshot belongs to, or says so. */
function withGroup<S extends SnapshotObject, C extends ContentObject>(
  { membership, snapshot }: BindingState<S, C>,
  answer: BindingAnswer & { kind: 'group' | 'group-content' },
): BindingState['membership'] {
  if (membership === undefined) return undefined;
  if (answer.kind === 'group-content') return { ...membership, proof: proves(answer.object, snapshot) ? 'yes' : 'no' };
  const group = standingOf(answer.object, membership.uid) ?? 'gone';
  return { ...membership, group, uid: membership.uid ?? answer.object?.metadata?.uid };
}
