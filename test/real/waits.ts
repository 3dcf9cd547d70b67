/**
 * Six stories in which a user waits for a driver that answered badly, told once to the Go programs and once to ours:
 * the same control plane, a mock driver that answers the same, what the user does at the same point of the story. What
 * is seen is how long it took and, since that depends on the machine, how often the driver was asked meanwhile.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import {
  CSI_NODES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import type { DriverCall, DriverControl } from '../../harness/driver-control.ts';
import { type MockDriver, startSteeredDriver } from '../../harness/mock-driver.ts';
import type { Program } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { createClaim, createSnapshot, guard, openScene, provision, type Scene } from './main-job.ts';
import { type Role, ROLES, type Side, startProgram, userOf } from './programs.ts';

export interface Wait {
  /** From what the user did to what the user waits for; undefined: it had not come when it was given up. */
  readonly seconds: number | undefined;
  /** Of the calls named by the story: how many the driver got in that time. */
  readonly calls: number;
}

export interface Story {
  readonly title: string;
  /** What `calls` counts. */
  readonly counted: string;
  readonly options?: Partial<SetOptions>;
  readonly tell: (set: Set) => Promise<Wait>;
}

interface SetOptions {
  /** Without these at first. */
  readonly without: readonly Role[];
  readonly bindingMode: 'Immediate' | 'WaitForFirstConsumer';
}

/** A driver and programs of its own, so that what one story leaves open does not reach into the next. */
interface Set {
  readonly plane: ControlPlane;
  readonly scene: Scene;
  readonly driver: MockDriver;
  readonly control: DriverControl;
  readonly start: (role: Role) => Promise<void>;
  readonly stop: (role: Role) => Promise<void>;
}

/** A user who has not been served by then is taken for one who never will: the peers take seconds. */
const GIVEN_UP_MS = 60_000;
/** Between a first answer and the next one of the peers' back-off lie 1, 2, 4 … seconds. */
const PACE_MS = 25_000;

const ZONE = 'waits.example/zone';
const ZONES = ['a', 'b'] as const;

export async function tellStory(plane: ControlPlane, side: Side, story: Story, name: string): Promise<Wait> {
  const { without = [], bindingMode = 'Immediate' } = story.options ?? {};
  const { stage } = plane;
  const { driver, control } = await startSteeredDriver(stage, {
    driverName: `${name}.csi.example`,
    // The second zone has no room for anything.
    args: [...ZONES.map((zone) => `--topology=${ZONE}=${zone}`), `--pool=${ZONE}=b:1Ki`],
  });
  await registerNodes(plane, driver, name);
  const programs = new Map<Role, Program>();
  const start = async (role: Role): Promise<void> => {
    const kubeconfig = plane.kubeconfigOf(userOf(role, side).name);
    programs.set(role, await startProgram(stage, { role, side, kubeconfig, address: driver.address }));
  };
  const stop = async (role: Role): Promise<void> => {
    await programs.get(role)?.stop();
    programs.delete(role);
  };
  try {
    const scene = await openScene({ plane, driver, name, bindingMode });
    for (const role of ROLES) if (!without.includes(role)) await start(role);
    return await story.tell({ plane, scene, driver, control, start, stop });
  } finally {
    for (const role of ROLES) await stop(role);
    await driver.program.stop();
  }
}

/** A node in each zone, with this driver on it. */
async function registerNodes({ kube }: ControlPlane, driver: MockDriver, name: string): Promise<void> {
  for (const zone of ZONES) {
    const node = `${name}-${zone}`;
    await kube.create(NODES, { metadata: { name: node, labels: { [ZONE]: zone } } });
    const drivers = [{ name: driver.name, nodeID: node, topologyKeys: [ZONE] }];
    await kube.create(CSI_NODES, { metadata: { name: node }, spec: { drivers } });
  }
}

async function callsOf({ control }: Set, rpcs: readonly string[]): Promise<readonly DriverCall[]> {
  return (await control.journal()).filter(({ rpc }) => rpcs.includes(rpc));
}

/** Until the driver has answered `count` calls like that. */
async function answered(set: Set, { rpc, count }: { readonly rpc: string; readonly count: number }): Promise<void> {
  const enough = async (): Promise<true | undefined> => ((await callsOf(set, [rpc])).length >= count ? true : undefined);
  await eventually(`${count} ${rpc}`, enough, { ...guard(set), everyMs: 20 });
}

interface Awaited {
  /** What the driver is asked in the meantime. */
  readonly rpcs: readonly string[];
  readonly act: () => Promise<void>;
  readonly come: () => Promise<boolean>;
}

async function waitFor(set: Set, { rpcs, act, come }: Awaited): Promise<Wait> {
  const before = (await callsOf(set, rpcs)).length;
  const began = performance.now();
  await act();
  const seconds = await eventually(
    'what the user waits for',
    async () => ((await come()) ? (performance.now() - began) / 1000 : undefined),
    { ...guard(set), everyMs: 20, timeoutMs: GIVEN_UP_MS },
  ).catch((error: unknown) => {
    if (set.plane.stage.broken.aborted) throw error;
    return undefined;
  });
  return { seconds, calls: (await callsOf(set, rpcs)).length - before };
}

/** A snapshot that the driver refuses, and which is deleted between two calls of the back-off. */
async function deleteRefusedSnapshot(set: Set, faults: Parameters<DriverControl['bend']>[0]): Promise<Wait> {
  const { scene, control } = set;
  const { kube, namespace } = scene;
  await provision(scene, 'source');
  await control.bend(faults);
  await createSnapshot(scene, 'refused', 'source');
  await answered(set, { rpc: 'CreateSnapshot', count: 3 });
  // The answer has to reach the status before anybody can act upon it.
  await kube.until(
    VOLUME_SNAPSHOTS,
    { namespace, name: 'refused' },
    { what: 'failed', test: ({ status }) => (status?.error ?? undefined) !== undefined, ...guard(set) },
  );
  return waitFor(set, {
    rpcs: ['CreateSnapshot', 'DeleteSnapshot'],
    act: () => kube.delete(VOLUME_SNAPSHOTS, { namespace, name: 'refused' }),
    come: async () => (await kube.find(VOLUME_SNAPSHOTS, { namespace, name: 'refused' })) === undefined,
  });
}

const SELECTED_NODE = 'volume.kubernetes.io/selected-node';

export const STORIES: readonly Story[] = [
  {
    title: 'DeadlineExceeded, then InvalidArgument: VolumeSnapshot deleted → gone',
    counted: 'calls meanwhile',
    tell: (set) =>
      deleteRefusedSnapshot(set, [
        { rpc: 'CreateSnapshot', calls: 1, code: 'DEADLINE_EXCEEDED' },
        { rpc: 'CreateSnapshot', calls: '2-', code: 'INVALID_ARGUMENT' },
      ]),
  },
  {
    title: 'Unavailable, then ResourceExhausted: claim made → selected node taken back',
    counted: 'CreateVolume until then',
    options: { bindingMode: 'WaitForFirstConsumer' },
    tell: async (set) => {
      const { scene, control } = set;
      const { kube, namespace } = scene;
      await control.bend([
        { rpc: 'CreateVolume', calls: 1, code: 'UNAVAILABLE' },
        { rpc: 'CreateVolume', calls: '2-', code: 'RESOURCE_EXHAUSTED' },
      ]);
      return waitFor(set, {
        rpcs: ['CreateVolume'],
        act: async () => {
          await kube.create(PERSISTENT_VOLUME_CLAIMS, claimOnNode(scene, `${namespace}-a`));
          await answered(set, { rpc: 'CreateVolume', count: 1 });
        },
        come: async () => {
          const { metadata } = await kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'placed' });
          return metadata?.annotations?.[SELECTED_NODE] === undefined;
        },
      });
    },
  },
  {
    title: 'Unavailable, StorageClass mended → claim Bound',
    counted: 'CreateVolume from then on',
    tell: async (set) => {
      const { scene, control, driver } = set;
      const { kube, namespace } = scene;
      const inZone = (zone: string): Parameters<typeof kube.create<object>>[1] => ({
        metadata: { name: scene.storageClass },
        provisioner: driver.name,
        reclaimPolicy: 'Delete',
        volumeBindingMode: 'Immediate',
        allowedTopologies: [{ matchLabelExpressions: [{ key: ZONE, values: [zone] }] }],
      });
      const replaceClass = async (zone: string): Promise<void> => {
        await kube.delete(STORAGE_CLASSES, { name: scene.storageClass });
        await kube.create(STORAGE_CLASSES, inZone(zone));
      };
      await replaceClass('b');
      await control.bend([{ rpc: 'CreateVolume', calls: '1-2', code: 'UNAVAILABLE' }]);
      await createClaim(scene, 'mended');
      await answered(set, { rpc: 'CreateVolume', count: 2 });
      return waitFor(set, {
        rpcs: ['CreateVolume'],
        act: () => replaceClass('a'),
        come: async () => (await kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'mended' })).status?.phase === 'Bound',
      });
    },
  },
  {
    title: 'InvalidArgument, restart',
    counted: `CreateVolume in ${PACE_MS / 1000} s`,
    tell: async (set) => {
      const { scene, control } = set;
      await control.bend([{ rpc: 'CreateVolume', code: 'INVALID_ARGUMENT' }]);
      await createClaim(scene, 'refused');
      await answered(set, { rpc: 'CreateVolume', count: 1 });
      await set.stop('csi-provisioner');
      const before = (await callsOf(set, ['CreateVolume'])).length;
      await set.start('csi-provisioner');
      await pause(PACE_MS);
      return { seconds: PACE_MS / 1000, calls: (await callsOf(set, ['CreateVolume'])).length - before };
    },
  },
  {
    title: 'AlreadyExists: VolumeSnapshot deleted → gone',
    counted: 'calls meanwhile',
    tell: (set) => deleteRefusedSnapshot(set, [{ rpc: 'CreateSnapshot', code: 'ALREADY_EXISTS' }]),
  },
  {
    title: 'VolumeSnapshot deleted while no sidecar ran: sidecar started → gone',
    counted: 'calls meanwhile',
    options: { without: ['csi-snapshotter'] },
    tell: async (set) => {
      const { scene } = set;
      const { kube, namespace } = scene;
      await provision(scene, 'source');
      await createSnapshot(scene, 'unseen', 'source');
      const bound = await kube.until(
        VOLUME_SNAPSHOTS,
        { namespace, name: 'unseen' },
        { what: 'bound', test: ({ status }) => status?.boundVolumeSnapshotContentName !== undefined, ...guard(set) },
      );
      await kube.delete(VOLUME_SNAPSHOTS, { namespace, name: 'unseen' });
      // Both have been asked to go before the sidecar comes.
      await kube.until(
        VOLUME_SNAPSHOT_CONTENTS,
        { name: bound.status?.boundVolumeSnapshotContentName ?? '' },
        { what: 'Terminating', test: ({ metadata }) => metadata?.deletionTimestamp !== undefined, ...guard(set) },
      );
      return waitFor(set, {
        rpcs: ['CreateSnapshot', 'DeleteSnapshot'],
        act: () => set.start('csi-snapshotter'),
        come: async () => (await kube.find(VOLUME_SNAPSHOTS, { namespace, name: 'unseen' })) === undefined,
      });
    },
  },
];

/** As the scheduler leaves it. */
function claimOnNode({ namespace, storageClass }: Scene, node: string): PersistentVolumeClaim {
  return {
    metadata: { name: 'placed', namespace, annotations: { [SELECTED_NODE]: node } },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: storageClass, resources: { requests: { storage: '1Mi' } } },
  };
}
