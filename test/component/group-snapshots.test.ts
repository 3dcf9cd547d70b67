/** Groups of snapshots through both programs, on the sandbox and the mock driver. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  CoreEvent,
  PersistentVolumeClaim,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import {
  CLAIMS,
  CLASSES,
  CONTENTS,
  DRIVER,
  GROUP_CLASSES,
  GROUP_CONTENTS,
  GROUPS,
  SNAPSHOTS,
  claimBody,
  classBody,
  contentBody,
  groupClassBody,
  openWorld,
  snapshotBody,
} from './snapshotter-world.ts';
import type { World } from './snapshotter-world.ts';

const CLAIM_PROTECTION = 'snapshot.storage.kubernetes.io/pvc-as-source-protection';

function groupBody(spec: object = {}): object {
  return {
    apiVersion: 'groupsnapshot.storage.k8s.io/v1',
    kind: 'VolumeGroupSnapshot',
    metadata: { name: 'nightly', namespace: 'default' },
    spec: { source: { selector: { matchLabels: { app: 'db' } } }, volumeGroupSnapshotClassName: 'groups', ...spec },
  };
}

describe('group snapshots on the sandbox and the mock driver', () => {
  let world: World;
  beforeEach(async () => {
    world = await openWorld();
    await prepare();
    await world.startController();
    await world.startSidecar();
  });
  afterEach(() => world.close());

  async function prepare(): Promise<void> {
    await world.request('POST', GROUP_CLASSES, groupClassBody());
    for (const name of ['a', 'b', 'c']) {
      await world.boundClaim(name);
      await label(name, { app: 'db' });
    }
  }

  const label = (name: string, labels: object) => world.request('PATCH', `${CLAIMS}/${name}`, { metadata: { labels } });
  const group = () => world.request<VolumeGroupSnapshot>('GET', `${GROUPS}/nightly`);
  const groups = () => world.list<VolumeGroupSnapshot>(GROUPS);
  const groupContents = () => world.list<VolumeGroupSnapshotContent>(GROUP_CONTENTS);
  const members = () => world.list<VolumeSnapshot>(SNAPSHOTS);
  const contents = () => world.list<VolumeSnapshotContent>(CONTENTS);
  const inDriver = () => world.driver.ledger().snapshots;

  async function takeGroup(spec: object = {}): Promise<VolumeGroupSnapshot> {
    await world.request('POST', GROUPS, groupBody(spec));
    await world.settled();
    return group();
  }

  async function remove(path: string): Promise<void> {
    await world.request('DELETE', path);
    await world.settled();
  }

  async function events(): Promise<readonly string[]> {
    const items = await world.list<CoreEvent>('/api/v1/events');
    return items.map(({ reason = '', message = '', involvedObject }) => `${involvedObject?.kind} ${reason} ${message}`);
  }

  async function protectedClaims(): Promise<readonly string[]> {
    const claims = await world.list<PersistentVolumeClaim>(CLAIMS);
    return claims.flatMap(({ metadata }) => (metadata?.finalizers?.includes(CLAIM_PROTECTION) === true ? [metadata.name ?? ''] : []));
  }

  async function expectNothingLeft(): Promise<void> {
    expect([await groups(), await groupContents(), await members(), await contents(), inDriver()]).toEqual([[], [], [], [], []]);
    expect(await protectedClaims()).toEqual([]);
  }

  test('a group of three is made within 10 + 8N calls and goes within 4 + 5N, events apart', async () => {
    world.takeCalls();
    const made = await takeGroup();
    const { writes } = world.takeCalls();
    expect(writes.length).toBeLessThanOrEqual(10 + 8 * 3);
    expect(made.status).toMatchObject({
      readyToUse: true,
      creationTime: '2026-01-01T00:00:00Z',
      boundVolumeGroupSnapshotContentName: `groupsnapcontent-${made.metadata?.uid}`,
    });
    expect((await world.reasons()).toSorted()).toEqual([
      ...['CreatingGroupSnapshot', 'GroupSnapshotCreated', 'GroupSnapshotReady'],
      ...['SnapshotCreated', 'SnapshotCreated', 'SnapshotCreated', 'SnapshotReady', 'SnapshotReady', 'SnapshotReady'],
    ]);
    expect(await protectedClaims()).toEqual([]);
    await remove(`${GROUPS}/nightly`);
    expect(world.takeCalls().writes.length).toBe(4 + 5 * 3);
    await expectNothingLeft();
  });

  test('a member is a VolumeSnapshot of its claim, bound, ready, and owned by its group', async () => {
    const made = await takeGroup();
    const all = await members();
    expect(all.map(({ spec }) => spec?.source?.persistentVolumeClaimName).toSorted()).toEqual(['a', 'b', 'c']);
    for (const { metadata, status } of all) {
      expect(metadata?.name).toMatch(/^snapshot-[0-9a-f]{64}$/);
      expect(metadata?.ownerReferences).toEqual([
        { apiVersion: 'groupsnapshot.storage.k8s.io/v1', kind: 'VolumeGroupSnapshot', name: 'nightly', uid: made.metadata?.uid },
      ]);
      expect(status).toEqual({
        boundVolumeSnapshotContentName: metadata?.name?.replace('snapshot-', 'snapcontent-'),
        creationTime: '2026-01-01T00:00:00Z',
        readyToUse: true,
        restoreSize: '1Gi',
        volumeGroupSnapshotName: 'nightly',
      });
    }
    const [content] = await contents();
    expect(content?.metadata?.annotations).toMatchObject({
      'groupsnapshot.storage.k8s.io/volumeGroupSnapshotHandle': (await groupContents())[0]?.status?.volumeGroupSnapshotHandle,
    });
    expect(content?.spec).toMatchObject({ sourceVolumeMode: 'Filesystem', deletionPolicy: 'Delete', driver: DRIVER });
    expect(content?.spec).not.toHaveProperty('volumeSnapshotClassName');
  });

  test('a selector is taken whole, expressions included, and what it found is frozen', async () => {
    await label('c', { tier: 'scratch' });
    const expressions = [{ key: 'tier', operator: 'NotIn', values: ['scratch'] }];
    await takeGroup({ source: { selector: { matchLabels: { app: 'db' }, matchExpressions: expressions } } });
    expect(inDriver()).toHaveLength(2);
    await label('a', { app: null });
    await label('c', { tier: null });
    await world.advance(30_000);
    expect(await members()).toHaveLength(2);
    await remove(`${GROUPS}/nightly`);
    await expectNothingLeft();
  });

  test('a selector without anything, or that only has expressions, does not take what it should not', async () => {
    await takeGroup({ source: { selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] } } });
    expect((await group()).status?.error?.message).toMatch(/label selector app in \(web\) for group snapshot not applied to any PVC/);
    expect(await groupContents()).toEqual([]);
    await label('b', { app: 'web' });
    await world.settled();
    expect((await group()).status).toMatchObject({ readyToUse: true });
    expect((await members()).map(({ spec }) => spec?.source?.persistentVolumeClaimName)).toEqual(['b']);
  });

  test('a claim that cannot be a member is named, with what to do, and the group heals', async () => {
    await world.request('POST', CLAIMS, claimBody('late'));
    await label('late', { app: 'db' });
    const waiting = await takeGroup();
    expect(waiting.status?.error?.message).toMatch(/the PVC late is not yet bound to a PV.*take PVC late out of the selection/);
    expect(await events()).toContainEqual(expect.stringMatching(/^VolumeGroupSnapshot GroupSnapshotContentCreationFailed .*PVC late/));
    expect([await groupContents(), await protectedClaims()], 'a hopeless group pins nothing').toEqual([[], []]);
    await label('late', { app: null });
    await world.settled();
    expect((await group()).status).toMatchObject({ readyToUse: true });
    expect((await group()).status?.error).toBeUndefined();
  });

  test('a volume of another driver, or of none, is told twice as the Go program does, by name', async () => {
    await world.request('PATCH', '/api/v1/persistentvolumes/pv-b', { spec: { csi: { driver: 'other.example' } } }).catch(() => undefined);
    await world.request('POST', '/api/v1/persistentvolumes', {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv-odd' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: 'default', name: 'odd' },
        hostPath: { path: '/tmp' },
      },
    });
    await world.request('POST', CLAIMS, claimBody('odd'));
    await world.request('PATCH', `${CLAIMS}/odd/status`, { status: { phase: 'Bound' } });
    await label('odd', { app: 'db' });
    await takeGroup();
    const told = await events();
    expect(told).toContainEqual(expect.stringMatching(/CreateGroupSnapshotContentFailed Cannot snapshot a non-CSI volume: pv-odd/));
    expect(told).toContainEqual(expect.stringMatching(/GroupSnapshotContentCreationFailed .*pv-odd/));
    await label('odd', { app: null });
    await world.settled();
    expect((await group()).status).toMatchObject({ readyToUse: true });
  });

  test('the default class of the driver is taken, and two are refused by name', async () => {
    const annotations = { 'groupsnapshot.storage.kubernetes.io/is-default-class': 'true' };
    await world.request('POST', GROUP_CLASSES, groupClassBody({ metadata: { name: 'one', annotations } }));
    await world.request('POST', GROUP_CLASSES, groupClassBody({ metadata: { name: 'two', annotations } }));
    await world.settled();
    await world.request('POST', GROUPS, {
      ...groupBody(),
      spec: { source: { selector: { matchLabels: { app: 'db' } } } },
    });
    await world.settled();
    expect((await group()).status?.error?.message).toMatch(/2 default snapshot classes were found.*one, two/);
    await remove(`${GROUP_CLASSES}/two`);
    expect((await group()).spec?.volumeGroupSnapshotClassName).toBe('one');
    expect((await group()).status).toMatchObject({ readyToUse: true });
  });

  test('a driver that refuses costs its claims no write for each attempt, is told once, and heals', async () => {
    world.driver.faults.add([{ rpc: 'CreateVolumeGroupSnapshot', code: 'INTERNAL', message: 'no luck', calls: { from: 1, to: 4 } }]);
    await world.request('POST', GROUPS, groupBody());
    await world.advance(4_000);
    expect((await group()).status?.error?.message).toMatch(/no luck/);
    expect(await protectedClaims()).toEqual(['a', 'b', 'c']);
    const { writes } = world.takeCalls();
    expect(writes.filter((write) => write === 'C PUT persistentvolumeclaims')).toHaveLength(3);
    await world.advance(60_000);
    expect((await group()).status).toMatchObject({ readyToUse: true });
    expect((await group()).status?.error).toBeUndefined();
    expect(await protectedClaims()).toEqual([]);
  });

  test('a member that is deleted alone waits for its group, says so, and goes with it', async () => {
    await takeGroup();
    const [member] = await members();
    await remove(`${SNAPSHOTS}/${member?.metadata?.name}`);
    expect(await events()).toContainEqual(
      expect.stringMatching(/^VolumeSnapshot SnapshotDeletePending .*belongs to group snapshot default\/nightly/),
    );
    expect([(await members()).length, (await contents()).length, inDriver().length]).toEqual([3, 3, 3]);
    await remove(`${GROUPS}/nightly`);
    await expectNothingLeft();
  });

  test('a group waits while a volume is being restored from a member, and then goes', async () => {
    await takeGroup();
    const member = (await members())[0]?.metadata?.name ?? '';
    const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: member };
    await world.request('POST', CLAIMS, claimBody('restored', { dataSource, volumeName: undefined }));
    await remove(`${GROUPS}/nightly`);
    expect(await events()).toContainEqual(expect.stringMatching(/^VolumeGroupSnapshot SnapshotDeletePending .*default\/restored/));
    expect((await members()).every(({ metadata }) => metadata?.deletionTimestamp === undefined)).toBe(true);
    expect(inDriver()).toHaveLength(3);
    await world.request('PATCH', `${CLAIMS}/restored/status`, { status: { phase: 'Bound' } });
    await world.settled();
    await expectNothingLeft();
  });

  test('Retain keeps the group in the driver with its contents; the members go with the group', async () => {
    await world.request('POST', GROUP_CLASSES, groupClassBody({ metadata: { name: 'kept' }, deletionPolicy: 'Retain' }));
    await takeGroup({ volumeGroupSnapshotClassName: 'kept' });
    await remove(`${GROUPS}/nightly`);
    expect([await groups(), await members()]).toEqual([[], []]);
    expect([(await groupContents()).length, (await contents()).length, inDriver().length]).toEqual([1, 3, 3]);
  });

  test('an administrator who deletes the content under a live group destroys nothing', async () => {
    const made = await takeGroup();
    await remove(`${GROUP_CONTENTS}/groupsnapcontent-${made.metadata?.uid}`);
    expect([(await groupContents()).length, inDriver().length]).toEqual([1, 3]);
    await remove(`${GROUPS}/nightly`);
    await expectNothingLeft();
  });

  test('members that were taken away by force leave nothing behind when the group goes', async () => {
    await takeGroup();
    for (const { metadata } of (await members()).slice(0, 2)) {
      await world.request('PATCH', `${SNAPSHOTS}/${metadata?.name}`, { metadata: { finalizers: null } });
      await world.request('DELETE', `${SNAPSHOTS}/${metadata?.name}`).catch(() => undefined);
      await world.request('PATCH', `${SNAPSHOTS}/${metadata?.name}`, { metadata: { finalizers: null } }).catch(() => undefined);
    }
    await world.settled();
    expect((await members()).length, 'a ready group makes none again').toBe(1);
    await remove(`${GROUPS}/nightly`);
    await expectNothingLeft();
  });

  test('members of a group that was taken away by force go too, and are not taken for snapshots of their own', async () => {
    await takeGroup();
    await world.request('PATCH', `${GROUPS}/nightly`, { metadata: { finalizers: null } });
    await remove(`${GROUPS}/nightly`);
    await world.advance(5_000);
    expect([await members(), await contents()]).toEqual([[], []]);
    expect((await groupContents()).length, 'what was made is still named').toBe(1);
    expect(inDriver()).toHaveLength(3);
  });

  test('an owner reference to a group, which users may write, makes no member of a snapshot', async () => {
    const made = await takeGroup();
    await world.request('POST', CLASSES, classBody('snap'));
    const ownerReferences = [
      { apiVersion: 'groupsnapshot.storage.k8s.io/v1beta1', kind: 'VolumeGroupSnapshot', name: 'nightly', uid: made.metadata?.uid },
    ];
    const forged = snapshotBody(`snapshot-${'0'.repeat(64)}`, 'a') as { metadata: object };
    await world.request('POST', SNAPSHOTS, { ...forged, metadata: { ...forged.metadata, ownerReferences } });
    await world.settled();
    const snapshot = await world.snapshot(`snapshot-${'0'.repeat(64)}`);
    expect(snapshot.status).toMatchObject({ readyToUse: true });
    expect(snapshot.status).not.toHaveProperty('volumeGroupSnapshotName');
    await remove(`${SNAPSHOTS}/snapshot-${'0'.repeat(64)}`);
    expect(await members()).toHaveLength(3);
  });

  test('a pre-provisioned group is bound and ready; its members learn its name and are owned by it', async () => {
    const handles = [];
    for (const name of ['x', 'y']) handles.push(await world.boundClaim(name));
    const taken = (await world.groupInDriver('theirs', handles)).response.groupSnapshot;
    const snapshotHandles = (taken?.snapshots ?? []).map(({ snapshotId }) => snapshotId);
    await world.request('POST', GROUP_CONTENTS, {
      apiVersion: 'groupsnapshot.storage.k8s.io/v1',
      kind: 'VolumeGroupSnapshotContent',
      metadata: { name: 'imported' },
      spec: {
        driver: DRIVER,
        deletionPolicy: 'Delete',
        volumeGroupSnapshotRef: { name: 'nightly', namespace: 'default' },
        source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: taken?.groupSnapshotId, volumeSnapshotHandles: snapshotHandles } },
      },
    });
    for (const [at, snapshotHandle] of snapshotHandles.entries()) {
      await world.request('POST', CONTENTS, contentBody(`imported-${at}`, snapshotHandle, `member-${at}`));
      await world.request('POST', SNAPSHOTS, {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        metadata: { name: `member-${at}`, namespace: 'default' },
        spec: { source: { volumeSnapshotContentName: `imported-${at}` } },
      });
    }
    await world.settled();
    const made = await takeGroup({ source: { volumeGroupSnapshotContentName: 'imported' } });
    expect(made.status).toMatchObject({ readyToUse: true, boundVolumeGroupSnapshotContentName: 'imported' });
    expect((await groupContents())[0]?.spec?.volumeGroupSnapshotRef?.uid).toBe(made.metadata?.uid);
    for (const { metadata, status } of await members()) {
      expect(status).toMatchObject({ readyToUse: true, volumeGroupSnapshotName: 'nightly' });
      expect(metadata?.ownerReferences).toMatchObject([{ kind: 'VolumeGroupSnapshot', uid: made.metadata?.uid }]);
    }
    await remove(`${GROUPS}/nightly`);
    await expectNothingLeft();
  });
});

describe('a death at every write and call of a group', () => {
  /** `deletes`: the user deletes the group at once, while it is being made. */
  const lives = async (at: number, moment: 'before' | 'after', deletes: 'later' | 'at-once'): Promise<number> => {
    const world = await openWorld();
    await world.request('POST', GROUP_CLASSES, groupClassBody());
    for (const name of ['a', 'b']) {
      await world.boundClaim(name);
      await world.request('PATCH', `${CLAIMS}/${name}`, { metadata: { labels: { app: 'db' } } });
    }
    await world.startController();
    await world.startSidecar();
    Object.assign(world.deaths, { passed: 0, at, moment });
    const settle = async (): Promise<void> => {
      await world.settled();
      await world.restart();
      await world.advance(20_000);
    };
    await world.request('POST', GROUPS, groupBody());
    if (deletes === 'at-once') for (let turn = 0; turn < at % 7; turn += 1) await world.clock.settle();
    else {
      await settle();
      expect((await world.request<VolumeGroupSnapshot>('GET', `${GROUPS}/nightly`)).status, `death ${at} ${moment}`).toMatchObject({
        readyToUse: true,
      });
      expect([(await world.list(SNAPSHOTS)).length, (await world.list(CONTENTS)).length, world.driver.ledger().snapshots.length]).toEqual([
        2, 2, 2,
      ]);
      for (const { status } of await world.list<VolumeSnapshot>(SNAPSHOTS)) expect(status).toMatchObject({ readyToUse: true });
    }
    await world.request('DELETE', `${GROUPS}/nightly`);
    await settle();
    const left = [GROUPS, GROUP_CONTENTS, SNAPSHOTS, CONTENTS].map((path) => world.list(path));
    expect([...(await Promise.all(left)), world.driver.ledger().snapshots], `death ${at} ${moment}`).toEqual([[], [], [], [], []]);
    for (const { metadata } of await world.list<PersistentVolumeClaim>(CLAIMS))
      expect(metadata?.finalizers ?? [], `death ${at} ${moment}`).not.toContain(CLAIM_PROTECTION);
    const { passed } = world.deaths;
    await world.close();
    return passed;
  };

  test.each(['before', 'after'] as const)('%s it: the group is whole, once, and goes whole', { timeout: 120_000 }, async (moment) => {
    const steps = await lives(0, moment, 'later');
    expect(steps).toBeGreaterThan(30);
    for (let at = 1; at <= steps; at += 1) await lives(at, moment, 'later');
  });

  test('of one that is deleted while it is being made: nothing is left', { timeout: 120_000 }, async () => {
    for (let at = 0; at < 40; at += 1) await lives(at, at % 2 === 0 ? 'before' : 'after', 'at-once');
  });
});
