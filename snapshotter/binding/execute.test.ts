import { describe, expect, test } from 'vitest';
import { ApiError } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS, VOLUME_SNAPSHOT_CONTENTS } from '../../lib/kube/resources.ts';
import { causeOfRefusal } from '../failure-note.ts';
import { CLAIM_PROTECTION } from '../names.ts';
import { aBindingState, bothFinalizers, protectedClaim } from '../testing/binding-state.ts';
import { CONTENT_NAME, SNAPSHOT_UID, aClaim, aContent, aReadySnapshot, aSnapshot } from '../testing/objects.ts';
import { TinyApi } from '../testing/tiny-api.ts';
import { decide } from './decide.ts';
import { absorb, execute } from './execute.ts';
import type { BindingState, Refusal } from './state.ts';

const signal = new AbortController().signal;
const going = { ...bothFinalizers, deletionTimestamp: '2026-01-01T00:01:00Z' };

const never = (): never => {
  throw new Error('a single snapshot selects nothing');
};

/** Decides, executes that one step, and answers the state with the answer in it. */
async function advance(state: BindingState, client: KubeClient, refusals = new Map<string, Refusal>()): Promise<BindingState> {
  const step = decide(state);
  if (step.kind === 'done' || step.kind === 'poll' || step.kind === 'retry') throw new Error(`rests: ${step.reason}`);
  const deps = {
    client,
    applyWrite: () => undefined,
    refusals,
    sourceOf: never,
    groupResources: undefined,
  };
  return absorb(state, step, await execute(deps, step, { state, signal }));
}

function refusing(status: number, causes: readonly { field?: string }[] = []): KubeClient {
  const refuse = (): Promise<never> =>
    Promise.reject(new ApiError({ status, reason: 'Refused', message: 'not for you', request: 'test', causes }));
  return { ...new TinyApi().client(), create: refuse, replace: refuse, delete: refuse, patch: refuse };
}

const beforePost = aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }), claim: protectedClaim });

describe('answers of the API server', () => {
  test('a content that exists already is taken as it is, for the binding checks to judge', async () => {
    const api = new TinyApi();
    api.put(VOLUME_SNAPSHOT_CONTENTS, aContent({ spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: 'other' } } }));
    const state = await advance(beforePost, api.client());
    expect(state.posted).toBe(false);
    expect(decide(state)).toMatchObject({ kind: 'write-error', before: [{ reason: 'SnapshotContentMisbound' }] });
  });

  test.each([403, 400, 422])('a %i on the post is remembered until it is told', async (status) => {
    const refusals = new Map<string, Refusal>();
    const state = await advance(beforePost, refusing(status, [{ field: 'spec' }]), refusals);
    expect([...refusals]).toEqual([[SNAPSHOT_UID, { effect: 'create-content', message: 'not for you', cause: causeOfRefusal(status) }]]);
    expect(decide(state)).toMatchObject({ kind: 'write-error' });
  });

  test.each([409, 429, 500, 0])('a %i on the post is for the loop to repeat', async (status) => {
    await expect(advance(beforePost, refusing(status))).rejects.toMatchObject({ status });
  });

  test('a claim that went before it could be protected is missing, not an error', async () => {
    const state = await advance(aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }) }), new TinyApi().client());
    expect(state.sources).toMatchObject([{ claim: undefined }]);
    expect(decide(state)).toMatchObject({ kind: 'write-error', before: [{ reason: 'SnapshotContentCreationFailed' }] });
  });

  test('a claim that changed meanwhile is a conflict, of which nobody hears', async () => {
    const api = new TinyApi();
    api.put(PERSISTENT_VOLUME_CLAIMS, aClaim());
    const refusals = new Map<string, Refusal>();
    await expect(
      advance(aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }) }), api.client(), refusals),
    ).rejects.toMatchObject({ status: 409 });
    expect(refusals.size).toBe(0);
  });

  test('a content or snapshot that is gone already needs no deleting', async () => {
    const api = new TinyApi();
    const marked = aContent({ metadata: { annotations: { 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted': 'yes' } } });
    const deleted = await advance(aBindingState({ snapshot: aReadySnapshot({ metadata: going }), content: marked }), api.client());
    expect(deleted.content).toBeUndefined();
    const released = await advance(deleted, api.client());
    expect(decide(released)).toMatchObject({ kind: 'done', reason: 'the snapshot is gone' });
  });

  test('what is read live is found, or known to be missing', async () => {
    const api = new TinyApi();
    const state = aBindingState({ snapshot: aReadySnapshot() });
    expect((await advance(state, api.client())).confirmed).toContain('content');
    api.put(VOLUME_SNAPSHOT_CONTENTS, aContent());
    expect((await advance(state, api.client())).content?.metadata?.name).toBe(CONTENT_NAME);
  });

  test('a snapshot that the cache shows alive and that is gone, or another by now, makes nothing', async () => {
    const api = new TinyApi();
    const stale = aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }), confirmed: new Set() });
    expect(decide(await advance(stale, api.client()))).toMatchObject({ kind: 'done' });
    api.put(VOLUME_SNAPSHOTS, aSnapshot({ metadata: { uid: 'the-next-one' } }));
    expect(decide(await advance(stale, api.client()))).toMatchObject({ kind: 'done' });
    api.put(VOLUME_SNAPSHOTS, aSnapshot({ metadata: bothFinalizers }));
    expect((await advance(stale, api.client())).confirmed).toContain('snapshot');
  });

  test('snapshot and claim are protected side by side, and both answers are known', async () => {
    const api = new TinyApi();
    api.put(VOLUME_SNAPSHOTS, aSnapshot());
    api.put(PERSISTENT_VOLUME_CLAIMS, aClaim());
    const client = api.client();
    const { name = '', namespace } = aClaim().metadata ?? {};
    const claim = await client.get(PERSISTENT_VOLUME_CLAIMS, { name, namespace }, signal);
    const state = aBindingState({ claim, confirmed: new Set() });
    const sent: string[] = [];
    let open = (): void => undefined;
    const bothAreSent = new Promise<void>((resolve) => (open = resolve));
    const held = (what: string): Promise<void> => {
      if (sent.push(what) === 2) open();
      return bothAreSent;
    };
    const after = await advance(state, {
      ...client,
      patch: (...args) => held('patch').then(() => client.patch(...args)),
      replace: (...args) => held('replace').then(() => client.replace(...args)),
    });
    expect(sent.toSorted()).toEqual(['patch', 'replace']);
    expect(after.snapshot.metadata?.finalizers).toEqual(bothFinalizers.finalizers);
    expect(after.sources[0]?.claim?.metadata?.finalizers).toContain(CLAIM_PROTECTION);
    expect(decide(after)).toMatchObject({ kind: 'create-content', action: 'post' });
  });

  test('where the claim’s write fails, the snapshot is protected and the claim comes next; where the snapshot’s fails, it is told', async () => {
    const api = new TinyApi();
    api.put(VOLUME_SNAPSHOTS, aSnapshot());
    const client = api.client();
    const { patch, replace } = refusing(403);
    const after = await advance(aBindingState(), { ...client, replace });
    expect(after.refusal).toBeUndefined();
    expect(decide(after)).toMatchObject({
      kind: 'protect-claim',
      claims: [{ metadata: { finalizers: expect.arrayContaining([CLAIM_PROTECTION]) } }],
    });
    await expect(advance(aBindingState(), { ...client, patch })).rejects.toMatchObject({ status: 403 });
  });

  test('a write never lands on the next snapshot of that name', async () => {
    const api = new TinyApi();
    api.put(VOLUME_SNAPSHOTS, aSnapshot({ metadata: { uid: 'the-next-one' } }));
    await expect(advance(aBindingState(), api.client())).rejects.toMatchObject({ status: 422, hadPatchTest: true });
  });
});
