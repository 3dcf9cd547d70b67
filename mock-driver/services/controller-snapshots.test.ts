import { beforeEach, describe, expect, test } from 'vitest';
import { loadCodec } from '../codec.ts';
import { capability, fromSnapshot, openWorkbench, type Workbench } from '../workbench.ts';

const codec = loadCodec();
const GIB = 1n << 30n;
let bench: Workbench;
let a: string;
let b: string;

const volume = async (name: string): Promise<string> => {
  const { response } = await bench.client.createVolume({ name, volumeCapabilities: [capability()] });
  return response.volume?.volumeId ?? '';
};

const snapshot = async (name: string, sourceVolumeId: string): Promise<string> => {
  const { response } = await bench.client.createSnapshot({ name, sourceVolumeId });
  return response.snapshot?.snapshotId ?? '';
};

beforeEach(async () => {
  bench = await openWorkbench({ codec });
  a = await volume('a');
  b = await volume('b');
});

describe('CreateSnapshot', () => {
  test('answers size, source and the time of the cut, the same for every attempt', async () => {
    const first = await bench.client.createSnapshot({ name: 's', sourceVolumeId: a });
    expect(first.response.snapshot).toEqual({
      snapshotId: expect.stringMatching(/^snap-/),
      sourceVolumeId: a,
      sizeBytes: GIB,
      creationTime: { seconds: 1_700_000_000n, nanos: 0 },
      readyToUse: true,
      groupSnapshotId: '',
    });
    await bench.clock.advance(1500);
    expect((await bench.client.createSnapshot({ name: 's', sourceVolumeId: a })).response).toEqual(first.response);
    expect(bench.driver.ledger().snapshots).toHaveLength(1);
  });

  test.each([
    ['ALREADY_EXISTS', 'another volume', () => ({ name: 's', sourceVolumeId: b })],
    ['ALREADY_EXISTS', 'other parameters', () => ({ name: 's', sourceVolumeId: a, parameters: { x: 'y' } })],
    ['INVALID_ARGUMENT', 'no name', () => ({ sourceVolumeId: a })],
    ['INVALID_ARGUMENT', 'no volume', () => ({ name: 't' })],
    ['NOT_FOUND', 'an unknown volume', () => ({ name: 't', sourceVolumeId: 'vol-none' })],
  ])('answers %s for %s', async (code, _, request) => {
    await snapshot('s', a);
    expect((await bench.client.createSnapshot(request())).code).toBe(code);
    expect(bench.driver.ledger().snapshots).toHaveLength(1);
  });
});

describe('DeleteSnapshot', () => {
  test('succeeds for what is gone or never was, and leaves volumes restored from it alone', async () => {
    const snapshotId = await snapshot('s', a);
    const restored = await bench.client.createVolume({
      name: 'r',
      volumeCapabilities: [capability()],
      volumeContentSource: fromSnapshot(snapshotId),
    });
    for (const id of [snapshotId, snapshotId, '../..', 'none'])
      expect((await bench.client.deleteSnapshot({ snapshotId: id })).code).toBe('OK');
    expect((await bench.client.deleteSnapshot()).code).toBe('INVALID_ARGUMENT');
    expect((await bench.client.getVolume({ volumeId: restored.response.volume?.volumeId ?? '' })).code).toBe('OK');
  });
});

describe('ListSnapshots and GetSnapshot', () => {
  test('filter by snapshot and by volume, and find nothing for what is unknown', async () => {
    const [s1, s2, s3] = [await snapshot('s1', a), await snapshot('s2', b), await snapshot('s3', a)];
    const list = async (fields: object) =>
      (await bench.client.listSnapshots(fields)).response.entries.map((entry) => entry.snapshot?.snapshotId);
    expect(await list({})).toEqual([s1, s2, s3]);
    expect(await list({ sourceVolumeId: a })).toEqual([s1, s3]);
    expect(await list({ snapshotId: s2 })).toEqual([s2]);
    expect(await list({ snapshotId: s2, sourceVolumeId: a })).toEqual([]);
    expect(await list({ snapshotId: '\u{1F4BE}'.repeat(1024) })).toEqual([]);
    expect(await list({ sourceVolumeId: 'a\0b' })).toEqual([]);
  });

  test('pages of a filtered list survive the deletion of the snapshot that the token names', async () => {
    const ids = [await snapshot('s1', a), await snapshot('x', b), await snapshot('s2', a), await snapshot('s3', a)];
    const first = await bench.client.listSnapshots({ sourceVolumeId: a, maxEntries: 2 });
    expect(first.response.entries.map((entry) => entry.snapshot?.snapshotId)).toEqual([ids[0], ids[2]]);
    await bench.client.deleteSnapshot({ snapshotId: ids[2] ?? '' });
    const second = await bench.client.listSnapshots({ sourceVolumeId: a, startingToken: first.response.nextToken });
    expect(second.response.entries.map((entry) => entry.snapshot?.snapshotId)).toEqual([ids[3]]);
  });

  test('GetSnapshot answers NOT_FOUND for what does not exist', async () => {
    const snapshotId = await snapshot('s', a);
    expect((await bench.client.getSnapshot({ snapshotId })).response.snapshot?.sourceVolumeId).toBe(a);
    expect((await bench.client.getSnapshot({ snapshotId: 'snap-none' })).code).toBe('NOT_FOUND');
  });
});

describe('group snapshots', () => {
  const create = (fields: object = {}) => bench.client.createGroup({ name: 'g', sourceVolumeIds: [a, b], ...fields });

  test('hold one snapshot for each volume, all of the same instant', async () => {
    bench.store.write(a, Buffer.from('A'));
    bench.store.write(b, Buffer.from('B'));
    const { response } = await create();
    const group = response.groupSnapshot;
    expect(group?.snapshots.map(({ sourceVolumeId }) => sourceVolumeId)).toEqual([a, b]);
    expect(group?.snapshots.every((member) => member.groupSnapshotId === group.groupSnapshotId)).toBe(true);
    expect(new Set(group?.snapshots.map((member) => member.creationTime?.seconds)).size).toBe(1);
    expect(group?.snapshots.map(({ snapshotId }) => Buffer.from(bench.store.content(snapshotId) ?? []).toString())).toEqual(['A', 'B']);
    expect((await create({ sourceVolumeIds: [b, a] })).response).toEqual(response);
    expect(bench.driver.ledger()).toMatchObject({ snapshots: [{}, {}], groups: [{}] });
  });

  test.each([
    ['INVALID_ARGUMENT', 'no name', { name: '' }],
    ['INVALID_ARGUMENT', 'no volumes', { sourceVolumeIds: [] }],
    ['ALREADY_EXISTS', 'other parameters', { parameters: { x: 'y' } }],
  ])('answer %s for %s', async (code, _, fields) => {
    await create();
    expect((await create(fields)).code).toBe(code);
  });

  test('are not made at all if one volume is missing', async () => {
    expect((await create({ sourceVolumeIds: [a, 'vol-none'] })).code).toBe('NOT_FOUND');
    expect((await create({ sourceVolumeIds: [a, a] })).code).toBe('INVALID_ARGUMENT');
    expect(bench.driver.ledger()).toMatchObject({ snapshots: [], groups: [] });
  });

  test('go as a whole, and only by a call that knows their members', async () => {
    const { groupSnapshotId = '', snapshots = [] } = (await create()).response.groupSnapshot ?? {};
    const snapshotIds = snapshots.map(({ snapshotId }) => snapshotId);
    expect((await bench.client.deleteSnapshot({ snapshotId: snapshotIds[0] ?? '' })).code).toBe('INVALID_ARGUMENT');
    expect((await bench.client.deleteGroup({ groupSnapshotId, snapshotIds: snapshotIds.slice(1) })).code).toBe('INVALID_ARGUMENT');
    expect((await bench.client.getGroup({ groupSnapshotId, snapshotIds })).response.groupSnapshot?.readyToUse).toBe(true);
    expect((await bench.client.getGroup({ groupSnapshotId, snapshotIds: ['other'] })).code).toBe('INVALID_ARGUMENT');
    for (const attempt of [1, 2])
      expect([attempt, (await bench.client.deleteGroup({ groupSnapshotId, snapshotIds })).code]).toEqual([attempt, 'OK']);
    expect((await bench.client.getGroup({ groupSnapshotId, snapshotIds })).code).toBe('NOT_FOUND');
    expect(bench.driver.ledger()).toMatchObject({ snapshots: [], groups: [] });
  });

  test('a member is a source like any other snapshot', async () => {
    const { response } = await create();
    const volumeContentSource = fromSnapshot(response.groupSnapshot?.snapshots[1]?.snapshotId ?? '');
    expect((await bench.client.createVolume({ name: 'r', volumeCapabilities: [capability()], volumeContentSource })).code).toBe('OK');
  });
});
