import { beforeEach, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../proto/gen/csi.ts';
import { loadCodec } from '../codec.ts';
import { capability, type Client, openWorkbench, type Workbench, type WorkbenchOptions } from '../workbench.ts';

const codec = loadCodec();
let bench: Workbench;
let client: Client;

const open = async (options: Partial<WorkbenchOptions> = {}): Promise<void> => {
  bench = await openWorkbench({ codec, ...options });
  client = bench.client;
};

const volume = async (mode: Mode = Mode.SINGLE_NODE_WRITER, name = 'v'): Promise<string> => {
  const { response } = await client.createVolume({ name, volumeCapabilities: [capability({ mode })] });
  return response.volume?.volumeId ?? '';
};

beforeEach(() => open());

describe('ControllerPublishVolume', () => {
  const publish = (volumeId: string, fields: object = {}) =>
    client.controllerPublish({ volumeId, nodeId: 'node-a', volumeCapability: capability(), ...fields });
  /** A second driver on the same store: a node of its own. */
  const otherNode = (nodeId: string) => openWorkbench({ codec, store: bench.store, clock: bench.clock, nodeId });

  test('is the same for every attempt, and another way of publishing is refused', async () => {
    const volumeId = await volume();
    const first = await publish(volumeId);
    expect(await publish(volumeId)).toEqual(first);
    expect((await publish(volumeId, { readonly: true })).code).toBe('ALREADY_EXISTS');
    expect((await publish(volumeId, { volumeCapability: capability({ mode: Mode.SINGLE_NODE_READER_ONLY }) })).code).toBe('ALREADY_EXISTS');
  });

  test('answers NOT_FOUND for an unknown volume and for an unknown node', async () => {
    expect((await publish('vol-none')).code).toBe('NOT_FOUND');
    expect((await publish(await volume(), { nodeId: 'elsewhere' })).code).toBe('NOT_FOUND');
  });

  test('lets a single-node volume on one node only, and names it', async () => {
    await otherNode('node-b');
    const volumeId = await volume();
    await publish(volumeId);
    const { code, message } = await publish(volumeId, { nodeId: 'node-b' });
    expect([code, message]).toEqual(['FAILED_PRECONDITION', expect.stringContaining('node-a')]);
    await client.controllerUnpublish({ volumeId, nodeId: 'node-a' });
    expect((await publish(volumeId, { nodeId: 'node-b' })).code).toBe('OK');
  });

  test('lets a multi-node volume on many, with one writer where the mode says so', async () => {
    await otherNode('node-b');
    const many = { volumeCapability: capability({ mode: Mode.MULTI_NODE_MULTI_WRITER }) };
    const shared = await volume(Mode.MULTI_NODE_MULTI_WRITER, 'shared');
    for (const nodeId of ['node-a', 'node-b']) expect((await publish(shared, { ...many, nodeId })).code).toBe('OK');
    const one = { volumeCapability: capability({ mode: Mode.MULTI_NODE_SINGLE_WRITER }) };
    const written = await volume(Mode.MULTI_NODE_SINGLE_WRITER, 'written');
    expect((await publish(written, one)).code).toBe('OK');
    expect((await publish(written, { ...one, nodeId: 'node-b' })).code).toBe('FAILED_PRECONDITION');
    expect((await publish(written, { ...one, nodeId: 'node-b', readonly: true })).code).toBe('OK');
  });

  test('keeps the limit of a node', async () => {
    await open({ maxVolumesPerNode: 2 });
    const ids = [await volume(undefined, '1'), await volume(undefined, '2'), await volume(undefined, '3')];
    expect((await client.nodeGetInfo()).response.maxVolumesPerNode).toBe(2n);
    const codes: string[] = [];
    for (const volumeId of ids) codes.push((await publish(volumeId)).code);
    expect(codes).toEqual(['OK', 'OK', 'RESOURCE_EXHAUSTED']);
    await client.controllerUnpublish({ volumeId: ids[0] ?? '', nodeId: 'node-a' });
    expect((await publish(ids[2] ?? '')).code).toBe('OK');
  });

  test('unpublishing succeeds for what is not there; without a node it detaches from all', async () => {
    await otherNode('node-b');
    const volumeCapability = capability({ mode: Mode.MULTI_NODE_MULTI_WRITER });
    const volumeId = await volume(Mode.MULTI_NODE_MULTI_WRITER);
    for (const nodeId of ['node-a', 'node-b']) await publish(volumeId, { volumeCapability, nodeId });
    expect((await client.controllerUnpublish({ volumeId, nodeId: 'node-z' })).code).toBe('OK');
    expect(bench.driver.ledger().volumes[0]?.publishedOn).toEqual(['node-a', 'node-b']);
    expect((await client.controllerUnpublish({ volumeId })).code).toBe('OK');
    expect(bench.driver.ledger().volumes[0]?.publishedOn).toEqual([]);
    expect((await client.controllerUnpublish({ volumeId: 'vol-none', nodeId: 'node-a' })).code).toBe('OK');
  });
});

describe('staging and publishing on the node', () => {
  const stage = (volumeId: string, fields: object = {}) =>
    client.stage({ volumeId, stagingTargetPath: '/staging', volumeCapability: capability(), ...fields });
  const publish = (volumeId: string, fields: object = {}) =>
    client.publish({ volumeId, stagingTargetPath: '/staging', targetPath: '/pods/1', volumeCapability: capability(), ...fields });

  test('goes up and down step by step, each step as often as one likes', async () => {
    const volumeId = await volume();
    for (const attempt of [1, 2])
      expect([attempt, (await stage(volumeId)).code, (await publish(volumeId)).code]).toEqual([attempt, 'OK', 'OK']);
    expect(bench.driver.ledger().volumes[0]?.paths).toEqual(['/staging', '/pods/1']);
    expect((await client.unstage({ volumeId, stagingTargetPath: '/staging' })).code).toBe('FAILED_PRECONDITION');
    expect((await client.deleteVolume({ volumeId })).code).toBe('FAILED_PRECONDITION');
    for (const attempt of [1, 2])
      expect([attempt, (await client.unpublish({ volumeId, targetPath: '/pods/1' })).code]).toEqual([attempt, 'OK']);
    for (const attempt of [1, 2])
      expect([attempt, (await client.unstage({ volumeId, stagingTargetPath: '/staging' })).code]).toEqual([attempt, 'OK']);
    expect(bench.driver.ledger().volumes[0]?.paths).toEqual([]);
  });

  test('needs staging first, at the same path', async () => {
    const volumeId = await volume();
    expect((await publish(volumeId)).code).toBe('FAILED_PRECONDITION');
    await stage(volumeId);
    expect((await publish(volumeId, { stagingTargetPath: '' })).code).toBe('FAILED_PRECONDITION');
    expect((await publish(volumeId, { stagingTargetPath: '/other' })).code).toBe('FAILED_PRECONDITION');
    expect((await stage(volumeId, { stagingTargetPath: '/other' })).code).toBe('ALREADY_EXISTS');
  });

  test('needs no staging where the driver has none', async () => {
    await open({ disabled: new Set(['STAGE_UNSTAGE_VOLUME']) });
    const volumeId = await volume();
    expect((await stage(volumeId)).code).toBe('UNIMPLEMENTED');
    expect((await publish(volumeId, { stagingTargetPath: '' })).code).toBe('OK');
  });

  test.each([
    [Mode.SINGLE_NODE_WRITER, 'FAILED_PRECONDITION'],
    [Mode.SINGLE_NODE_SINGLE_WRITER, 'FAILED_PRECONDITION'],
    [Mode.SINGLE_NODE_MULTI_WRITER, 'OK'],
    [Mode.MULTI_NODE_MULTI_WRITER, 'OK'],
  ])('in access mode %d a second target path is answered %s', async (mode, code) => {
    const volumeCapability = capability({ mode });
    const volumeId = await volume(mode);
    await stage(volumeId, { volumeCapability });
    expect((await publish(volumeId, { volumeCapability })).code).toBe('OK');
    expect((await publish(volumeId, { volumeCapability, readonly: true })).code).toBe('ALREADY_EXISTS');
    expect((await publish(volumeId, { volumeCapability, targetPath: '/pods/2' })).code).toBe(code);
  });

  test.each([
    ['INVALID_ARGUMENT', { targetPath: '' }],
    ['INVALID_ARGUMENT', { targetPath: 'relative/path' }],
    ['INVALID_ARGUMENT', { targetPath: '/pods/../etc' }],
    ['INVALID_ARGUMENT', { targetPath: '/pods/a\0b' }],
    ['INVALID_ARGUMENT', { volumeCapability: undefined }],
    ['INVALID_ARGUMENT', { volumeContext: { kind: 'device' } }],
    ['FAILED_PRECONDITION', { volumeCapability: capability({ block: true }) }],
    ['NOT_FOUND', { volumeId: '../..' }],
  ])('answers %s for %o', async (code, fields) => {
    const volumeId = await volume();
    await stage(volumeId);
    expect((await publish(volumeId, fields)).code).toBe(code);
  });

  test('keys that the orchestrator adds to the volume context are none of its business', async () => {
    const volumeId = await volume();
    await stage(volumeId);
    expect((await publish(volumeId, { volumeContext: { kind: 'directory', 'csi.storage.k8s.io/pod.name': 'web-0' } })).code).toBe('OK');
  });

  test('a volume announced by hand comes without a context of ours', async () => {
    const volumeId = await volume();
    await stage(volumeId);
    expect((await publish(volumeId, { volumeContext: { 'csi.storage.k8s.io/ephemeral': 'false' } })).code).toBe('OK');
  });

  test('stats and expansion answer only where the volume is', async () => {
    const volumeId = await volume();
    await stage(volumeId);
    await publish(volumeId);
    bench.store.write(volumeId, Buffer.alloc(100));
    const { response } = await client.stats({ volumeId, volumePath: '/pods/1' });
    expect(response.usage[0]).toEqual({ unit: 1, total: 1n << 30n, used: 100n, available: (1n << 30n) - 100n });
    expect((await client.stats({ volumeId, volumePath: '/elsewhere' })).code).toBe('NOT_FOUND');
    const capacityRange = { requiredBytes: 2n << 30n, limitBytes: 0n };
    expect((await client.nodeExpand({ volumeId, volumePath: '/pods/1', capacityRange })).code).toBe('OUT_OF_RANGE');
    await client.expandVolume({ volumeId, capacityRange });
    expect((await client.nodeExpand({ volumeId, volumePath: '/pods/1', capacityRange })).response.capacityBytes).toBe(2n << 30n);
    expect((await client.nodeExpand({ volumeId, volumePath: '/elsewhere', capacityRange })).code).toBe('NOT_FOUND');
  });

  test('where only the node expands, it does', async () => {
    await open({ disabled: new Set(['CONTROLLER.EXPAND_VOLUME']) });
    const volumeId = await volume();
    await stage(volumeId);
    const capacityRange = { requiredBytes: 2n << 30n, limitBytes: 0n };
    expect((await client.nodeExpand({ volumeId, volumePath: '/staging', capacityRange })).response.capacityBytes).toBe(2n << 30n);
    expect(bench.driver.ledger().volumes[0]?.bytes).toBe(2n << 30n);
  });
});
