/**
 * The main job as an administrator and a user drive it, step by step, over the harness's own client:
 * classes, a claim, a snapshot, a restored claim, and everything deleted again. Every wait ends early
 * when a program of the stage dies.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject, PersistentVolumeClaim, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import {
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
  groupSnapshotResources,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import type { CsiNode } from '../../harness/csi-node.ts';
import type { Kube } from '../../harness/kube.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { eventually } from '../../harness/wait.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { openEntryLines } from '../../harness/journal-entries.ts';

/** What the job needs of a control plane, so that the sandbox may be one, too. */
export type JobPlane = Pick<ControlPlane, 'kube' | 'stage'>;

export interface Scene {
  readonly plane: JobPlane;
  readonly kube: Kube;
  readonly driver: MockDriver;
  readonly namespace: string;
  readonly storageClass: string;
  readonly snapshotClass: string;
}

export interface SceneOptions {
  readonly plane: JobPlane;
  readonly driver: MockDriver;
  /** Also the name of its namespace and classes. */
  readonly name: string;
  readonly bindingMode?: 'Immediate' | 'WaitForFirstConsumer';
  readonly snapshotPolicy?: 'Delete' | 'Retain';
  readonly storageParameters?: Readonly<Record<string, string>>;
  readonly snapshotParameters?: Readonly<Record<string, string>>;
}

export const NAMESPACES = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false } as const;

/** A namespace and a class of each kind for the driver. */
export async function openScene({
  plane,
  driver,
  name,
  bindingMode = 'Immediate',
  snapshotPolicy = 'Delete',
  storageParameters,
  snapshotParameters,
}: SceneOptions): Promise<Scene> {
  const { kube } = plane;
  await kube.create(NAMESPACES, { metadata: { name } });
  await kube.create(STORAGE_CLASSES, {
    metadata: { name },
    provisioner: driver.name,
    // The server drops an empty map of a built-in kind.
    ...(storageParameters === undefined ? {} : { parameters: storageParameters }),
    reclaimPolicy: 'Delete',
    volumeBindingMode: bindingMode,
  });
  await kube.create(VOLUME_SNAPSHOT_CLASSES, {
    metadata: { name },
    driver: driver.name,
    deletionPolicy: snapshotPolicy,
    ...(snapshotParameters === undefined ? {} : { parameters: snapshotParameters }),
  });
  return { plane, kube, driver, namespace: name, storageClass: name, snapshotClass: name };
}

export interface BoundClaim {
  readonly claim: PersistentVolumeClaim;
  readonly volumeName: string;
  readonly volumeHandle: string;
}

export interface ClaimSource {
  readonly fromSnapshot?: string;
  readonly fromClaim?: string;
}

export async function createClaim(scene: Scene, name: string, { fromSnapshot, fromClaim }: ClaimSource = {}): Promise<void> {
  const dataSource =
    fromSnapshot === undefined
      ? { kind: 'PersistentVolumeClaim', name: fromClaim ?? '' }
      : { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: fromSnapshot };
  await scene.kube.create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: { name, namespace: scene.namespace },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: scene.storageClass,
      resources: { requests: { storage: '1Mi' } },
      ...(fromSnapshot === undefined && fromClaim === undefined ? {} : { dataSource }),
    },
  });
}

export async function untilBound(scene: Scene, name: string): Promise<BoundClaim> {
  const { kube, namespace } = scene;
  const claim = await kube.until(
    PERSISTENT_VOLUME_CLAIMS,
    { namespace, name },
    { what: 'bound', test: ({ status }) => status?.phase === 'Bound', ...guard(scene) },
  );
  const volumeName = claim.spec?.volumeName ?? '';
  const volume = await kube.get(PERSISTENT_VOLUMES, { name: volumeName });
  return { claim, volumeName, volumeHandle: volume.spec?.csi?.volumeHandle ?? '' };
}

export async function provision(scene: Scene, name: string, source: ClaimSource = {}): Promise<BoundClaim> {
  await createClaim(scene, name, source);
  return untilBound(scene, name);
}

export async function createSnapshot(scene: Scene, name: string, claimName: string): Promise<void> {
  await scene.kube.create(VOLUME_SNAPSHOTS, {
    metadata: { name, namespace: scene.namespace },
    spec: { volumeSnapshotClassName: scene.snapshotClass, source: { persistentVolumeClaimName: claimName } },
  });
}

export interface ReadySnapshot {
  readonly snapshot: VolumeSnapshot;
  readonly content: VolumeSnapshotContent;
}

export async function untilReady(scene: Scene, name: string): Promise<ReadySnapshot> {
  const { kube, namespace } = scene;
  const snapshot = await kube.until(
    VOLUME_SNAPSHOTS,
    { namespace, name },
    { what: 'ready', test: ({ status }) => status?.readyToUse === true, ...guard(scene) },
  );
  const content = await kube.get(VOLUME_SNAPSHOT_CONTENTS, { name: snapshot.status?.boundVolumeSnapshotContentName ?? '' });
  return { snapshot, content };
}

export async function takeSnapshot(scene: Scene, name: string, claimName: string): Promise<ReadySnapshot> {
  await createSnapshot(scene, name, claimName);
  return untilReady(scene, name);
}

/** Gone with its content, whatever the content's name was. */
export async function deleteSnapshot(scene: Scene, name: string): Promise<void> {
  const { kube, namespace } = scene;
  const snapshot = await kube.get(VOLUME_SNAPSHOTS, { namespace, name });
  await kube.delete(VOLUME_SNAPSHOTS, { namespace, name });
  await kube.untilGone(VOLUME_SNAPSHOTS, { namespace, name }, guard(scene));
  const content = snapshot.status?.boundVolumeSnapshotContentName;
  if (content !== undefined) await kube.untilGone(VOLUME_SNAPSHOT_CONTENTS, { name: content }, guard(scene));
}

/** Gone with its volume. */
export async function deleteClaim(scene: Scene, name: string): Promise<void> {
  const { kube, namespace } = scene;
  const claim = await kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name });
  await kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name });
  await kube.untilGone(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, guard(scene));
  const volume = claim.spec?.volumeName;
  if (volume !== undefined) await kube.untilGone(PERSISTENT_VOLUMES, { name: volume }, guard(scene));
}

/**
 * The job from claim to clean-up, with bytes: what is restored is what was there at the snapshot, although
 * the source was overwritten since. `before` is called between the steps named, for tests that change the cast.
 */
export async function runMainJob(
  scene: Scene,
  node: CsiNode,
  before: (step: 'restore' | 'delete') => Promise<void> = async () => undefined,
): Promise<void> {
  const source = await provision(scene, 'source');
  const published = await node.publish(source.volumeHandle);
  writeFileSync(join(published.folder, 'file'), 'at the snapshot');
  const { snapshot, content } = await takeSnapshot(scene, 'snapshot', 'source');
  demand(content.spec?.source?.volumeHandle, source.volumeHandle);
  demand(content.spec?.volumeSnapshotRef?.uid, snapshot.metadata?.uid);
  demand(snapshot.status?.error, undefined);
  writeFileSync(join(published.folder, 'file'), 'later');

  await before('restore');
  const restored = await provision(scene, 'restored', { fromSnapshot: 'snapshot' });
  const copy = await node.publish(restored.volumeHandle);
  demand(readFileSync(join(copy.folder, 'file'), 'utf8'), 'at the snapshot');
  demand(readFileSync(join(published.folder, 'file'), 'utf8'), 'later');
  await copy.unpublish();
  await published.unpublish();

  await before('delete');
  await deleteClaim(scene, 'restored');
  await deleteSnapshot(scene, 'snapshot');
  await deleteClaim(scene, 'source');
  await untilNothingLeft(scene);
}

function demand(found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`found ${JSON.stringify(found)} where the main job demands ${JSON.stringify(wanted)}`);
}

const GROUPS = groupSnapshotResources('v1');

/** Everything that is left of a job, as lines; empty is what a test wants. */
export async function leftOver(scene: Scene): Promise<string[]> {
  const { kube, driver } = scene;
  const lines: string[] = [];
  for (const resource of [PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, GROUPS.contents, VOLUME_SNAPSHOTS, PERSISTENT_VOLUME_CLAIMS]) {
    lines.push(...(await kube.list<KubeObject>(resource)).map((object) => describe(resource.kind, object)));
  }
  lines.push(...openEntryLines(await kube.list(LEASES)));
  const { volumes, snapshots, groups } = await driver.ledger();
  lines.push(...volumes.map(({ id }) => `volume ${id} in the driver`));
  lines.push(...snapshots.map(({ id }) => `snapshot ${id} in the driver`));
  lines.push(...groups.map(({ id }) => `group snapshot ${id} in the driver`));
  return lines;
}

/** Records and the like go a moment after the objects; what stays is told by the failure. */
export async function untilNothingLeft(scene: Scene): Promise<void> {
  let left: string[] = [];
  try {
    await eventually(
      'nothing left',
      async () => {
        left = await leftOver(scene);
        return left.length === 0 ? true : undefined;
      },
      { ...guard(scene), timeoutMs: 30_000, everyMs: 100 },
    );
  } catch (error) {
    throw new Error(`left behind:\n${left.join('\n')}`, { cause: error });
  }
}

function describe(kind: string, { metadata }: KubeObject): string {
  return `${kind} ${metadata?.namespace ?? ''}/${metadata?.name ?? ''} finalizers [${(metadata?.finalizers ?? []).join(', ')}]`;
}

/** Ends a wait when a program of the stage dies. */
export function guard({ plane }: Pick<Scene, 'plane'>): { signal: AbortSignal } {
  return { signal: plane.stage.broken };
}
