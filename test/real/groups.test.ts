/** Group snapshots on a real API server, the Go programs' and ours in every pair: the same objects, and nothing left. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { Program } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import type { KubeObject, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { groupSnapshotResources, PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { BOUND_PROTECTION } from '../../snapshotter/names.ts';
import { deleteClaim, openScene, provision, type Scene, untilNothingLeft } from './main-job.ts';
import type { Cast, Side } from './programs.ts';
import { castOf, PROGRAM_USERS, startCast, stopCast, userOf } from './programs.ts';

const SIDES: readonly Side[] = ['ours', 'go'];
const GROUPS = groupSnapshotResources('v1');
const MEMBERS = ['a', 'b', 'c'];
const HANG_MS = 120_000;

let plane: ControlPlane;
let driver: MockDriver;
let programs: Program[] = [];
/** By pair: what the members, in the order of their claims, looked like when the group was ready. */
const shapes = new Map<string, unknown>();

beforeAll(async () => {
  plane = await startControlPlane({ users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
  driver = await startMockDriver(plane.stage);
});
afterEach(() => stopCast(programs));
afterAll(() => plane.stop());

async function start(cast: Cast): Promise<void> {
  programs = await startCast(plane.stage, {
    cast,
    address: driver.address,
    kubeconfigOf: (role, side) => plane.kubeconfigOf(userOf(role, side).name),
    argsOf: (role) => (role === 'csi-provisioner' ? [] : ['--feature-gates=CSIVolumeGroupSnapshot=true']),
  });
}

async function openGroup(name: string): Promise<Scene> {
  const scene = await openScene({ plane, driver, name });
  await scene.kube.create(GROUPS.classes, { metadata: { name }, driver: driver.name, deletionPolicy: 'Delete' });
  for (const member of MEMBERS) {
    await provision(scene, member);
    await scene.kube.mergePatch(PERSISTENT_VOLUME_CLAIMS, { namespace: name, name: member }, { metadata: { labels: { app: 'db' } } });
  }
  return scene;
}

function guard(): { signal: AbortSignal; timeoutMs: number } {
  return { signal: plane.stage.broken, timeoutMs: HANG_MS };
}

/** The group is asked for, and its members are ready. */
async function takeGroup({ kube, namespace }: Scene): Promise<VolumeSnapshot[]> {
  await kube.create(GROUPS.snapshots, {
    metadata: { name: 'all', namespace },
    spec: { volumeGroupSnapshotClassName: namespace, source: { selector: { matchLabels: { app: 'db' } } } },
  });
  await kube.until(
    GROUPS.snapshots,
    { namespace, name: 'all' },
    { what: 'ready', test: ({ status }) => status?.readyToUse === true, ...guard() },
  );
  return eventually(
    'the members to be ready',
    async () => {
      const found = await kube.list(VOLUME_SNAPSHOTS, namespace);
      return found.length === MEMBERS.length && found.every(({ status }) => status?.readyToUse === true) ? found : undefined;
    },
    guard(),
  );
}

/** What users and other programs read of a member, without what differs from one run to the next. */
function shapeOf(snapshot: VolumeSnapshot, content: VolumeSnapshotContent | undefined): unknown {
  const owners = (snapshot.metadata?.ownerReferences ?? []).map(({ apiVersion, kind, name }) => ({ apiVersion, kind, name }));
  return {
    owners,
    // The Go program adds that of a bound snapshot at one of its next looks, and not before it is asked for.
    finalizers: (snapshot.metadata?.finalizers ?? []).filter((name) => name !== BOUND_PROTECTION).toSorted(),
    source: snapshot.spec?.source,
    group: snapshot.status?.volumeGroupSnapshotName,
    size: snapshot.status?.restoreSize,
    content: {
      finalizers: content?.metadata?.finalizers,
      annotations: Object.keys(content?.metadata?.annotations ?? {}).toSorted(),
      policy: content?.spec?.deletionPolicy,
      driver: content?.spec?.driver,
      mode: content?.spec?.sourceVolumeMode,
      ready: content?.status?.readyToUse,
      ofGroup: content?.status?.volumeGroupSnapshotHandle !== undefined,
    },
  };
}

async function deleteGroup({ kube, namespace }: Scene): Promise<void> {
  await kube.delete(GROUPS.snapshots, { namespace, name: 'all' });
  await kube.untilGone(GROUPS.snapshots, { namespace, name: 'all' }, guard());
  const isEmpty = async (): Promise<true | undefined> => {
    const left: KubeObject[][] = [
      await kube.list<KubeObject>(VOLUME_SNAPSHOTS, namespace),
      await kube.list<KubeObject>(VOLUME_SNAPSHOT_CONTENTS),
      await kube.list<KubeObject>(GROUPS.contents),
    ];
    return left.every(({ length }) => length === 0) ? true : undefined;
  };
  await eventually('the members and their contents to be gone', isEmpty, guard());
}

async function finish(scene: Scene): Promise<void> {
  for (const member of MEMBERS) await deleteClaim(scene, member);
  await scene.kube.delete(GROUPS.classes, { name: scene.namespace });
  await untilNothingLeft(scene);
}

describe('a group of three', () => {
  for (const controller of SIDES)
    for (const sidecar of SIDES) {
      const name = `${controller}-${sidecar}`;
      test(`is made and deleted by controller and sidecar ${name}`, async () => {
        await start(castOf('ours', { 'snapshot-controller': controller, 'csi-snapshotter': sidecar }));
        const scene = await openGroup(`groups-${name}`);
        const members = await takeGroup(scene);
        expect(members.map(({ spec }) => spec?.source?.persistentVolumeClaimName).toSorted()).toEqual(MEMBERS);
        const contents = await scene.kube.list(VOLUME_SNAPSHOT_CONTENTS);
        const byClaim = members.toSorted((a, b) =>
          (a.spec?.source?.persistentVolumeClaimName ?? '') < (b.spec?.source?.persistentVolumeClaimName ?? '') ? -1 : 1,
        );
        const shape = byClaim.map((member) =>
          shapeOf(
            member,
            contents.find(({ metadata }) => metadata?.name === member.status?.boundVolumeSnapshotContentName),
          ),
        );
        shapes.set(name, shape);
        const { groups, snapshots } = await driver.ledger();
        expect([groups.length, snapshots.length]).toEqual([1, MEMBERS.length]);
        await deleteGroup(scene);
        await finish(scene);
      });
    }

  test('looks the same whoever made it', () => {
    const [first, ...others] = shapes.values();
    expect(others).toHaveLength(3);
    for (const other of others) expect(other).toEqual(first);
  });

  for (const [first, second] of [
    ['ours', 'go'],
    ['go', 'ours'],
  ] as const)
    test(`that ${first} programs made is deleted by ${second} ones`, async () => {
      await start(castOf(first, { 'csi-provisioner': 'ours' }));
      const scene = await openGroup(`groups-of-${first}`);
      await takeGroup(scene);
      await stopCast(programs);
      await start(castOf(second, { 'csi-provisioner': 'ours' }));
      await deleteGroup(scene);
      await finish(scene);
    });
});
