/**
 * A driver that took over an in-tree plugin: claims of the plugin's classes, PVs that the plugin made, and classes of the
 * driver's own beside them, over faults and crashes.
 */
import type { Segment } from '../../../mock-driver/model/records.ts';
import { drawFaults } from '../faults.ts';
import { CLAIMS, claim, CSI_NODES_PATH, csiNode, node, NODES_PATH, pod, PODS, storageClass, STORAGE_CLASSES_PATH } from '../manifests.ts';
import { GIB } from '../rooms.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { EBS_DRIVER } from '../volume-source.ts';
import type { World } from '../world.ts';
import { removeWithPod } from './capacity-acts.ts';
import { bound } from './main-job.ts';

const MINUTE_MS = 60_000;
const ZONE = `topology.${EBS_DRIVER.name}/zone`;
const KUBERNETES_ZONE = 'topology.kubernetes.io/zone';
const KUBERNETES_REGION = 'topology.kubernetes.io/region';
const REGION = 'us-east-1';
const ZONES = ['us-east-1a', 'us-east-1b'] as const;
const SEGMENTS: readonly Segment[] = ZONES.map((zone) => ({ [ZONE]: zone }));
const LATE = { volumeBindingMode: 'WaitForFirstConsumer' };
const VOLUMES = '/api/v1/persistentvolumes';

/** Each in another form that the plugin knew. */
const CLASSES: Readonly<Record<string, Parameters<typeof storageClass>[1]>> = {
  gp2: { provisioner: EBS_DRIVER.plugin, parameters: { type: 'gp2', fsType: 'xfs' } },
  zoned: { provisioner: EBS_DRIVER.plugin, parameters: { zone: ZONES[0], iopsPerGB: '10' } },
  late: { provisioner: EBS_DRIVER.plugin, ...LATE },
  allowed: {
    provisioner: EBS_DRIVER.plugin,
    ...LATE,
    allowedTopologies: [{ matchLabelExpressions: [{ key: KUBERNETES_ZONE, values: [ZONES[1]] }] }],
  },
  ebs: { provisioner: EBS_DRIVER.name, parameters: { 'csi.storage.k8s.io/fstype': 'ext4' } },
};

async function machines({ user }: World): Promise<void> {
  for (const [i, zone] of ZONES.entries()) {
    const name = `node-${i + 1}`;
    await user.create(NODES_PATH, node(name, zone, { [ZONE]: zone, [KUBERNETES_ZONE]: zone, [KUBERNETES_REGION]: REGION }));
    await user.create(CSI_NODES_PATH, csiNode(name, { driver: EBS_DRIVER.name, key: ZONE }));
  }
}

/** A claim with a PV that the plugin made for it before the driver took over. */
async function madeByPlugin(world: World, random: SeededRandom, name: string): Promise<void> {
  const { user } = world;
  const zone = random.pick(ZONES);
  const id = `vol-0${random.uuid().replaceAll('-', '').slice(0, 16)}`;
  const volumeName = `by-plugin-${name}`;
  const { object } = await user.create(CLAIMS(), claim(name, { className: 'gp2', volumeName }));
  world.adopt({
    id,
    name: `pvc-${object.metadata?.uid ?? ''}`,
    bytes: GIB,
    block: false,
    modes: ['SINGLE_NODE_WRITER'],
    parameters: {},
    createdMutable: {},
    mutable: {},
    source: undefined,
    segment: { [ZONE]: zone },
    createdMs: 0,
    published: [],
    staged: [],
    targets: [],
  });
  const matchExpressions = [
    { key: KUBERNETES_ZONE, operator: 'In', values: [zone] },
    { key: KUBERNETES_REGION, operator: 'In', values: [REGION] },
  ];
  await user.create(VOLUMES, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName,
      annotations: { 'pv.kubernetes.io/provisioned-by': EBS_DRIVER.plugin, 'pv.kubernetes.io/migrated-to': EBS_DRIVER.name },
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      storageClassName: 'gp2',
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: 'default', name, uid: object.metadata?.uid },
      awsElasticBlockStore: { volumeID: `aws://${zone}/${id}`, fsType: 'xfs' },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
    },
  });
}

async function takenOver(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  await machines(world);
  for (const [name, overrides] of Object.entries(CLASSES)) await user.create(STORAGE_CLASSES_PATH, storageClass(name, overrides));
  const names = ['one', 'two', 'three', 'four'].slice(0, 1 + random.below(4));
  for (const name of names) {
    const className = random.pick(Object.keys(CLASSES));
    if (random.chance(0.3)) await madeByPlugin(world, random, name);
    else await user.create(CLAIMS(), claim(name, { className }));
    await user.create(PODS, pod(name, name));
    await user.pause(random.between(0, 10_000));
    if (random.chance(0.2)) world.crash(random.pick(world.programNames()));
    // Before it has its volume, as a rule: what was asked for is an orphan then.
    if (random.chance(0.2)) await removeWithPod(world, name);
    // An account of its claim is read by a class that is not as it was.
    if (random.chance(0.1)) {
      await user.remove(`${STORAGE_CLASSES_PATH}/${className}`);
      await user.create(STORAGE_CLASSES_PATH, storageClass(className, CLASSES[className]));
    }
  }
  await user.until(() => names.every((name) => bound(world, name)), random.between(0, 10 * MINUTE_MS));
  for (const name of names) {
    if (random.chance(0.4)) await removeWithPod(world, name);
    await user.pause(random.between(0, 5_000));
  }
}

export const IN_TREE: Scenario = {
  name: 'in-tree',
  about:
    'claims of in-tree classes and PVs that the plugin made: each volume is made and deleted by the driver that took over, and the PV reads as before',
  faults: drawFaults,
  crashes: 0.01,
  parts: ['binder', 'scheduler'],
  driver: { names: EBS_DRIVER, topology: SEGMENTS, promised: 'preferred' },
  story: takenOver,
};
