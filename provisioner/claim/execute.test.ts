import { describe, expect, test } from 'vitest';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from '../../lib/kube/resources.ts';
import type { VolumeSnapshot } from '../../lib/kube/objects.ts';
import { SNAPSHOT_FINALIZER } from '../facts/names.ts';
import { aClaimWorld, apiError, cacheOf } from '../testing/claim-world.ts';
import { aClaim, aSnapshot, aVolume, CLAIM_UID, SNAPSHOT_SOURCE, VOLUME_NAME } from '../testing/objects.ts';
import { aState, anIntent, anOpen } from '../testing/states.ts';
import type { ClaimState, ClaimStep } from './state.ts';

const SOURCE = { kind: 'snapshot', namespace: 'shop', name: 'monday', uid: 'snap-1' } as const;
const held = { backoff: 'create-volume', inputs: '' } as const;

describe('the protection of a snapshot', () => {
  /** A server that takes every PUT and gives it the next version. */
  function aProtector() {
    const world = aClaimWorld();
    const written: (readonly [string | undefined, readonly string[]])[] = [];
    const client = {
      ...world.deps.client,
      replace: async (_: unknown, body: VolumeSnapshot) => {
        written.push([body.metadata?.resourceVersion, body.metadata?.finalizers ?? []]);
        return { ...body, metadata: { ...body.metadata, resourceVersion: String(100 + written.length) } };
      },
    };
    Object.assign(world.deps, { client });
    const protect = (snapshot: VolumeSnapshot) => world.execute({ kind: 'protect-snapshot', ...held, source: SOURCE, snapshot }, aState());
    return { ...world, written, protect };
  }

  const guarded = aSnapshot({ metadata: { resourceVersion: '7', finalizers: ['other', SNAPSHOT_FINALIZER] } });

  test('that we are taking away is taken away and put on anew: the removal under way then conflicts', async () => {
    const { written, protections, protect } = aProtector();
    protections.releasing.add('shop/monday');
    await protect(guarded);
    expect(written).toEqual([
      ['7', ['other']],
      ['101', ['other', SNAPSHOT_FINALIZER]],
    ]);
    expect(protections.releasing.size).toBe(0);
  });

  test('that nobody takes away, or that is not there, is one write', async () => {
    const { written, protections, protect } = aProtector();
    await protect(guarded);
    protections.releasing.add('shop/monday');
    await protect(aSnapshot({ metadata: { resourceVersion: '8', finalizers: ['other'] } }));
    expect(written).toEqual([
      ['7', ['other', SNAPSHOT_FINALIZER]],
      ['8', ['other', SNAPSHOT_FINALIZER]],
    ]);
  });

  test('makes the claim a user of its source before the write is sent', async () => {
    const world = aProtector();
    const answer = await world.protect(guarded);
    expect(answer).toMatchObject({ kind: 'protected', progress: { protecting: SOURCE } });
    expect(world.progress.usersOf('snapshot', 'shop/monday')).toEqual([CLAIM_UID]);
    expect([...world.protections.own]).toEqual(['shop/monday']);
  });

  test('is done without where snapshots may not be written, as in the Go program, and a conflict is thrown', async () => {
    const world = aClaimWorld();
    const step: ClaimStep = { kind: 'protect-snapshot', ...held, source: SOURCE, snapshot: guarded };
    world.server.refusals.set('replace volumesnapshots', apiError(403, 'Forbidden'));
    expect(await world.execute(step, aState())).toMatchObject({ kind: 'protected' });
    world.server.refusals.set('replace volumesnapshots', apiError(409, 'Conflict'));
    await expect(world.execute(step, aState())).rejects.toThrow('said 409');
  });
});

test('an intent is not written where its source lost its protection meanwhile', async () => {
  const world = aClaimWorld();
  world.claims.set('shop/data', aClaim({ dataSource: SNAPSHOT_SOURCE }));
  const snapshots = new Map([['shop/monday', aSnapshot({ metadata: { finalizers: [] } })]]);
  Object.assign(world.deps.caches, { snapshots: cacheOf(snapshots) });
  const step: ClaimStep = { kind: 'write-intent', ...held, intent: anIntent({ source: SOURCE }) };
  const state = world.gather() as ClaimState;
  expect(await world.execute(step, state)).toMatchObject({ kind: 'unprotected', source: { snapshot: snapshots.get('shop/monday') } });
  expect([world.calls, world.progress.of(CLAIM_UID)]).toMatchObject([[], { operation: { phase: 'none' }, protecting: SOURCE }]);
  expect(await world.execute(step, { ...state, protectedSource: true })).toMatchObject({ kind: 'written' });
  expect(world.progress.usersOf('snapshot', 'shop/monday')).toEqual([CLAIM_UID]);
});

test('a claim is read live, and only a claim of the same uid without a volume needs one', async () => {
  const read = async (claim: ReturnType<typeof aClaim> | undefined) => {
    const world = aClaimWorld();
    if (claim !== undefined) world.server.put(PERSISTENT_VOLUME_CLAIMS, claim);
    const answer = await world.execute({ kind: 'read-claim', ...held }, aState());
    return [answer.kind === 'claim' && answer.claim !== undefined, world.progress.of(CLAIM_UID).provisionedBefore];
  };
  expect(await read(aClaim())).toEqual([true, 'rechecked']);
  expect(await read(aClaim({ volumeName: VOLUME_NAME }))).toEqual([true, 'no']);
  expect(await read(aClaim({ metadata: { namespace: 'shop', name: 'data', uid: 'its-successor' } }))).toEqual([false, 'no']);
  expect(await read(undefined)).toEqual([false, 'no']);
});

test('an inherited operation has no owner where the server has neither a claim of its uid nor a PV of its name', async () => {
  const read = async (claim: ReturnType<typeof aClaim> | undefined, volume?: ReturnType<typeof aVolume>) => {
    const world = aClaimWorld();
    world.progress.update(CLAIM_UID, { inherited: true });
    if (claim !== undefined) world.server.put(PERSISTENT_VOLUME_CLAIMS, claim);
    if (volume !== undefined) world.server.put(PERSISTENT_VOLUMES, volume);
    const answer = await world.execute({ kind: 'read-owner', ...held, intent: anIntent() }, aState());
    return [answer.kind === 'owner' && answer.object !== undefined, world.progress.of(CLAIM_UID).inherited];
  };
  expect(await read(aClaim())).toEqual([true, true]);
  expect(await read(aClaim({ metadata: { namespace: 'shop', name: 'data', uid: 'its-successor' } }))).toEqual([false, false]);
  expect(await read(undefined)).toEqual([false, false]);
  expect(await read(undefined, aVolume())).toEqual([true, true]);
});

test('a secret that is not there, or may not be read, is told by its name, and nothing is written for it', async () => {
  const secret = { name: 's', namespace: 'vault' };
  const step: ClaimStep = { kind: 'read-secret', ...held, secret, purpose: 'attempt' };
  const world = aClaimWorld();
  const failures = [await world.execute(step, aState())];
  world.server.refusals.set('get secrets', apiError(403));
  failures.push(await world.execute(step, aState()));
  expect(failures).toMatchObject([
    {
      kind: 'no-secret',
      failure: { kind: 'no-secret', purpose: 'attempt', message: 'error getting secret s in namespace vault: said 404' },
    },
    { kind: 'no-secret', failure: { message: 'error getting secret s in namespace vault: said 403' } },
  ]);
  expect([world.calls, world.progress.of(CLAIM_UID).awaits]).toEqual([['get secrets', 'get secrets'], 'secret']);
});

test('an operation is closed with its entry, and a PV that ended it has been seen', async () => {
  const world = aClaimWorld();
  world.progress.update(CLAIM_UID, { operation: anOpen({ uncertain: [anIntent()] }) });
  const state = aState({ volume: aVolume(), progress: world.progress.of(CLAIM_UID) });
  expect(await world.execute({ kind: 'close', ...held }, state)).toMatchObject({ kind: 'closed' });
  expect([world.calls, world.progress.of(CLAIM_UID)]).toMatchObject([
    ['close'],
    { operation: { phase: 'none' }, provisionedBefore: 'seen' },
  ]);
});

// Saving

describe('a PV', () => {
  const created = { phase: 'created', intent: anIntent(), volume: aVolume(), startedMs: 999_000 } as const;
  const NAMED = { ...held, name: VOLUME_NAME };

  function saving(standing?: ReturnType<typeof aVolume>) {
    const world = aClaimWorld();
    world.progress.update(CLAIM_UID, { operation: created });
    if (standing !== undefined) world.server.put({ plural: 'persistentvolumes' }, standing);
    const state = (): ClaimState => aState({ progress: world.progress.of(CLAIM_UID) });
    return {
      ...world,
      operation: () => world.progress.of(CLAIM_UID).operation,
      save: () => world.execute({ kind: 'save-volume', ...held, backoff: 'save-volume', volume: aVolume() }, state()),
      read: () => world.execute({ kind: 'read-volume', ...NAMED, backoff: 'save-volume' }, state()),
    };
  }

  test('that is saved ends the operation, and is in the cache at once', async () => {
    const world = saving();
    expect(await world.save()).toMatchObject({ kind: 'saved', progress: { operation: { phase: 'none' }, provisionedBefore: 'seen' } });
    expect([world.volumes.has(VOLUME_NAME), world.counted]).toEqual([true, ['provisioned']]);
  });

  test('that is refused is kept and told, and one that went unanswered is thrown', async () => {
    const world = saving();
    for (const status of [400, 403, 413, 422]) {
      world.server.refusals.set('create persistentvolumes', apiError(status));
      expect(await world.save()).toMatchObject({
        kind: 'save-failed',
        failure: { kind: 'refused', message: expect.stringContaining(`said ${status}`) },
      });
    }
    world.server.refusals.set('create persistentvolumes', apiError(0));
    await expect(world.save()).rejects.toThrow('said 0');
    expect(world.operation()).toBe(created);
  });

  test('that stands already with this very volume is the saved one', async () => {
    const world = saving(aVolume());
    expect(await world.save()).toMatchObject({ kind: 'save-failed', failure: { kind: 'exists' } });
    expect(await world.read()).toMatchObject({ kind: 'saved' });
  });

  test('that stands already and is on its way out takes the volume along', async () => {
    const world = saving(aVolume({ metadata: { name: VOLUME_NAME, deletionTimestamp: 'now' } }));
    expect(await world.read()).toMatchObject({
      kind: 'existing-volume',
      progress: { operation: { phase: 'none' }, provisionedBefore: 'seen' },
    });
    expect(world.counted).toEqual([]);
  });

  test('of this claim with another volume has the claim: ours is deleted', async () => {
    const world = saving(aVolume({ csi: { driver: 'mock.csi.example', volumeHandle: 'vol-first' } }));
    await world.read();
    expect(world.operation()).toMatchObject({ phase: 'open', unwanted: { handle: 'vol-1' }, uncertain: { intents: [anIntent()] } });
  });

  test('of another claim in the way leaves ours to be asked for anew, and does not delete what it may hold', async () => {
    const world = saving(aVolume({ claimRef: { namespace: 'shop', name: 'other', uid: 'other' } }));
    await world.read();
    expect(world.operation()).toMatchObject({ phase: 'open', call: 'unknown', unwanted: undefined, uncertain: { intents: [anIntent()] } });
  });

  test('that came and went is no obstacle', async () => {
    const world = saving();
    expect(await world.read()).toMatchObject({ kind: 'existing-volume', object: undefined });
    expect(world.operation()).toBe(created);
  });
});
