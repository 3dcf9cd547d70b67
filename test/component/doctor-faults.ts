/**
 * What can be wrong with a cluster, one at a time: how it is planted, and what doctor has to say, exactly once. The
 * cluster has CRDs, a node, a driver on it, and no sidecars: what is planted stays as it is.
 */
import { DRIVER } from '../../demo/world.ts';
import { leaseOf } from '../../lib/journal/lease.ts';
import type { KubeObject, Lease, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import {
  CSI_DRIVERS,
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  CUSTOM_RESOURCE_DEFINITIONS,
  LEASES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { CreateVolumeRequest } from '../../proto/gen/csi.ts';
import { encodeEntry } from '../../provisioner/intent/intent.ts';
import type { Plant } from './planter.ts';
import { formatMicroTime } from '../../lib/kube/time.ts';

export interface Fault {
  readonly name: string;
  readonly plant: (plant: Plant) => Promise<unknown>;
  /** `check Kind/name: what`. */
  readonly finds: RegExp;
  readonly flags?: readonly string[];
}

const namespace = 'default';
const GONE = 'gone.csi.example';
const MOUNT = ['ReadWriteOnce'];
const DEFAULT_CLASS = { 'storageclass.kubernetes.io/is-default-class': 'true' };
const DEFAULT_FOR_SNAPSHOTS = { 'snapshot.storage.kubernetes.io/is-default-class': 'true' };
const HOUR_MS = 3_600_000;

const storageClass = (name: string, more: object = {}) => ({ metadata: { name }, provisioner: DRIVER, ...more });
const snapshotClass = (name: string, more: object = {}) => ({ metadata: { name }, driver: DRIVER, deletionPolicy: 'Delete', ...more });
const claim = (name: string, spec: object = {}, metadata: object = {}) => ({
  metadata: { name, namespace, ...metadata },
  spec: { accessModes: MOUNT, resources: { requests: { storage: '1Mi' } }, ...spec },
});
const volume = (name: string, spec: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: {
    capacity: { storage: '1Mi' },
    accessModes: MOUNT,
    persistentVolumeReclaimPolicy: 'Retain',
    csi: { driver: DRIVER, volumeHandle: `handle-${name}` },
    ...spec,
  },
});
const content = (name: string, spec: object, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: {
    driver: DRIVER,
    deletionPolicy: 'Retain',
    source: { snapshotHandle: `handle-${name}` },
    volumeSnapshotRef: { name: 'none', namespace },
    ...spec,
  },
});
const lease = (name: string, spec: Lease['spec'], where = namespace): Lease => ({
  metadata: { name, namespace: where },
  spec: { leaseDurationSeconds: 15, ...spec },
});
const microTime = (agoMs: number): string => formatMicroTime(Date.now() - agoMs);

/** Nobody schedules it, so that it stays as it is. */
const pod = (name: string, containers: readonly object[], metadata: object = {}): KubeObject =>
  ({
    metadata: { name, namespace, ...metadata },
    spec: { schedulerName: 'nobody', serviceAccountName: 'sidecar', containers },
  }) as KubeObject;
const container = (name: string, image: string, args: readonly string[] = []) => ({ name, image, args });

/** An edit of a CRD, taken back afterwards. */
async function editCrd({ kube, undo }: Plant, name: string, edit: (version: CrdVersion) => void): Promise<void> {
  const target = { name: `${name}.snapshot.storage.k8s.io` };
  const crd = await kube.get(CUSTOM_RESOURCE_DEFINITIONS, target);
  const changed = structuredClone(crd.spec) as { versions: CrdVersion[] };
  for (const version of changed.versions) edit(version);
  undo(() => kube.mergePatch(CUSTOM_RESOURCE_DEFINITIONS, target, { spec: { versions: (crd.spec as { versions: unknown }).versions } }));
  await kube.mergePatch(CUSTOM_RESOURCE_DEFINITIONS, target, { spec: { versions: changed.versions } });
}
interface CrdVersion {
  name: string;
  served: boolean;
  schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, unknown>; 'x-kubernetes-validations'?: unknown } } } };
}

const journal = (name: string, kind: 'process' | 'leader', { entries, agoMs }: { entries: string; agoMs: number }): Lease =>
  leaseOf(
    undefined,
    { name, namespace, driver: GONE },
    { kind, identity: 'somebody', write: 1, shards: [], entries, renewal: { wallMs: Date.now() - agoMs, durationMs: 15_000 } },
  );
const ENTRY = encodeEntry([
  {
    claim: { namespace: 'team', name: 'data', uid: 'u-1' },
    className: 'fast',
    classVersion: '',
    request: { ...CreateVolumeRequest.decode(new Uint8Array()), name: 'pvc-u-1' },
    secret: undefined,
    source: undefined,
    selectedNode: undefined,
    omittedTopology: undefined,
  },
]);

export const FAULTS: readonly Fault[] = [
  {
    name: 'a CRD is missing',
    plant: async ({ kube, undo }) => {
      const target = { name: 'volumesnapshotclasses.snapshot.storage.k8s.io' };
      const { metadata, ...crd } = await kube.get(CUSTOM_RESOURCE_DEFINITIONS, target);
      undo(() =>
        kube.create(CUSTOM_RESOURCE_DEFINITIONS, {
          ...crd,
          metadata: { ...target, ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }) },
        }),
      );
      await kube.delete(CUSTOM_RESOURCE_DEFINITIONS, target);
    },
    finds: /^crds CustomResourceDefinition\/volumesnapshotclasses.*: the custom resource is not installed$/,
  },
  {
    name: 'a CRD lacks a field',
    plant: (plant) =>
      editCrd(
        plant,
        'volumesnapshotcontents',
        (version) => delete version.schema.openAPIV3Schema.properties.spec.properties['sourceVolumeMode'],
      ),
    finds: /^crds .*volumesnapshotcontents.*: it is too old: v1 spec.sourceVolumeMode is not a field/,
  },
  {
    name: 'a CRD lacks a rule',
    plant: (plant) =>
      editCrd(plant, 'volumesnapshotcontents', (version) => {
        const source = version.schema.openAPIV3Schema.properties.spec.properties['source'] as Record<string, unknown>;
        delete source['x-kubernetes-validations'];
      }),
    finds: /^crds .*volumesnapshotcontents.*: it is too old: .*lacks the rule/,
  },
  {
    name: 'two StorageClasses are the default',
    plant: async ({ make }) => {
      await make(STORAGE_CLASSES, storageClass('one', { metadata: { name: 'one', annotations: DEFAULT_CLASS } }));
      await make(STORAGE_CLASSES, storageClass('two', { metadata: { name: 'two', annotations: DEFAULT_CLASS } }));
    },
    finds: /^classes StorageClass\/two: 2 StorageClasses are the default: one, two$/,
  },
  {
    name: 'a claim waits for a default StorageClass',
    plant: ({ make }) => make(PERSISTENT_VOLUME_CLAIMS, claim('waits')),
    finds: /^classes PersistentVolumeClaim\/waits: the claim names no StorageClass, and none is the default$/,
  },
  {
    name: 'a claim names a StorageClass that is not there',
    plant: ({ make }) => make(PERSISTENT_VOLUME_CLAIMS, claim('waits', { storageClassName: 'fats' })),
    finds: /^classes PersistentVolumeClaim\/waits: the claim names StorageClass fats, which is not there$/,
  },
  {
    name: 'two VolumeSnapshotClasses are the default of one driver',
    plant: async ({ make }) => {
      for (const name of ['one', 'two'])
        await make(VOLUME_SNAPSHOT_CLASSES, snapshotClass(name, { metadata: { name, annotations: DEFAULT_FOR_SNAPSHOTS } }));
    },
    finds: /^classes VolumeSnapshotClass\/two: 2 VolumeSnapshotClasses are the default of mock.csi.example: one, two$/,
  },
  {
    name: 'a VolumeSnapshot waits for a default class',
    plant: async ({ make }) => {
      await make(PERSISTENT_VOLUMES, volume('v', { claimRef: { name: 'source', namespace }, storageClassName: '' }));
      await make(PERSISTENT_VOLUME_CLAIMS, claim('source', { volumeName: 'v', storageClassName: '' }));
      await make(VOLUME_SNAPSHOTS, { metadata: { name: 'waits', namespace }, spec: { source: { persistentVolumeClaimName: 'source' } } });
    },
    finds: /^classes VolumeSnapshot\/waits: the VolumeSnapshot names no class, and mock.csi.example has no default one$/,
  },
  {
    name: 'a VolumeSnapshot names a class that is not there',
    plant: ({ make }) =>
      make(VOLUME_SNAPSHOTS, {
        metadata: { name: 'waits', namespace },
        spec: { source: { persistentVolumeClaimName: 'any' }, volumeSnapshotClassName: 'fats' },
      }),
    finds: /^classes VolumeSnapshot\/waits: the VolumeSnapshot names VolumeSnapshotClass fats, which is not there$/,
  },
  {
    name: 'the default StorageClass is of a driver that is not there',
    plant: ({ make }) =>
      make(STORAGE_CLASSES, storageClass('old', { metadata: { name: 'old', annotations: DEFAULT_CLASS }, provisioner: GONE })),
    finds: /^classes StorageClass\/old: its driver gone.csi.example is not there/,
  },
  {
    name: 'a VolumeSnapshotClass is of a driver that is not there',
    plant: ({ make }) => make(VOLUME_SNAPSHOT_CLASSES, snapshotClass('old', { driver: GONE })),
    finds: /^classes VolumeSnapshotClass\/old: its driver gone.csi.example is not there/,
  },
  {
    name: 'the secret that a StorageClass names is not there',
    plant: ({ make }) =>
      make(
        STORAGE_CLASSES,
        storageClass('locked', {
          parameters: { 'csi.storage.k8s.io/provisioner-secret-name': 'key', 'csi.storage.k8s.io/provisioner-secret-namespace': 'default' },
        }),
      ),
    finds: /^secrets StorageClass\/locked: Secret default\/key .* is not there$/,
  },
  {
    name: 'the secret that a VolumeSnapshotClass names is not there',
    plant: ({ make }) =>
      make(
        VOLUME_SNAPSHOT_CLASSES,
        snapshotClass('locked', {
          parameters: { 'csi.storage.k8s.io/snapshotter-secret-name': 'key', 'csi.storage.k8s.io/snapshotter-secret-namespace': 'default' },
        }),
      ),
    finds: /^secrets VolumeSnapshotClass\/locked: Secret default\/key .* is not there$/,
  },
  {
    name: 'a secret is named without its namespace',
    plant: ({ make }) =>
      make(STORAGE_CLASSES, storageClass('half', { parameters: { 'csi.storage.k8s.io/node-stage-secret-name': 'key' } })),
    finds: /^secrets StorageClass\/half: .*node-stage-secret-namespace is missing$/,
  },
  {
    name: 'a driver is announced and runs on no node',
    plant: ({ make }) => make(CSI_DRIVERS, { metadata: { name: 'idle.csi.example' } }),
    finds: /^drivers CSIDriver\/idle.csi.example: the driver runs on no node/,
  },
  {
    name: 'the driver that is asked about does not exist',
    plant: () => Promise.resolve(),
    flags: ['--driver=mock.csi.exmaple'],
    finds: /^drivers CSIDriver\/mock.csi.exmaple: there is no driver/,
  },
  {
    name: 'a content of a driver that is gone is being deleted',
    plant: async ({ make, kube }) => {
      await make(
        VOLUME_SNAPSHOT_CONTENTS,
        content('old', { driver: GONE, deletionPolicy: 'Delete' }, { finalizers: ['example.com/hold'] }),
      );
      await kube.delete(VOLUME_SNAPSHOT_CONTENTS, { name: 'old' });
    },
    finds: /^drivers VolumeSnapshotContent\/old: it is being deleted, and its driver gone.csi.example is not there$/,
  },
  {
    name: 'a node lacks the label of a topology key',
    plant: async ({ make }) => {
      await make(NODES, { metadata: { name: 'bare' } });
      await make(CSI_NODES, {
        metadata: { name: 'bare' },
        spec: { drivers: [{ name: DRIVER, nodeID: 'bare', topologyKeys: ['example.com/zone'] }] },
      });
    },
    finds: /^csinodes CSINode\/bare: driver mock.csi.example reports the topology key example.com\/zone, and the node has no such label$/,
  },
  {
    name: 'allowedTopologies names a key that no node reports',
    plant: ({ make }) =>
      make(
        STORAGE_CLASSES,
        storageClass('zonal', { allowedTopologies: [{ matchLabelExpressions: [{ key: 'example.com/zone', values: ['a'] }] }] }),
      ),
    finds: /^csinodes StorageClass\/zonal: allowedTopologies names example.com\/zone, and mock.csi.example reports none/,
  },
  {
    name: 'allowedTopologies names a place where no node is',
    plant: async ({ make }) => {
      await make(NODES, { metadata: { name: 'zonal', labels: { 'example.com/zone': 'b' } } });
      await make(CSI_NODES, {
        metadata: { name: 'zonal' },
        spec: { drivers: [{ name: DRIVER, nodeID: 'zonal', topologyKeys: ['example.com/zone'] }] },
      });
      await make(
        STORAGE_CLASSES,
        storageClass('zonal', { allowedTopologies: [{ matchLabelExpressions: [{ key: 'example.com/zone', values: ['a'] }] }] }),
      );
    },
    finds: /^csinodes StorageClass\/zonal: no node of mock.csi.example is where allowedTopologies says: example.com\/zone=a$/,
  },
  {
    name: 'two containers of one Pod are the same sidecar',
    plant: ({ make }) =>
      make(
        PODS,
        pod('twins', [
          container('go', 'registry.example/csi-provisioner:v6.3.0'),
          container('ours', 'registry.example/csi-sidecars:0.1.0', ['--roles=csi-provisioner']),
        ]),
      ),
    finds: /^sidecars Pod\/twins: the containers go and ours of one Pod are both csi-provisioner$/,
  },
  {
    name: 'replicas do not elect a leader',
    plant: async ({ make }) => {
      const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: '00000000-0000-4000-8000-000000000001', controller: true };
      for (const name of ['first', 'second'])
        await make(PODS, pod(name, [container('p', 'csi-provisioner:v6.3.0')], { ownerReferences: [owner] }));
    },
    finds: /^sidecars Pod\/first: 2 Pods run csi-provisioner without --leader-election$/,
  },
  {
    name: 'a sidecar does not start',
    plant: async ({ make, kube }) => {
      const made = await make(PODS, pod('broken', [container('s', 'csi-sidecars/snapshot-controller:0.1.0')]));
      const waiting = { reason: 'ImagePullBackOff', message: 'no such image' };
      await kube.replaceStatus(PODS, {
        ...made,
        status: { phase: 'Pending', containerStatuses: [{ name: 's', state: { waiting } }] },
      } as KubeObject);
    },
    finds: /^sidecars Pod\/broken: snapshot-controller does not run: ImagePullBackOff, no such image$/,
  },
  {
    name: 'the halves of snapshotting have different major versions',
    plant: async ({ make }) => {
      await make(PODS, pod('cluster', [container('s', 'registry.example/snapshot-controller:v8.2.0')]));
      await make(PODS, pod('driver', [container('s', 'registry.example/csi-snapshotter:v6.3.3')]));
    },
    finds: /^sidecars Pod\/driver: csi-snapshotter is 6.3.3, snapshot-controller 8.2.0$/,
  },
  {
    name: 'a leader no longer renews its lease',
    plant: ({ make }) =>
      make(LEASES, lease('external-snapshotter-leader-mock-csi-example', { holderIdentity: 'node-9', renewTime: microTime(HOUR_MS) })),
    finds:
      /^leases Lease\/external-snapshotter-leader-mock-csi-example: csi-snapshotter of mock.csi.example has no leader: node-9 no longer renews it$/,
  },
  {
    name: 'the last leader gave the lease back',
    plant: ({ make }) =>
      make(
        LEASES,
        lease('snapshot-controller-leader', { holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(HOUR_MS) }, 'kube-system'),
      ),
    finds: /^leases Lease\/snapshot-controller-leader: snapshot-controller has no leader: the last one gave the lease back$/,
  },
  {
    name: 'one driver is deployed twice',
    plant: async ({ make }) => {
      for (const [where, holder] of [
        [namespace, 'a'],
        ['kube-system', 'b'],
      ] as const)
        await make(LEASES, lease('mock-csi-example', { holderIdentity: holder, renewTime: microTime(0) }, where));
    },
    finds: /^leases Lease\/mock-csi-example: csi-provisioner of mock.csi.example has 2 leaders, in the namespaces default, kube-system$/,
  },
  {
    name: 'a journal was left behind',
    plant: ({ make }) =>
      make(LEASES, journal('csi-journal-gone', 'process', { entries: JSON.stringify({ 'u-1': ENTRY }), agoMs: HOUR_MS })),
    finds:
      /^journal Lease\/csi-journal-gone: the process that wrote this journal of gone.csi.example is gone, and nobody took up its 1 entries$/,
  },
  {
    name: 'a journal cannot be read',
    plant: ({ make }) => make(LEASES, journal('csi-journal-gone', 'leader', { entries: '{', agoMs: 0 })),
    finds:
      /^journal Lease\/csi-journal-gone: the journal of gone.csi.example cannot be read: annotation csi-sidecars\/entries is no JSON object$/,
  },
  {
    name: 'an open entry is of a claim that is gone',
    plant: ({ make }) => make(LEASES, journal('csi-journal-gone', 'leader', { entries: JSON.stringify({ 'u-1': ENTRY }), agoMs: 0 })),
    finds:
      /^journal Lease\/csi-journal-gone: the claim team\/data is gone, and whether gone.csi.example made its volume pvc-u-1 is not known yet$/,
  },
  {
    name: 'capacity is told twice for one place',
    plant: async ({ make }) => {
      await make(STORAGE_CLASSES, storageClass('roomy'));
      for (const name of ['one', 'two'])
        await make(CSI_STORAGE_CAPACITIES, {
          metadata: { name, namespace },
          storageClassName: 'roomy',
          nodeTopology: { matchLabels: { zone: 'a' } },
          capacity: '1Gi',
        });
    },
    finds: /^capacity CSIStorageCapacity\/two: 2 objects give the capacity of class roomy at zone=a: default\/one, default\/two$/,
  },
  {
    name: 'capacity is told for a class that is gone',
    plant: ({ make }) => make(CSI_STORAGE_CAPACITIES, { metadata: { name: 'one', namespace }, storageClassName: 'none', capacity: '1Gi' }),
    finds: /^capacity CSIStorageCapacity\/one: it is about StorageClass none, which is not there$/,
  },
  {
    name: 'a claim is Pending for its driver',
    plant: async ({ make }) => {
      await make(STORAGE_CLASSES, storageClass('plain'));
      await make(PERSISTENT_VOLUME_CLAIMS, claim('slow', { storageClassName: 'plain' }));
    },
    finds: /^stuck PersistentVolumeClaim\/slow: the claim is Pending, for /,
  },
  {
    name: 'a claim lost its volume',
    plant: async ({ make, kube }) => {
      const annotations = { 'pv.kubernetes.io/bind-completed': 'yes' };
      await make(PERSISTENT_VOLUME_CLAIMS, claim('alone', { storageClassName: '', volumeName: 'none' }, { annotations }));
      const isLost = { what: 'lost', test: ({ status }: PersistentVolumeClaim) => status?.phase === 'Lost' };
      await kube.until(PERSISTENT_VOLUME_CLAIMS, { name: 'alone', namespace }, isLost);
    },
    finds: /^stuck PersistentVolumeClaim\/alone: the claim is Lost: its volume none is gone/,
  },
  {
    name: 'a released volume is not deleted',
    plant: async ({ make, kube }) => {
      const claimRef = { name: 'gone', namespace, uid: '00000000-0000-4000-8000-000000000009' };
      await make(PERSISTENT_VOLUMES, volume('old', { claimRef, persistentVolumeReclaimPolicy: 'Delete' }));
      await kube.until(PERSISTENT_VOLUMES, { name: 'old' }, { what: 'released', test: ({ status }) => status?.phase === 'Released' });
    },
    finds: /^stuck PersistentVolume\/old: the volume is Released, is to be deleted, and is not$/,
  },
  {
    name: 'a snapshot does not become ready, and says why',
    plant: async ({ make, kube }) => {
      const spec = { source: { persistentVolumeClaimName: 'any' }, volumeSnapshotClassName: 'plain' };
      await make(VOLUME_SNAPSHOT_CLASSES, snapshotClass('plain'));
      const made = await make(VOLUME_SNAPSHOTS, { metadata: { name: 'late', namespace }, spec });
      await kube.replaceStatus(VOLUME_SNAPSHOTS, { ...made, status: { readyToUse: false, error: { message: 'disk on fire' } } });
    },
    finds: /^stuck VolumeSnapshot\/late: the snapshot is not ready to use; last said: disk on fire$/,
  },
  {
    name: 'a content outlives its VolumeSnapshot',
    plant: ({ make }) => {
      const volumeSnapshotRef = { name: 'gone', namespace, uid: '00000000-0000-4000-8000-000000000009' };
      return make(VOLUME_SNAPSHOT_CONTENTS, content('left', { deletionPolicy: 'Delete', volumeSnapshotRef }));
    },
    finds: /^stuck VolumeSnapshotContent\/left: the VolumeSnapshot that it is for is gone, and it was not deleted with it$/,
  },
  {
    name: 'a deleted claim is held by a finalizer',
    plant: async ({ make, kube }) => {
      await make(PERSISTENT_VOLUME_CLAIMS, claim('held', { storageClassName: '' }, { finalizers: ['example.com/hold'] }));
      await kube.delete(PERSISTENT_VOLUME_CLAIMS, { name: 'held', namespace });
    },
    finds: /^stuck PersistentVolumeClaim\/held: it was deleted and is held by example.com\/hold/,
  },
];
