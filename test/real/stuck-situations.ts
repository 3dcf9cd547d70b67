/**
 * Twenty objects that do not move on a real API server, ten beside our sidecars and ten beside the Go programs: how each is
 * brought about, its cause, and what heals it. Each has a namespace and classes of its own, so that all stand side by side.
 */
import type { KubeObject, PersistentVolumeClaim, VolumeGroupSnapshot, VolumeSnapshot } from '../../lib/kube/objects.ts';
import {
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { GROUPS } from './group-job.ts';
import type { Side } from './programs.ts';
import type { Corner } from './stuck-world.ts';

export interface Situation {
  readonly name: string;
  /** Whose sidecars run. */
  readonly beside: Side;
  /** Brings it about, and waits until it is told where somebody tells it. Answers what a person would ask about. */
  readonly plant: (corner: Corner) => Promise<string>;
  /** In `why` of explain, once its own hints to other objects are followed. */
  readonly cause: (corner: Corner) => RegExp;
  /** In `command` of explain. */
  readonly remedy: RegExp;
  /** Does what the command and the words behind its # say. `run`: the command itself, as it stands. */
  readonly follow: (corner: Corner, run: (command?: string) => Promise<void>, command: string) => Promise<unknown>;
  readonly healed: (corner: Corner) => Promise<unknown>;
  /** What names the cause in `kubectl describe` of the object asked about: any wording of it counts. */
  readonly described: (corner: Corner) => RegExp;
}

const isReady = { what: 'ready', test: ({ status }: VolumeSnapshot | VolumeGroupSnapshot) => status?.readyToUse === true };
const fromSnapshot = (name: string) => ({ dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name } });
const ONCE_THE_DRIVER_CAN = /once the driver can, it goes on by itself/;
/** The command itself, and nothing else. */
const asItStands = (_: Corner, run: () => Promise<void>): Promise<void> => run();

function claimOf({ namespace }: Corner, name: string, spec: object = {}): PersistentVolumeClaim {
  const resources = { requests: { storage: '1Mi' } };
  return { metadata: { name, namespace }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'plain', resources, ...spec } };
}

function podOf({ namespace }: Corner, name: string, spec: object = {}): KubeObject {
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }];
  const containers = [{ name: 'c', image: 'none.example/main' }];
  return { metadata: { name, namespace }, spec: { terminationGracePeriodSeconds: 0, containers, volumes, ...spec } } as KubeObject;
}

async function boundClaim(corner: Corner, name: string, spec: object = {}): Promise<PersistentVolumeClaim> {
  await corner.kube.create(PERSISTENT_VOLUME_CLAIMS, claimOf(corner, name, spec));
  return corner.bound(name);
}

/** The claim that is asked about, once somebody has warned of it. */
async function refusedClaim(corner: Corner, spec: object): Promise<string> {
  await corner.kube.create(PERSISTENT_VOLUME_CLAIMS, claimOf(corner, 'c', spec));
  await corner.warned('c');
  return 'pvc/c';
}

async function snapshotOf(
  { kube, namespace }: Corner,
  name: string,
  { claim, of = 'plain' }: { claim: string; of?: string },
): Promise<void> {
  const spec = { volumeSnapshotClassName: of, source: { persistentVolumeClaimName: claim } };
  await kube.create(VOLUME_SNAPSHOTS, { metadata: { name, namespace }, spec });
}

async function readySnapshot(corner: Corner, name: string, claim: string): Promise<VolumeSnapshot> {
  await snapshotOf(corner, name, { claim });
  return corner.until(VOLUME_SNAPSHOTS, name, isReady);
}

/** A claim with its volume, and a snapshot of it that is ready. */
export async function healthy(corner: Corner): Promise<void> {
  await boundClaim(corner, 'data');
  await readySnapshot(corner, 'data', 'data');
}

const snapshotReady = (corner: Corner): Promise<unknown> => corner.until(VOLUME_SNAPSHOTS, 's', isReady);
const claimBound = (corner: Corner): Promise<unknown> => corner.bound('c');

export const SITUATIONS: readonly Situation[] = [
  {
    name: 'a claim whose class is not there',
    beside: 'ours',
    plant: async (corner) => {
      await corner.kube.create(PERSISTENT_VOLUME_CLAIMS, claimOf(corner, 'c', { storageClassName: corner.own }));
      return 'pvc/c';
    },
    cause: ({ own }) => new RegExp(`StorageClass ${own} is not there`),
    remedy: /^kubectl get storageclasses # make /,
    follow: ({ kube, own, driver }) => kube.create(STORAGE_CLASSES, { metadata: { name: own }, provisioner: driver }),
    healed: claimBound,
    described: ({ own }) => new RegExp(`storageclass.*"${own}" not found`),
  },
  {
    name: 'a claim from a snapshot whose class is not there',
    beside: 'ours',
    plant: async (corner) => {
      await boundClaim(corner, 'source');
      await snapshotOf(corner, 's', { claim: 'source', of: corner.own });
      return refusedClaim(corner, fromSnapshot('s'));
    },
    cause: ({ own }) => new RegExp(`VolumeSnapshotClass ${own} is not there`),
    remedy: /^kubectl get volumesnapshotclasses # make /,
    follow: ({ kube, own, driver }) => kube.create(VOLUME_SNAPSHOT_CLASSES, { metadata: { name: own }, driver, deletionPolicy: 'Delete' }),
    healed: claimBound,
    described: ({ own }) => new RegExp(`class.*${own}`),
  },
  {
    name: 'a claim whose class names a secret that is not there',
    beside: 'ours',
    plant: async (corner) => {
      const { kube, own, driver, namespace } = corner;
      const parameters = {
        'csi.storage.k8s.io/provisioner-secret-name': 'key',
        'csi.storage.k8s.io/provisioner-secret-namespace': namespace,
      };
      await kube.create(STORAGE_CLASSES, { metadata: { name: own }, provisioner: driver, parameters });
      return refusedClaim(corner, { storageClassName: own });
    },
    cause: ({ own }) => new RegExp(`secret that class ${own} names cannot be used: .*key`),
    remedy: /^kubectl create secret generic key -n /,
    follow: asItStands,
    healed: claimBound,
    described: () => /secrets? "?key"?.*not found/,
  },
  {
    name: 'a claim whose driver has no room',
    beside: 'ours',
    plant: async (corner) => {
      const { kube, own, driver } = corner;
      await corner.bend({ rpc: 'CreateVolume', parameters: { pool: own }, code: 'RESOURCE_EXHAUSTED', message: 'no room' });
      await kube.create(STORAGE_CLASSES, { metadata: { name: own }, provisioner: driver, parameters: { pool: own } });
      return refusedClaim(corner, { storageClassName: own });
    },
    cause: ({ driver }) => new RegExp(`calls ${driver} for the volume, and nothing in the cluster stands in the way`),
    remedy: ONCE_THE_DRIVER_CAN,
    follow: (corner) => corner.heal(),
    healed: claimBound,
    described: () => /no room/,
  },
  {
    name: 'a claim that waits for its first Pod',
    beside: 'ours',
    plant: async (corner) => {
      await corner.kube.create(PERSISTENT_VOLUME_CLAIMS, claimOf(corner, 'c', { storageClassName: 'late' }));
      return 'pvc/c';
    },
    cause: () => /makes a volume only once a Pod uses the claim, and none does/,
    remedy: /^kubectl apply -f POD/,
    follow: (corner) => corner.kube.create(PODS, podOf(corner, 'p')),
    healed: claimBound,
    described: () => /waiting for first consumer/,
  },
  {
    name: 'a claim whose Pod fits no node',
    beside: 'ours',
    plant: async (corner) => {
      const { kube, own, namespace } = corner;
      await kube.create(PERSISTENT_VOLUME_CLAIMS, claimOf(corner, 'c', { storageClassName: 'late' }));
      await kube.create(PODS, podOf(corner, 'p', { nodeSelector: { for: own } }));
      const isTold = ({ status }: KubeObject & { status?: { conditions?: unknown[] } }): boolean => (status?.conditions ?? []).length > 0;
      await kube.until(PODS, { name: 'p', namespace }, { what: 'refused by the scheduler', test: isTold });
      return 'pvc/c';
    },
    cause: () => /no node is chosen yet for Pod p: .*node affinity\/selector/,
    remedy: /change the node/,
    follow: ({ kube, node, own }) => kube.mergePatch(NODES, { name: node }, { metadata: { labels: { for: own } } }),
    healed: claimBound,
    described: () => /affinity|selector/i,
  },
  {
    name: 'a deleted claim that a Pod uses',
    beside: 'ours',
    plant: async (corner) => {
      const { kube, node, namespace } = corner;
      await boundClaim(corner, 'c');
      await kube.create(PODS, podOf(corner, 'p', { nodeName: node }));
      await kube.delete(PERSISTENT_VOLUME_CLAIMS, { name: 'c', namespace });
      return 'pvc/c';
    },
    cause: () => /Pod p still uses the claim/,
    remedy: /^kubectl delete pod\/p -n /,
    follow: asItStands,
    healed: (corner) => corner.gone(PERSISTENT_VOLUME_CLAIMS, 'c'),
    described: () => /Used By: +p/,
  },
  {
    name: 'a snapshot that the driver refuses',
    beside: 'ours',
    plant: async (corner) => {
      const { kube, own, driver } = corner;
      await corner.bend({ rpc: 'CreateSnapshot', parameters: { pool: own }, code: 'INTERNAL', message: 'no replica' });
      const parameters = { pool: own };
      await kube.create(VOLUME_SNAPSHOT_CLASSES, { metadata: { name: own }, driver, deletionPolicy: 'Delete', parameters });
      await boundClaim(corner, 'c');
      await snapshotOf(corner, 's', { claim: 'c', of: own });
      await corner.failed('s', /no replica/);
      return 'vs/s';
    },
    cause: ({ driver }) => new RegExp(`calls CreateSnapshot of ${driver}, and nothing in the cluster stands in the way`),
    remedy: ONCE_THE_DRIVER_CAN,
    follow: (corner) => corner.heal(),
    healed: snapshotReady,
    described: () => /no replica/,
  },
  {
    name: 'a content that was deleted under its snapshot',
    beside: 'ours',
    plant: async (corner) => {
      await boundClaim(corner, 'c');
      const { status } = await readySnapshot(corner, 's', 'c');
      const content = status?.boundVolumeSnapshotContentName ?? '';
      await corner.kube.delete(VOLUME_SNAPSHOT_CONTENTS, { name: content });
      return `vsc/${content}`;
    },
    cause: () => /was deleted by itself, while its VolumeSnapshot \S+\/s lives/,
    remedy: /^kubectl delete volumesnapshot\/s -n /,
    follow: asItStands,
    healed: (corner) => corner.gone(VOLUME_SNAPSHOTS, 's'),
    described: () => /(still|exists|alive|lives)/i,
  },
  {
    name: 'a group whose selector finds no claim',
    beside: 'ours',
    plant: async (corner) => {
      const { kube, namespace } = corner;
      await boundClaim(corner, 'c');
      const source = { selector: { matchLabels: { app: 'db' } } };
      await kube.create(GROUPS.snapshots, { metadata: { name: 'g', namespace }, spec: { volumeGroupSnapshotClassName: 'plain', source } });
      await corner.until(GROUPS.snapshots, 'g', { what: 'told', test: ({ status }) => status?.error?.message !== undefined });
      return 'vgs/g';
    },
    cause: () => /its selector app=db finds no claim/,
    remedy: /^kubectl label pvc CLAIM -n /,
    follow: (_, run, command) => run(command.replace('CLAIM', 'c')),
    healed: (corner) => corner.until(GROUPS.snapshots, 'g', isReady),
    described: () => /label selector app=db .*not applied to any PVC/,
  },
  {
    name: 'a claim without a class, and no default one',
    beside: 'go',
    plant: async (corner) => {
      await corner.kube.create(PERSISTENT_VOLUME_CLAIMS, claimOf(corner, 'c', { storageClassName: undefined }));
      return 'pvc/c';
    },
    cause: () => /names no class, and none is the default/,
    remedy: /^kubectl annotate storageclasses NAME /,
    follow: (_, run, command) => run(command.replace('NAME', 'plain')),
    healed: claimBound,
    described: () => /no storage class is set/,
  },
  {
    name: 'a claim from a snapshot that is not there',
    beside: 'go',
    plant: async (corner) => {
      await boundClaim(corner, 'source');
      return refusedClaim(corner, fromSnapshot('none'));
    },
    cause: () => /source VolumeSnapshot \S+\/none is not there/,
    remedy: /^kubectl get volumesnapshots -n \S+ # make none, or /,
    follow: (corner) => snapshotOf(corner, 'none', { claim: 'source' }),
    healed: claimBound,
    described: () => /"none" not found/,
  },
  {
    name: 'a claim that is smaller than its snapshot',
    beside: 'go',
    plant: async (corner) => {
      await boundClaim(corner, 'source');
      await readySnapshot(corner, 's', 'source');
      const small = { resources: { requests: { storage: '1Ki' } } };
      return refusedClaim(corner, { ...fromSnapshot('s'), ...small });
    },
    cause: () => /does not fit its source: .*1024 is less than the size 1048576/,
    remedy: /^kubectl delete persistentvolumeclaim\/c -n \S+ # then make it again so that it fits/,
    follow: async (corner, run) => {
      await run();
      await corner.kube.create(PERSISTENT_VOLUME_CLAIMS, claimOf(corner, 'c', fromSnapshot('s')));
    },
    healed: claimBound,
    described: () => /1024 is less than the size 1048576/,
  },
  {
    name: 'a claim whose class names a driver by a wrong name',
    beside: 'go',
    plant: async (corner) => {
      const { kube, own, driver } = corner;
      await kube.create(STORAGE_CLASSES, { metadata: { name: own }, provisioner: `${driver}s` });
      await kube.create(PERSISTENT_VOLUME_CLAIMS, claimOf(corner, 'c', { storageClassName: own }));
      await corner.handedOver('c');
      return 'pvc/c';
    },
    cause: ({ driver }) => new RegExp(`${driver}s is to make the volume, and is not there: .*did you mean ${driver}\\?`),
    remedy: /make class \S+ again with a provisioner that is there/,
    follow: async ({ kube, own, driver }) => {
      await kube.delete(STORAGE_CLASSES, { name: own });
      await kube.create(STORAGE_CLASSES, { metadata: { name: own }, provisioner: driver });
    },
    healed: claimBound,
    described: () => /no such driver|driver.*not (there|found|installed|registered)|did you mean/i,
  },
  {
    name: 'a claim with a selector',
    beside: 'go',
    plant: (corner) => refusedClaim(corner, { selector: { matchLabels: { a: 'b' } } }),
    cause: () => /claim Selector is not supported/,
    remedy: /^kubectl delete persistentvolumeclaim\/c -n \S+ # then make it again as the reason asks/,
    follow: async (corner, run) => {
      await run();
      await corner.kube.create(PERSISTENT_VOLUME_CLAIMS, claimOf(corner, 'c'));
    },
    healed: claimBound,
    described: () => /Selector is not supported/,
  },
  {
    name: 'a released volume that the driver does not delete',
    beside: 'go',
    plant: async (corner) => {
      const { kube, namespace } = corner;
      const { spec } = await boundClaim(corner, 'c');
      const name = spec?.volumeName ?? '';
      const handle = (await kube.get(PERSISTENT_VOLUMES, { name })).spec?.csi?.volumeHandle ?? '';
      await corner.bend({ rpc: 'DeleteVolume', name: handle, code: 'INTERNAL', message: 'disk on fire' });
      await kube.delete(PERSISTENT_VOLUME_CLAIMS, { name: 'c', namespace });
      await corner.warned(name);
      return `pv/${name}`;
    },
    cause: () => /calls DeleteVolume for /,
    remedy: ONCE_THE_DRIVER_CAN,
    follow: (corner) => corner.heal(),
    healed: (corner) => corner.untilNoVolume(),
    described: () => /disk on fire/,
  },
  {
    name: 'a released volume that is kept',
    beside: 'go',
    plant: async (corner) => {
      const { kube, own, driver, namespace } = corner;
      await kube.create(STORAGE_CLASSES, { metadata: { name: own }, provisioner: driver, reclaimPolicy: 'Retain' });
      const { spec } = await boundClaim(corner, 'c', { storageClassName: own });
      const name = spec?.volumeName ?? '';
      await kube.delete(PERSISTENT_VOLUME_CLAIMS, { name: 'c', namespace });
      await kube.until(PERSISTENT_VOLUMES, { name }, { what: 'released', test: ({ status }) => status?.phase === 'Released' });
      return `pv/${name}`;
    },
    cause: () => /its claim is gone and its reclaim policy is Retain/,
    remedy: /^kubectl patch persistentvolume\/\S+ --type=json /,
    follow: asItStands,
    healed: (corner) => corner.untilVolume(({ status, spec }) => status?.phase === 'Available' && spec?.storageClassName === corner.own),
    described: () => /Status: +Released[^]*Reclaim Policy: +Retain|Reclaim Policy: +Retain[^]*Status: +Released/,
  },
  {
    name: 'a snapshot whose content was to be there',
    beside: 'go',
    plant: async (corner) => {
      const { kube, own, namespace } = corner;
      await boundClaim(corner, 'c');
      await readySnapshot(corner, 'first', 'c');
      await kube.create(VOLUME_SNAPSHOTS, { metadata: { name: 's', namespace }, spec: { source: { volumeSnapshotContentName: own } } });
      await corner.failed('s', /./);
      return 'vs/s';
    },
    cause: ({ own }) => new RegExp(`VolumeSnapshotContent ${own} is not there`),
    remedy: /^kubectl get volumesnapshotcontents # make own-\S+, or /,
    follow: async ({ kube, own, driver, namespace, until }) => {
      const { status } = await until(VOLUME_SNAPSHOTS, 'first', isReady);
      const content = await kube.get(VOLUME_SNAPSHOT_CONTENTS, { name: status?.boundVolumeSnapshotContentName ?? '' });
      const source = { snapshotHandle: content.status?.snapshotHandle ?? '' };
      const spec = { driver, deletionPolicy: 'Retain', source, volumeSnapshotRef: { name: 's', namespace } };
      await kube.create(VOLUME_SNAPSHOT_CONTENTS, { metadata: { name: own }, spec });
    },
    healed: snapshotReady,
    described: () => /content.*(is missing|not found|cannot be found)/i,
  },
  {
    name: 'a deleted claim that another program holds',
    beside: 'go',
    plant: async (corner) => {
      const { kube, namespace } = corner;
      const claim = claimOf(corner, 'c', { storageClassName: '' });
      await kube.create(PERSISTENT_VOLUME_CLAIMS, { ...claim, metadata: { ...claim.metadata, finalizers: ['example.com/hold'] } });
      await kube.delete(PERSISTENT_VOLUME_CLAIMS, { name: 'c', namespace });
      const isAlone = ({ metadata }: KubeObject): boolean => metadata?.finalizers?.length === 1;
      await corner.until(PERSISTENT_VOLUME_CLAIMS, 'c', { what: 'held by the other program alone', test: isAlone });
      return 'pvc/c';
    },
    cause: () => /another program holds it by example.com\/hold/,
    remedy: /^kubectl patch persistentvolumeclaim\/c /,
    follow: asItStands,
    healed: (corner) => corner.gone(PERSISTENT_VOLUME_CLAIMS, 'c'),
    described: () => /Finalizers: +\[example.com\/hold\]/,
  },
  {
    name: 'a deleted snapshot that a claim waits for',
    beside: 'go',
    plant: async (corner) => {
      const { kube, namespace } = corner;
      await boundClaim(corner, 'source');
      await readySnapshot(corner, 's', 'source');
      await kube.create(PERSISTENT_VOLUME_CLAIMS, claimOf(corner, 'c', { ...fromSnapshot('s'), storageClassName: 'late' }));
      await kube.delete(VOLUME_SNAPSHOTS, { name: 's', namespace });
      await corner.warned('s');
      return 'vs/s';
    },
    cause: () => /its source VolumeSnapshot \S+\/s is being deleted, which waits for the claim in turn/,
    remedy: /^kubectl delete persistentvolumeclaim\/c -n /,
    follow: asItStands,
    healed: (corner) => corner.gone(VOLUME_SNAPSHOTS, 's'),
    described: () => /being used to restore a PVC/,
  },
];
