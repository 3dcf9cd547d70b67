/** Group snapshots as an administrator and a user drive them: labelled claims, a group of them, its members, its deletion. */
import type { KubeObject, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { groupSnapshotResources, PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { GROUP_HANDLE } from '../../snapshotter/names.ts';
import { nameOf } from '../../harness/kube.ts';
import type { Program } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import type { Scene } from './main-job.ts';
import { deleteClaim, guard, provision } from './main-job.ts';

export const GROUPS = groupSnapshotResources('v1');

/** A claim of the group has this label, with the group's name for its value. */
const LABEL = 'member-of';

export interface Group {
  readonly scene: Scene;
  readonly name: string;
  /** Names of its claims. */
  readonly claims: readonly string[];
}

export interface GroupOptions {
  readonly name: string;
  readonly claims: readonly string[];
}

/** A class of groups, called as the scene. */
export async function openGroupClass({ kube, driver, namespace }: Scene, parameters: Readonly<Record<string, string>> = {}): Promise<void> {
  await kube.create(GROUPS.classes, { metadata: { name: namespace }, driver: driver.name, deletionPolicy: 'Delete', parameters });
}

/** Its claims are bound and labelled. */
export async function provisionGroup(scene: Scene, options: GroupOptions): Promise<Group> {
  for (const claim of options.claims) await provision(scene, claim);
  return labelGroup(scene, options);
}

/** Of claims that are there. */
export async function labelGroup(scene: Scene, { name, claims }: GroupOptions): Promise<Group> {
  const labels = { metadata: { labels: { [LABEL]: name } } };
  for (const claim of claims) await scene.kube.mergePatch(PERSISTENT_VOLUME_CLAIMS, { namespace: scene.namespace, name: claim }, labels);
  return { scene, name, claims };
}

export async function askForGroup({ scene: { kube, namespace }, name }: Group): Promise<void> {
  await kube.create(GROUPS.snapshots, {
    metadata: { name, namespace },
    spec: { volumeGroupSnapshotClassName: namespace, source: { selector: { matchLabels: { [LABEL]: name } } } },
  });
}

/** The members, once they and their group are ready, in the order of their claims. */
export async function untilGroupReady(group: Group): Promise<VolumeSnapshot[]> {
  const { scene, name, claims } = group;
  const { kube, namespace } = scene;
  await kube.until(
    GROUPS.snapshots,
    { namespace, name },
    { what: 'ready', test: ({ status }) => status?.readyToUse === true, ...guard(scene) },
  );
  return eventually(
    'the members to be ready',
    async () => {
      const found = await membersOf(group);
      return found.length === claims.length && found.every(({ status }) => status?.readyToUse === true) ? found : undefined;
    },
    guard(scene),
  );
}

async function membersOf({ scene: { kube, namespace }, name }: Group): Promise<VolumeSnapshot[]> {
  const claimOf = ({ spec }: VolumeSnapshot): string => spec?.source?.persistentVolumeClaimName ?? '';
  const isMember = ({ metadata }: VolumeSnapshot): boolean => (metadata?.ownerReferences ?? []).some((owner) => owner.name === name);
  return (await kube.list(VOLUME_SNAPSHOTS, namespace)).filter(isMember).toSorted((a, b) => (claimOf(a) < claimOf(b) ? -1 : 1));
}

export async function takeGroup(group: Group): Promise<VolumeSnapshot[]> {
  await askForGroup(group);
  return untilGroupReady(group);
}

/** Gone with its members and all contents; `meanwhile` runs once the deletion is asked for. */
export async function deleteGroup(group: Group, meanwhile?: () => Promise<void>): Promise<void> {
  await askForGroupDeletion(group);
  await meanwhile?.();
  await untilGroupGone(group);
}

export async function askForGroupDeletion({ scene: { kube, namespace }, name }: Group): Promise<void> {
  await kube.delete(GROUPS.snapshots, { namespace, name });
}

/** With its members and all contents of groups in the namespace. */
export async function untilGroupGone(group: Group): Promise<void> {
  const { scene, name } = group;
  const { kube, namespace } = scene;
  await kube.untilGone(GROUPS.snapshots, { namespace, name }, guard(scene));
  const isEmpty = async (): Promise<true | undefined> => {
    const ofMembers = ({ metadata, spec }: VolumeSnapshotContent): boolean =>
      spec?.volumeSnapshotRef?.namespace === namespace && metadata?.annotations?.[GROUP_HANDLE] !== undefined;
    const contents = (await kube.list(VOLUME_SNAPSHOT_CONTENTS)).filter(ofMembers);
    const groupContents = (await kube.list(GROUPS.contents)).filter(({ spec }) => spec?.volumeGroupSnapshotRef?.namespace === namespace);
    const left: KubeObject[][] = [await membersOf(group), contents, groupContents];
    return left.every(({ length }) => length === 0) ? true : undefined;
  };
  await eventually('the members and their contents to be gone', isEmpty, guard(scene));
}

/**
 * At its start the Go snapshot-controller fills its stores of groups from the lists of single snapshots, and knows a content of a
 * group only once that has come by in its queue: if the group is deleted before, the content and what it stands for stay for good.
 */
export async function untilGoKnowsContents(group: Group, programs: readonly Program[]): Promise<void> {
  const contents = (await group.scene.kube.list(GROUPS.contents)).map((content) => nameOf(content).name);
  const comesBy = (): true | undefined => {
    const log = programs.find(({ name }) => name === 'go-snapshot-controller')?.log() ?? '';
    return contents.every((content) => log.includes(`syncGroupSnapshotContentByKey[${content}]`)) ? true : undefined;
  };
  await eventually('the Go snapshot-controller to come by the contents of groups', comesBy, guard(group.scene));
}

export async function deleteClaimsOf({ scene, claims }: Group): Promise<void> {
  for (const claim of claims) await deleteClaim(scene, claim);
}

/** A group of two, from its claims to their end. */
export async function runGroupJob(scene: Scene): Promise<void> {
  const group = await provisionGroup(scene, { name: 'all', claims: ['a', 'b'] });
  await takeGroup(group);
  await deleteGroup(group);
  await deleteClaimsOf(group);
}
