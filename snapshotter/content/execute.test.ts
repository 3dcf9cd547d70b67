import { describe, expect, test } from 'vitest';
import { ApiError } from '../../lib/kube/api-error.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { SECRETS, VOLUME_SNAPSHOT_CONTENTS } from '../../lib/kube/resources.ts';
import { BEING_DELETED, DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE } from '../names.ts';
import { DRIVER, EPOCH_MS, READY_STATUS, aClass, aContent, aPreProvisionedContent } from '../testing/objects.ts';
import { TinyApi } from '../testing/tiny-api.ts';
import { reconciler } from './controller.ts';
import { singleCalls } from './single-calls.ts';
import { SINGLE_CONTENT } from './single.ts';
import type { ContentState } from './state.ts';

const signal = new AbortController().signal;
const withSecret = { annotations: { [DELETION_SECRET_NAME]: 'key', [DELETION_SECRET_NAMESPACE]: 'vault' } };
const base64 = (bytes: readonly number[]): string => Buffer.from(bytes).toString('base64');
const answer = (more: object = {}) => ({
  snapshotId: 'snap-1',
  sourceVolumeId: 'vol-1',
  sizeBytes: 1n,
  creationTime: undefined as { seconds: bigint; nanos: number } | undefined,
  readyToUse: true,
  groupSnapshotId: '',
  ...more,
});

function open(content: VolumeSnapshotContent, snapshot = answer(), deleteSnapshot = async () => ({})) {
  const api = new TinyApi();
  api.put(VOLUME_SNAPSHOT_CONTENTS, content);
  const contents = api.store(VOLUME_SNAPSHOT_CONTENTS);
  const key = content.metadata?.name ?? '';
  const loop = reconciler({
    kind: SINGLE_CONTENT,
    client: api.client(),
    applyWrite: () => undefined,
    contents,
    classes: { ...api.store({ ...SECRETS, plural: 'classes' }), get: () => aClass() },
    clock: { now: () => EPOCH_MS, monotonic: () => 0, setTimer: () => () => undefined },
    calls: singleCalls({
      createSnapshot: async () => ({ snapshot }),
      deleteSnapshot,
      listSnapshots: async () => ({ entries: [{ snapshot }], nextToken: '' }),
    }),
    settings: {
      driverName: DRIVER,
      snapshotNamePrefix: 'snapshot',
      snapshotNameUuidLength: -1,
      extraCreateMetadata: false,
      readyPollMinMs: 1000,
      readyPollMaxMs: 10_000,
    },
    driver: {
      identity: () => ({
        name: DRIVER,
        vendorVersion: '',
        plugin: new Set(),
        controller: new Set(['LIST_SNAPSHOTS']),
        groupController: new Set(),
      }),
    },
    memory: new Map(),
    gaveUp: () => undefined,
  });
  const run = async (isDone: (state: ContentState) => boolean): Promise<ContentState> => {
    let state = (await loop.gather(key, signal)) as ContentState;
    for (let steps = 0; steps < 10 && !isDone(state); steps += 1) {
      const step = loop.decide(state);
      if (step.kind === 'done' || step.kind === 'poll' || step.kind === 'retry') break;
      state = loop.absorb(state, step, await loop.execute(step, state, signal));
    }
    return state;
  };
  return { api, loop, run, content: () => contents.get(key) };
}

describe('secrets', () => {
  test('bytes that are no UTF-8 are refused by name, and no call is made with others in their place', async () => {
    const world = open(aContent({ metadata: withSecret }));
    world.api.put(SECRETS, { metadata: { name: 'key', namespace: 'vault' }, data: { user: base64([0x61]), token: base64([0xff, 0x61]) } });
    const { answer: failed } = await world.run((state) => state.answer !== undefined);
    expect(failed).toMatchObject({
      kind: 'failed',
      reason: 'SnapshotCreationFailed',
      message: expect.stringMatching(/vault\/key: the value of "token" is no UTF-8/),
    });
  });

  test('a secret that is gone holds no deletion up: the driver decides, and if it refuses, the secret is named', async () => {
    const metadata = { annotations: { ...withSecret.annotations, [BEING_DELETED]: 'yes' }, deletionTimestamp: '2026-01-01T00:00:00Z' };
    const content = aContent({ metadata, status: READY_STATUS });
    const freed = await open(content).run((state) => state.calls.kind === 'deleted');
    expect(freed.calls).toEqual({ kind: 'deleted' });
    const refusal = new CsiError({ rpc: 'DeleteSnapshot', grpcCode: 16, message: 'no secrets' });
    const refused = await open(content, answer(), () => Promise.reject(refusal)).run((state) => state.answer !== undefined);
    expect(refused.answer).toMatchObject({
      reason: 'SnapshotDeleteError',
      message: expect.stringMatching(/no secrets.*secret vault\/key is not found.*deletion-secret-name/),
    });
    // To make a snapshot it is waited for.
    const { answer: failed } = await open(aContent({ metadata: withSecret })).run((state) => state.answer !== undefined);
    expect(failed).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/cannot get credentials for snapshot content.*: secret vault\/key/),
    });
  });

  test('letters beyond ASCII arrive byte for byte', async () => {
    const world = open(aContent({ metadata: withSecret }));
    world.api.put(SECRETS, {
      metadata: { name: 'key', namespace: 'vault' },
      data: { token: base64([...new TextEncoder().encode('pä$$wörd€')]) },
    });
    const { secret } = await world.run((state) => state.secret !== undefined);
    expect(secret?.reveal()).toEqual({ token: 'pä$$wörd€' });
  });

  test('a byte order mark is a part of the value', async () => {
    const world = open(aContent({ metadata: withSecret }));
    world.api.put(SECRETS, { metadata: { name: 'key', namespace: 'vault' }, data: { token: base64([0xef, 0xbb, 0xbf, 0x61]) } });
    const { secret } = await world.run((state) => state.secret !== undefined);
    expect(secret?.reveal()).toEqual({ token: '\ufeffa' });
  });
});

describe('answers of the driver', () => {
  test.each([253_402_300_800n, -62_135_596_800n])(
    'a creation time of %s s fits no 64 bits of nanoseconds: the present is taken',
    async (seconds) => {
      const world = open(aContent(), answer({ creationTime: { seconds, nanos: 0 } }));
      await world.run(() => false);
      expect(world.content()?.status).toMatchObject({ readyToUse: true, creationTime: BigInt(EPOCH_MS) * 1_000_000n });
    },
  );

  test('a creation time of zero is none', async () => {
    const world = open(aContent(), answer({ creationTime: { seconds: 0n, nanos: 0 }, readyToUse: false }));
    await world.run((state) => state.answer !== undefined);
    await world.run((state) => state.answer === undefined);
    expect(world.content()?.status).toMatchObject({ readyToUse: false });
    expect(world.content()?.status?.creationTime).toBeUndefined();
  });

  test('the creation time is kept to the nanosecond', async () => {
    const world = open(aContent(), answer({ creationTime: { seconds: 1_767_225_600n, nanos: 123_456_789 } }));
    await world.run(() => false);
    expect(world.content()?.status).toMatchObject({ creationTime: 1_767_225_600_123_456_789n });
  });

  test('a driver that lists another snapshot than the one asked for does not know it', async () => {
    const world = open(aPreProvisionedContent(), answer({ snapshotId: 'another' }));
    const { answer: failed } = await world.run((state) => state.answer !== undefined);
    expect(failed).toMatchObject({ kind: 'failed', message: expect.stringMatching(/can not find snapshot for snapshotID snap-9/) });
  });
});

describe('what is told of a write that fails', () => {
  const error = new ApiError({ status: 403, reason: 'Forbidden', message: 'not for you', request: 'test' });
  const state = async (content: VolumeSnapshotContent) => {
    const world = open(content);
    return { world, state: (await world.loop.gather(content.metadata?.name ?? '', signal)) as ContentState };
  };

  test.each([
    ['write-marks', 'SnapshotCreationFailed'],
    ['write-error', 'SnapshotCreationFailed'],
    ['save-status', 'SnapshotCreationFailed'],
    ['create-snapshot', 'SnapshotCreationFailed'],
    ['delete-snapshot', 'SnapshotDeleteError'],
    ['release-content', 'SnapshotDeleteError'],
    ['clear-status', 'SnapshotDeleteError'],
  ] as const)('%s: %s', async (kind, reason) => {
    const { world, state: of } = await state(aContent());
    const step = {
      kind,
      backoff: kind,
      inputs: '',
      patch: { type: 'merge', body: {} },
      action: 'read-secret',
      secret: { name: '', namespace: '' },
    };
    expect(world.loop.failed?.('', { error, state: of, step: step as never })).toMatchObject([
      { type: 'Warning', reason, message: expect.stringMatching(/not for you/), regarding: { kind: 'VolumeSnapshotContent' } },
    ]);
  });

  test('nothing where the content is gone', async () => {
    const gone = new ApiError({ status: 404, reason: 'NotFound', message: 'gone', request: 'test' });
    const { world, state: of } = await state(aContent({ status: READY_STATUS, metadata: { annotations: { [BEING_DELETED]: 'yes' } } }));
    expect(world.loop.failed?.('', { error: gone, state: of, step: { kind: 'write-error' } as never })).toEqual([]);
  });
});
