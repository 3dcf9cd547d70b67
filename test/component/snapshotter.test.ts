import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CoreEvent, PersistentVolumeClaim, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import {
  CLAIMS,
  CLASSES,
  CONTENTS,
  DRIVER,
  SNAPSHOTS,
  claimBody,
  classBody,
  contentBody,
  openWorld,
  snapshotBody,
} from './snapshotter-world.ts';
import type { World, WorldOptions } from './snapshotter-world.ts';

const PVC_PROTECTION = 'kubernetes.io/pvc-protection';
const CLAIM_PROTECTION = 'snapshot.storage.kubernetes.io/pvc-as-source-protection';
const BEING_DELETED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted';

describe('the snapshot roles on the sandbox and the mock driver', () => {
  let world: World;
  const start = async (options: WorldOptions = {}): Promise<void> => {
    world = await openWorld(options);
    await world.request('POST', CLASSES, classBody('snap'));
    await world.boundClaim('data');
    await world.startController();
    await world.startSidecar();
  };
  beforeEach(() => start());
  afterEach(() => world.close());

  async function takeSnapshot(name = 'nightly', className = 'snap'): Promise<VolumeSnapshot> {
    await world.request('POST', SNAPSHOTS, snapshotBody(name, 'data', className));
    await world.settled();
    return world.snapshot(name);
  }

  async function protections(): Promise<readonly string[]> {
    return (await world.request<PersistentVolumeClaim>('GET', `${CLAIMS}/data`)).metadata?.finalizers ?? [];
  }

  async function onlyContent(): Promise<VolumeSnapshotContent> {
    const [content, ...more] = await world.list<VolumeSnapshotContent>(CONTENTS);
    if (content === undefined || more.length > 0) throw new Error(`${more.length + 1} contents`);
    return content;
  }

  test('a snapshot becomes ready in eleven calls, events included, and goes in four', async () => {
    world.takeCalls();
    const snapshot = await takeSnapshot();
    const made = world.takeCalls();
    expect(snapshot.status).toMatchObject({
      readyToUse: true,
      restoreSize: '1Gi',
      boundVolumeSnapshotContentName: `snapcontent-${snapshot.metadata?.uid}`,
    });
    expect(made.writes).toEqual([
      'C PATCH volumesnapshots',
      'C PUT persistentvolumeclaims',
      'C POST volumesnapshotcontents',
      'S PATCH volumesnapshotcontents',
      'S PATCH volumesnapshotcontents/status',
      'S PATCH volumesnapshotcontents',
      'C PATCH volumesnapshots/status',
      'C PUT persistentvolumeclaims',
    ]);
    expect(await world.reasons()).toEqual(['CreatingSnapshot', 'SnapshotCreated', 'SnapshotReady']);
    expect(made.events).toBe(3);

    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    expect(world.takeCalls()).toEqual({
      writes: [
        'C PATCH volumesnapshotcontents',
        'C DELETE volumesnapshotcontents',
        'S PATCH volumesnapshotcontents',
        'C PATCH volumesnapshots',
      ],
      events: 0,
    });
    expect(await world.list(CONTENTS)).toEqual([]);
    expect(await world.list(SNAPSHOTS)).toEqual([]);
    expect(world.driver.ledger().snapshots).toEqual([]);
  });

  test('settled means silent: a resync asks nobody', async () => {
    await takeSnapshot();
    world.takeCalls();
    world.rpcs.splice(0);
    await world.advance(16 * 60_000);
    expect(world.takeCalls()).toEqual({ writes: [], events: 0 });
    expect(world.rpcs).toEqual([]);
  });

  test('the content lives by its own policy: Retain keeps it and the snapshot, with the mark', async () => {
    await world.request('POST', CLASSES, classBody('keep', { deletionPolicy: 'Retain' }));
    const snapshot = await takeSnapshot('nightly', 'keep');
    expect(snapshot.metadata?.finalizers).toEqual(['snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection']);
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    expect(await world.list(SNAPSHOTS)).toEqual([]);
    const content = await onlyContent();
    expect(content.metadata).toMatchObject({ annotations: { [BEING_DELETED]: 'yes' } });
    expect(content.metadata?.deletionTimestamp).toBeUndefined();
    expect(world.driver.ledger().snapshots).toHaveLength(1);

    await world.request('DELETE', `${CONTENTS}/${content.metadata?.name}`);
    await world.settled();
    expect(await world.list(CONTENTS), 'retained: only the object goes').toEqual([]);
    expect(world.driver.ledger().snapshots).toHaveLength(1);
  });

  test('a policy flipped to Retain before the delete is obeyed, flipped to Delete after it as well', async () => {
    const first = await takeSnapshot();
    await world.request('PATCH', `${CONTENTS}/${first.status?.boundVolumeSnapshotContentName}`, { spec: { deletionPolicy: 'Retain' } });
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    expect(world.driver.ledger().snapshots).toHaveLength(1);
    const content = await onlyContent();
    await world.request('PATCH', `${CONTENTS}/${content.metadata?.name}`, { spec: { deletionPolicy: 'Delete' } });
    await world.request('DELETE', `${CONTENTS}/${content.metadata?.name}`);
    await world.settled();
    expect(world.driver.ledger().snapshots).toEqual([]);
    expect(await world.list(CONTENTS)).toEqual([]);
  });

  test('an admin who deletes the content under a live snapshot destroys nothing', async () => {
    const snapshot = await takeSnapshot();
    await world.request('DELETE', `${CONTENTS}/${snapshot.status?.boundVolumeSnapshotContentName}`);
    await world.settled();
    expect(world.driver.ledger().snapshots).toHaveLength(1);
    expect((await onlyContent()).metadata?.deletionTimestamp).toBeDefined();
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    expect(world.driver.ledger().snapshots).toEqual([]);
    expect(await world.list(CONTENTS)).toEqual([]);
  });

  test('what is missing is told, and the snapshot heals when it appears, without a restart', async () => {
    await world.request('POST', SNAPSHOTS, snapshotBody('early', 'later', 'unborn'));
    await world.settled();
    expect((await world.snapshot('early')).status?.error?.message).toMatch(/"unborn" not found/);
    await world.request('POST', CLASSES, classBody('unborn'));
    await world.settled();
    const waiting = await world.snapshot('early');
    expect(waiting.status?.error?.message).toMatch(/PersistentVolumeClaim default\/later was not found/);
    expect(waiting.metadata?.finalizers, 'a hopeless snapshot pins nothing').toBeUndefined();
    await world.boundClaim('later');
    await world.settled();
    expect((await world.snapshot('early')).status).toMatchObject({ readyToUse: true });
    expect((await world.snapshot('early')).status?.error).toBeUndefined();
    expect(await world.reasons()).toEqual(
      expect.arrayContaining(['GetSnapshotClassFailed', 'SnapshotContentCreationFailed', 'SnapshotReady']),
    );
  });

  test('a late default class is noticed', async () => {
    await world.request('POST', SNAPSHOTS, snapshotBody('nightly', 'data', null));
    await world.settled();
    expect((await world.snapshot('nightly')).status?.error?.message).toMatch(/cannot find default snapshot class/);
    const annotations = { 'snapshot.storage.kubernetes.io/is-default-class': 'true' };
    await world.request('POST', CLASSES, classBody('default', { metadata: { name: 'default', annotations } }));
    await world.settled();
    const snapshot = await world.snapshot('nightly');
    expect(snapshot.spec?.volumeSnapshotClassName).toBe('default');
    expect(snapshot.status).toMatchObject({ readyToUse: true });
  });

  test('a snapshot that is being restored from waits for the claim, not for a back-off', async () => {
    await takeSnapshot();
    const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'nightly' };
    await world.request('POST', CLAIMS, claimBody('restored', { dataSource, volumeName: '' }));
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    expect(await world.list(SNAPSHOTS)).toHaveLength(1);
    expect(await world.reasons()).toContain('SnapshotDeletePending');
    await world.request('PATCH', `${CLAIMS}/restored/status`, { status: { phase: 'Bound' } });
    await world.settled();
    expect(await world.list(SNAPSHOTS)).toEqual([]);
    expect(world.driver.ledger().snapshots).toEqual([]);
  });

  test('a claim deleted while its snapshot is made goes once the snapshot is ready', async () => {
    world.driver.faults.add([{ rpc: 'CreateSnapshot', delayMs: 5000 }]);
    await world.request('POST', SNAPSHOTS, snapshotBody('nightly', 'data'));
    await world.settled();
    await world.request('PATCH', `${CLAIMS}/data`, {
      metadata: { finalizers: ['snapshot.storage.kubernetes.io/pvc-as-source-protection'] },
    });
    await world.request('DELETE', `${CLAIMS}/data`);
    await world.settled();
    expect(await world.list<PersistentVolumeClaim>(CLAIMS)).toHaveLength(1);
    await world.advance(6000);
    expect((await world.snapshot('nightly')).status?.readyToUse).toBe(true);
    expect(await world.list<PersistentVolumeClaim>(CLAIMS)).toEqual([]);
  });

  test('a retained content that is still being made holds the claim after its snapshot is gone', async () => {
    await world.request('POST', CLASSES, classBody('keep', { deletionPolicy: 'Retain' }));
    world.driver.faults.add([{ rpc: 'CreateSnapshot', delayMs: 5000 }]);
    await world.request('POST', SNAPSHOTS, snapshotBody('nightly', 'data', 'keep'));
    await world.settled();
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    expect(await world.list(SNAPSHOTS)).toEqual([]);
    expect(await protections()).toEqual([PVC_PROTECTION, CLAIM_PROTECTION]);
    await world.advance(6000);
    expect(await protections()).toEqual([PVC_PROTECTION]);
    expect((await onlyContent()).status?.readyToUse).toBe(true);
  });

  test('a finalizer that no snapshot has a reason for goes', async () => {
    await world.request('PATCH', `${CLAIMS}/data`, { metadata: { finalizers: [PVC_PROTECTION, CLAIM_PROTECTION] } });
    await world.settled();
    expect(await protections()).toEqual([PVC_PROTECTION]);
  });

  test('a bound content of an admin gets its finalizer, whether its snapshot lives or not', async () => {
    await world.request('POST', CONTENTS, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotContent',
      metadata: { name: 'kept' },
      spec: {
        driver: DRIVER,
        deletionPolicy: 'Retain',
        source: { snapshotHandle: 's' },
        volumeSnapshotRef: { name: 'gone', namespace: 'default', uid: 'u' },
      },
    });
    await world.settled();
    expect((await onlyContent()).metadata?.finalizers).toEqual(['snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection']);
  });

  test('a refusal of the API server is told and tried again at its back-off; the claim is let go with the snapshot', async () => {
    let refused = 0;
    world.sandbox.faults.intercept(({ method, path }) => {
      if (method !== 'POST' || path !== CONTENTS) return undefined;
      refused += 1;
      return {
        status: 403,
        headers: {},
        body: new TextEncoder().encode(JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden', message: 'may not create' })),
      };
    });
    await takeSnapshot();
    await world.advance(10_000);
    expect(refused).toBe(4);
    expect((await world.snapshot('nightly')).status?.error?.message).toMatch(/may not create/);
    expect(await world.reasons()).toEqual(['SnapshotContentCreationFailed', 'CreateSnapshotContentFailed']);
    const told = await world.list<CoreEvent>('/api/v1/events');
    expect(told.find(({ reason }) => reason === 'CreateSnapshotContentFailed')?.count, 'raised at each attempt').toBe(4);
    await world.request('POST', SNAPSHOTS, snapshotBody('doomed', 'data'));
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    expect(await protections(), 'the other snapshot may yet be made').toContain(CLAIM_PROTECTION);
    await world.request('DELETE', `${SNAPSHOTS}/doomed`);
    await world.settled();
    expect(await world.list(SNAPSHOTS)).toEqual([]);
    expect(await protections()).toEqual([PVC_PROTECTION]);
    await world.request('POST', SNAPSHOTS, snapshotBody('nightly', 'data'));
    await world.settled();
    world.sandbox.faults.intercept(undefined);
    await world.advance(2000);
    expect((await world.snapshot('nightly')).status?.readyToUse).toBe(true);
  });

  test('tries are as far apart as --retry-interval-start and --retry-interval-max of the controller say', async () => {
    await world.close();
    const flags = { 'retry-interval-start': '2s', 'retry-interval-max': '5s' };
    await start({ controllerFlags: Object.entries(flags).map(([name, text]) => ({ name, text })) });
    const times: number[] = [];
    world.sandbox.faults.intercept(({ method, path }) => {
      if (method !== 'POST' || path !== CONTENTS) return undefined;
      times.push(world.clock.monotonic());
      return { status: 500, headers: {}, body: new TextEncoder().encode('{}') };
    });
    await takeSnapshot();
    await world.advance(25_000);
    const gaps = times.slice(1).map((at, index) => Math.floor((at - (times[index] ?? 0)) / 1000));
    expect(gaps).toEqual([2, 4, 5, 5, 5]);
  });

  /** Every request of this method to this path is refused, as by an admission policy. */
  function refuse(method: string, path: RegExp): void {
    world.sandbox.faults.intercept((request) => {
      if (request.method !== method || !path.test(request.path)) return undefined;
      const status = { kind: 'Status', code: 403, reason: 'Forbidden', message: 'not by policy' };
      return { status: 403, headers: {}, body: new TextEncoder().encode(JSON.stringify(status)) };
    });
  }

  test.each([
    ['finalizers of the snapshot', 'PATCH', /volumesnapshots\/nightly$/, 'VolumeSnapshot', 'SnapshotFinalizerError'],
    ['status of the snapshot', 'PATCH', /volumesnapshots\/nightly\/status$/, 'VolumeSnapshot', 'SnapshotStatusUpdateFailed'],
    ['claim', 'PUT', /persistentvolumeclaims\/data$/, 'VolumeSnapshot', 'SnapshotContentCreationFailed'],
    ['status of the content', 'PATCH', /contents\/[^/]+\/status$/, 'VolumeSnapshotContent', 'SnapshotCreationFailed'],
    ['annotations of the content', 'PATCH', /contents\/[^/]+$/, 'VolumeSnapshotContent', 'SnapshotCreationFailed'],
  ])('a refused write of the %s is told on the object at each attempt, and heals', async (_, method, path, kind, reason) => {
    refuse(method, path);
    await takeSnapshot();
    await world.advance(8000);
    const events = await world.list<CoreEvent>('/api/v1/events');
    const told = events.find((event) => event.involvedObject?.kind === kind && event.reason === reason);
    expect(told).toMatchObject({ type: 'Warning', message: expect.stringMatching(/not by policy/) });
    expect(told?.count).toBeGreaterThanOrEqual(3);
    world.sandbox.faults.intercept(undefined);
    await world.advance(20_000);
    expect((await world.snapshot('nightly')).status?.readyToUse).toBe(true);
  });

  test('a claim that was protected beside a snapshot that could not be is let go with it, and at once where it is deleted itself', async () => {
    refuse('PATCH', /volumesnapshots\/(nightly|again)$/);
    await takeSnapshot();
    expect((await world.snapshot('nightly')).metadata?.finalizers).toBeUndefined();
    expect(await protections()).toContain(CLAIM_PROTECTION);
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    expect(await protections()).toEqual([PVC_PROTECTION]);
    await world.request('POST', SNAPSHOTS, snapshotBody('again', 'data'));
    await world.settled();
    expect(await protections()).toContain(CLAIM_PROTECTION);
    await world.request('DELETE', `${CLAIMS}/data`);
    await world.advance(10_000);
    expect(await protections()).toEqual([PVC_PROTECTION]);
  });

  test('a pre-provisioned content that cannot be bound is told by event and status', async () => {
    const spec = { driver: DRIVER, deletionPolicy: 'Retain', source: { snapshotHandle: await world.foreignSnapshot('imported') } };
    const [apiVersion, kind] = ['snapshot.storage.k8s.io/v1', 'VolumeSnapshotContent'];
    refuse('PATCH', /contents\/imported$/);
    await world.request('POST', CONTENTS, {
      ...{ apiVersion, kind, metadata: { name: 'imported' } },
      spec: { ...spec, volumeSnapshotRef: { name: 'nightly', namespace: 'default' } },
    });
    const body = { apiVersion, kind: 'VolumeSnapshot', metadata: { name: 'nightly', namespace: 'default' } };
    await world.request('POST', SNAPSHOTS, { ...body, spec: { source: { volumeSnapshotContentName: 'imported' } } });
    await world.advance(2000);
    expect(await world.reasons()).toContain('SnapshotBindFailed');
    expect((await world.snapshot('nightly')).status).toMatchObject({
      readyToUse: false,
      error: { message: expect.stringMatching(/not by policy/) },
    });
    world.sandbox.faults.intercept(undefined);
    await world.advance(5000);
    expect((await world.snapshot('nightly')).status?.readyToUse).toBe(true);
  });

  test('a refused deletion of the content is told at each attempt', async () => {
    await takeSnapshot();
    refuse('DELETE', /contents\/[^/]+$/);
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.advance(8000);
    const told = (await world.list<CoreEvent>('/api/v1/events')).find(({ reason }) => reason === 'SnapshotContentObjectDeleteError');
    expect(told?.count).toBeGreaterThanOrEqual(3);
    world.sandbox.faults.intercept(undefined);
    await world.advance(20_000);
    expect(await world.list(SNAPSHOTS)).toEqual([]);
  });

  test('a snapshot that a claim is restored from says so as long as it waits', async () => {
    await takeSnapshot();
    const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'nightly' };
    await world.request('POST', CLAIMS, claimBody('restored', { volumeName: undefined, dataSource }));
    await world.settled();
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.advance(8000);
    const told = (await world.list<CoreEvent>('/api/v1/events')).find(({ reason }) => reason === 'SnapshotDeletePending');
    expect(told?.count).toBeGreaterThanOrEqual(3);
    await world.request('PATCH', `${CLAIMS}/restored/status`, { status: { phase: 'Bound' } });
    await world.settled();
    expect(await world.list(SNAPSHOTS), 'woken by the event, not by the pause').toEqual([]);
  });

  test('a content that arrives after its snapshot went is removed, and so is what was cut for it', async () => {
    await takeSnapshot();
    const { apiVersion, kind, metadata, spec } = await onlyContent();
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    expect(await world.list(CONTENTS)).toEqual([]);
    await world.request('POST', CONTENTS, { apiVersion, kind, metadata: { name: metadata?.name, finalizers: metadata?.finalizers }, spec });
    await world.advance(2000);
    expect(await world.list(CONTENTS)).toEqual([]);
    expect(world.driver.ledger().snapshots).toEqual([]);
  });

  test('a member whose group is gone waits for nobody, once a live read says so', async () => {
    world.kill('snapshot-controller');
    const member = snapshotBody('member', 'data') as { metadata: object };
    await world.request('POST', SNAPSHOTS, {
      ...member,
      metadata: { ...member.metadata, finalizers: ['example.com/held'] },
    });
    await world.request('PATCH', `${SNAPSHOTS}/member/status`, { status: { volumeGroupSnapshotName: 'group' } });
    world.takeCalls();
    await world.startController();
    await world.settled();
    await world.request('DELETE', `${SNAPSHOTS}/member`);
    await world.advance(5000);
    expect(world.takeCalls().writes).toEqual(['C GET volumegroupsnapshots 404']);
    expect(await world.reasons()).not.toContain('SnapshotDeletePending');
    expect(world.log.messages('error')).toEqual([]);
  });

  test('metrics carry the names and labels of the Go program', async () => {
    await takeSnapshot();
    expect(await world.metrics.expose()).toContain('snapshot_controller_operations_in_flight 0');
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    const text = await world.metrics.expose();
    for (const operation of ['CreateSnapshot', 'CreateSnapshotAndReady', 'DeleteSnapshot'])
      expect(text).toContain(
        `snapshot_controller_operation_total_seconds_count{driver_name="${DRIVER}",operation_name="${operation}",snapshot_type="dynamic",operation_status="success"} 1`,
      );
    expect(text).toContain('snapshot_controller_operations_in_flight 0');
  });
});

describe('a snapshot that an admin brings', () => {
  async function bring(world: World, handle: string): Promise<void> {
    await world.request('POST', CONTENTS, contentBody('imported', handle, 'brought'));
    await world.request('POST', SNAPSHOTS, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name: 'brought', namespace: 'default' },
      spec: { source: { volumeSnapshotContentName: 'imported' } },
    });
    await world.settled();
  }

  async function open(disabled: readonly string[]): Promise<{ readonly world: World; readonly handle: string }> {
    const world = await openWorld({ disabled });
    await world.startController();
    await world.startSidecar();
    return { world, handle: await world.foreignSnapshot('brought') };
  }

  test('is looked up, bound, ready, and deleted by its policy', async () => {
    const { world, handle } = await open([]);
    await bring(world, handle);
    expect((await world.snapshot('brought')).status).toMatchObject({ readyToUse: true, boundVolumeSnapshotContentName: 'imported' });
    const [content] = await world.list<VolumeSnapshotContent>(CONTENTS);
    expect(content?.spec?.volumeSnapshotRef?.uid).toBe((await world.snapshot('brought')).metadata?.uid);
    expect(content?.metadata?.finalizers).toHaveLength(1);
    await world.request('DELETE', `${SNAPSHOTS}/brought`);
    await world.settled();
    expect(world.driver.ledger().snapshots).toEqual([]);
    expect(await world.list(CONTENTS)).toEqual([]);
    await world.close();
  });

  test('is believed where the driver lists nothing', async () => {
    const { world, handle } = await open(['LIST_SNAPSHOTS']);
    await bring(world, handle);
    expect((await world.snapshot('brought')).status).toMatchObject({ readyToUse: true });
    expect((await world.snapshot('brought')).status?.creationTime).toMatch(/^2026-/);
    await world.close();
  });

  test('waits for its content, and says so when another snapshot owns it', async () => {
    const { world, handle } = await open([]);
    await world.request('POST', SNAPSHOTS, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name: 'waiting', namespace: 'default' },
      spec: { source: { volumeSnapshotContentName: 'imported' } },
    });
    await world.settled();
    expect((await world.snapshot('waiting')).status?.error?.message).toMatch(/is missing: imported/);
    await bring(world, handle);
    expect((await world.snapshot('waiting')).status?.error?.message).toMatch(/bound to a different snapshot/);
    expect((await world.snapshot('brought')).status?.readyToUse).toBe(true);
    await world.close();
  });

  test('that the driver does not know is told on content and snapshot', async () => {
    const { world } = await open([]);
    await bring(world, 'no-such-snapshot');
    expect((await world.snapshot('brought')).status?.error?.message).toMatch(/no-such-snapshot/);
    expect(await world.reasons()).toContain('SnapshotContentCheckandUpdateFailed');
    await world.close();
  });
});
