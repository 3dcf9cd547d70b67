/** csi-snapshotter with group contents as the controller or an administrator writes them, and once with the controller itself. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VolumeGroupSnapshot, VolumeGroupSnapshotContent, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import {
  CLAIMS,
  CONTENTS,
  contentBody,
  DRIVER,
  GROUP_CLASSES,
  GROUP_CONTENTS,
  groupClassBody,
  GROUPS,
  openWorld,
  SNAPSHOTS,
} from './snapshotter-world.ts';
import type { World, WorldOptions } from './snapshotter-world.ts';

const BEING_CREATED = 'groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-created';
const BEING_DELETED = 'groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted';
const FAILURE = 'csi-sidecars/failure';
const UNCERTAIN = 'csi-sidecars/creation-uncertain';
const PROTECTION = 'groupsnapshot.storage.kubernetes.io/volumegroupsnapshotcontent-bound-protection';
const UID = '7a7a7d8e-2222-4222-8333-0123456789ab';
const NAME = `groupsnapcontent-${UID}`;
const MINUTE = 60_000;

async function start(options: WorldOptions = {}): Promise<World> {
  const world = await openWorld(options);
  await world.request('POST', GROUP_CLASSES, groupClassBody());
  await world.startSidecar();
  world.takeCalls();
  return world;
}

interface ContentMore {
  readonly name?: string;
  readonly spec?: object;
  readonly labels?: Record<string, string>;
}

function groupBody(source: object, { name = NAME, spec, labels }: ContentMore = {}): object {
  return {
    apiVersion: 'groupsnapshot.storage.k8s.io/v1',
    kind: 'VolumeGroupSnapshotContent',
    metadata: { name, finalizers: [PROTECTION], ...(labels === undefined ? {} : { labels }) },
    spec: {
      driver: DRIVER,
      deletionPolicy: 'Delete',
      volumeGroupSnapshotClassName: 'groups',
      volumeGroupSnapshotRef: { kind: 'VolumeGroupSnapshot', name: 'nightly', namespace: 'default', uid: UID },
      source,
      ...spec,
    },
  };
}

describe('csi-snapshotter and groups', () => {
  let world: World;
  let handles: readonly string[];
  beforeEach(async () => {
    world = await start();
    handles = await world.volumes(['a', 'b', 'c']);
  });
  afterEach(() => world.close());

  const content = async (): Promise<VolumeGroupSnapshotContent | undefined> =>
    (await world.list<VolumeGroupSnapshotContent>(GROUP_CONTENTS))[0];
  const take = async (source: object = { volumeHandles: handles }, more: ContentMore = {}): Promise<void> => {
    await world.request('POST', GROUP_CONTENTS, groupBody(source, more));
    await world.settled();
  };
  /** As the controller does when the VolumeGroupSnapshot is deleted. */
  const remove = async (name = NAME): Promise<void> => {
    await world.request('PATCH', `${GROUP_CONTENTS}/${name}`, { metadata: { annotations: { [BEING_DELETED]: 'yes' } } });
    await world.request('DELETE', `${GROUP_CONTENTS}/${name}`);
    await world.settled();
  };
  const expectNothingLeft = async (): Promise<void> => {
    expect(await world.list(GROUP_CONTENTS)).toEqual([]);
    const { groups, snapshots } = world.driver.ledger();
    expect([...groups, ...snapshots]).toEqual([]);
  };

  test('a group of three is ready with all its members in three calls, and goes in one', async () => {
    await take();
    expect(world.takeCalls()).toEqual({
      writes: ['S PATCH volumegroupsnapshotcontents', 'S PATCH volumegroupsnapshotcontents/status', 'S PATCH volumegroupsnapshotcontents'],
      events: 0,
    });
    const [group] = world.driver.ledger().groups;
    expect(group).toMatchObject({ name: `groupsnapshot-${UID}` });
    const made = await content();
    expect(made?.metadata?.annotations ?? {}).toEqual({});
    expect(made?.status).toMatchObject({ volumeGroupSnapshotHandle: group?.id, readyToUse: true });
    expect(made?.status?.creationTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(made?.status?.volumeSnapshotInfoList).toEqual(
      handles.map((volumeHandle) => ({
        volumeHandle,
        snapshotHandle: expect.stringMatching(/^snap-/),
        creationTime: expect.any(BigInt),
        restoreSize: 1n << 30n,
        readyToUse: true,
      })),
    );

    await remove();
    expect(world.takeCalls()).toEqual({ writes: ['S PATCH volumegroupsnapshotcontents'], events: 0 });
    expect(world.rpcs.map(({ rpc }) => rpc)).toEqual(['CreateVolumeGroupSnapshot', 'DeleteVolumeGroupSnapshot']);
    await expectNothingLeft();
  });

  test('the name that a driver is told is as --groupsnapshot-name-prefix and --groupsnapshot-name-uuid-length say', async () => {
    await world.close();
    const flags = { 'groupsnapshot-name-prefix': 'g', 'groupsnapshot-name-uuid-length': '8', 'snapshot-name-uuid-length': '5' };
    world = await start({ sidecarFlags: Object.entries(flags).map(([name, text]) => ({ name, text })) });
    handles = await world.volumes(['a']);
    await take();
    expect(world.driver.ledger().groups.map(({ name }) => name)).toEqual([`g-${UID.replaceAll('-', '').slice(0, 8)}`]);
  });

  test('settled means silent: a resync asks nobody', async () => {
    await take();
    world.takeCalls();
    world.rpcs.splice(0);
    await world.advance(16 * MINUTE);
    expect(world.takeCalls()).toEqual({ writes: [], events: 0 });
    expect(world.rpcs).toEqual([]);
  });

  test('not ready yet is polled by one call of the driver and none of the API, then all members are seen to be ready', async () => {
    world.driver.faults.add([{ rpc: 'CreateVolumeGroupSnapshot', notReadyMs: 100_000 }]);
    await take();
    await world.advance(1500);
    expect((await content())?.status?.volumeSnapshotInfoList?.map(({ readyToUse }) => readyToUse)).toEqual([false, false, false]);
    world.takeCalls();
    const before = world.rpcs.length;
    await world.advance(MINUTE);
    expect(world.takeCalls()).toEqual({ writes: [], events: 0 });
    expect(world.rpcs.length - before).toBe(4);
    expect((await content())?.metadata?.annotations?.[BEING_CREATED]).toBe('yes');
    await world.advance(1.5 * MINUTE);
    expect((await content())?.status).toMatchObject({ readyToUse: true });
    expect((await content())?.status?.volumeSnapshotInfoList?.map(({ readyToUse }) => readyToUse)).toEqual([true, true, true]);
    expect((await content())?.metadata?.annotations?.[BEING_CREATED]).toBeUndefined();
  });

  test('a group that an administrator brought is asked about until it is ready, then deleted with the members that he named', async () => {
    world.driver.faults.add([{ rpc: 'CreateVolumeGroupSnapshot', notReadyMs: MINUTE }]);
    const made = await world.groupInDriver('theirs', handles);
    const group = made.response.groupSnapshot;
    const volumeSnapshotHandles = group?.snapshots.map(({ snapshotId }) => snapshotId);
    const source = { groupSnapshotHandles: { volumeGroupSnapshotHandle: group?.groupSnapshotId, volumeSnapshotHandles } };
    await take(source, { name: 'imported', spec: { volumeGroupSnapshotRef: { name: 'nightly', namespace: 'default' } } });
    expect((await content())?.status).toEqual({
      volumeGroupSnapshotHandle: group?.groupSnapshotId,
      creationTime: expect.any(String),
      readyToUse: false,
    });
    await world.advance(2 * MINUTE);
    expect((await content())?.status).toMatchObject({ readyToUse: true });
    expect(new Set(world.rpcs.map(({ rpc }) => rpc))).toEqual(new Set(['GetVolumeGroupSnapshot']));
    await world.request('DELETE', `${GROUP_CONTENTS}/imported`);
    await world.settled();
    await expectNothingLeft();
  });

  test('a handle that the driver does not know is said, and nothing is deleted for it', async () => {
    const source = { groupSnapshotHandles: { volumeGroupSnapshotHandle: 'group-x', volumeSnapshotHandles: ['s'] } };
    await take(source, { name: 'imported', spec: { volumeGroupSnapshotRef: { name: 'nightly', namespace: 'default' } } });
    expect((await content())?.status?.error?.message).toMatch(
      /failed to list group snapshot for group snapshot content imported: .*"group-x.* does not exist/,
    );
    expect(await world.reasons()).toEqual(['GroupSnapshotContentCheckandUpdateFailed']);
    await world.request('DELETE', `${GROUP_CONTENTS}/imported`);
    await world.settled();
    await expectNothingLeft();
    expect(world.rpcs.map(({ rpc }) => rpc)).not.toContain('DeleteVolumeGroupSnapshot');
  });

  test.each([
    ['fewer members', { drop: ['group_snapshot.snapshots.1'] }, /without a snapshot of volume/],
    [
      'a foreign member',
      { set: { 'group_snapshot.snapshots.3': { snapshot_id: 'snap-x', source_volume_id: 'vol-x' } } },
      /snapshot snap-x of volume vol-x, which is none/,
    ],
    ['a member without an id', { set: { 'group_snapshot.snapshots.0.snapshot_id': '' } }, /that has no id/],
    ['no id of its own', { drop: ['group_snapshot.group_snapshot_id'] }, /without a group snapshot id/],
  ] as const)('an answer with %s is said, leaks nothing, and heals when the driver does', async (_, answer, message) => {
    world.driver.faults.add([{ rpc: 'CreateVolumeGroupSnapshot', answer, calls: { from: 1, to: 3 } }]);
    await take();
    const failing = await content();
    expect(failing?.status).toMatchObject({ readyToUse: false, error: { message: expect.stringMatching(message) } });
    expect(failing?.status?.error?.message).toMatch(/^Failed to create group snapshot: failed to take group snapshot of the volumes \[/);
    expect(failing?.metadata?.annotations?.[BEING_CREATED], 'the group may exist').toBe('yes');
    expect(await world.reasons()).toEqual(['GroupSnapshotCreationFailed']);
    await world.advance(10_000);
    expect((await content())?.status).toMatchObject({ readyToUse: true });
    expect((await content())?.status?.error).toBeUndefined();
    expect(world.driver.ledger().groups).toHaveLength(1);
  });

  test('a half-made group whose driver never names it well is deleted by what the driver does name', async () => {
    world.driver.faults.add([
      {
        rpc: 'CreateVolumeGroupSnapshot',
        answer: { set: { 'group_snapshot.snapshots.0.source_volume_id': 'vol-x' } },
      },
    ]);
    await take();
    expect((await content())?.status?.volumeGroupSnapshotHandle).toBeUndefined();
    await remove();
    await world.advance(10_000);
    await expectNothingLeft();
  });

  test('deleted while its calls time out, it is waited for, then deleted with all its members', async () => {
    world.driver.faults.add([{ rpc: 'CreateVolumeGroupSnapshot', code: 'DEADLINE_EXCEEDED', effect: true, calls: { from: 1, to: 4 } }]);
    await take();
    await remove();
    expect(await content(), 'nothing is let go while a call is undecided').toBeDefined();
    expect(world.driver.ledger().groups).toHaveLength(1);
    await world.advance(20_000);
    await expectNothingLeft();
  });

  test('one lost answer, then final ones: nobody waits, and what was made is found behind their backs', async () => {
    world.driver.faults.add([
      { rpc: 'CreateVolumeGroupSnapshot', code: 'DEADLINE_EXCEEDED', effect: true, calls: { from: 1, to: 1 } },
      { rpc: 'CreateVolumeGroupSnapshot', code: 'INTERNAL', calls: { from: 2, to: 6 } },
    ]);
    await take();
    await world.advance(3000);
    expect((await content())?.metadata?.annotations).toEqual({ [UNCERTAIN]: 'yes', [FAILURE]: expect.stringContaining('"Internal"') });
    await remove();
    await world.advance(5 * MINUTE);
    expect(await world.reasons()).toContain('GroupSnapshotCreationUncertain');
    await expectNothingLeft();
  });

  test('a failing DeleteVolumeGroupSnapshot is told, backs off, and ends well', async () => {
    await take();
    world.driver.faults.add([{ rpc: 'DeleteVolumeGroupSnapshot', code: 'UNAVAILABLE', calls: { from: 1, to: 3 } }]);
    await remove();
    expect(await world.reasons()).toEqual(['GroupSnapshotDeleteError']);
    await world.advance(10_000);
    await expectNothingLeft();
  });

  test('Retain lets the object go and keeps the group', async () => {
    await take(undefined, { spec: { deletionPolicy: 'Retain' } });
    await remove();
    expect(await content()).toBeUndefined();
    expect(world.driver.ledger().groups).toHaveLength(1);
    expect(world.driver.ledger().snapshots).toHaveLength(3);
  });

  test('a content that somebody else keeps promises no group any more', async () => {
    await take();
    await world.request('PATCH', `${GROUP_CONTENTS}/${NAME}`, { metadata: { finalizers: [PROTECTION, 'example.com/theirs'] } });
    await remove();
    const kept = await content();
    expect(kept?.metadata?.finalizers).toEqual(['example.com/theirs']);
    expect(Object.keys(kept?.status ?? {})).toEqual(['volumeSnapshotInfoList']);
    expect(world.driver.ledger().groups).toEqual([]);
  });

  test('a sidecar that restarts at any write or call makes no second group and leaves nothing', async () => {
    const points = await story(0, 'before');
    expect(points).toBeGreaterThanOrEqual(6);
    for (let at = 1; at <= points; at += 1) for (const moment of ['before', 'after'] as const) await story(at, moment);
  });

  async function story(at: number, moment: 'before' | 'after'): Promise<number> {
    const dying = await start();
    const volumes = await dying.volumes(['a', 'b']);
    Object.assign(dying.deaths, { at, moment, passed: 0 });
    const settle = async (): Promise<void> => {
      await dying.settled();
      if (at > 0 && dying.deaths.passed >= at) {
        dying.kill('csi-snapshotter');
        await dying.startSidecar();
      }
      await dying.advance(3000);
    };
    await dying.request('POST', GROUP_CONTENTS, groupBody({ volumeHandles: volumes }));
    await settle();
    expect((await dying.request<VolumeGroupSnapshotContent>('GET', `${GROUP_CONTENTS}/${NAME}`)).status, `${moment} ${at}`).toMatchObject({
      readyToUse: true,
    });
    expect(dying.driver.ledger().groups).toHaveLength(1);
    await dying.request('PATCH', `${GROUP_CONTENTS}/${NAME}`, { metadata: { annotations: { [BEING_DELETED]: 'yes' } } });
    await dying.request('DELETE', `${GROUP_CONTENTS}/${NAME}`);
    await settle();
    expect(await dying.list(GROUP_CONTENTS), `${moment} ${at}`).toEqual([]);
    expect(dying.driver.ledger().groups).toEqual([]);
    const { passed } = dying.deaths;
    await dying.close();
    return passed;
  }
});

describe('members', () => {
  test('a member is never asked for by name, is seen to become ready, and goes without a call', async () => {
    const world = await start();
    const [volume = ''] = await world.volumes(['a']);
    world.driver.faults.add([{ rpc: 'CreateVolumeGroupSnapshot', notReadyMs: 5000 }]);
    const made = await world.groupInDriver('g', [volume]);
    const [snapshot] = made.response.groupSnapshot?.snapshots ?? [];
    const name = 'snapcontent-member';
    await world.request('POST', CONTENTS, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotContent',
      metadata: {
        name,
        annotations: { 'groupsnapshot.storage.k8s.io/volumeGroupSnapshotHandle': made.response.groupSnapshot?.groupSnapshotId },
        finalizers: ['snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection'],
      },
      spec: {
        driver: DRIVER,
        deletionPolicy: 'Delete',
        source: { volumeHandle: volume },
        volumeSnapshotRef: { kind: 'VolumeSnapshot', name: 'snapshot-member', namespace: 'default', uid: UID },
      },
    });
    await world.advance(2000);
    expect(world.rpcs).toEqual([]);
    await world.request('PATCH', `${CONTENTS}/${name}/status`, {
      status: {
        snapshotHandle: snapshot?.snapshotId,
        volumeGroupSnapshotHandle: made.response.groupSnapshot?.groupSnapshotId,
        readyToUse: false,
      },
    });
    await world.advance(8000);
    expect((await world.request<VolumeSnapshotContent>('GET', `${CONTENTS}/${name}`)).status).toMatchObject({
      readyToUse: true,
      restoreSize: 1n << 30n,
    });
    await world.request('PATCH', `${CONTENTS}/${name}`, {
      metadata: { annotations: { 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted': 'yes' } },
    });
    await world.request('DELETE', `${CONTENTS}/${name}`);
    await world.settled();
    expect(await world.list(CONTENTS)).toEqual([]);
    expect(new Set(world.rpcs.map(({ rpc }) => rpc))).toEqual(new Set(['ListSnapshots']));
    expect(world.driver.ledger().snapshots, 'it goes with its group').toHaveLength(1);
    await world.close();
  });

  test('a snapshot that an administrator brought learns its group, and is not deleted alone', async () => {
    const world = await start();
    const [volume = ''] = await world.volumes(['a']);
    const made = await world.groupInDriver('g', [volume]);
    const [snapshot] = made.response.groupSnapshot?.snapshots ?? [];
    await world.request('POST', CONTENTS, contentBody('imported', snapshot?.snapshotId, 'nightly'));
    await world.settled();
    expect((await world.request<VolumeSnapshotContent>('GET', `${CONTENTS}/imported`)).status).toMatchObject({
      readyToUse: true,
      volumeGroupSnapshotHandle: made.response.groupSnapshot?.groupSnapshotId,
    });
    await world.request('DELETE', `${CONTENTS}/imported`);
    await world.settled();
    expect(world.rpcs.map(({ rpc }) => rpc)).toEqual(['ListSnapshots']);
    expect(world.driver.ledger().snapshots).toHaveLength(1);
    await world.close();
  });
});

describe('where groups are not to be had', () => {
  test('a driver that cannot make them is said at the start, and on a content that needs it, with the remedy', async () => {
    const world = await start({ disabled: ['CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'] });
    expect(world.log.lines.map(({ message }) => message)).toContain('The driver makes no group snapshots');
    const volumeHandles = await world.volumes(['a']);
    await world.request('POST', GROUP_CONTENTS, groupBody({ volumeHandles }));
    await world.settled();
    const [content] = await world.list<VolumeGroupSnapshotContent>(GROUP_CONTENTS);
    expect(content?.status?.error?.message).toMatch(
      /Unimplemented.*: the driver has not the capability CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT.*Use a version of the driver that has, or delete the VolumeGroupSnapshot/,
    );
    expect(await world.reasons()).toEqual(['GroupSnapshotCreationFailed']);
    expect(content?.metadata?.annotations, 'nothing is being created').toEqual({ [FAILURE]: expect.stringContaining('"Unimplemented"') });
    await world.close();
  });

  test('with the feature gate off, nobody looks at group contents', async () => {
    const world = await start({ sidecarFlags: [{ name: 'feature-gates', text: 'CSIVolumeGroupSnapshot=false' }] });
    const volumeHandles = await world.volumes(['a']);
    await world.request('POST', GROUP_CONTENTS, groupBody({ volumeHandles }));
    await world.advance(5000);
    expect(world.rpcs).toEqual([]);
    expect(world.takeCalls().writes).toEqual([]);
    await world.close();
  });

  test('a sidecar per node serves the groups that are labelled with its node, with classes that nobody labels', async () => {
    const world = await start({ nodeName: 'node-1', sidecarFlags: [{ name: 'node-deployment', text: 'true' }] });
    const volumeHandles = await world.volumes(['a']);
    await world.request('POST', GROUP_CONTENTS, groupBody({ volumeHandles }));
    await world.advance(2000);
    expect(world.rpcs, 'not labelled with this node').toEqual([]);
    await world.request('PATCH', `${GROUP_CONTENTS}/${NAME}`, {
      metadata: { labels: { 'snapshot.storage.kubernetes.io/managed-by': 'node-1' } },
    });
    await world.advance(2000);
    expect((await world.request<VolumeGroupSnapshotContent>('GET', `${GROUP_CONTENTS}/${NAME}`)).status?.readyToUse).toBe(true);
    await world.close();
  });
});

describe('a group snapshot, both programs', () => {
  test('of N claims it is ready within 10 + 8N calls, events included, and goes within 4 + 5N with all that was made for it', async () => {
    const world = await start();
    const names = ['a', 'b', 'c'];
    for (const name of names) {
      await world.boundClaim(name);
      await world.request('PATCH', `${CLAIMS}/${name}`, { metadata: { labels: { app: 'db' } } });
    }
    await world.startController();
    world.takeCalls();
    await world.request('POST', GROUPS, {
      apiVersion: 'groupsnapshot.storage.k8s.io/v1',
      kind: 'VolumeGroupSnapshot',
      metadata: { name: 'nightly', namespace: 'default' },
      spec: { volumeGroupSnapshotClassName: 'groups', source: { selector: { matchLabels: { app: 'db' } } } },
    });
    await world.advance(5000);
    const made = world.takeCalls();
    expect((await world.request<VolumeGroupSnapshot>('GET', `${GROUPS}/nightly`)).status).toMatchObject({ readyToUse: true });
    const members = await world.list<VolumeSnapshot>(SNAPSHOTS);
    expect(members.map(({ status }) => [status?.readyToUse, status?.volumeGroupSnapshotName])).toEqual(names.map(() => [true, 'nightly']));
    expect(made.writes.length + made.events).toBeLessThanOrEqual(10 + 8 * names.length);
    expect(
      made.writes.filter((what) => what.startsWith('S')),
      'the sidecar writes no more for many members',
    ).toHaveLength(3);
    expect(world.rpcs.map(({ rpc }) => rpc)).toEqual(['CreateVolumeGroupSnapshot']);

    await world.request('DELETE', `${GROUPS}/nightly`);
    await world.advance(5000);
    const gone = world.takeCalls();
    expect(await world.list(GROUPS)).toEqual([]);
    expect(await world.list(SNAPSHOTS)).toEqual([]);
    expect(await world.list(CONTENTS)).toEqual([]);
    expect(await world.list(GROUP_CONTENTS)).toEqual([]);
    const { groups, snapshots } = world.driver.ledger();
    expect([...groups, ...snapshots]).toEqual([]);
    expect(gone.writes.length + gone.events).toBeLessThanOrEqual(4 + 5 * names.length);
    expect(world.rpcs.map(({ rpc }) => rpc)).toEqual(['CreateVolumeGroupSnapshot', 'DeleteVolumeGroupSnapshot']);
    await world.close();
  });
});
