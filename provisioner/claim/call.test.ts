import { describe, expect, test } from 'vitest';
import { StaleLease } from '../../lib/controller/step.ts';
import { SECRETS } from '../../lib/kube/resources.ts';
import { EntryRefused } from '../../lib/journal/entry-refused.ts';
import type { Intent } from '../intent/intent.ts';
import { readEntry } from '../intent/intent.ts';
import { adopted, opening, uncertainOf } from '../intent/operation.ts';
import { aClaimWorld, apiError, csiError } from '../testing/claim-world.ts';
import { aClass, aVolume, CLAIM_UID, VOLUME_NAME } from '../testing/objects.ts';
import { anIntent, anOpen, settings } from '../testing/states.ts';
import type { ClaimState, ClaimStep } from './state.ts';

const request = (kind: string): Intent => anIntent({ request: { ...anIntent().request, parameters: { kind } } });
const [OLD, NEW] = [request('old'), request('new')];
const held = { backoff: 'create-volume', inputs: '' } as const;
const writing = (intent: Intent): ClaimStep => ({ kind: 'write-intent', ...held, intent });
const creating = (intent: Intent, purpose: 'attempt' | 'recover' | 'settle' = 'attempt'): ClaimStep => ({
  kind: 'create-volume',
  ...held,
  intent,
  plan: aVolume(),
  purpose,
});
const deleting: ClaimStep = { kind: 'delete-unwanted', ...held, handle: 'vol-9' };

function stateOf(world: ReturnType<typeof aClaimWorld>, change: Partial<ClaimState> = {}): ClaimState {
  const state = world.gather();
  if (state === undefined) throw new Error('the claim is not known');
  return { ...state, ...change };
}

function atWork(operation: ReturnType<typeof anOpen>) {
  const world = aClaimWorld();
  world.progress.update(CLAIM_UID, { operation });
  const does = (step: ClaimStep, change: Partial<ClaimState> = {}) => world.execute(step, stateOf(world, change));
  const operationNow = () => world.progress.of(CLAIM_UID).operation;
  const uncertain = (): unknown => uncertainOf(operationNow())?.intents.map((intent) => intent.request.parameters['kind']);
  return { ...world, does, operationNow, uncertain };
}

describe('the intent', () => {
  test('is in the journal before anything is sent, and is no longer once the PV is saved', async () => {
    const world = aClaimWorld();
    const { steps, end } = await world.run();
    expect(steps).toEqual(['write-intent', 'create-volume', 'save-volume']);
    expect(world.calls).toEqual(['record', 'CreateVolume ssd', 'create persistentvolumes', 'close']);
    expect(end).toMatchObject({ kind: 'done', events: [{ type: 'Normal', reason: 'ProvisioningSucceeded' }] });
    expect([world.journal.entries.size, world.progress.of(CLAIM_UID).operation.phase]).toEqual([0, 'none']);
  });

  test('stands beside each request that is uncertain', async () => {
    const world = atWork(anOpen({ intent: OLD, uncertain: [OLD] }));
    await world.does(writing(NEW));
    expect(readEntry(CLAIM_UID, world.journal.entries.get(CLAIM_UID))).toEqual({ kind: 'entry', intents: [NEW, OLD], deleting: undefined });
    expect(world.operationNow()).toMatchObject({ phase: 'open', call: 'not-sent', intent: NEW, uncertain: { intents: [OLD] } });
  });

  test('is being written for everybody to see while it is', async () => {
    const world = atWork(anOpen({ intent: OLD, uncertain: [OLD] }));
    const seen: unknown[] = [];
    world.journal.state.meanwhile = () => seen.push(world.operationNow());
    await world.does(writing(NEW));
    expect(seen).toEqual([opening(anOpen({ intent: OLD, uncertain: [OLD] }), NEW)]);
  });

  test.each([
    ['refused for what it is', new EntryRefused(CLAIM_UID, 'too long')],
    ['not confirmed', apiError(500)],
    ['written by somebody who no longer leads', new StaleLease()],
  ])('where it is %s nothing is sent, and all is as before', async (_, refusal) => {
    const world = aClaimWorld();
    world.journal.state.refusal = refusal;
    await expect(world.run()).rejects.toBe(refusal);
    expect(world.calls).toEqual(['record', 'close']);
    expect(world.progress.of(CLAIM_UID)).toMatchObject({ operation: { phase: 'none' }, protecting: undefined });
  });

  test('where it is refused, what was uncertain before still is', async () => {
    const world = atWork(anOpen({ intent: OLD, call: 'final', uncertain: [OLD] }));
    world.journal.state.refusal = apiError(422);
    await expect(world.does(writing(NEW))).rejects.toThrow('said 422');
    expect(world.operationNow()).toMatchObject({ phase: 'open', call: 'unknown', intent: OLD, uncertain: { intents: [OLD] } });
  });

  test.each<[string, (world: ReturnType<typeof aClaimWorld>) => void]>([
    ['of an attempt that was never sent', (world) => void world.progress.update(CLAIM_UID, { operation: anOpen({ intent: OLD }) })],
    ['that is just being closed', (world) => void world.progress.update(CLAIM_UID, { operation: { phase: 'closing', name: VOLUME_NAME } })],
  ])('where it is refused, an older entry %s is not forgotten while it stands', async (_, begin) => {
    const world = aClaimWorld();
    world.journal.state.slow = true;
    world.journal.entries.set(CLAIM_UID, {});
    begin(world);
    world.journal.state.refusal = apiError(422);
    await expect(world.execute(writing(NEW), stateOf(world))).rejects.toThrow('said 422');
    // The journal still holds it: whoever reads it after a crash would make the volume of it.
    expect(world.progress.of(CLAIM_UID).operation.phase).not.toBe('none');
  });

  test('where the journal cannot be written at all, the call is made and counted', async () => {
    const world = aClaimWorld();
    world.journal.state.unwritable = true;
    expect((await world.run()).steps).toEqual(['write-intent', 'create-volume', 'save-volume']);
    expect(world.counted).toEqual(['unrecorded', 'provisioned']);
  });
});

describe('CreateVolume', () => {
  test('is running for everybody to see while it is', async () => {
    const world = atWork(anOpen({ intent: NEW }));
    let seen: unknown;
    world.driver.next(() => {
      seen = world.operationNow();
      throw apiError(0);
    });
    await expect(world.does(creating(NEW))).rejects.toThrow('said 0');
    expect(seen).toMatchObject({ phase: 'open', call: 'running', startedMs: 1_000_000 });
  });

  test('is not sent by who may no longer lead: thrown, and nothing has changed', async () => {
    const world = atWork(anOpen({ intent: NEW }));
    world.lease.fresh = false;
    await expect(world.does(creating(NEW))).rejects.toThrow(StaleLease);
    expect([world.calls, world.operationNow()]).toEqual([[], anOpen({ intent: NEW })]);
  });

  test('is not sent without an entry that stands', async () => {
    const world = aClaimWorld();
    await expect(world.execute(creating(NEW), stateOf(world))).rejects.toThrow('without an open operation');
    expect(world.calls).toEqual([]);
  });

  test('that failed for good ends the operation and takes its entry along', async () => {
    const world = aClaimWorld();
    world.driver.refuse('INTERNAL');
    const { end } = await world.run();
    expect(end).toMatchObject({ kind: 'retry', backoff: 'create-volume' });
    expect(world.calls).toEqual(['record', 'CreateVolume ssd', 'close']);
    expect(world.progress.of(CLAIM_UID).operation.phase).toBe('none');
  });

  test('whose entry is only closed with the next write leaves the operation closing until then', async () => {
    const world = aClaimWorld();
    world.journal.state.slow = true;
    world.driver.refuse('INTERNAL');
    await world.run();
    expect(world.progress.of(CLAIM_UID).operation).toEqual({ phase: 'closing', name: VOLUME_NAME });
  });

  test('without an answer keeps its entry, and so does one that we gave up', async () => {
    const lost = aClaimWorld();
    lost.driver.lose();
    await lost.run();
    const given = aClaimWorld();
    given.driver.next(() => {
      throw new Error('aborted');
    });
    await expect(given.run()).rejects.toThrow('aborted');
    for (const { calls, progress } of [lost, given]) {
      expect(calls).toEqual(['record', 'CreateVolume ssd']);
      expect(progress.of(CLAIM_UID).operation).toMatchObject({ phase: 'open', call: 'unknown', uncertain: { intents: [anIntent()] } });
    }
  });

  test('that the driver says to be of another volume, with nothing uncertain before it, ends the operation', async () => {
    const world = aClaimWorld();
    world.driver.refuse('ALREADY_EXISTS');
    expect((await world.run()).end).toMatchObject({ kind: 'retry', backoff: 'create-volume' });
    expect([world.progress.of(CLAIM_UID).operation.phase, world.journal.entries.size]).toEqual(['none', 0]);
  });

  test('gives what it made to the claim, as planned', async () => {
    const world = atWork(anOpen({ intent: NEW }));
    const answer = await world.does(creating(NEW));
    expect(answer).toMatchObject({ kind: 'called', failure: undefined });
    expect(world.operationNow()).toMatchObject({
      phase: 'created',
      volume: { metadata: { name: VOLUME_NAME }, spec: { csi: { volumeHandle: 'vol-1' }, claimRef: { uid: CLAIM_UID } } },
    });
  });

  test('that made too little leaves a volume that is to be deleted, unless nobody waits for one', async () => {
    const tooSmall = () => ({
      volume: { volumeId: 'vol-9', capacityBytes: 5n, volumeContext: {}, contentSource: undefined, accessibleTopology: [] },
    });
    const world = atWork(anOpen({ intent: NEW }));
    world.driver.next(tooSmall);
    expect(await world.does(creating(NEW))).toMatchObject({ failure: { kind: 'unfit', message: expect.stringContaining('capacity 5') } });
    expect(world.operationNow()).toMatchObject({ phase: 'open', unwanted: { handle: 'vol-9' }, uncertain: { intents: [NEW] } });
    const alone = atWork(anOpen({ intent: NEW, uncertain: [NEW] }));
    alone.driver.next(tooSmall);
    await alone.does(creating(NEW, 'settle'), { claim: undefined });
    expect(alone.operationNow().phase).toBe('created');
  });

  test('that answered without a volume is unknown', async () => {
    const world = atWork(anOpen({ intent: NEW }));
    world.driver.next(() => ({ volume: undefined }));
    expect(await world.does(creating(NEW))).toMatchObject({ failure: { kind: 'unfit' } });
    expect(world.operationNow()).toMatchObject({ phase: 'open', call: 'unknown', unwanted: undefined });
  });

  test('that only asks which volume there is makes nothing for the claim of it', async () => {
    const world = atWork(anOpen({ intent: NEW, call: 'unknown', uncertain: [NEW, OLD] }));
    await world.does(creating(OLD, 'recover'));
    expect(world.operationNow()).toMatchObject({ phase: 'open', intent: NEW, call: 'final', unwanted: { handle: 'vol-1' } });
  });

  test('of an ambiguous call that is given up is counted and said', async () => {
    const world = atWork(anOpen({ intent: NEW, uncertain: [NEW] }));
    for (const minutes of [0, 3, 6, 9, 12]) {
      world.clock.ms = minutes * 60_000;
      world.driver.refuse('INTERNAL');
      await world.does(creating(NEW));
    }
    expect([world.counted, world.operationNow().phase]).toEqual([['gaveUp'], 'none']);
    expect(world.log.messages('warn')).toContain(
      'a volume whose creation was undecided is taken not to exist: the same final answer came for ten minutes',
    );
  });
});

describe('the entry of another process that is found meanwhile', () => {
  const found = (world: ReturnType<typeof atWork>) => (): void =>
    void world.progress.update(CLAIM_UID, { operation: adopted(world.operationNow(), { intents: [OLD], deleting: undefined }, 5) });

  test('is kept while an intent is being written', async () => {
    const world = atWork(anOpen({ intent: NEW }));
    world.journal.state.meanwhile = found(world);
    await world.does(writing(NEW));
    expect(world.uncertain()).toEqual(['old']);
  });

  test.each(['INTERNAL', 'UNAVAILABLE'] as const)('is kept while a call is running that ends with %s', async (code) => {
    const world = atWork(anOpen({ intent: NEW }));
    world.driver.next(() => {
      found(world)();
      throw csiError(code);
    });
    await world.does(creating(NEW));
    expect(world.uncertain()).toContain('old');
  });

  test('is kept while a call is running that we give up', async () => {
    const world = atWork(anOpen({ intent: NEW }));
    world.driver.next(() => {
      found(world)();
      throw new Error('aborted');
    });
    await expect(world.does(creating(NEW))).rejects.toThrow('aborted');
    expect(world.uncertain()).toEqual(['new', 'old']);
  });

  test('is kept while an unwanted volume is being deleted', async () => {
    const world = atWork(anOpen({ intent: NEW, call: 'final', unwanted: { handle: 'vol-9', madeBy: NEW }, uncertain: [NEW] }));
    const { deleteVolume } = world.driver;
    world.driver.deleteVolume = async (given) => {
      found(world)();
      return deleteVolume(given);
    };
    await world.does(deleting);
    expect(world.uncertain()).toEqual(['new', 'old']);
  });
});

describe('an unwanted volume', () => {
  const unwanted = anOpen({ intent: NEW, call: 'final', unwanted: { handle: 'vol-9', madeBy: NEW }, uncertain: [OLD] });

  test('is deleted once the journal says so, and what is uncertain stays so', async () => {
    const world = atWork(unwanted);
    expect(await world.does(deleting)).toMatchObject({ kind: 'deleted', failure: undefined });
    expect(world.calls).toEqual(['record', 'DeleteVolume vol-9']);
    expect(readEntry(CLAIM_UID, world.journal.entries.get(CLAIM_UID))).toEqual({ kind: 'entry', intents: [NEW, OLD], deleting: 'vol-9' });
    expect(world.operationNow()).toMatchObject({ phase: 'open', unwanted: undefined, uncertain: { intents: [OLD], deleting: undefined } });
  });

  test('is not deleted where that cannot be confirmed', async () => {
    const world = atWork(unwanted);
    world.journal.state.refusal = apiError(500);
    await expect(world.does(deleting)).rejects.toThrow('said 500');
    expect([world.calls, world.operationNow()]).toEqual([['record'], unwanted]);
  });

  test.each([
    ['by this process', 'vol-1', []],
    ['by another one', undefined, ['vol-1']],
  ])('that the driver still shows after its deletion was asked for %s is not given to the claim', async (_, deletion, elsewhere) => {
    const uncertain = { intents: [NEW], ambiguity: { times: 0, sinceMs: 0 }, sinceMs: 0, deleting: deletion };
    const world = atWork({ ...anOpen({ intent: NEW }), uncertain });
    for (const handle of elsewhere) world.deletedElsewhere.add(handle);
    expect(await world.does(creating(NEW))).toMatchObject({
      failure: { kind: 'unfit', message: expect.stringContaining('deletion was asked for') },
    });
    expect(world.operationNow()).toMatchObject({ phase: 'open', unwanted: { handle: 'vol-1' } });
  });

  test('that cannot be deleted stays', async () => {
    const world = atWork(unwanted);
    world.driver.deleteVolume = async () => {
      throw csiError('INTERNAL');
    };
    expect(await world.does(deleting)).toMatchObject({ kind: 'deleted', failure: expect.stringContaining('Internal') });
    expect(world.operationNow()).toBe(unwanted);
  });

  test('is not deleted by who may no longer lead', async () => {
    const world = atWork(unwanted);
    world.lease.fresh = false;
    await expect(world.does(deleting)).rejects.toThrow(StaleLease);
    expect(world.driver.deletions).toEqual([]);
  });
});

const STEPS = ['read-secret', 'write-intent', 'create-volume'];

test('room is used where the volume is, found missing in the whole class, and freed by a volume that nobody wants', async () => {
  const affinity = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] } };
  const world = atWork(anOpen());
  world.driver.next(({ capacityRange }) => ({
    volume: {
      volumeId: 'vol-1',
      capacityBytes: capacityRange?.requiredBytes ?? 0n,
      volumeContext: {},
      contentSource: undefined,
      accessibleTopology: [{ segments: { zone: 'a' } }],
    },
  }));
  await world.does(creating(anIntent()), { settings: settings({ topology: true }) });
  const refused = atWork(anOpen());
  refused.driver.refuse('RESOURCE_EXHAUSTED');
  await refused.does(creating(anIntent()));
  const unwanted = atWork(anOpen());
  await unwanted.does(deleting);
  const anywhere = { affinity: undefined, className: 'fast' };
  expect([world.moves, refused.moves, unwanted.moves]).toEqual([[{ affinity, className: 'fast' }], [anywhere], [anywhere]]);
});

test('the values of a secret go to the driver and nowhere else', async () => {
  const world = aClaimWorld();
  const parameters = { 'csi.storage.k8s.io/provisioner-secret-name': 's', 'csi.storage.k8s.io/provisioner-secret-namespace': 'vault' };
  world.classes.set('fast', aClass({ parameters }));
  const data = { password: Buffer.from('hunter2').toString('base64') };
  world.server.put(SECRETS, { metadata: { namespace: 'vault', name: 's' }, data });
  world.driver.lose();
  const lost = await world.run();
  const done = await world.run();
  expect([lost.steps, done.steps.slice(0, 3)]).toEqual([STEPS, STEPS]);
  expect(world.driver.received.map(({ secrets }) => secrets)).toEqual([{ password: 'hunter2' }, { password: 'hunter2' }]);
  const everything = [lost, done, [...world.progress.entries()], [...world.journal.entries], world.log.lines, [...world.volumes.values()]];
  const text = JSON.stringify(everything, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain(data.password);
});

test('a call for a class of the plugin that the driver took over is marked for the metrics', async () => {
  const markOf = async (driver: string, provisioner: string): Promise<unknown> => {
    const world = atWork(anOpen());
    await world.does(creating(anIntent()), { settings: settings({ driver }), class: aClass({ provisioner }) });
    return world.driver.marks;
  };
  expect(await markOf('ebs.csi.aws.com', 'kubernetes.io/aws-ebs')).toEqual([{ migrated: true }]);
  expect(await markOf('ebs.csi.aws.com', 'ebs.csi.aws.com')).toEqual([{ migrated: false }]);
  expect(await markOf('mock.csi.example', 'kubernetes.io/aws-ebs')).toEqual([{ migrated: false }]);
});
