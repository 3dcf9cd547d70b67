import { beforeEach, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../proto/gen/csi.ts';
import { loadCodec } from '../codec.ts';
import { capability, type Client, fromSnapshot, fromVolume, openWorkbench, type Workbench, type WorkbenchOptions } from '../workbench.ts';

const codec = loadCodec();
const MIB = 1n << 20n;
const GIB = 1n << 30n;
const open = (options: Partial<WorkbenchOptions> = {}): Promise<Workbench> => openWorkbench({ codec, ...options });
const range = (requiredBytes: bigint, limitBytes = 0n) => ({ requiredBytes, limitBytes });
const base = { name: 'one', volumeCapabilities: [capability()] };

async function made(client: Client, fields: Parameters<Client['createVolume']>[0] = {}): Promise<string> {
  const { code, message, response } = await client.createVolume({ ...base, ...fields });
  expect([code, message]).toEqual(['OK', '']);
  return response.volume?.volumeId ?? '';
}

describe('CreateVolume', () => {
  let client: Client;
  beforeEach(async () => {
    ({ client } = await open());
  });

  test('answers the same volume for the same name and makes one', async () => {
    const first = await made(client, { capacityRange: range(GIB) });
    expect(await made(client, { capacityRange: range(GIB) })).toBe(first);
    expect((await client.listVolumes()).response.entries).toHaveLength(1);
  });

  test.each([
    ['a capacity the volume does not have', { capacityRange: range(2n * GIB) }],
    ['a limit below its size', { capacityRange: range(1n, GIB - 1n) }],
    ['other parameters', { parameters: { kind: 'fast' } }],
    ['other mutable parameters', { mutableParameters: { iops: '500' } }],
    ['another access type', { volumeCapabilities: [capability({ block: true })] }],
    ['a source it was not made from', { volumeContentSource: fromSnapshot('snap-0') }],
  ])('refuses the name of an existing volume with %s', async (_, fields) => {
    await made(client, { capacityRange: range(GIB) });
    expect((await client.createVolume({ ...base, capacityRange: range(GIB), ...fields })).code).toBe('ALREADY_EXISTS');
  });

  test('accepts mutable parameters of the first call and those in force', async () => {
    const volumeId = await made(client, { mutableParameters: { iops: '500' } });
    expect((await client.modifyVolume({ volumeId, mutableParameters: { iops: '900' } })).code).toBe('OK');
    expect(await made(client, { mutableParameters: { iops: '500' } })).toBe(volumeId);
    expect(await made(client, { mutableParameters: { iops: '900' } })).toBe(volumeId);
  });

  test.each([
    [undefined, GIB],
    [range(5n), 5n],
    [range(0n, 7n), 7n],
    [range(0n, 2n * GIB), GIB],
    [range(3n, 9n), 3n],
  ])('gives %o a size of %d bytes', async (capacityRange, bytes) => {
    const { response } = await client.createVolume({ ...base, ...(capacityRange === undefined ? {} : { capacityRange }) });
    expect(response.volume?.capacityBytes).toBe(bytes);
  });

  test.each([
    ['INVALID_ARGUMENT', 'no name', { name: '' }],
    ['INVALID_ARGUMENT', 'a name of 129 bytes', { name: 'x'.repeat(129) }],
    ['INVALID_ARGUMENT', 'a name of 4 KiB of unicode', { name: '\u{1F4BE}'.repeat(1024) }],
    ['INVALID_ARGUMENT', 'a NUL in the name', { name: 'a\0b' }],
    ['INVALID_ARGUMENT', 'a control character in the name', { name: 'a\u009fb' }],
    ['INVALID_ARGUMENT', 'no capabilities', { volumeCapabilities: [] }],
    ['INVALID_ARGUMENT', 'no access mode', { volumeCapabilities: [capability({ mode: Mode.UNKNOWN })] }],
    ['INVALID_ARGUMENT', 'both access types', { volumeCapabilities: [capability(), capability({ block: true })] }],
    ['INVALID_ARGUMENT', 'an unknown mutable parameter', { mutableParameters: { colour: 'red' } }],
    ['INVALID_ARGUMENT', 'a bad mutable parameter', { mutableParameters: { iops: '-1' } }],
    ['INVALID_ARGUMENT', 'parameters above 4 KiB', { parameters: { a: 'x'.repeat(4097) } }],
    [
      'INVALID_ARGUMENT',
      'topology that the driver has not',
      { accessibilityRequirements: { requisite: [{ segments: { z: 'a' } }], preferred: [] } },
    ],
    ['INVALID_ARGUMENT', 'an empty capacity range', { capacityRange: range(0n) }],
    ['INVALID_ARGUMENT', 'a negative size', { capacityRange: range(-1n) }],
    ['OUT_OF_RANGE', 'more than its own limit', { capacityRange: range(2n, 1n) }],
    ['OUT_OF_RANGE', 'the largest int64', { capacityRange: range((1n << 63n) - 1n) }],
    ['NOT_FOUND', 'an unknown snapshot', { volumeContentSource: fromSnapshot('../../etc') }],
    ['NOT_FOUND', 'an unknown volume', { volumeContentSource: fromVolume('vol-../x') }],
  ])('answers %s for %s and makes nothing', async (code, _, fields) => {
    expect((await client.createVolume({ ...base, ...fields })).code).toBe(code);
    expect((await client.listVolumes()).response.entries).toEqual([]);
  });

  test('keeps sizes that no double holds', async () => {
    const huge = 9_007_199_254_740_993n;
    const bench = await open({ maxVolumeBytes: 1n << 62n, pools: [{ segment: undefined, bytes: 1n << 62n }] });
    const volumeId = await made(bench.client, { capacityRange: range(huge, huge) });
    expect((await bench.client.getVolume({ volumeId })).response.volume?.capacityBytes).toBe(huge);
    expect((await bench.client.getCapacity()).response.availableCapacity).toBe((1n << 62n) - huge);
  });

  test('accepts any name within the limits as text and not as a path', async () => {
    for (const name of ['../../escape', '/', '.', 'x'.repeat(128), '\u{1F4BE}'.repeat(32), 'tab\there']) {
      expect((await client.createVolume({ ...base, name })).response.volume?.volumeId).toMatch(/^vol-[0-9a-f-]{36}$/);
    }
  });
});

describe('sources', () => {
  let bench: Workbench;
  let source: string;
  beforeEach(async () => {
    bench = await open();
    source = await made(bench.client, { name: 'source', capacityRange: range(64n * MIB) });
    bench.store.write(source, Buffer.from('at snapshot'));
  });

  const snapshotOf = async (): Promise<string> =>
    (await bench.client.createSnapshot({ name: 'snap', sourceVolumeId: source })).response.snapshot?.snapshotId ?? '';

  test('a restored volume has the bytes of the snapshot, not of the source today', async () => {
    const volumeContentSource = fromSnapshot(await snapshotOf());
    bench.store.write(source, Buffer.from('overwritten'));
    const restored = await made(bench.client, { name: 'restored', volumeContentSource, capacityRange: range(64n * MIB) });
    expect(Buffer.from(bench.store.content(restored) ?? []).toString()).toBe('at snapshot');
    const { response } = await bench.client.getVolume({ volumeId: restored });
    expect(response.volume?.contentSource).toEqual(volumeContentSource);
  });

  test('a clone has the bytes of its source', async () => {
    const clone = await made(bench.client, { name: 'clone', volumeContentSource: fromVolume(source) });
    expect(Buffer.from(bench.store.content(clone) ?? []).toString()).toBe('at snapshot');
  });

  test('a snapshot outlives its volume', async () => {
    const volumeContentSource = fromSnapshot(await snapshotOf());
    expect((await bench.client.deleteVolume({ volumeId: source })).code).toBe('OK');
    expect(await made(bench.client, { name: 'restored', volumeContentSource })).not.toBe('');
  });

  test('a volume smaller than its source is out of range, a larger one is given', async () => {
    const volumeContentSource = fromSnapshot(await snapshotOf());
    const restore = (name: string, capacityRange = range(0n)) =>
      bench.client.createVolume({ ...base, name, volumeContentSource, capacityRange });
    expect((await restore('small', range(63n * MIB))).code).toBe('OUT_OF_RANGE');
    expect((await restore('capped', range(0n, 63n * MIB))).code).toBe('OUT_OF_RANGE');
    expect((await restore('large', range(128n * MIB))).response.volume?.capacityBytes).toBe(128n * MIB);
  });

  test('without a size a restored volume has that of its source', async () => {
    const { response } = await bench.client.createVolume({ ...base, volumeContentSource: fromSnapshot(await snapshotOf()) });
    expect(response.volume?.capacityBytes).toBe(64n * MIB);
  });

  test('a source of the other access type is refused', async () => {
    const { code } = await bench.client.createVolume({
      ...base,
      volumeCapabilities: [capability({ block: true })],
      volumeContentSource: fromVolume(source),
    });
    expect(code).toBe('INVALID_ARGUMENT');
  });
});

describe('DeleteVolume', () => {
  test('succeeds for what is gone, never was, or is no id at all', async () => {
    const { client } = await open();
    const volumeId = await made(client);
    for (const id of [volumeId, volumeId, 'never', '../../..', 'a\0b', '\u{1F4BE}'.repeat(1024)]) {
      expect((await client.deleteVolume({ volumeId: id })).code).toBe('OK');
    }
    expect((await client.deleteVolume()).code).toBe('INVALID_ARGUMENT');
    expect((await client.listVolumes()).response.entries).toEqual([]);
  });

  test('leaves a volume alone that is published', async () => {
    const { client } = await open();
    const volumeId = await made(client);
    await client.controllerPublish({ volumeId, nodeId: 'node-a', volumeCapability: capability() });
    expect((await client.deleteVolume({ volumeId })).code).toBe('FAILED_PRECONDITION');
    await client.controllerUnpublish({ volumeId });
    expect((await client.deleteVolume({ volumeId })).code).toBe('OK');
  });

  test('frees the name for another volume', async () => {
    const { client } = await open();
    const first = await made(client);
    await client.deleteVolume({ volumeId: first });
    expect(await made(client, { parameters: { other: 'yes' } })).not.toBe(first);
  });
});

describe('ListVolumes', () => {
  test('pages reach every volume that stays while others come and go', async () => {
    const { client } = await open();
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1) ids.push(await made(client, { name: `v${index}` }));
    const first = await client.listVolumes({ maxEntries: 3 });
    expect(first.response.entries.map(({ volume }) => volume?.volumeId)).toEqual(ids.slice(0, 3));
    // The very volume that the token names goes, and one more that was seen.
    await client.deleteVolume({ volumeId: ids[2] ?? '' });
    await client.deleteVolume({ volumeId: ids[0] ?? '' });
    await made(client, { name: 'late' });
    const second = await client.listVolumes({ maxEntries: 3, startingToken: first.response.nextToken });
    const third = await client.listVolumes({ startingToken: second.response.nextToken });
    const seen = [...second.response.entries, ...third.response.entries].map(({ volume }) => volume?.volumeId);
    expect(seen.slice(0, 4)).toEqual(ids.slice(3));
    expect(third.response.nextToken).toBe('');
  });

  test('the last full page has no token', async () => {
    const { client } = await open();
    for (const name of ['a', 'b']) await made(client, { name });
    expect((await client.listVolumes({ maxEntries: 2 })).response.nextToken).toBe('');
  });

  test.each(['invalid-token', 'after:', 'after:vol-../x', 'after:vol-1\n'])('answers ABORTED for the token %j', async (startingToken) => {
    const { client } = await open();
    expect((await client.listVolumes({ startingToken })).code).toBe('ABORTED');
  });

  test('tells where a volume is published', async () => {
    const { client } = await open();
    const volumeId = await made(client);
    await client.controllerPublish({ volumeId, nodeId: 'node-a', volumeCapability: capability() });
    expect((await client.listVolumes()).response.entries[0]?.status?.publishedNodeIds).toEqual(['node-a']);
  });
});

describe('expansion', () => {
  test('grows a volume, and is content with one that is large enough', async () => {
    const { client } = await open();
    const volumeId = await made(client);
    for (const requiredBytes of [2n * GIB, 2n * GIB, GIB]) {
      const { response } = await client.expandVolume({ volumeId, capacityRange: range(requiredBytes) });
      expect(response).toEqual({ capacityBytes: 2n * GIB, nodeExpansionRequired: true });
    }
  });

  test.each([
    ['INVALID_ARGUMENT', {}],
    ['INVALID_ARGUMENT', { capacityRange: range(2n * GIB), volumeCapability: capability({ block: true }) }],
    ['OUT_OF_RANGE', { capacityRange: range(1n << 60n) }],
    ['OUT_OF_RANGE', { capacityRange: range(1n, GIB - 1n) }],
    ['NOT_FOUND', { capacityRange: range(1n), volumeId: 'vol-none' }],
  ])('answers %s for %o', async (code, fields) => {
    const { client } = await open();
    expect((await client.expandVolume({ volumeId: await made(client), ...fields })).code).toBe(code);
  });

  test('needs the node also for a block volume, and a detached one where it is offline only', async () => {
    const { client } = await open({ disabled: new Set(['VOLUME_EXPANSION_ONLINE']) });
    const volumeCapability = capability({ block: true });
    const volumeId = await made(client, { volumeCapabilities: [volumeCapability] });
    await client.controllerPublish({ volumeId, nodeId: 'node-a', volumeCapability });
    const expand = () => client.expandVolume({ volumeId, capacityRange: range(2n * GIB) });
    expect((await expand()).code).toBe('FAILED_PRECONDITION');
    await client.controllerUnpublish({ volumeId, nodeId: 'node-a' });
    expect((await expand()).response.nodeExpansionRequired).toBe(true);
    const { response } = await client.getPluginCapabilities();
    expect(response.capabilities.map(({ type }) => type?.$case === 'volumeExpansion' && type.value.type)).toContain(2);
  });
});

describe('ControllerModifyVolume', () => {
  test('changes what is named and keeps the rest', async () => {
    const { client, driver } = await open();
    const volumeId = await made(client, { parameters: { tier: 'gold', site: 'x' }, mutableParameters: { iops: '500', throughput: '9' } });
    expect((await client.modifyVolume({ volumeId, mutableParameters: { tier: 'silver', iops: '600' } })).code).toBe('OK');
    expect(driver.ledger().volumes[0]?.parameters).toEqual({ tier: 'silver', site: 'x', iops: '600', throughput: '9' });
  });

  test('changes nothing at all if one parameter is wrong', async () => {
    const { client, driver } = await open();
    const volumeId = await made(client, { mutableParameters: { iops: '500' } });
    expect((await client.modifyVolume({ volumeId, mutableParameters: { iops: '600', tier: 'wood' } })).code).toBe('INVALID_ARGUMENT');
    expect(driver.ledger().volumes[0]?.parameters).toEqual({ iops: '500' });
  });
});

describe('GetCapacity', () => {
  test('is what the pool has left', async () => {
    const { client } = await open({ pools: [{ segment: undefined, bytes: 10n * GIB }] });
    await made(client, { capacityRange: range(4n * GIB) });
    expect((await client.getCapacity()).response).toEqual({
      availableCapacity: 6n * GIB,
      maximumVolumeSize: 6n * GIB,
      minimumVolumeSize: 1n,
    });
    expect((await client.createVolume({ ...base, name: 'more', capacityRange: range(7n * GIB) })).code).toBe('RESOURCE_EXHAUSTED');
    expect((await client.createVolume({ ...base, name: 'rest', capacityRange: range(6n * GIB) })).code).toBe('OK');
  });
});

describe('ValidateVolumeCapabilities', () => {
  test('confirms all or, saying why, nothing', async () => {
    const { client } = await open();
    const volumeId = await made(client, { parameters: { a: 'b' } });
    const ask = async (fields: object) => (await client.validate({ volumeId, volumeCapabilities: [capability()], ...fields })).response;
    expect((await ask({ parameters: { a: 'b' } })).confirmed).toMatchObject({ volumeCapabilities: [capability()], parameters: { a: 'b' } });
    expect(await ask({ parameters: { a: 'c' } })).toMatchObject({
      confirmed: undefined,
      message: expect.stringContaining('other parameters'),
    });
    expect((await ask({ volumeCapabilities: [capability({ block: true })] })).confirmed).toBeUndefined();
    expect((await client.validate({ volumeId })).code).toBe('INVALID_ARGUMENT');
    expect((await client.validate({ volumeId, volumeCapabilities: [capability()], volumeContext: { kind: 'device' } })).code).toBe(
      'INVALID_ARGUMENT',
    );
  });
});
