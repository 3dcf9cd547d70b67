/**
 * What happens to snapshots and groups beside the main job: Retain, pre-provisioned contents, contents that an administrator
 * deletes first, deletion while the driver works. Each story ends with nothing left, and says what it saw on the way.
 */
import type { KubeObject, Resource, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { BEING_CREATED, BOUND_PROTECTION, GROUP_BEING_CREATED } from '../../snapshotter/names.ts';
import type { DriverControl } from '../../harness/driver-control.ts';
import { type KubeTarget, nameOf, RefusedError } from '../../harness/kube.ts';
import { eventually } from '../../harness/wait.ts';
import type { Group } from './group-job.ts';
import { askForGroup, deleteGroup, GROUPS, takeGroup, untilGroupReady } from './group-job.ts';
import type { Side } from './programs.ts';
import { createSnapshot, deleteSnapshot, guard, type Scene, takeSnapshot, untilReady } from './main-job.ts';

/** What users and other programs read of a snapshot and its content, without what differs from one run to the next. */
export function shapeOf(snapshot: VolumeSnapshot, content: VolumeSnapshotContent | undefined): object {
  return {
    owners: (snapshot.metadata?.ownerReferences ?? []).map(({ apiVersion, kind, name }) => ({ apiVersion, kind, name })),
    // The Go program adds that of a bound snapshot at one of its next looks, and not before it is asked for.
    finalizers: (snapshot.metadata?.finalizers ?? []).filter((name) => name !== BOUND_PROTECTION).toSorted(),
    source: snapshot.spec?.source,
    group: snapshot.status?.volumeGroupSnapshotName,
    size: snapshot.status?.restoreSize,
    content: content === undefined ? undefined : contentShapeOf(content),
  };
}

function contentShapeOf({ metadata, spec, status }: VolumeSnapshotContent): object {
  return {
    finalizers: metadata?.finalizers,
    annotations: Object.keys(metadata?.annotations ?? {}).toSorted(),
    policy: spec?.deletionPolicy,
    driver: spec?.driver,
    mode: spec?.sourceVolumeMode,
    ready: status?.readyToUse,
    ofGroup: status?.volumeGroupSnapshotHandle !== undefined,
  };
}

/** Without its source, which names the scene. */
function preProvisionedShapeOf(snapshot: VolumeSnapshot, content: VolumeSnapshotContent | undefined): object {
  return { ...shapeOf(snapshot, content), source: undefined };
}

/** The content of a retained snapshot, and the snapshot that is made of its handle. */
export async function retainAndTakeUp(scene: Scene, claim: string): Promise<readonly object[]> {
  const { kube, namespace } = scene;
  const name = 'retained';
  const { content } = await takeSnapshot(scene, name, claim);
  await retain(scene, VOLUME_SNAPSHOT_CONTENTS, content);
  await deleteObject(scene, VOLUME_SNAPSHOTS, { namespace, name });
  const kept = await kube.get(VOLUME_SNAPSHOT_CONTENTS, nameOf(content));
  await deleteObject(scene, VOLUME_SNAPSHOT_CONTENTS, nameOf(content));

  await preProvision(scene, 'taken-up', kept.status?.snapshotHandle ?? '', { volumeSnapshotClassName: scene.snapshotClass });
  const again = await untilReady(scene, 'taken-up');
  await deleteSnapshot(scene, 'taken-up');
  return [contentShapeOf(kept), preProvisionedShapeOf(again.snapshot, again.content)];
}

/** An administrator deletes the content of a living snapshot: nothing is destroyed before the snapshot is deleted, too. */
export async function deleteContentFirst(scene: Scene, claim: string): Promise<readonly object[]> {
  const { kube, driver, namespace } = scene;
  const { content } = await takeSnapshot(scene, 'content-first', claim);
  await kube.delete(VOLUME_SNAPSHOT_CONTENTS, nameOf(content));
  const before = (await driver.ledger()).snapshots.length;
  const held = await kube.get(VOLUME_SNAPSHOT_CONTENTS, nameOf(content));
  const snapshot = await kube.get(VOLUME_SNAPSHOTS, { namespace, name: 'content-first' });
  await deleteSnapshot(scene, 'content-first');
  return [{ before }, shapeOf(snapshot, held)];
}

/** Deleted while the driver is still at it: the call ends, and what it made goes. */
export async function deleteWhileMade(scene: Scene, control: DriverControl, claim: string, sidecar: Side): Promise<void> {
  const marked = { resource: VOLUME_SNAPSHOT_CONTENTS, mark: BEING_CREATED };
  await slowly({ scene, control, rpc: 'CreateSnapshot' }, marked, () => createSnapshot(scene, 'early', claim));
  await scene.kube.delete(VOLUME_SNAPSHOTS, { namespace: scene.namespace, name: 'early' });
  if (sidecar === 'go') await haveGoLookAgain(scene, marked);
  await scene.kube.untilGone(VOLUME_SNAPSHOTS, { namespace: scene.namespace, name: 'early' }, guard(scene));
}

/** The contents of a retained group and its members, and the group that is made of their handles. */
export async function retainAndTakeUpGroup(group: Group): Promise<readonly object[]> {
  const { scene, name } = group;
  const { kube, driver, namespace } = scene;
  const members = await takeGroup(group);
  const contents = await contentsOf(scene, members);
  const groupContent = await groupContentOf(group);
  for (const content of contents) await retain(scene, VOLUME_SNAPSHOT_CONTENTS, content);
  await retain(scene, GROUPS.contents, groupContent);
  await deleteObject(scene, GROUPS.snapshots, { namespace, name });
  for (const member of members) await kube.untilGone(VOLUME_SNAPSHOTS, nameOf(member), guard(scene));
  const kept = await contentsOf(scene, members);
  const keptGroup = await kube.get(GROUPS.contents, nameOf(groupContent));
  for (const content of kept) await deleteObject(scene, VOLUME_SNAPSHOT_CONTENTS, nameOf(content));
  await deleteObject(scene, GROUPS.contents, nameOf(groupContent));

  const handles = kept.map(({ status }) => status?.snapshotHandle ?? '');
  const taken = { ...group, name: 'taken-up' };
  for (const [index, handle] of handles.entries()) await preProvision(scene, `taken-up-${index}`, handle);
  await kube.create(GROUPS.contents, {
    metadata: { name: `${namespace}-taken-up` },
    spec: {
      deletionPolicy: 'Delete',
      driver: driver.name,
      source: {
        groupSnapshotHandles: {
          volumeGroupSnapshotHandle: keptGroup.status?.volumeGroupSnapshotHandle ?? '',
          volumeSnapshotHandles: handles,
        },
      },
      volumeGroupSnapshotClassName: namespace,
      volumeGroupSnapshotRef: { namespace, name: 'taken-up' },
    },
  });
  await kube.create(GROUPS.snapshots, {
    metadata: { namespace, name: 'taken-up' },
    spec: { volumeGroupSnapshotClassName: namespace, source: { volumeGroupSnapshotContentName: `${namespace}-taken-up` } },
  });
  const again = await untilGroupReady(taken);
  const shapes = (await contentsOf(scene, again)).map((content, index) => preProvisionedShapeOf(again[index] ?? {}, content));
  await deleteGroup(taken);
  return [...kept.map(contentShapeOf), { policy: keptGroup.spec?.deletionPolicy, ready: keptGroup.status?.readyToUse }, ...shapes];
}

export async function deleteGroupContentFirst(group: Group): Promise<readonly object[]> {
  const { scene } = group;
  const { kube, driver } = scene;
  const members = await takeGroup(group);
  const content = await groupContentOf(group);
  await kube.delete(GROUPS.contents, nameOf(content));
  const { groups, snapshots } = await driver.ledger();
  const shapes = (await contentsOf(scene, members)).map((one, index) => shapeOf(members[index] ?? {}, one));
  await deleteGroup(group);
  return [{ groups: groups.length, snapshots: snapshots.length }, ...shapes];
}

export async function deleteGroupWhileMade(group: Group, control: DriverControl, sidecar: Side): Promise<void> {
  const { scene } = group;
  const marked = { resource: GROUPS.contents, mark: GROUP_BEING_CREATED };
  await slowly({ scene, control, rpc: 'CreateVolumeGroupSnapshot' }, marked, () => askForGroup(group));
  await deleteGroup(group, sidecar === 'go' ? () => haveGoLookAgain(scene, marked) : undefined);
}

/**
 * The Go csi-snapshotter that takes its mark of creation off a content which was deleted meanwhile looks at the content as it was
 * before, ignores that for its age, and is not woken by its own write: beside the Go snapshot-controller, too, the content stays until
 * the next resync, 15 minutes later. A label wakes it.
 */
export async function haveGoLookAgain<T extends KubeObject>(
  { kube, plane }: Pick<Scene, 'kube' | 'plane'>,
  { resource, mark }: { readonly resource: Resource<T>; readonly mark: string },
): Promise<void> {
  const isUnmarked = async (): Promise<T[] | undefined> => {
    const contents = await kube.list(resource);
    return contents.some(({ metadata }) => metadata?.annotations?.[mark] !== undefined) ? undefined : contents;
  };
  for (const content of await eventually('the mark of creation to go', isUnmarked, guard({ plane })))
    await kube.mergePatch(resource, nameOf(content), { metadata: { labels: { 'look-again': 'true' } } }).catch((error: unknown) => {
      if (!(error instanceof RefusedError && error.status === 404)) throw error;
    });
}

/** Does `deed`, whose call takes a while, and is back while the driver is at it: the sidecar has marked the content, and is not done. */
async function slowly<T extends KubeObject>(
  { scene, control, rpc }: { readonly scene: Scene; readonly control: DriverControl; readonly rpc: string },
  { resource, mark }: { readonly resource: Resource<T>; readonly mark: string },
  deed: () => Promise<void>,
): Promise<void> {
  await control.bend([{ rpc, delay: '2s' }]);
  await deed();
  const isMarked = async (): Promise<true | undefined> =>
    (await scene.kube.list(resource)).some(({ metadata }) => metadata?.annotations?.[mark] !== undefined) ? true : undefined;
  await eventually(`${rpc} to be under way`, isMarked, guard(scene));
  await control.heal();
}

async function retain<T extends KubeObject>({ kube }: Scene, resource: Resource<T>, content: T): Promise<void> {
  await kube.mergePatch(resource, nameOf(content), { spec: { deletionPolicy: 'Retain' } });
}

/** A content with that handle, and a snapshot of that name which asks for it. */
export async function preProvision(
  { kube, driver, namespace }: Pick<Scene, 'kube' | 'namespace'> & { readonly driver: { readonly name: string } },
  name: string,
  snapshotHandle: string,
  ofClass: { readonly volumeSnapshotClassName?: string } = {},
): Promise<void> {
  const content = `${namespace}-${name}`;
  await kube.create(VOLUME_SNAPSHOT_CONTENTS, {
    metadata: { name: content },
    spec: {
      deletionPolicy: 'Delete',
      driver: driver.name,
      source: { snapshotHandle },
      volumeSnapshotRef: { namespace, name },
      ...ofClass,
    },
  });
  await kube.create(VOLUME_SNAPSHOTS, {
    metadata: { namespace, name },
    spec: { source: { volumeSnapshotContentName: content }, ...ofClass },
  });
}

async function deleteObject<T extends KubeObject>(scene: Scene, resource: Resource<T>, target: KubeTarget): Promise<void> {
  await scene.kube.delete(resource, target);
  await scene.kube.untilGone(resource, target, guard(scene));
}

/** In the order of the snapshots. */
export async function contentsOf({ kube }: Scene, snapshots: readonly VolumeSnapshot[]): Promise<VolumeSnapshotContent[]> {
  const found: VolumeSnapshotContent[] = [];
  for (const { status } of snapshots)
    found.push(await kube.get(VOLUME_SNAPSHOT_CONTENTS, { name: status?.boundVolumeSnapshotContentName ?? '' }));
  return found;
}

async function groupContentOf({ scene: { kube, namespace }, name }: Group) {
  const { status } = await kube.get(GROUPS.snapshots, { namespace, name });
  return kube.get(GROUPS.contents, { name: status?.boundVolumeGroupSnapshotContentName ?? '' });
}
