/**
 * Whoever drives the mock driver on a real control plane gets the same volumes: the Go programs and ours
 * do the main job with a driver that knows no topology and with one that does, and the PersistentVolumes
 * of both are compared field by field.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject, PersistentVolume } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES } from '../../lib/kube/resources.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { CsiNode } from '../../harness/csi-node.ts';
import { openCsiNode } from '../../harness/csi-node.ts';
import type { MaskedState } from '../../harness/masked-state.ts';
import { createMasks, listState } from '../../harness/masked-state.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { registerReadyNode } from '../../harness/ready-node.ts';
import type { Program } from '../../harness/stage.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { Scene } from './main-job.ts';
import { createClaim, deleteClaim, openScene, provision, runMainJob, untilBound, untilNothingLeft } from './main-job.ts';
import type { Side } from './programs.ts';
import { castOf, ownKubeconfigOf, PROGRAM_USERS, startCast, stopCast } from './programs.ts';

const SIDES: readonly Side[] = ['go', 'ours'];
const ZONE = 'topology.mock.csi.example/zone';
const REGION = 'topology.mock.csi.example/region';
const PLACES = [
  { node: 'node-a', segment: { [REGION]: 'north', [ZONE]: 'a' } },
  { node: 'node-b', segment: { [REGION]: 'north', [ZONE]: 'b' } },
] as const;
const ONLY_B = [{ matchLabelExpressions: [{ key: ZONE, values: ['b'] }] }];

let plane: ControlPlane;
let plain: MockDriver;
let placed: MockDriver;
let programs: Program[] = [];

beforeAll(async () => {
  plane = await startControlPlane({ scheduler: true, users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
  plain = await startMockDriver(plane.stage, { args: ['--publish=symlink'] });
  placed = await startMockDriver(plane.stage, {
    driverName: 'placed.csi.example',
    nodeId: 'node-b',
    args: ['--publish=symlink', ...PLACES.toReversed().map(({ segment }) => `--topology=${flagText(segment)}`)],
  });
  for (const { node, segment } of PLACES) {
    const drivers = [
      { name: plain.name, nodeID: node },
      { name: placed.name, nodeID: node, topologyKeys: [REGION, ZONE] },
    ];
    await registerReadyNode(plane.kube, { name: node, labels: segment, drivers });
  }
});
afterEach(() => stopCast(programs));
afterAll(() => plane.stop());

function flagText(segment: Readonly<Record<string, string>>): string {
  return Object.entries(segment)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

async function start(side: Side, { address }: MockDriver): Promise<void> {
  programs = await startCast(plane.stage, {
    cast: castOf(side),
    address,
    kubeconfigOf: ownKubeconfigOf(plane),
  });
}

/** The volumes with the scene's own names masked. Go draws the order of a term's expressions from a map. */
async function volumesOf(scene: Scene): Promise<MaskedState> {
  const listed = await listState(plane.kube);
  const ordered = listed.map(({ kind, object }) => {
    const terms = (object as PersistentVolume).spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
    for (const { matchExpressions } of terms) matchExpressions?.sort((a, b) => ((a.key ?? '') < (b.key ?? '') ? -1 : 1));
    return { kind, object };
  });
  const state = createMasks({ [scene.namespace]: 'job' }).mask(ordered);
  return Object.fromEntries(Object.entries(state).filter(([key]) => key.startsWith('PersistentVolume ')));
}

/** A class beside the scene's own, which is Immediate and anywhere. */
async function withClass(scene: Scene, driver: MockDriver, fields: object): Promise<Scene> {
  const name = `${scene.namespace}-placed`;
  await plane.kube.create(STORAGE_CLASSES, {
    metadata: { name },
    provisioner: driver.name,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
    ...fields,
  });
  return { ...scene, storageClass: name };
}

async function mainJob(scene: Scene, node: CsiNode): Promise<MaskedState> {
  let volumes: MaskedState = {};
  await runMainJob(scene, node, async (step) => {
    if (step === 'delete') volumes = await volumesOf(scene);
  });
  return volumes;
}

/** Runs a story with each side's programs, the Go ones first, and answers what each made. */
async function byBoth(driver: MockDriver, story: (side: Side) => Promise<MaskedState>): Promise<Readonly<Record<Side, MaskedState>>> {
  const made: Record<Side, MaskedState> = { go: {}, ours: {} };
  for (const side of SIDES) {
    await start(side, driver);
    made[side] = await story(side);
    await stopCast(programs);
  }
  return made;
}

describe('the Go programs and ours make the same volumes', () => {
  test('in the main job with a driver without topology', async () => {
    const node = openCsiNode({ address: plain.address, nodeId: 'node-a', dir: plane.stage.dir });
    const made = await byBoth(plain, async (side) => mainJob(await openScene({ plane, driver: plain, name: `plain-${side}` }), node));
    node.close();
    expect(Object.keys(made.go)).toHaveLength(2);
    expect(made.ours).toEqual(made.go);
  });

  test('in the main job with a driver with topology, where the class allows one zone', async () => {
    const node = openCsiNode({ address: placed.address, nodeId: 'node-b', dir: plane.stage.dir });
    const made = await byBoth(placed, async (side) => {
      const scene = await openScene({ plane, driver: placed, name: `zoned-${side}` });
      return mainJob(await withClass(scene, placed, { allowedTopologies: ONLY_B }), node);
    });
    node.close();
    expect(Object.keys(made.go)).toHaveLength(2);
    for (const volume of Object.values(made.go)) expect(volume).toMatchObject({ spec: { nodeAffinity: affinityTo('b') } });
    expect(made.ours).toEqual(made.go);
  });

  test('where a claim waits for its Pod: on the Pod’s node', async () => {
    const made = await byBoth(placed, async (side) => {
      const scene = await openScene({ plane, driver: placed, name: `late-${side}`, bindingMode: 'WaitForFirstConsumer' });
      const { namespace } = scene;
      for (const { segment } of PLACES) {
        const name = `in-${segment[ZONE]}`;
        await createClaim(scene, name);
        await plane.kube.create(PODS, podOn(segment, { name, namespace }));
        await untilBound(scene, name);
      }
      const volumes = await volumesOf(scene);
      for (const { segment } of PLACES) {
        await plane.kubectl(['delete', 'pod', '-n', namespace, `in-${segment[ZONE]}`, '--grace-period=0', '--force']);
        await deleteClaim(scene, `in-${segment[ZONE]}`);
      }
      await untilNothingLeft(scene);
      return volumes;
    });
    expect(made.go).toEqual({
      'PersistentVolume pvc-<uid of PersistentVolumeClaim in-a>': expect.objectContaining({
        spec: expect.objectContaining({ nodeAffinity: affinityTo('a') }),
      }),
      'PersistentVolume pvc-<uid of PersistentVolumeClaim in-b>': expect.objectContaining({
        spec: expect.objectContaining({ nodeAffinity: affinityTo('b') }),
      }),
    });
    expect(made.ours).toEqual(made.go);
  });

  test('where nothing says where: claims are spread over the zones by their names, alike on both sides', async () => {
    const names = ['data-0', 'data-1', 'data-2', 'logs', 'web-17'];
    const made = await byBoth(placed, async (side) => {
      const scene = await openScene({ plane, driver: placed, name: `spread-${side}` });
      for (const name of names) await provision(scene, name);
      const volumes = await volumesOf(scene);
      for (const name of names) await deleteClaim(scene, name);
      await untilNothingLeft(scene);
      return volumes;
    });
    expect(Object.keys(made.go)).toHaveLength(names.length);
    expect(made.ours).toEqual(made.go);
  });
});

test('nothing of either side is left on the API server', async () => {
  expect(await plane.kube.list(PERSISTENT_VOLUMES)).toEqual([]);
});

function affinityTo(zone: string): object {
  const matchExpressions = [
    { key: REGION, operator: 'In', values: ['north'] },
    { key: ZONE, operator: 'In', values: [zone] },
  ];
  return { required: { nodeSelectorTerms: [{ matchExpressions }] } };
}

function podOn(segment: Readonly<Record<string, string>>, { name, namespace }: { name: string; namespace: string }): KubeObject {
  const spec = {
    nodeSelector: { [ZONE]: segment[ZONE] ?? '' },
    containers: [{ name: 'main', image: 'none.example/main', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: name } }],
  };
  return { metadata: { name, namespace }, spec } as KubeObject;
}
