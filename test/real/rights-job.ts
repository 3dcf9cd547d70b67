/**
 * Everything that a right is granted for, done once under the roles of deploy/: the main job and a group on a driver with
 * topology, attachments, capacities and Secrets, and what makes a program look twice or repeat itself.
 */
import type { CoreEvent, KubeObject, Resource } from '../../lib/kube/objects.ts';
import {
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  EVENTS,
  LEASES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  SECRETS,
  STORAGE_CLASSES,
  VOLUME_ATTRIBUTES_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { formatMicroTime } from '../../lib/kube/time.ts';
import type { DriverControl } from '../../harness/driver-control.ts';
import type { AuditCall } from '../../harness/real/audit.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startSteeredDriver } from '../../harness/mock-driver.ts';
import { eventually } from '../../harness/wait.ts';
import { GROUPS, openGroupClass, runGroupJob } from './group-job.ts';
import type { Scene } from './main-job.ts';
import {
  createClaim,
  createSnapshot,
  deleteClaim,
  deleteSnapshot,
  guard,
  openScene,
  provision,
  takeSnapshot,
  untilBound,
  untilNothingLeft,
} from './main-job.ts';
import { groupsOn, type Role } from './programs.ts';
import { applyRbac, runUnderRbac } from './rbac.ts';
import { RIGHTS_FILES } from './rights.ts';

const ZONE = 'topology.mock.csi.example/zone';
/** Where csi-provisioner runs, as its environment tells it: capacities belong to the Deployment two owners further up. */
const OWN_POD = { name: 'csi-0', namespace: 'default' };
const SECRET = 'credentials';
/** It is done, and the answer is lost. */
const NO_ANSWER = { code: 'DEADLINE_EXCEEDED', effect: true, message: 'no luck today' };

const deployments = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true } as const;
const replicaSets = { group: 'apps', version: 'v1', plural: 'replicasets', kind: 'ReplicaSet', namespaced: true } as const;

/** The election leases, by where the manifests foresee them. */
const ELECTIONS: readonly { readonly namespace: string; readonly name: string }[] = [
  { namespace: 'kube-system', name: 'snapshot-controller-leader' },
  { namespace: 'default', name: 'external-snapshotter-leader-mock-csi-example' },
  { namespace: 'default', name: 'mock-csi-example' },
];

interface World {
  readonly plane: ControlPlane;
  readonly driver: MockDriver;
  readonly control: DriverControl;
}

/** Every call of the three programs. */
export async function runRightsJob(plane: ControlPlane): Promise<readonly AuditCall[]> {
  await applyRbac(plane, RIGHTS_FILES);
  const args = [`--topology=${ZONE}=a`, '--require-secrets=token=right'];
  const { driver, control } = await startSteeredDriver(plane.stage, { args });
  const world = { plane, driver, control };
  const scene = await prepare(world);
  const run = (job: () => Promise<void>): Promise<readonly AuditCall[]> =>
    runUnderRbac({ plane, driver, side: 'ours', argsOf, env: OWN_ENV }, job);
  const first = await run(() => firstLife(world, scene));
  await betweenLives(world, scene);
  const second = await run(() => secondLife(world, scene));
  return [...first, ...second];
}

const CAPACITY = ['--enable-capacity', '--capacity-ownerref-level=2', '--capacity-poll-interval=1s', '--capacity-for-immediate-binding'];
const argsOf = (role: Role): readonly string[] =>
  role === 'csi-provisioner' ? [...CAPACITY, '--feature-gates=Topology=true,VolumeAttributesClass=true'] : groupsOn(role);
const OWN_ENV = { NAMESPACE: OWN_POD.namespace, POD_NAME: OWN_POD.name };

/** What the programs find. */
async function prepare({ plane, driver }: World): Promise<Scene> {
  const { kube } = plane;
  await registerNode(plane, driver);
  await ownPod(plane);
  const secretOf = (role: string): Record<string, string> => ({
    [`csi.storage.k8s.io/${role}-secret-name`]: SECRET,
    [`csi.storage.k8s.io/${role}-secret-namespace`]: 'rights',
  });
  const scene = await openScene({
    plane,
    driver,
    name: 'rights',
    storageParameters: secretOf('provisioner'),
    snapshotParameters: secretOf('snapshotter'),
  });
  await kube.create(SECRETS, { metadata: { name: SECRET, namespace: 'rights' }, data: { token: 'cmlnaHQ=' } });
  await openGroupClass(scene, secretOf('group-snapshotter'));
  return scene;
}

async function registerNode({ kube }: ControlPlane, driver: MockDriver): Promise<void> {
  await kube.create(NODES, { metadata: { name: 'node-a', labels: { [ZONE]: 'a' } } });
  const drivers = [{ name: driver.name, nodeID: 'node-a', topologyKeys: [ZONE] }];
  await kube.create(CSI_NODES, { metadata: { name: 'node-a' }, spec: { drivers } });
}

/** A Pod with its ReplicaSet and that one's Deployment. Nobody runs them. */
async function ownPod({ kube }: ControlPlane): Promise<void> {
  const labels = { app: 'csi' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'none.example/main' }] } };
  const spec = { selector: { matchLabels: labels }, template };
  const ownerOf = (apiVersion: string, kind: string, { metadata }: KubeObject): object[] => [
    { apiVersion, kind, name: metadata?.name, uid: metadata?.uid, controller: true },
  ];
  const metadata = (owners: object[]): object => ({ metadata: { ...OWN_POD, labels, ownerReferences: owners } });
  const deployment = await kube.create<KubeObject>(deployments, { ...metadata([]), spec } as KubeObject);
  const owners = ownerOf('apps/v1', 'Deployment', deployment);
  const replicaSet = await kube.create<KubeObject>(replicaSets, { ...metadata(owners), spec } as KubeObject);
  await kube.create(PODS, { ...metadata(ownerOf('apps/v1', 'ReplicaSet', replicaSet)), spec: template.spec } as KubeObject);
}

/** As it lies there after the death of a process that had made a shard and not yet named it: it is nobody's, and goes. */
async function strayShard({ kube }: ControlPlane, driver: MockDriver): Promise<void> {
  const labels = { 'csi-sidecars/journal-driver': driver.name, 'csi-sidecars/journal-kind': 'shard' };
  await kube.create(LEASES, { metadata: { namespace: 'default', name: `csi-journal-${driver.name}-stray`, labels } });
}

/** The programs come for the first time, and leave a volume behind of which nobody knows whether it was made. */
async function firstLife({ control }: World, scene: Scene): Promise<void> {
  await provision(scene, 'source');
  for (const lease of ELECTIONS) await scene.kube.until(LEASES, lease, { what: 'there', test: () => true, ...guard(scene) });
  await control.bend([{ rpc: 'CreateVolume', ...NO_ANSWER }]);
  await createClaim(scene, 'forgotten');
  await untilTold(scene, 'ProvisioningFailed');
}

/** Nobody wants the volume any more; and somebody else holds the leases and goes, so that they are watched until they expire. */
async function betweenLives({ plane, driver, control }: World, scene: Scene): Promise<void> {
  const { kube, namespace } = scene;
  await control.heal();
  await deleteClaim(scene, 'forgotten');
  await kube.delete(EVENTS, { namespace, name: (await eventOf(scene, 'ProvisioningFailed'))?.metadata?.name ?? '' });
  for (const lease of ELECTIONS) {
    const spec = { holderIdentity: 'gone', leaseDurationSeconds: 3, renewTime: formatMicroTime(Date.now()) };
    await kube.mergePatch(LEASES, lease, { spec });
  }
  await strayShard(plane, driver);
}

async function secondLife(world: World, scene: Scene): Promise<void> {
  const { kube } = scene;
  await untilPublished(scene);
  await attributesClass(scene);
  await takeSnapshot(scene, 'snapshot', 'source');
  await provision(scene, 'restored', { fromSnapshot: 'snapshot' });
  await provision(scene, 'clone', { fromClaim: 'source' });
  await runGroupJob(scene);
  await repeat(world, scene);
  await lookTwice(scene);
  await lookForVolume(world, scene);
  await orphans(scene);
  for (const claim of ['restored', 'clone', 'source']) await deleteClaim(scene, claim);
  await untilNothingLeft(scene);
  await kube.delete(STORAGE_CLASSES, { name: scene.storageClass });
  const areGone = async (): Promise<true | undefined> =>
    (await kube.list(CSI_STORAGE_CAPACITIES, OWN_POD.namespace)).length === 0 ? true : undefined;
  await eventually('the capacities to go with their class', areGone, guard(scene));
}

async function eventOf({ kube, namespace }: Scene, reason: string): Promise<CoreEvent | undefined> {
  return (await kube.list(EVENTS, namespace)).find((event) => event.reason === reason);
}

async function untilTold(scene: Scene, reason: string): Promise<void> {
  await eventually(`event ${reason}`, () => eventOf(scene, reason), guard(scene));
}

/** One of the capacities has to be made again under a name that somebody else has taken meanwhile. */
async function untilPublished(scene: Scene): Promise<void> {
  const { kube } = scene;
  const namespace = OWN_POD.namespace;
  const published = async (isOurs: boolean): Promise<string | undefined> =>
    (await kube.list(CSI_STORAGE_CAPACITIES, namespace)).find(({ metadata }) => (metadata?.labels !== undefined) === isOurs)?.metadata
      ?.name;
  const name = await eventually('a capacity', () => published(true), guard(scene));
  await kube.mergePatch(CSI_STORAGE_CAPACITIES, { namespace, name }, { metadata: { labels: null } });
  await eventually('a capacity beside the one that is ours no more', () => published(true), guard(scene));
  await kube.delete(CSI_STORAGE_CAPACITIES, { namespace, name });
}

async function attributesClass(scene: Scene): Promise<void> {
  const { kube, driver, namespace } = scene;
  await kube.create(VOLUME_ATTRIBUTES_CLASSES, { metadata: { name: 'fast' }, driverName: driver.name, parameters: { iops: '100' } });
  await kube.create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: { name: 'fast', namespace },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: scene.storageClass,
      volumeAttributesClassName: 'fast',
      resources: { requests: { storage: '1Mi' } },
    },
  });
  await untilBound(scene, 'fast');
  await deleteClaim(scene, 'fast');
}

/** Each program says the same thing twice, the second time as a count of the first: about calls that fail, and a snapshot that is in use. */
async function repeat({ control }: World, scene: Scene): Promise<void> {
  const { kube, namespace } = scene;
  await takeSnapshot(scene, 'kept', 'source');
  await control.bend([
    { rpc: 'CreateVolume', ...NO_ANSWER },
    { rpc: 'DeleteSnapshot', ...NO_ANSWER },
  ]);
  await createClaim(scene, 'unlucky', { fromSnapshot: 'snapshot' });
  await untilTold(scene, 'ProvisioningFailed');
  for (const name of ['snapshot', 'kept']) await kube.delete(VOLUME_SNAPSHOTS, { namespace, name });
  const reasons = ['ProvisioningFailed', 'SnapshotDeleteError', 'SnapshotDeletePending'];
  const hasRepeated = async (): Promise<true | undefined> => {
    const repeated = new Set((await kube.list(EVENTS)).filter(({ count }) => (count ?? 1) > 1).map(({ reason }) => reason));
    return reasons.every((reason) => repeated.has(reason)) ? true : undefined;
  };
  await eventually('each program to say something twice', hasRepeated, guard(scene));
  await kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'unlucky' });
  await kube.untilGone(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'unlucky' }, guard(scene));
  await control.heal();
  for (const name of ['snapshot', 'kept']) await kube.untilGone(VOLUME_SNAPSHOTS, { namespace, name }, guard(scene));
}

/** Nothing is called missing that was not looked for at the server itself. */
async function lookTwice(scene: Scene): Promise<void> {
  const { kube, namespace } = scene;
  const snapshot = (name: string, className: string, source: object): Promise<unknown> =>
    kube.create(VOLUME_SNAPSHOTS, { metadata: { name, namespace }, spec: { volumeSnapshotClassName: className, source } });
  const group = (name: string, className: string, source: object): Promise<unknown> =>
    kube.create(GROUPS.snapshots, { metadata: { name, namespace }, spec: { volumeGroupSnapshotClassName: className, source } });
  await snapshot('classless', 'none', { persistentVolumeClaimName: 'source' });
  await snapshot('contentless', namespace, { volumeSnapshotContentName: 'none' });
  await snapshot('claimless', namespace, { persistentVolumeClaimName: 'none' });
  await group('classless', 'none', { selector: { matchLabels: { app: 'none' } } });
  await group('contentless', namespace, { volumeGroupSnapshotContentName: 'none' });
  await createClaim(scene, 'sourceless', { fromSnapshot: 'none' });
  const areTold = async (): Promise<true | undefined> => {
    const waiting = [await kube.list(VOLUME_SNAPSHOTS, namespace), await kube.list(GROUPS.snapshots, namespace)].flat();
    return waiting.length === 5 && waiting.every(({ status }) => status?.error !== undefined) ? true : undefined;
  };
  await eventually('what is missing to be told', areTold, guard(scene));
  await untilTold(scene, 'ProvisioningFailed');
  for (const name of ['contentless', 'classless']) await kube.delete(GROUPS.snapshots, { namespace, name });
  for (const name of ['contentless', 'classless', 'claimless']) await deleteSnapshot(scene, name);
  await deleteClaim(scene, 'sourceless');
}

/** A claim that is bound to a volume which is not there: a state that the binder would end, so it is held meanwhile. */
async function lookForVolume({ plane }: World, scene: Scene): Promise<void> {
  const { kube, namespace } = scene;
  const binder = plane.servers.controllerManager;
  binder?.signal('SIGSTOP');
  const target = { namespace, name: 'volumeless' };
  const claim = await kube.create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: target,
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', volumeName: 'none', resources: { requests: { storage: '1Mi' } } },
  });
  await kube.replaceStatus(PERSISTENT_VOLUME_CLAIMS, { ...claim, status: { phase: 'Bound' } });
  await createSnapshot(scene, 'volumeless', 'volumeless');
  await kube.until(VOLUME_SNAPSHOTS, target, { what: 'told why', test: ({ status }) => status?.error !== undefined, ...guard(scene) });
  binder?.signal('SIGCONT');
  await deleteSnapshot(scene, 'volumeless');
  await deleteClaim(scene, 'volumeless');
}

/** Contents whose snapshots are not there, of a driver that nobody serves: they go. */
async function orphans(scene: Scene): Promise<void> {
  const { kube, namespace } = scene;
  const spec = { driver: 'other.csi.example', deletionPolicy: 'Delete' } as const;
  const reference = { namespace, name: 'none', uid: '00000000-0000-4000-8000-000000000000' };
  const single = { kind: 'VolumeSnapshot', apiVersion: 'snapshot.storage.k8s.io/v1', ...reference };
  await kube.create(VOLUME_SNAPSHOT_CONTENTS, {
    metadata: { name: 'orphan', finalizers: ['example.com/held'] },
    spec: { ...spec, volumeSnapshotRef: single, source: { volumeHandle: 'volume' } },
  });
  const group = { kind: 'VolumeGroupSnapshot', apiVersion: 'groupsnapshot.storage.k8s.io/v1', ...reference };
  await kube.create(GROUPS.contents, {
    metadata: { name: 'orphan', finalizers: ['example.com/held'] },
    spec: { ...spec, volumeGroupSnapshotRef: group, source: { volumeHandles: ['volume'] } },
  });
  for (const resource of [VOLUME_SNAPSHOT_CONTENTS, GROUPS.contents] as readonly Resource<KubeObject>[]) {
    const isDeleted = async (): Promise<true | undefined> =>
      (await kube.find(resource, { name: 'orphan' }))?.metadata?.deletionTimestamp === undefined ? undefined : true;
    await eventually(`${resource.kind} orphan to be deleted`, isDeleted, guard(scene));
    await kube.mergePatch(resource, { name: 'orphan' }, { metadata: { finalizers: null } });
  }
}
