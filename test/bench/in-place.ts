/**
 * Control planes with thousands of settled claims, volumes, snapshots and contents. One set is made by programs; the others are its
 * copies under other names, put into etcd as the server would have stored them.
 */
import { randomUUID } from 'node:crypto';
import { startSteeredDriver, type SteeredDriver } from '../../harness/mock-driver.ts';
import { onControlPlane } from '../../harness/real/on-control-plane.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { openScene, provision, type Scene, takeSnapshot } from '../real/main-job.ts';
import { stopCast } from '../real/programs.ts';
import { FOLLOWED } from './phases.ts';
import { BENCH_USERS, startSide } from './sides.ts';
import { eventually } from '../../harness/wait.ts';

export interface Populated {
  readonly plane: ControlPlane;
  readonly driver: SteeredDriver;
}

/** Does `work` on a control plane that has so many of each kind, all settled. Its controller manager is stopped: it would look at each of them every few seconds. */
export async function withInPlace(
  count: number,
  log: (line: string) => void,
  work: (populated: Populated) => Promise<void>,
): Promise<void> {
  await onControlPlane({ users: BENCH_USERS, inMemory: true, audit: true }, async (plane) => {
    const driver = await startSteeredDriver(plane.stage);
    const { scene, set, handles } = await firstSet({ plane, driver });
    plane.servers.controllerManager?.signal('SIGSTOP');
    const began = performance.now();
    await plane.store(copiesOf(set, { count, handles, fresh: () => randomUUID() }));
    // Else the first side would wait for the server, and be taken for quiet.
    for (const resource of FOLLOWED)
      await eventually('the server to have them all', () => hasAll(plane, resource, count), { everyMs: 500 });
    log(
      `  ${count} of each kind are in place after ${((performance.now() - began) / 1000).toFixed(0)} s, copies of those in ${scene.namespace}`,
    );
    await work({ plane, driver });
  });
}

/** Made by programs, which have ended. */
async function firstSet({ plane, driver: { driver } }: Populated): Promise<{ scene: Scene; set: StoredSet; handles: string[] }> {
  const scene = await openScene({ plane, driver, name: 'in-place' });
  const programs = await startSide('one', { plane, address: driver.address, profiles: undefined });
  const { volumeName, volumeHandle } = await provision(scene, 'claim');
  const { content } = await takeSnapshot(scene, 'snapshot', 'claim');
  const snapshot = await settledSnapshot(plane, scene.namespace);
  const settled = await plane.kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace: scene.namespace, name: 'claim' });
  const volume = await plane.kube.get(PERSISTENT_VOLUMES, { name: volumeName });
  await stopCast(programs);
  const set: StoredSet = [
    [`persistentvolumeclaims/${scene.namespace}`, settled],
    ['persistentvolumes', volume],
    [`snapshot.storage.k8s.io/volumesnapshots/${scene.namespace}`, snapshot],
    ['snapshot.storage.k8s.io/volumesnapshotcontents', content],
  ];
  return { scene, set, handles: [volumeHandle, content.status?.snapshotHandle ?? ''] };
}

/** What the server answers lists from is as new as its storage. */
async function hasAll({ kube }: ControlPlane, resource: Resource<KubeObject>, count: number): Promise<true | undefined> {
  return (await kube.list(resource)).length >= count ? true : undefined;
}

/** Ready, and nothing more will be written to it. */
async function settledSnapshot(plane: ControlPlane, namespace: string): Promise<KubeObject> {
  const read = (): Promise<KubeObject> => plane.kube.get(VOLUME_SNAPSHOTS, { namespace, name: 'snapshot' });
  let last = await read();
  const isStill = async (): Promise<KubeObject | undefined> => {
    const now = await read();
    const still = now.metadata?.resourceVersion === last.metadata?.resourceVersion;
    last = now;
    return still ? now : undefined;
  };
  return eventually('the snapshot to be settled', isStill, { everyMs: 1_000 });
}

/** Where under `/registry/` objects of a kind are, and one of them. */
export type StoredSet = readonly (readonly [folder: string, object: KubeObject])[];

export interface CopyOptions {
  readonly count: number;
  /** What objects of the set are called in the driver. */
  readonly handles: readonly string[];
  /** Uids and handles of the copies. */
  readonly fresh: () => string;
}

/** Copies that name each other as the objects of the set do. Pure but for `fresh`. */
export function* copiesOf(set: StoredSet, { count, handles, fresh }: CopyOptions): Generator<readonly [key: string, object: object]> {
  const texts = set.map(([folder, { metadata, ...object }]) => {
    const { resourceVersion: _, ...stored } = metadata ?? {};
    return { folder, name: metadata?.name ?? '', text: JSON.stringify({ ...object, metadata: stored }) };
  });
  const uids = set.map(([, { metadata }]) => metadata?.uid ?? '');
  const unique = [...new Set([...uids, ...handles])].toSorted((a, b) => b.length - a.length);
  // Other names are made of uids. As whole values only: the words stand elsewhere, too.
  const names = texts.map(({ name }) => name).filter((name) => !uids.some((uid) => name.includes(uid)));
  for (let index = 0; index < count; index += 1) {
    const others = unique.map((value) => [value, fresh()] as const);
    const renamed = (text: string): string => {
      let copy = text;
      for (const [value, other] of others) copy = copy.replaceAll(value, other);
      for (const name of names) copy = copy.replaceAll(`ame":"${name}"`, `ame":"${name}-${index}"`);
      return copy;
    };
    for (const { folder, name, text } of texts) {
      const own = names.includes(name) ? `${name}-${index}` : renamed(name);
      yield [`/registry/${folder}/${own}`, JSON.parse(renamed(text)) as object];
    }
  }
}
