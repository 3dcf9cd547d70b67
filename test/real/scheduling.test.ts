import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PersistentVolume, StorageClass } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '../../lib/kube/resources.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { registerReadyNode } from '../../harness/ready-node.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { Program } from '../../harness/stage.ts';
import type { Scene, SceneOptions } from './main-job.ts';
import { createClaim, deleteClaim, deleteSnapshot, openScene, takeSnapshot, untilBound, untilNothingLeft } from './main-job.ts';
import { createPod, deletePod, untilPlaced, untilTold } from './pods.ts';
import { castOf, ownKubeconfigOf, PROGRAM_USERS, startCast, startProgram, stopCast, userOf } from './programs.ts';

const ZONE = 'topology.mock.csi.example/zone';
/** A driver whose volumes stay on their node, and its topology key. */
const LOCAL = 'local.csi.example';
const MACHINE = 'topology.local.csi.example/machine';
const ZONES = [
  { node: 'node-a', zone: 'a' },
  { node: 'node-b', zone: 'b' },
] as const;

let plane: ControlPlane;
let driver: MockDriver;

beforeAll(async () => {
  plane = await startControlPlane({ scheduler: true, users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
  driver = await startMockDriver(plane.stage, { args: ZONES.map(({ zone }) => `--topology=${ZONE}=${zone}`) });
  for (const { node, zone } of ZONES) {
    const drivers = [
      { name: driver.name, nodeID: node, topologyKeys: [ZONE] },
      { name: LOCAL, nodeID: node, topologyKeys: [MACHINE] },
    ];
    await registerReadyNode(plane.kube, { name: node, labels: { [ZONE]: zone, [MACHINE]: node }, drivers });
  }
});
afterAll(() => plane.stop());

describe.each(['ours', 'go'] as const)('with the provisioner of %s', (side) => {
  test('a Pod’s node decides where the volume of its waiting claim is made', async () => {
    const { kube } = plane;
    const programs = await startCast(plane.stage, {
      cast: castOf(side),
      address: driver.address,
      kubeconfigOf: ownKubeconfigOf(plane),
    });
    const scene = await openScene({ plane, driver, name: `late-${side}`, bindingMode: 'WaitForFirstConsumer' });
    for (const { node, zone } of ZONES) {
      const name = `in-${zone}`;
      await createClaim(scene, name);
      await createPod(scene, name, { only: { [ZONE]: zone } });
      const { claim, volumeName } = await untilBound(scene, name);
      expect(claim.metadata?.annotations).toMatchObject({ 'volume.kubernetes.io/selected-node': node });
      expect(await untilPlaced(scene, name)).toBe(node);
      const volume = await kube.get(PERSISTENT_VOLUMES, { name: volumeName });
      expect(volume.spec?.nodeAffinity?.required?.nodeSelectorTerms).toEqual([
        { matchExpressions: [{ key: ZONE, operator: 'In', values: [zone] }] },
      ]);
    }
    for (const { zone } of ZONES) {
      await deletePod(plane, scene, `in-${zone}`);
      await deleteClaim(scene, `in-${zone}`);
    }
    await untilNothingLeft(scene);
    await stopCast(programs);
  });

  test('without a Pod the claim waits', async () => {
    const scene = await openScene({ plane, driver, name: `alone-${side}`, bindingMode: 'WaitForFirstConsumer' });
    await createClaim(scene, 'alone');
    const events = await plane.kubectl([
      'wait',
      '--for=jsonpath={.reason}=WaitForFirstConsumer',
      'events',
      '--all',
      '-n',
      scene.namespace,
      '--timeout=60s',
    ]);
    expect(events.stdout + events.stderr).toContain('met');
    const claim = await plane.kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace: scene.namespace, name: 'alone' });
    expect(claim.status?.phase).toBe('Pending');
    await plane.kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace: scene.namespace, name: 'alone' });
    await untilNothingLeft(scene);
  });
});

/** The zones, or machines, in which a volume of a PV can be used. */
async function placesOf(volumeName: string): Promise<readonly string[]> {
  const { spec } = await plane.kube.get<PersistentVolume>(PERSISTENT_VOLUMES, { name: volumeName });
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return terms.flatMap(({ matchExpressions = [] }) => matchExpressions.flatMap(({ values = [] }) => values));
}

const allowing = (zone: string): StorageClass['allowedTopologies'] => [{ matchLabelExpressions: [{ key: ZONE, values: [zone] }] }];

describe('with our programs', () => {
  let programs: Program[];

  beforeAll(async () => {
    programs = await startCast(plane.stage, { cast: castOf('ours'), address: driver.address, kubeconfigOf: ownKubeconfigOf(plane) });
  });
  afterAll(() => stopCast(programs));

  async function onScene(options: Pick<SceneOptions, 'name' | 'bindingMode'>, story: (scene: Scene) => Promise<void>): Promise<void> {
    const scene = await openScene({ plane, driver, ...options });
    await story(scene);
    await untilNothingLeft(scene);
  }

  /** Of the class of a scene. */
  async function allow(scene: Scene, zone: string): Promise<void> {
    await plane.kube.mergePatch(STORAGE_CLASSES, { name: scene.storageClass }, { allowedTopologies: allowing(zone) });
  }

  async function remove(scene: Scene, name: string): Promise<void> {
    await deletePod(plane, scene, name);
    await deleteClaim(scene, name);
  }

  test.each(['WaitForFirstConsumer', 'Immediate'] as const)('a class that allows one zone has its volumes there, %s', (bindingMode) =>
    onScene({ name: `allowed-${bindingMode.toLowerCase()}`, bindingMode }, async (scene) => {
      await allow(scene, 'b');
      await createClaim(scene, 'data');
      await createPod(scene, 'data', { rather: { [ZONE]: 'a' } });
      expect(await untilPlaced(scene, 'data')).toBe('node-b');
      expect(await placesOf((await untilBound(scene, 'data')).volumeName)).toEqual(['b']);
      await remove(scene, 'data');
    }),
  );

  test('a class that allows a zone without nodes: the Pod waits and is told why, and runs once the class is mended', () =>
    onScene({ name: 'contradiction', bindingMode: 'WaitForFirstConsumer' }, async (scene) => {
      await allow(scene, 'd');
      await createClaim(scene, 'data');
      await createPod(scene, 'data', { only: { [ZONE]: 'b' } });
      await untilTold(scene, 'data', 'find available persistent volumes to bind');
      const claim = await plane.kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace: scene.namespace, name: 'data' });
      expect([claim.status?.phase, claim.metadata?.annotations?.['volume.kubernetes.io/selected-node']]).toEqual(['Pending', undefined]);
      await allow(scene, 'b');
      expect(await untilPlaced(scene, 'data')).toBe('node-b');
      await remove(scene, 'data');
    }));

  test('a class that allows a zone where the driver has no storage: the claim is told so, and gets its volume once the class is mended', () =>
    onScene({ name: 'nowhere', bindingMode: 'Immediate' }, async (scene) => {
      await allow(scene, 'd');
      await createClaim(scene, 'data');
      await untilTold(scene, 'data', 'ProvisioningFailed: rpc error: code = ResourceExhausted desc = no pool lies in a requisite segment');
      await allow(scene, 'b');
      expect(await placesOf((await untilBound(scene, 'data')).volumeName)).toEqual(['b']);
      await deleteClaim(scene, 'data');
    }));

  test('local volumes that an administrator made are bound and left alone', () =>
    onScene({ name: 'static', bindingMode: 'WaitForFirstConsumer' }, async (scene) => {
      const { kube, namespace } = scene;
      const storageClass = 'static-local';
      await kube.create(STORAGE_CLASSES, {
        metadata: { name: storageClass },
        provisioner: 'kubernetes.io/no-provisioner',
        volumeBindingMode: 'WaitForFirstConsumer',
      });
      const matchExpressions = [{ key: MACHINE, operator: 'In', values: ['node-b'] }];
      await kube.create(PERSISTENT_VOLUMES, {
        metadata: { name: 'disk-1' },
        spec: {
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '1Gi' },
          storageClassName: storageClass,
          persistentVolumeReclaimPolicy: 'Retain',
          local: { path: '/mnt/disk-1' },
          nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
        },
      } as PersistentVolume);
      await createClaim({ ...scene, storageClass }, 'data');
      await createPod(scene, 'data', { rather: { [MACHINE]: 'node-a' } });
      expect(await untilPlaced(scene, 'data')).toBe('node-b');
      expect((await untilBound(scene, 'data')).volumeName).toBe('disk-1');
      await deletePod(plane, scene, 'data');
      await kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' });
      const released = await kube.until<PersistentVolume>(
        PERSISTENT_VOLUMES,
        { name: 'disk-1' },
        { what: 'released', test: ({ status }) => status?.phase === 'Released', signal: plane.stage.broken },
      );
      expect([released.metadata?.finalizers, released.metadata?.annotations]).toEqual([
        ['kubernetes.io/pv-protection'],
        { 'pv.kubernetes.io/bound-by-controller': 'yes' },
      ]);
      await kube.delete(PERSISTENT_VOLUMES, { name: 'disk-1' });
    }));

  test('a restore lands where its snapshot can be read, and its Pod with it, wherever that would rather be', () =>
    onScene({ name: 'restore', bindingMode: 'WaitForFirstConsumer' }, async (scene) => {
      await createClaim(scene, 'source');
      await createPod(scene, 'source', { only: { [ZONE]: 'b' } });
      await untilBound(scene, 'source');
      await takeSnapshot(scene, 'monday', 'source');
      await createClaim(scene, 'restored', { fromSnapshot: 'monday' });
      await createPod(scene, 'restored', { rather: { [ZONE]: 'a' } });
      expect(await untilPlaced(scene, 'restored')).toBe('node-b');
      expect(await placesOf((await untilBound(scene, 'restored')).volumeName)).toEqual(['b']);
      await remove(scene, 'restored');
      await deleteSnapshot(scene, 'monday');
      await remove(scene, 'source');
    }));
});

describe('with a provisioner on each node', () => {
  test('each Pod gets its volume on its own node, by the provisioner there', async () => {
    const instances = [];
    for (const { node } of ZONES)
      instances.push(await startMockDriver(plane.stage, { driverName: LOCAL, nodeId: node, args: [`--topology=${MACHINE}=${node}`] }));
    const programs = [];
    for (const [index, { node }] of ZONES.entries())
      programs.push(
        await startProgram(plane.stage, {
          role: 'csi-provisioner',
          side: 'ours',
          kubeconfig: plane.kubeconfigOf(userOf('csi-provisioner', 'ours').name),
          address: instances[index]?.address ?? '',
          args: ['--node-deployment'],
          env: { NODE_NAME: node },
        }),
      );
    const [local] = instances;
    if (local === undefined) throw new Error('no driver');
    const scene = await openScene({ plane, driver: local, name: 'local', bindingMode: 'WaitForFirstConsumer' });
    const names = ZONES.map(({ node }) => `on-${node}`);
    for (const { node } of ZONES) {
      await createClaim(scene, `on-${node}`);
      await createPod(scene, `on-${node}`, { only: { [MACHINE]: node } });
    }
    for (const { node } of ZONES) {
      expect(await untilPlaced(scene, `on-${node}`)).toBe(node);
      const { volumeName } = await untilBound(scene, `on-${node}`);
      expect(await placesOf(volumeName)).toEqual([node]);
      const { spec } = await plane.kube.get<PersistentVolume>(PERSISTENT_VOLUMES, { name: volumeName });
      expect(spec?.csi?.volumeAttributes?.['storage.kubernetes.io/csiProvisionerIdentity']).toMatch(new RegExp(`-${LOCAL}-${node}$`));
    }
    for (const name of names) {
      await deletePod(plane, scene, name);
      await deleteClaim(scene, name);
    }
    await untilNothingLeft(scene);
    await stopCast(programs);
  });
});
