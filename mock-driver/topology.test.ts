/** Two segments, two instances, one store. */
import { describe, expect, test } from 'vitest';
import { loadCodec } from './codec.ts';
import { capability, fromSnapshot, openWorkbench, type Workbench } from './workbench.ts';

const codec = loadCodec();
const GIB = 1n << 30n;
const KEY = 'topology.example/zone';
const zone = (name: string) => ({ [KEY]: name });
const term = (name: string) => ({ segments: zone(name) });

const inZone = (name: string, shared?: Workbench): Promise<Workbench> =>
  openWorkbench({
    codec,
    nodeId: `node-${name}`,
    topology: [zone(name)],
    pools: [{ segment: zone(name), bytes: 10n * GIB }],
    ...(shared === undefined ? {} : { store: shared.store, clock: shared.clock }),
  });

const create = async ({ client }: Workbench, name: string, fields: object = {}) => {
  const { code, message, response } = await client.createVolume({ name, volumeCapabilities: [capability()], ...fields });
  return {
    code,
    message,
    id: response.volume?.volumeId ?? '',
    zones: response.volume?.accessibleTopology.map(({ segments }) => segments[KEY]),
  };
};

const requirement = (requisite: string[], preferred: string[] = []) => ({
  accessibilityRequirements: { requisite: requisite.map(term), preferred: preferred.map(term) },
});

describe('placement', () => {
  test('takes its own segment where nothing is asked, the first preferred one where it is', async () => {
    const a = await inZone('a');
    const b = await inZone('b', a);
    expect((await create(a, '1')).zones).toEqual(['a']);
    expect((await create(b, '2')).zones).toEqual(['b']);
    expect((await create(a, '3', requirement(['a', 'b'], ['b', 'a']))).zones).toEqual(['b']);
    expect((await create(a, '4', requirement(['b']))).zones).toEqual(['b']);
    expect((await create(a, '5', requirement([], ['b']))).zones).toEqual(['b']);
  });

  test('moves on to the next allowed segment when one is full, and never beyond', async () => {
    const a = await inZone('a');
    await inZone('b', a);
    const big = { capacityRange: { requiredBytes: 8n * GIB, limitBytes: 0n } };
    expect((await create(a, '1', { ...big, ...requirement(['a', 'b'], ['a']) })).zones).toEqual(['a']);
    expect((await create(a, '2', { ...big, ...requirement(['a', 'b'], ['a']) })).zones).toEqual(['b']);
    expect((await create(a, '3', { ...big, ...requirement(['a']) })).code).toBe('RESOURCE_EXHAUSTED');
  });

  test('refuses segments it has never heard of, and preferences that are not requisite', async () => {
    const a = await inZone('a');
    expect((await create(a, '1', requirement(['z']))).code).toBe('RESOURCE_EXHAUSTED');
    expect((await create(a, '2', requirement(['a'], ['b']))).code).toBe('INVALID_ARGUMENT');
    expect((await create(a, '3', requirement([]))).code).toBe('INVALID_ARGUMENT');
  });

  test('a name whose volume lies elsewhere is ALREADY_EXISTS', async () => {
    const a = await inZone('a');
    await inZone('b', a);
    await create(a, '1', requirement(['a']));
    expect((await create(a, '1', requirement(['b']))).code).toBe('ALREADY_EXISTS');
    expect((await create(a, '1', requirement(['b', 'a']))).code).toBe('OK');
  });

  test('data are local: a restored volume goes where its snapshot is', async () => {
    const a = await inZone('a');
    await inZone('b', a);
    const { id } = await create(a, '1', requirement(['b']));
    const { response } = await a.client.createSnapshot({ name: 's', sourceVolumeId: id });
    const volumeContentSource = fromSnapshot(response.snapshot?.snapshotId ?? '');
    expect((await create(a, '2', { volumeContentSource })).zones).toEqual(['b']);
    expect((await create(a, '3', { volumeContentSource, ...requirement(['a']) })).code).toBe('RESOURCE_EXHAUSTED');
  });
});

describe('two instances on one store', () => {
  test('see each other’s volumes, and share the pools', async () => {
    const a = await inZone('a');
    const b = await inZone('b', a);
    const { id } = await create(a, '1', { capacityRange: { requiredBytes: 4n * GIB, limitBytes: 0n } });
    expect((await b.client.getVolume({ volumeId: id })).code).toBe('OK');
    expect((await create(b, '1', { capacityRange: { requiredBytes: 4n * GIB, limitBytes: 0n } })).id).toBe(id);
    expect((await b.client.getCapacity({ accessibleTopology: term('a') })).response.availableCapacity).toBe(6n * GIB);
    expect((await b.client.getCapacity()).response).toMatchObject({ availableCapacity: 16n * GIB, maximumVolumeSize: 10n * GIB });
    expect((await b.client.getCapacity({ accessibleTopology: term('z') })).response.availableCapacity).toBe(0n);
    await create(b, '2', { capacityRange: { requiredBytes: 8n * GIB, limitBytes: 0n } });
    expect((await b.client.getCapacity()).response).toMatchObject({ availableCapacity: 8n * GIB, maximumVolumeSize: 6n * GIB });
  });

  test('a volume of one segment is refused on the other’s node, by the controller and by the node', async () => {
    const a = await inZone('a');
    const b = await inZone('b', a);
    const { id: volumeId } = await create(a, '1');
    const volumeCapability = capability();
    for (const { client } of [a, b]) {
      const answer = await client.controllerPublish({ volumeId, nodeId: 'node-b', volumeCapability });
      expect([answer.code, answer.message]).toEqual(['FAILED_PRECONDITION', expect.stringContaining('zone=a')]);
    }
    expect((await b.client.stage({ volumeId, stagingTargetPath: '/s', volumeCapability })).code).toBe('FAILED_PRECONDITION');
    expect((await b.client.publish({ volumeId, stagingTargetPath: '/s', targetPath: '/t', volumeCapability })).code).toBe(
      'FAILED_PRECONDITION',
    );
    expect((await a.client.controllerPublish({ volumeId, nodeId: 'node-a', volumeCapability })).code).toBe('OK');
    expect((await a.client.stage({ volumeId, stagingTargetPath: '/s', volumeCapability })).code).toBe('OK');
  });

  test('a driver that lost its topology speaks of no segments and makes volumes without one', async () => {
    const a = await inZone('a');
    const { id } = await create(a, '1');
    const plain = await openWorkbench({
      codec,
      store: a.store,
      clock: a.clock,
      nodeId: 'node-a',
      topology: [zone('a')],
      disabled: new Set(['VOLUME_ACCESSIBILITY_CONSTRAINTS']),
    });
    expect((await plain.client.getVolume({ volumeId: id })).response.volume?.accessibleTopology).toEqual([]);
    expect((await create(plain, '2')).zones).toEqual([]);
  });

  test('without topology nodes have none and volumes go anywhere', async () => {
    const { client } = await openWorkbench({ codec });
    expect((await client.nodeGetInfo()).response.accessibleTopology).toBeUndefined();
    const { response } = await client.getPluginCapabilities();
    expect(response.capabilities.map(({ type }) => type?.$case === 'service' && type.value.type)).not.toContain(2);
  });
});
