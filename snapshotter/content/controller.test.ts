/** The loop of a group's content in csi-snapshotter: contents that are gone, errors beside sound contents, the end of the work. */
import { describe, expect, test } from 'vitest';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import { GROUP_BEING_DELETED, GROUP_CONTENT_PROTECTION } from '../names.ts';
import { CONTENT_SETTINGS } from '../testing/content-state.ts';
import { GROUP_CONTENT, GROUP_CONTENT_NAME as NAME, READY_GROUP_STATUS, aGroupClass, aGroupContent } from '../testing/group-content.ts';
import { RESOURCES } from '../testing/groups.ts';
import { DRIVER, EPOCH_NS } from '../testing/objects.ts';
import { RETRY_MS, startLoop } from '../testing/one-loop.ts';
import { refuse, TinyApi } from '../testing/tiny-api.ts';
import { reconciler } from './controller.ts';
import { groupCalls } from './group-calls.ts';

const OTHER = 'groupsnapcontent-other';
const going = { deletionTimestamp: '2026-01-01T00:01:00Z', annotations: { [GROUP_BEING_DELETED]: 'yes' } };

/** A driver that cuts what it is asked for, ready or not, and deletes it or refuses to. */
function open({ ready = true, deletes = true } = {}) {
  const api = new TinyApi();
  api.put(RESOURCES.classes, aGroupClass());
  const asked: string[] = [];
  const calls = groupCalls({
    createVolumeGroupSnapshot: async ({ name, sourceVolumeIds }) => {
      asked.push(`create ${name}`);
      const snapshots = sourceVolumeIds.map((volume) => ({
        snapshotId: `snap-of-${volume}`,
        sourceVolumeId: volume,
        sizeBytes: 1n,
        creationTime: { seconds: EPOCH_NS / 1_000_000_000n, nanos: 0 },
        readyToUse: ready,
        groupSnapshotId: 'group-1',
      }));
      return { groupSnapshot: { groupSnapshotId: 'group-1', snapshots, creationTime: undefined, readyToUse: ready } };
    },
    getVolumeGroupSnapshot: () => Promise.reject(new Error('nobody asks')),
    deleteVolumeGroupSnapshot: async ({ groupSnapshotId }) => {
      asked.push(`delete ${groupSnapshotId}`);
      if (!deletes) throw new CsiError({ rpc: 'DeleteVolumeGroupSnapshot', grpcCode: GrpcCode.UNAVAILABLE, message: 'busy' });
      return {};
    },
  });
  const identity = {
    name: DRIVER,
    vendorVersion: '',
    plugin: new Set<string>(),
    controller: new Set<string>(),
    groupController: new Set<string>(),
  };
  const cache = api.store(RESOURCES.contents);
  let breaks = false;
  const loop = startLoop(
    reconciler({
      kind: GROUP_CONTENT,
      contents: {
        ...cache,
        get: (key) => {
          if (breaks) throw refuse(503, 'no cache');
          return cache.get(key);
        },
      },
      classes: api.store(RESOURCES.classes),
      settings: { ...CONTENT_SETTINGS, snapshotNamePrefix: 'groupsnapshot' },
      clock: { now: () => 0, monotonic: () => 0, setTimer: () => () => undefined },
      driver: { identity: () => identity },
      memory: new Map(),
      calls,
      client: api.client(),
      applyWrite: () => undefined,
      gaveUp: () => undefined,
    }),
  );
  const content = (name = NAME) => api.find(RESOURCES.contents, name);
  return { api, asked, loop, content, breakCache: (is: boolean) => (breaks = is) };
}

describe('a content that is gone', () => {
  test('is forgotten: nothing is asked, written or held back for it', async () => {
    const { api, asked, loop } = open({ ready: false });
    api.put(RESOURCES.contents, aGroupContent());
    await loop.run(NAME);
    expect(loop.held(NAME), 'a poll').toHaveLength(1);
    const before = [asked.length, api.writes.length];
    api.put(RESOURCES.contents, aGroupContent({ metadata: { ...going, finalizers: [] } }));
    await loop.run(NAME);
    await loop.clock.advance(3_600_000);
    expect([asked.length, api.writes.length]).toEqual(before);
    expect(loop.held(NAME)).toEqual([]);
    expect(loop.errors()).toEqual([]);
  });
});

describe('an error', () => {
  test('of the cache is one of the key alone: nothing is done for it until the cache answers', async () => {
    const { api, asked, loop, content, breakCache } = open();
    api.put(RESOURCES.contents, aGroupContent());
    breakCache(true);
    await loop.run(NAME);
    expect([asked, api.writes]).toEqual([[], []]);
    expect(loop.errors()).toHaveLength(1);
    breakCache(false);
    await loop.clock.advance(RETRY_MS);
    expect(content()?.status?.readyToUse).toBe(true);
  });

  test('of the deletion of one content keeps it, is told on it, and does not end the work on others', async () => {
    const { api, asked, loop, content } = open({ deletes: false });
    api.put(RESOURCES.contents, aGroupContent({ metadata: going, status: READY_GROUP_STATUS }));
    api.put(RESOURCES.contents, aGroupContent({ metadata: { name: OTHER, uid: 'other-uid' } }));
    await loop.run(NAME);
    await loop.run(OTHER);
    expect(asked).toEqual(['delete group-1', expect.stringMatching(/^create groupsnapshot-/)]);
    expect(content()?.metadata?.finalizers).toEqual([GROUP_CONTENT_PROTECTION]);
    expect(content(OTHER)?.status?.readyToUse).toBe(true);
    expect(loop.events).toMatchObject([{ reason: 'GroupSnapshotDeleteError', regarding: { metadata: { name: NAME } } }]);
    await loop.clock.advance(RETRY_MS);
    expect(
      asked.filter((call) => call.startsWith('delete')),
      'it comes again',
    ).toHaveLength(2);
  });
});

describe('the finalizer of a content that is retained', () => {
  test('is taken away, others stay, and the driver is not asked', async () => {
    const { api, asked, loop, content } = open();
    const finalizers = [GROUP_CONTENT_PROTECTION, 'theirs'];
    api.put(RESOURCES.contents, aGroupContent({ metadata: { ...going, finalizers }, spec: { deletionPolicy: 'Retain' } }));
    await loop.run(NAME);
    expect(content()?.metadata?.finalizers).toEqual(['theirs']);
    expect(asked).toEqual([]);
  });

  test('costs no write where it is not there', async () => {
    const { api, loop } = open();
    api.put(RESOURCES.contents, aGroupContent({ metadata: { ...going, finalizers: ['theirs'] }, spec: { deletionPolicy: 'Retain' } }));
    await loop.run(NAME);
    expect(api.writes).toEqual([]);
  });
});

test('once the work has ended, no content is taken up, and nobody waits for it', async () => {
  const { api, asked, loop } = open();
  api.put(RESOURCES.contents, aGroupContent());
  loop.stop();
  await loop.run(NAME);
  await loop.drain();
  expect([asked, api.writes]).toEqual([[], []]);
});
