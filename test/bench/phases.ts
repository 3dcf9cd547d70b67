/** What users do, phase by phase; each waits by one watch a kind, which costs the server the same for every side. */
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import type { Sight } from '../../harness/sight.ts';
import { createSnapshot, type Scene } from '../real/main-job.ts';

/** In this order: each needs what those before it made. */
export const PHASES = ['provision', 'snapshot', 'restore', 'clone', 'delete snapshot', 'delete volume'] as const;
export type LoadPhase = (typeof PHASES)[number];
/** What the tables have a row for. */
export type PhaseName = LoadPhase | 'group of 10' | 'delete group of 10';

export interface PhaseInput {
  readonly scene: Scene;
  readonly sight: Sight;
  readonly signal: AbortSignal;
}

export const FOLLOWED: readonly Resource<KubeObject>[] = [
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_SNAPSHOTS,
  VOLUME_SNAPSHOT_CONTENTS,
];

/** One object of a phase, from the user's request to what the user waits for. Answers how long that took, ms. */
export async function doOne(phase: LoadPhase, name: string, input: PhaseInput): Promise<number> {
  const began = performance.now();
  const ended = await ACTIONS[phase](name, input);
  return ended - began;
}

const ACTIONS: Readonly<Record<LoadPhase, (name: string, input: PhaseInput) => Promise<number>>> = {
  provision: (name, input) => claimed(`${name}-source`, undefined, input),
  snapshot: async (name, input) => {
    await createSnapshot(input.scene, name, `${name}-source`);
    return untilReady(name, input);
  },
  restore: (name, input) => claimed(`${name}-restored`, { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name }, input),
  clone: (name, input) => claimed(`${name}-clone`, { kind: 'PersistentVolumeClaim', name: `${name}-source` }, input),
  'delete snapshot': async (name, { scene, sight, signal }) => {
    const { namespace, kube } = scene;
    const content = sight.find(VOLUME_SNAPSHOTS, { namespace, name })?.status?.boundVolumeSnapshotContentName ?? '';
    await kube.delete(VOLUME_SNAPSHOTS, { namespace, name });
    const went = { test: (object: KubeObject | undefined) => object === undefined, signal };
    return Math.max(
      await sight.until<KubeObject>(VOLUME_SNAPSHOTS, { namespace, name }, went),
      await sight.until<KubeObject>(VOLUME_SNAPSHOT_CONTENTS, { name: content }, went),
    );
  },
  'delete volume': (name, input) => released(`${name}-source`, input),
};

/** After the phases: what they left, not measured. */
export async function cleanUp(name: string, phases: readonly LoadPhase[], input: PhaseInput): Promise<void> {
  const { sight, scene } = input;
  const has = (resource: Resource<KubeObject>, one: string): boolean =>
    sight.find(resource, { namespace: scene.namespace, name: one }) !== undefined;
  for (const claim of [`${name}-restored`, `${name}-clone`]) if (has(PERSISTENT_VOLUME_CLAIMS, claim)) await released(claim, input);
  if (has(VOLUME_SNAPSHOTS, name)) await ACTIONS['delete snapshot'](name, input);
  if (has(PERSISTENT_VOLUME_CLAIMS, `${name}-source`) && phases.includes('provision')) await released(`${name}-source`, input);
}

async function claimed(name: string, dataSource: object | undefined, { scene, sight, signal }: PhaseInput): Promise<number> {
  const { kube, namespace, storageClass } = scene;
  await kube.create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: { name, namespace },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: storageClass,
      resources: { requests: { storage: '1Mi' } },
      ...(dataSource === undefined ? {} : { dataSource }),
    },
  });
  return sight.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, { test: (claim) => claim?.status?.phase === 'Bound', signal });
}

export function untilReady(name: string, { scene: { namespace }, sight, signal }: PhaseInput): Promise<number> {
  return sight.until(VOLUME_SNAPSHOTS, { namespace, name }, { test: (snapshot) => snapshot?.status?.readyToUse === true, signal });
}

/** Gone with its volume. */
async function released(name: string, { scene, sight, signal }: PhaseInput): Promise<number> {
  const { kube, namespace } = scene;
  const volume = sight.find(PERSISTENT_VOLUME_CLAIMS, { namespace, name })?.spec?.volumeName ?? '';
  await kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name });
  return sight.until(PERSISTENT_VOLUMES, { name: volume }, { test: (object) => object === undefined, signal });
}
