import { describe, expect, test } from 'vitest';
import { switchableNames } from './capabilities.ts';
import { loadCodec } from './codec.ts';
import type { JournalEntry } from './journal.ts';
import { capability, openWorkbench } from './workbench.ts';

const codec = loadCodec();
const open = (disabled: string[] = []) => openWorkbench({ codec, disabled: new Set(disabled) });

describe('capabilities', () => {
  test('everything is on that needs no topology', async () => {
    const { client } = await open();
    const plugin = (await client.getPluginCapabilities()).response.capabilities.map(({ type }) => `${type?.$case} ${type?.value.type}`);
    expect(plugin).toEqual(['service 1', 'service 3', 'volumeExpansion 1']);
    const types = async (answer: Promise<{ response: { capabilities: { type?: { value: { type: number } } | undefined }[] } }>) =>
      (await answer).response.capabilities.map(({ type }) => type?.value.type);
    // All that the specification has but VOLUME_CONDITION (11).
    expect(await types(client.controllerGetCapabilities())).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15]);
    expect(await types(client.groupGetCapabilities())).toEqual([1]);
    expect(await types(client.nodeGetCapabilities())).toEqual([1, 2, 3, 5, 6]);
  });

  test.each([
    ['CREATE_DELETE_VOLUME', 'createVolume'],
    ['CREATE_DELETE_VOLUME', 'deleteVolume'],
    ['PUBLISH_UNPUBLISH_VOLUME', 'controllerPublish'],
    ['PUBLISH_UNPUBLISH_VOLUME', 'controllerUnpublish'],
    ['LIST_VOLUMES', 'listVolumes'],
    ['GET_VOLUME', 'getVolume'],
    ['GET_CAPACITY', 'getCapacity'],
    ['CREATE_DELETE_SNAPSHOT', 'createSnapshot'],
    ['CREATE_DELETE_SNAPSHOT', 'deleteSnapshot'],
    ['LIST_SNAPSHOTS', 'listSnapshots'],
    ['GET_SNAPSHOT', 'getSnapshot'],
    ['CONTROLLER.EXPAND_VOLUME', 'expandVolume'],
    ['MODIFY_VOLUME', 'modifyVolume'],
    ['CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT', 'createGroup'],
    ['GROUP_CONTROLLER_SERVICE', 'groupGetCapabilities'],
    ['CONTROLLER_SERVICE', 'controllerGetCapabilities'],
    ['CONTROLLER_SERVICE', 'validate'],
    ['STAGE_UNSTAGE_VOLUME', 'stage'],
    ['GET_VOLUME_STATS', 'stats'],
    ['NODE.EXPAND_VOLUME', 'nodeExpand'],
  ] as const)('without %s, %s is not implemented', async (name, method) => {
    expect((await (await open()).client[method]()).code).not.toBe('UNIMPLEMENTED');
    expect((await (await open([name])).client[method]()).code).toBe('UNIMPLEMENTED');
  });

  test.each(switchableNames())('a driver without %s still answers who it is', async (name) => {
    const { client } = await open([name]);
    expect((await client.getPluginInfo()).response.name).toBe('mock.csi.example');
    expect((await client.getPluginCapabilities()).code).toBe('OK');
  });

  test('what needs a capability is refused without it', async () => {
    const { client } = await open(['MODIFY_VOLUME', 'PUBLISH_READONLY', 'SINGLE_NODE_MULTI_WRITER', 'CLONE_VOLUME']);
    const make = (fields: object) => client.createVolume({ name: 'v', volumeCapabilities: [capability()], ...fields });
    expect((await make({ mutableParameters: { iops: '500' } })).code).toBe('INVALID_ARGUMENT');
    expect((await make({ volumeCapabilities: [capability({ mode: 7 })] })).code).toBe('INVALID_ARGUMENT');
    const volumeId = (await make({})).response.volume?.volumeId ?? '';
    expect((await make({ name: 'c', volumeContentSource: { type: { $case: 'volume', value: { volumeId } } } })).code).toBe(
      'INVALID_ARGUMENT',
    );
    expect((await client.controllerPublish({ volumeId, nodeId: 'node-a', readonly: true, volumeCapability: capability() })).code).toBe(
      'INVALID_ARGUMENT',
    );
  });

  test('a name that is none is refused with those that are', async () => {
    await expect(open(['LIST_VOLUME'])).rejects.toThrow(/LIST_VOLUME;? .*LIST_VOLUMES/);
  });
});

describe('secrets', () => {
  const volumeCapabilities = [capability()];

  test('are asked for where they may be carried, and are not repeated in what is said', async () => {
    const { client } = await openWorkbench({ codec, requireSecrets: { token: 'right' } });
    const make = (secrets: Record<string, string>) => client.createVolume({ name: 'v', volumeCapabilities, secrets });
    for (const secrets of [{}, { token: 'wrong' }, { other: 'right' }]) {
      const { code, message } = await make(secrets);
      expect(code).toBe('UNAUTHENTICATED');
      expect(message).not.toMatch(/right|wrong$/);
    }
    expect((await make({ token: 'right' })).code).toBe('OK');
    expect((await client.listVolumes()).code).toBe('OK');
  });

  test('any will do where none in particular is asked for', async () => {
    const { client } = await openWorkbench({ codec, requireSecrets: {} });
    expect((await client.deleteVolume({ volumeId: 'x' })).code).toBe('UNAUTHENTICATED');
    expect((await client.deleteVolume({ volumeId: 'x', secrets: { a: 'b' } })).code).toBe('OK');
  });
});

describe('the journal', () => {
  test('has a line for each call, and no secret in it', async () => {
    const entries: JournalEntry[] = [];
    const { client } = await openWorkbench({ codec, journal: (entry) => entries.push(entry) });
    const mount = { fsType: 'ext4', mountFlags: ['password=hush'], volumeMountGroup: '' };
    const volumeCapabilities = [{ accessType: { $case: 'mount', value: mount } as const, accessMode: { mode: 1 } as const }];
    await client.createVolume({ name: 'v', volumeCapabilities, secrets: { token: 'hush' } });
    await client.createVolume({ name: '' });
    expect(JSON.stringify(entries)).not.toContain('hush');
    expect(entries).toEqual([
      {
        number: 1,
        time: '2023-11-14T22:13:20.000Z',
        ms: 0,
        rpc: 'CreateVolume',
        request: expect.objectContaining({ name: 'v', volume_capabilities: [expect.objectContaining({ mount: { fs_type: 'ext4' } })] }),
        code: 'OK',
        effect: ['create-volume vol-00000000-0000-4000-8000-000000000001'],
      },
      expect.objectContaining({ number: 2, rpc: 'CreateVolume', code: 'INVALID_ARGUMENT', message: 'name is missing', effect: [] }),
    ]);
  });
});

describe('what is no call', () => {
  test('an unknown method is not implemented', async () => {
    const { driver } = await open();
    for (const method of ['/csi.v1.Controller/Nothing', '/csi.v1.SnapshotMetadata/GetMetadataDelta', '/constructor/toString', '']) {
      expect((await driver.handle(method, new Uint8Array())).code).toBe(12);
    }
  });

  test('bytes that are no message are answered INTERNAL', async () => {
    const { driver } = await open();
    expect((await driver.handle('/csi.v1.Controller/CreateVolume', Uint8Array.of(0x0a, 0xff, 0xff))).code).toBe(13);
  });
});
