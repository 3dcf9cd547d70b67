import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { CLASSES, CONTENTS, SNAPSHOTS, classBody, openWorld, snapshotBody } from './snapshotter-world.ts';
import type { World, WorldOptions } from './snapshotter-world.ts';

const BEING_CREATED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-created';
const BEING_DELETED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted';
const FAILURE = 'csi-sidecars/failure';
const MINUTE = 60_000;

async function start(options: WorldOptions = {}): Promise<World> {
  const world = await openWorld(options);
  await world.request('POST', CLASSES, classBody('snap'));
  await world.boundClaim('data');
  await world.startController();
  await world.startSidecar();
  return world;
}

describe('csi-snapshotter and its driver', () => {
  let world: World;
  beforeEach(async () => {
    world = await start();
  });
  afterEach(() => world.close());

  const take = async (): Promise<void> => {
    await world.request('POST', SNAPSHOTS, snapshotBody('nightly', 'data'));
    await world.settled();
  };
  const remove = async (): Promise<void> => {
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
  };
  const content = async (): Promise<VolumeSnapshotContent | undefined> => (await world.list<VolumeSnapshotContent>(CONTENTS))[0];
  const gaps = (rpc: string): readonly number[] => {
    const times = world.rpcs.filter((call) => call.rpc === rpc).map(({ atMs }) => atMs);
    return times.slice(1).map((at, index) => at - (times[index] ?? 0));
  };
  const expectNothingLeft = async (): Promise<void> => {
    expect(await world.list(SNAPSHOTS)).toEqual([]);
    expect(await world.list(CONTENTS)).toEqual([]);
    expect(world.driver.ledger().snapshots).toEqual([]);
  };

  test('not ready yet is polled at twice the age, and a poll that learns nothing asks nobody else', async () => {
    world.driver.faults.add([{ rpc: 'CreateSnapshot', notReadyMs: 3 * MINUTE }]);
    await take();
    await world.advance(1500);
    world.takeCalls();
    await world.advance(2 * MINUTE);
    expect(world.takeCalls()).toEqual({ writes: [], events: 0 });
    const polls = gaps('CreateSnapshot');
    // The age is counted from a whole second, and a call takes a moment.
    const curve = [1, 2, 4, 8, 16, 32, 64].map((seconds) => seconds * 1000);
    polls.forEach((gap, at) => {
      expect(gap, `gap ${at}`).toBeGreaterThanOrEqual(curve[at] ?? 0);
      expect(gap, `gap ${at}`).toBeLessThanOrEqual(2.25 * (curve[at] ?? 0));
    });
    expect(polls.length).toBeGreaterThan(4);
    await world.advance(5 * MINUTE);
    expect((await world.snapshot('nightly')).status?.readyToUse).toBe(true);
    expect((await content())?.metadata?.annotations?.[BEING_CREATED]).toBeUndefined();
  });

  test('polls are as far apart as --ready-poll-interval-min and --ready-poll-interval-max say, no further and no closer', async () => {
    await world.close();
    const flags = { 'ready-poll-interval-min': '2s', 'ready-poll-interval-max': '5s' };
    world = await start({ sidecarFlags: Object.entries(flags).map(([name, text]) => ({ name, text })) });
    world.driver.faults.add([{ rpc: 'CreateSnapshot', notReadyMs: 3 * MINUTE }]);
    await take();
    await world.advance(MINUTE);
    const [first = 0, second = 0, ...others] = gaps('CreateSnapshot');
    // Twice the age while that lies between the two.
    expect([first, second].map((gap) => Math.floor(gap / 1000))).toEqual([2, 4]);
    expect(others.length).toBeGreaterThan(8);
    for (const gap of others) expect(Math.floor(gap / 1000), `${gap} ms`).toBe(5);
  });

  test('the bound name of a slow snapshot is written after a second', async () => {
    world.driver.faults.add([{ rpc: 'CreateSnapshot', delayMs: 5000 }]);
    await take();
    expect((await world.snapshot('nightly')).status).toBeUndefined();
    await world.advance(1250);
    expect((await world.snapshot('nightly')).status).toEqual({
      boundVolumeSnapshotContentName: (await content())?.metadata?.name,
      readyToUse: false,
    });
  });

  test.each(['INTERNAL', 'DEADLINE_EXCEEDED'] as const)(
    'calls that fail with %s follow the back-off, whatever else is edited',
    async (code) => {
      world.driver.faults.add([{ rpc: 'CreateSnapshot', code }]);
      await take();
      const name = (await content())?.metadata?.name ?? '';
      for (let minute = 0; minute < 10; minute += 1) {
        await world.request('PATCH', `${CONTENTS}/${name}`, { metadata: { labels: { minute: `${minute}` } } });
        await world.request('PATCH', `${SNAPSHOTS}/nightly`, { metadata: { labels: { minute: `${minute}` } } });
        await world.advance(MINUTE);
      }
      const waits = gaps('CreateSnapshot');
      const curve = [1, 2, 4, 8, 16, 32, 64, 128, 256].map((seconds) => seconds * 1000);
      expect(waits).toHaveLength(9);
      waits.forEach((wait, at) => {
        expect(wait).toBeGreaterThanOrEqual(curve[at] ?? 0);
        expect(wait).toBeLessThanOrEqual((curve[at] ?? 0) + 1000);
      });
      const { writes } = world.takeCalls();
      expect(
        writes.filter((what) => what.includes('contents/status')),
        'once as the first attempt, once as a later one',
      ).toHaveLength(2);
      expect((await world.reasons()).filter((reason) => reason.includes('SnapshotC') && reason !== 'SnapshotCreated')).toEqual([
        'SnapshotCreationFailed',
        'SnapshotContentCheckandUpdateFailed',
      ]);
      expect((await content())?.metadata?.annotations?.[BEING_CREATED]).toBe(code === 'INTERNAL' ? undefined : 'yes');
      expect((await world.snapshot('nightly')).status?.error?.message).toMatch(
        code === 'INTERNAL' ? /code = Internal/ : /code = DeadlineExceeded/,
      );
    },
  );

  test('a failure heals: the error goes, the snapshot is ready', async () => {
    world.driver.faults.add([{ rpc: 'CreateSnapshot', code: 'INTERNAL', calls: { from: 1, to: 3 } }]);
    await take();
    const note: unknown = expect.stringMatching(/^\{"code":"Internal","retryable":true,"since":"2026-01-01T00:00:\d\dZ"\}$/);
    expect((await content())?.metadata?.annotations?.[FAILURE]).toEqual(note);
    expect((await world.snapshot('nightly')).metadata?.annotations?.[FAILURE]).toEqual(note);
    await world.advance(10_000);
    expect((await world.snapshot('nightly')).status).toMatchObject({ readyToUse: true });
    expect((await world.snapshot('nightly')).status?.error).toBeUndefined();
    expect((await world.snapshot('nightly')).metadata?.annotations?.[FAILURE]).toBeUndefined();
    expect((await content())?.metadata?.annotations?.[FAILURE]).toBeUndefined();
    expect(await world.reasons()).toEqual(expect.arrayContaining(['SnapshotCreationFailed', 'SnapshotReady']));
  });

  test('deleted while its calls time out, it is waited for, then deleted', async () => {
    world.driver.faults.add([{ rpc: 'CreateSnapshot', code: 'DEADLINE_EXCEEDED', effect: true, calls: { from: 1, to: 4 } }]);
    await take();
    await remove();
    expect(await world.list(SNAPSHOTS), 'nothing is let go while a call is undecided').toHaveLength(1);
    await world.advance(20_000);
    await expectNothingLeft();
  });

  test('deleted after its only attempt failed for good, it goes at once and DeleteSnapshot is not called', async () => {
    world.driver.faults.add([{ rpc: 'CreateSnapshot', code: 'INVALID_ARGUMENT' }]);
    await world.advance(1000);
    await take();
    await remove();
    await world.advance(1000);
    await expectNothingLeft();
    expect(world.rpcs.map(({ rpc }) => rpc)).not.toContain('DeleteSnapshot');
  });

  test('a failing DeleteSnapshot is told, backs off, and ends well', async () => {
    await take();
    world.driver.faults.add([{ rpc: 'DeleteSnapshot', code: 'UNAVAILABLE', calls: { from: 1, to: 4 } }]);
    await remove();
    expect(await world.reasons()).toContain('SnapshotDeleteError');
    await world.advance(20_000);
    expect(gaps('DeleteSnapshot').map((gap) => Math.floor(gap / 1000))).toEqual([1, 2, 4, 8]);
    await expectNothingLeft();
  });

  test('a mark that a Go controller overwrites with its map is put back while the call is undecided', async () => {
    world.driver.faults.add([{ rpc: 'CreateSnapshot', code: 'DEADLINE_EXCEEDED', calls: { from: 1, to: 6 } }]);
    await take();
    const name = (await content())?.metadata?.name ?? '';
    await world.request('PATCH', `${CONTENTS}/${name}`, { metadata: { annotations: { [BEING_CREATED]: null, theirs: 'x' } } });
    await world.settled();
    expect((await content())?.metadata?.annotations).toMatchObject({ [BEING_CREATED]: 'yes', theirs: 'x' });
    expect(
      world.rpcs.filter(({ rpc }) => rpc === 'CreateSnapshot'),
      'no call came of it',
    ).toHaveLength(1);
    await remove();
    await world.request('PATCH', `${CONTENTS}/${name}`, { metadata: { annotations: { [BEING_DELETED]: null } } });
    await world.settled();
    expect((await content())?.metadata?.annotations?.[BEING_DELETED]).toBe('yes');
    await world.advance(2 * MINUTE);
    await expectNothingLeft();
  });

  test('an answer that cannot be saved for a while is kept, and the driver is not asked again', async () => {
    const heal = world.sandbox.faults.add({ match: { methods: ['PATCH'], path: '/status' }, fault: { kind: 'status', code: 500 } });
    await take();
    await world.advance(20_000);
    expect(world.rpcs.filter(({ rpc }) => rpc === 'CreateSnapshot')).toHaveLength(1);
    heal();
    await world.advance(20_000);
    expect((await world.snapshot('nightly')).status?.readyToUse).toBe(true);
    expect(world.rpcs.filter(({ rpc }) => rpc === 'CreateSnapshot')).toHaveLength(1);
  });

  test('a class that is gone before the call is told, and waited for', async () => {
    world.kill('csi-snapshotter');
    await take();
    await world.request('DELETE', `${CLASSES}/snap`);
    await world.startSidecar();
    expect((await content())?.status?.error?.message).toMatch(/volumesnapshotclass\.snapshot\.storage\.k8s\.io \\"snap\\" not found/);
    expect((await content())?.metadata?.annotations?.[BEING_CREATED], 'nothing was begun').toBeUndefined();
    await world.request('POST', CLASSES, classBody('snap'));
    await world.settled();
    expect((await world.snapshot('nightly')).status?.readyToUse).toBe(true);
  });

  test('a sidecar that restarts asks again by name and makes no second snapshot', async () => {
    world.driver.faults.add([{ rpc: 'CreateSnapshot', code: 'DEADLINE_EXCEEDED', effect: true, calls: { from: 1, to: 1 } }]);
    await take();
    expect(world.driver.ledger().snapshots).toHaveLength(1);
    world.kill('csi-snapshotter');
    await world.startSidecar();
    expect((await world.snapshot('nightly')).status?.readyToUse).toBe(true);
    expect(world.driver.ledger().snapshots).toHaveLength(1);
  });

  test('a content that lost its mark to a second writer gets it back, and is not leaked by a sidecar that dies then', async () => {
    world.driver.faults.add([{ rpc: 'CreateSnapshot', code: 'DEADLINE_EXCEEDED', effect: true, calls: { from: 1, to: 1 } }]);
    await take();
    const name = (await content())?.metadata?.name ?? '';
    await world.request('PATCH', `${CONTENTS}/${name}`, { metadata: { annotations: { [BEING_CREATED]: null } } });
    await world.settled();
    expect((await content())?.metadata?.annotations?.[BEING_CREATED]).toBe('yes');
    world.kill('csi-snapshotter');
    await remove();
    expect(world.driver.ledger().snapshots).toHaveLength(1);
    await world.startSidecar();
    await expectNothingLeft();
  });

  test('after a lost answer and a final one the user is let go at once, and what was cut is found in the background', async () => {
    world.driver.faults.add([
      { rpc: 'CreateSnapshot', code: 'DEADLINE_EXCEEDED', effect: true, calls: { from: 1, to: 1 } },
      { rpc: 'CreateSnapshot', code: 'ALREADY_EXISTS', calls: { from: 2, to: 5 } },
    ]);
    await take();
    await world.advance(1500);
    expect((await content())?.metadata?.annotations).toMatchObject({ 'csi-sidecars/creation-uncertain': 'yes' });
    expect((await content())?.metadata?.annotations?.[BEING_CREATED]).toBeUndefined();
    await remove();
    expect(await world.list(SNAPSHOTS)).toEqual([]);
    expect(await world.list(CONTENTS)).toHaveLength(1);
    expect(await world.metrics.expose()).toMatch(/csi_snapshotter_uncertain_snapshots\{driver_name="mock.csi.example"\} 1/);
    expect(await world.reasons()).toContain('SnapshotCreationUncertain');
    world.kill('csi-snapshotter');
    await world.startSidecar();
    await world.advance(MINUTE);
    await expectNothingLeft();
  });

  test('a content that no sidecar ever worked on makes no call when it is deleted', async () => {
    world.kill('csi-snapshotter');
    await take();
    await remove();
    expect(await world.list(SNAPSHOTS), 'nobody waits for a sidecar that has nothing to do').toEqual([]);
    await world.startSidecar();
    await expectNothingLeft();
    expect(world.rpcs.filter(({ rpc }) => rpc === 'CreateSnapshot')).toEqual([]);
  });
});

describe('secrets', () => {
  const parameters = {
    'csi.storage.k8s.io/snapshotter-secret-name': '${volumesnapshot.name}-key',
    'csi.storage.k8s.io/snapshotter-secret-namespace': 'default',
  };
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'nightly-key', namespace: 'default' },
    data: { token: Buffer.from('s3cret-value').toString('base64') },
  };

  test('are read by name for each call, waited for where they are missing, and never shown', async () => {
    const world = await start();
    await world.request('POST', CLASSES, classBody('locked', { parameters }));
    world.driver.faults.add([{ rpc: 'CreateSnapshot', code: 'INTERNAL', message: 'bad token s3cret-value', calls: { from: 1, to: 1 } }]);
    await world.request('POST', SNAPSHOTS, snapshotBody('nightly', 'data', 'locked'));
    await world.settled();
    const waiting = (await world.list<VolumeSnapshotContent>(CONTENTS))[0];
    expect(waiting?.status?.error?.message).toMatch(/default\/nightly-key/);
    expect(waiting?.metadata?.annotations?.[BEING_CREATED], 'no mark without a call').toBeUndefined();
    await world.request('POST', '/api/v1/namespaces/default/secrets', secret);
    await world.advance(1500);
    expect((await world.snapshot('nightly')).status?.error?.message).toMatch(/code = Internal/);
    await world.advance(5000);
    expect((await world.snapshot('nightly')).status?.readyToUse).toBe(true);
    const shown = JSON.stringify([await world.list('/api/v1/events'), await world.list(CONTENTS), world.log.lines], (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
    expect(shown).not.toContain('s3cret-value');
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    expect(world.driver.ledger().snapshots).toEqual([]);
    await world.close();
  });
});

test('a sidecar per node takes over what another node began', async () => {
  const world = await openWorld({ nodeName: 'node-1', sidecarFlags: [{ name: 'node-deployment', text: 'true' }] });
  await world.request('POST', CLASSES, classBody('snap'));
  await world.boundClaim('data');
  await world.startController();
  await world.request('POST', SNAPSHOTS, snapshotBody('nightly', 'data'));
  await world.settled();
  const snapshot = await world.snapshot('nightly');
  const name = `snapcontent-${snapshot.metadata?.uid}`;
  const [content] = await world.list<VolumeSnapshotContent>(CONTENTS);
  await world.takeInDriver(`snapshot-${snapshot.metadata?.uid}`, content?.spec?.source?.volumeHandle ?? '');
  await world.advance(2000);
  await world.startSidecar();
  expect(world.rpcs, 'not labelled with this node').toEqual([]);
  await world.request('DELETE', `${SNAPSHOTS}/nightly`);
  await world.settled();
  await world.request('PATCH', `${CONTENTS}/${name}`, { metadata: { annotations: { [BEING_CREATED]: 'yes' } } });
  await world.request('PATCH', `${CONTENTS}/${name}`, { metadata: { labels: { 'snapshot.storage.kubernetes.io/managed-by': 'node-1' } } });
  await world.advance(2000);
  expect(await world.list(CONTENTS)).toEqual([]);
  expect(world.driver.ledger().snapshots).toEqual([]);
  await world.close();
});

test('nothing is destroyed by a process whose lease was not renewed in time', async () => {
  let fresh = true;
  const world = await start({ leaseIsFresh: () => fresh });
  await world.request('POST', SNAPSHOTS, snapshotBody('nightly', 'data'));
  await world.settled();
  fresh = false;
  await world.request('DELETE', `${SNAPSHOTS}/nightly`);
  await world.advance(5000);
  expect(world.rpcs.map(({ rpc }) => rpc)).not.toContain('DeleteSnapshot');
  expect(world.driver.ledger().snapshots).toHaveLength(1);
  fresh = true;
  await world.advance(2000);
  expect(world.driver.ledger().snapshots).toEqual([]);
  await world.close();
});

describe('a crash at every write and every call', () => {
  async function story(at: number, moment: 'before' | 'after'): Promise<number> {
    const world = await start();
    Object.assign(world.deaths, { at, moment, passed: 0 });
    await world.request('POST', SNAPSHOTS, snapshotBody('nightly', 'data'));
    await world.settled();
    await world.restart();
    await world.advance(2000);
    expect((await world.snapshot('nightly')).status?.readyToUse, `${moment} ${at}`).toBe(true);
    expect(world.driver.ledger().snapshots).toHaveLength(1);
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    await world.restart();
    // What the last life sent may arrive for a minute.
    await world.advance(61_000);
    expect(await world.list(SNAPSHOTS), `${moment} ${at}`).toEqual([]);
    expect(await world.list(CONTENTS), `${moment} ${at}`).toEqual([]);
    expect(world.driver.ledger().snapshots, `${moment} ${at}`).toEqual([]);
    const claim = await world.request<{ metadata?: { finalizers?: string[] } }>(
      'GET',
      '/api/v1/namespaces/default/persistentvolumeclaims/data',
    );
    expect(claim.metadata?.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    await world.close();
    return world.deaths.passed;
  }

  test('ends in the same state', async () => {
    const points = await story(0, 'before');
    expect(points).toBe(14);
    for (let at = 1; at <= points; at += 1) for (const moment of ['before', 'after'] as const) await story(at, moment);
  });
});
