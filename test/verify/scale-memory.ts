/** What csi-provisioner and the Go program keep in memory of 10,000 objects of a kind, on the same objects of a real API server. */
import { setTimeout as pause } from 'node:timers/promises';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { realLayerProblem } from '../../harness/real/binaries.ts';
import { onControlPlane } from '../../harness/real/on-control-plane.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import {
  CSI_NODES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_ATTACHMENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { memoryOf } from '../bench/gauges.ts';
import { PROGRAM_USERS, type Side, startProgram, userOf } from '../real/programs.ts';
import { inLanes } from './undecided-claims.ts';

const OBJECTS = 10_000;
const LANES = 32;
const ZONE = 'topology.mock.csi.example/zone';
const namespace = 'default';
/** A program has read everything once its memory grew no more for so long. */
const CALM_SECONDS = 4;
const MOST_SECONDS = 90;

type MadeOf = (index: number) => KubeObject & Record<string, unknown>;

/** As large as in a cluster: a Node has its images and conditions, a claim its annotations. All are of other drivers, so that they are only kept. */
const KINDS: readonly (readonly [Resource<KubeObject>, MadeOf])[] = [
  [
    NODES,
    (index) => ({ metadata: { name: `node-${index}`, labels: { [ZONE]: `z${index % 120}`, ...labels(index) } }, status: nodeStatus() }),
  ],
  [CSI_NODES, (index) => ({ metadata: { name: `node-${index}` }, spec: { drivers: [driverEntry('other.csi.example', index)] } })],
  [
    PERSISTENT_VOLUME_CLAIMS,
    (index) => ({
      metadata: { name: `claim-${index}`, namespace, annotations: { 'volume.kubernetes.io/storage-provisioner': 'other.csi.example' } },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'other',
        volumeName: `pv-${index}`,
        resources: { requests: { storage: '1Gi' } },
      },
    }),
  ],
  [
    PERSISTENT_VOLUMES,
    (index) => ({
      metadata: { name: `pv-${index}`, annotations: { 'pv.kubernetes.io/provisioned-by': 'other.csi.example' } },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        storageClassName: 'other',
        csi: { driver: 'other.csi.example', volumeHandle: `handle-${index}`, volumeAttributes: { pool: 'ssd', tier: 'gold' } },
        claimRef: { kind: 'PersistentVolumeClaim', namespace, name: `claim-${index}` },
      },
    }),
  ],
  [
    VOLUME_ATTACHMENTS,
    (index) => ({
      metadata: { name: `csi-${index}` },
      spec: { attacher: 'other.csi.example', nodeName: `node-${index}`, source: { persistentVolumeName: `pv-${index}` } },
    }),
  ],
  [
    VOLUME_SNAPSHOTS,
    (index) => ({ metadata: { name: `snapshot-${index}`, namespace }, spec: { source: { persistentVolumeClaimName: `claim-${index}` } } }),
  ],
];

type MiB = Readonly<Record<Side, number>>;

/** MiB of each side after a start on the objects of the kinds so far, the garbage of reading them included. Undefined where there is no control plane. */
export async function memoryOfObjects(log: (line: string) => void): Promise<Readonly<Record<string, MiB>> | undefined> {
  const problem = realLayerProblem();
  if (problem !== undefined) {
    log(`memory is not compared here: ${problem}`);
    return undefined;
  }
  return onControlPlane({ controllerManager: false, users: PROGRAM_USERS, inMemory: true }, async (plane) => {
    const driver = await startMockDriver(plane.stage, { args: [`--topology=${ZONE}=z1`] });
    const residentOf = async (side: Side): Promise<number> => {
      const program = await startProgram(plane.stage, {
        role: 'csi-provisioner',
        side,
        kubeconfig: plane.kubeconfigOf(userOf('csi-provisioner', side).name),
        address: driver.address,
      });
      const mib = await untilCalm(program.pid);
      await program.stop();
      return mib;
    };
    const none: MiB = { ours: await residentOf('ours'), go: await residentOf('go') };
    log(`without objects: ours ${none.ours.toFixed(0)} MiB, Go ${none.go.toFixed(0)} MiB`);
    const resident: Record<string, MiB> = { none };
    for (const [resource, made] of KINDS) {
      await inLanes({ count: OBJECTS, lanes: LANES }, async (index) => {
        await plane.kube.create(resource, made(index));
      });
      const now: MiB = { ours: await residentOf('ours'), go: await residentOf('go') };
      log(`with ${OBJECTS} of ${resource.kind}, too: ours ${now.ours.toFixed(0)} MiB, Go ${now.go.toFixed(0)} MiB`);
      resident[resource.kind] = now;
    }
    return resident;
  });
}

/** Resident memory, MiB, once the program has read what there is. */
async function untilCalm(pid: number): Promise<number> {
  let most = 0;
  let calm = 0;
  for (let second = 0; second < MOST_SECONDS && calm < CALM_SECONDS; second += 1) {
    await pause(1_000);
    const now = memoryOf([pid]).residentMiB;
    calm = now > most * 1.01 ? 0 : calm + 1;
    most = Math.max(most, now);
  }
  return memoryOf([pid]).residentMiB;
}

function labels(index: number): Record<string, string> {
  return { 'kubernetes.io/hostname': `node-${index}`, 'kubernetes.io/os': 'linux', 'node.kubernetes.io/instance-type': 'large' };
}

function driverEntry(name: string, index: number): object {
  return { name, nodeID: `node-${index}`, topologyKeys: [ZONE], allocatable: { count: 24 } };
}

function nodeStatus(): object {
  const images = Array.from({ length: 30 }, (_, index) => ({
    names: [
      `registry.example/team/service-${index}@sha256:${'0123456789abcdef'.repeat(4)}`,
      `registry.example/team/service-${index}:v1.2.3`,
    ],
    sizeBytes: 123_456_789,
  }));
  const conditions = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
    type,
    status: type === 'Ready' ? 'True' : 'False',
    reason: 'KubeletHas',
    message: 'kubelet says that all is well with this node',
  }));
  return { capacity: { cpu: '8', memory: '16Gi', pods: '110' }, conditions, images };
}
