/** Whole runs of a claim against a driver that keeps its volumes: what is left in the end, and what the user waited for. */
import { expect, test } from 'vitest';
import type { Volume } from '../../proto/gen/csi.ts';
import { aClaimWorld, csiError } from '../testing/claim-world.ts';
import { aClass, aVolume, CLAIM_UID, DRIVER, VOLUME_NAME } from '../testing/objects.ts';
import { anIntent } from '../testing/states.ts';
import { encodeEntry, readEntry } from '../intent/intent.ts';
import type { Intent } from '../intent/intent.ts';
import { inherited } from '../intent/operation.ts';

type World = ReturnType<typeof aClaimWorld>;

/** The class is deleted and made anew under its name. */
function classOf(world: World, kind: string): void {
  world.classes.set('fast', aClass({ metadata: { name: 'fast', uid: `class-${kind}` }, parameters: { kind } }));
}

async function runs(world: World, times: number): Promise<void> {
  if (times === 0) return;
  await world.run();
  await runs(world, times - 1);
}

/** Handles of the driver's volumes, and of those that PVs name. */
const ledger = ({ driver, volumes }: World) => ({
  made: [...driver.made.values()].map(({ volumeId }) => volumeId),
  saved: [...volumes.values()].map(({ spec }) => spec?.csi?.volumeHandle),
});
const balance = (world: World): unknown => {
  const { made, saved } = ledger(world);
  return { made, saved, phase: world.progress.of(CLAIM_UID).operation.phase, entries: world.journal.entries.size };
};

test('a lost answer: the next attempt finds the volume', async () => {
  const world = aClaimWorld();
  world.driver.lose();
  expect((await world.run()).end).toMatchObject({ kind: 'retry', backoff: 'create-volume' });
  expect((await world.run()).end).toMatchObject({ kind: 'done' });
  expect(balance(world)).toEqual({ made: ['vol-1'], saved: ['vol-1'], phase: 'none', entries: 0 });
});

test('a class that is mended after a lost answer: the new wish goes first, what the old one made is found and deleted, the new one is served', async () => {
  const world = aClaimWorld();
  world.driver.lose();
  await world.run();
  classOf(world, 'gold');
  world.calls.length = 0;
  const { end } = await world.run();
  expect(world.calls).toEqual([
    'record',
    'CreateVolume gold',
    'CreateVolume ssd',
    'record',
    'DeleteVolume vol-1',
    'record',
    'CreateVolume gold',
    'create persistentvolumes',
    'close',
  ]);
  expect(end.kind).toBe('done');
  expect(balance(world)).toEqual({ made: ['vol-2'], saved: ['vol-2'], phase: 'none', entries: 0 });
});

test('a class that is mended after an answer that made nothing is served at once', async () => {
  const world = aClaimWorld();
  world.driver.refuse('UNAVAILABLE');
  await world.run();
  classOf(world, 'gold');
  expect((await world.run()).steps).toEqual(['write-intent', 'create-volume', 'save-volume']);
  expect(balance(world)).toEqual({ made: ['vol-1'], saved: ['vol-1'], phase: 'none', entries: 0 });
});

test('a class that is mended twice: whichever request made the volume, it is found', async () => {
  const world = aClaimWorld();
  world.driver.lose();
  await world.run();
  classOf(world, 'silver');
  world.driver.refuse('UNAVAILABLE');
  await world.run();
  classOf(world, 'gold');
  await runs(world, 3);
  expect(balance(world)).toEqual({ made: ['vol-2'], saved: ['vol-2'], phase: 'none', entries: 0 });
});

test('a claim that is deleted after a lost answer: its volume is found, saved and left to the ordinary deletion', async () => {
  const world = aClaimWorld();
  world.driver.lose();
  await world.run();
  world.claims.clear();
  expect((await world.run()).steps).toEqual(['create-volume', 'save-volume']);
  expect(balance(world)).toEqual({ made: ['vol-1'], saved: ['vol-1'], phase: 'none', entries: 0 });
});

test('a claim that is deleted after its class was mended: whichever request made the volume, it is found', async () => {
  const world = aClaimWorld();
  world.driver.lose();
  await world.run();
  classOf(world, 'gold');
  world.driver.refuse('UNAVAILABLE');
  await world.run();
  world.claims.clear();
  await runs(world, 4);
  expect(balance(world)).toEqual({ made: ['vol-1'], saved: ['vol-1'], phase: 'none', entries: 0 });
});

test('a name that the driver knows from elsewhere leaves nothing to be settled once the claim is deleted', async () => {
  const world = aClaimWorld();
  world.driver.refuse('ALREADY_EXISTS');
  await world.run();
  world.driver.refuse('ALREADY_EXISTS');
  await world.run();
  expect([world.progress.of(CLAIM_UID).operation.phase, world.journal.entries.size]).toEqual(['none', 0]);
});

/** The journal of an earlier process held these. */
function takenOver(change: Parameters<typeof aClaimWorld>[0], ...left: [Intent, ...Intent[]]): World {
  const world = aClaimWorld(change);
  world.journal.entries.set(CLAIM_UID, JSON.parse(JSON.stringify(encodeEntry(left))));
  world.progress.update(CLAIM_UID, { operation: inherited({ intents: left, deleting: undefined }, world.clock.ms) });
  return world;
}

test('a lost answer of an earlier process: its volume is found', async () => {
  const world = takenOver({}, anIntent());
  await world.driver.createVolume(anIntent().request);
  await world.run();
  expect(balance(world)).toEqual({ made: ['vol-1'], saved: ['vol-1'], phase: 'none', entries: 0 });
});

test('a lost answer of an earlier process under another prefix: its volume is not forgotten for a new one', async () => {
  const request = { ...anIntent().request, name: `vol-${CLAIM_UID}` };
  const world = takenOver({}, anIntent({ request }));
  await world.driver.createVolume(request);
  await runs(world, 2);
  const { made, saved } = ledger(world);
  const read = readEntry(CLAIM_UID, world.journal.entries.get(CLAIM_UID));
  const accounted = read.kind === 'entry' ? read.intents.map((intent) => intent.request.name) : [];
  expect(made.filter((handle) => !saved.includes(handle) && !accounted.includes(request.name))).toEqual([]);
});

test('an entry that is as full as one may be is still readable after the next attempt', async () => {
  const request = (kind: string): Intent => anIntent({ request: { ...anIntent().request, parameters: { kind } } });
  const world = takenOver({}, request('a'), request('b'), request('c'), request('d'));
  world.driver.refuse('UNAVAILABLE');
  await world.run();
  expect(readEntry(CLAIM_UID, world.journal.entries.get(CLAIM_UID)).kind).toBe('entry');
});

test('an attempt that failed for good leaves nothing for the next process', async () => {
  const world = aClaimWorld();
  world.driver.refuse('INVALID_ARGUMENT');
  expect((await world.run()).end).toMatchObject({ kind: 'retry', atLeastMs: 300_000 });
  expect(balance(world)).toEqual({ made: [], saved: [], phase: 'none', entries: 0 });
});

const GIB = 1n << 30n;
const answering = (change: Partial<Volume>) => () => ({
  volume: { volumeId: 'vol-0', capacityBytes: 0n, volumeContext: {}, contentSource: undefined, accessibleTopology: [], ...change },
});

test('a volume that is too small is deleted at once, and told; the next attempt asks anew', async () => {
  const world = aClaimWorld();
  world.driver.next(answering({ capacityBytes: GIB / 2n }));
  const message = 'created volume capacity 536870912 less than requested capacity 1073741824';
  expect(await world.run()).toMatchObject({
    steps: ['write-intent', 'create-volume', 'delete-unwanted'],
    end: { kind: 'retry', events: [{ reason: 'ProvisioningFailed', message }] },
  });
  expect((await world.run()).end.kind).toBe('done');
  expect(world.driver.deletions).toMatchObject([{ volumeId: 'vol-0' }]);
  expect(balance(world)).toEqual({ made: ['vol-1'], saved: ['vol-1'], phase: 'none', entries: 0 });
});

test('a deletion of such a volume that fails is told in the words of the Go program, and does not end there', async () => {
  const world = aClaimWorld();
  world.driver.next(answering({ capacityBytes: GIB / 2n }));
  const { deleteVolume } = world.driver;
  world.driver.deleteVolume = () => Promise.reject(csiError('INTERNAL'));
  const message =
    'created volume capacity 536870912 less than requested capacity 1073741824. ' +
    `Cleanup of volume ${VOLUME_NAME} failed, volume is orphaned: rpc error: code = Internal desc = no`;
  expect((await world.run()).end).toMatchObject({ kind: 'retry', events: [{ message }] });
  world.driver.deleteVolume = deleteVolume;
  expect((await world.run()).steps[0]).toBe('delete-unwanted');
  expect(balance(world)).toEqual({ made: ['vol-1'], saved: ['vol-1'], phase: 'none', entries: 0 });
});

test('a crash before that deletion is over: whoever comes next does not use the volume', async () => {
  const world = aClaimWorld();
  world.driver.next(answering({ capacityBytes: GIB / 2n }));
  world.driver.deleteVolume = () => Promise.reject(csiError('UNAVAILABLE'));
  await world.run();
  const read = readEntry(CLAIM_UID, world.journal.entries.get(CLAIM_UID));
  expect(read).toMatchObject({ kind: 'entry', deleting: 'vol-0' });
  const next = aClaimWorld();
  if (read.kind === 'entry') next.progress.update(CLAIM_UID, { operation: inherited(read, 0), inherited: true });
  next.driver.next(answering({ capacityBytes: GIB }));
  expect((await next.run()).steps).toContain('delete-unwanted');
  expect(next.volumes.size).toBe(0);
});

test('a volume that another claim’s PV names is refused and told; nothing of it is deleted, whatever becomes of the claim', async () => {
  const world = aClaimWorld();
  const claimRef = { namespace: 'bank', name: 'money', uid: 'other' };
  world.volumes.set('pvc-other', aVolume({ metadata: { name: 'pvc-other' }, claimRef, csi: { driver: DRIVER, volumeHandle: 'vol-0' } }));
  const shared = answering({});
  world.driver.next(shared);
  const message = 'the driver answered with volume "vol-0", which PersistentVolume pvc-other of claim bank/money already has';
  expect((await world.run()).end).toMatchObject({ kind: 'retry', events: [{ reason: 'ProvisioningFailed', message }] });
  world.claims.clear();
  world.driver.next(shared);
  expect((await world.run()).end).toMatchObject({ kind: 'retry', backoff: 'settle' });
  expect([world.driver.deletions, [...world.volumes.keys()]]).toEqual([[], ['pvc-other']]);
});

test('a volume that was just made for another claim is refused before its PV is there', async () => {
  const world = aClaimWorld();
  const other = anIntent({ claim: { namespace: 'bank', name: 'money', uid: 'other' } });
  const volume = aVolume({ csi: { driver: DRIVER, volumeHandle: 'vol-0' } });
  world.progress.update('other', { operation: { phase: 'created', intent: other, volume, startedMs: undefined } });
  world.driver.next(answering({}));
  expect(JSON.stringify((await world.run()).end)).toContain('which claim bank/money already has');
});
