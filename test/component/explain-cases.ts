/**
 * Objects that do not move, one reason each: how the reason is planted, which object is asked about, and whose turn it is.
 * The sidecars run; `fixed` is a claim with a volume and a ready snapshot.
 */
import type { KubeObject, VolumeGroupSnapshot } from '../../lib/kube/objects.ts';
import {
  groupSnapshotResources,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { DRIVER } from '../../demo/world.ts';
import type { FaultWorld } from './fault-world.ts';
import type { Plant } from './planter.ts';

export interface Situation {
  readonly name: string;
  readonly plant: (plant: Plant, bent: FaultWorld) => Promise<unknown>;
  readonly ask: string;
  readonly who: string;
  readonly why: RegExp;
  readonly waitsFor?: string;
  /** gRPC code of the last error. */
  readonly code?: string;
}

const GROUPS = groupSnapshotResources('v1');
const namespace = 'default';
const CLASS = 'bent';
const GONE = 'gone.csi.example';

const claim = (name: string, spec: object = {}, metadata: object = {}) => ({
  metadata: { name, namespace, ...metadata },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: CLASS, resources: { requests: { storage: '1Mi' } }, ...spec },
});
const snapshot = (name: string, claimName: string, className = CLASS) => ({
  metadata: { name, namespace },
  spec: { volumeSnapshotClassName: className, source: { persistentVolumeClaimName: claimName } },
});
const pod = (name: string, claimName: string, spec: object = {}): KubeObject =>
  ({
    metadata: { name, namespace },
    spec: {
      schedulerName: 'nobody',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'busybox' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }],
      ...spec,
    },
  }) as KubeObject;
const fromSnapshot = (name: string) => ({ dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name } });
const fromClaim = (name: string) => ({ dataSource: { kind: 'PersistentVolumeClaim', name } });
const lateClass = (name: string) => ({ metadata: { name }, provisioner: DRIVER, volumeBindingMode: 'WaitForFirstConsumer' });
const content = (name: string, spec: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: {
    driver: DRIVER,
    deletionPolicy: 'Retain',
    source: { snapshotHandle: `handle-${name}` },
    volumeSnapshotRef: { name: 'nobody', namespace },
    ...spec,
  },
});
/** Waits until the volume controller of the cluster has looked at it. */
const handedOver = ({ kube }: Plant, name: string) =>
  kube.until(
    PERSISTENT_VOLUME_CLAIMS,
    { name, namespace },
    {
      what: 'handed to its provisioner',
      test: ({ metadata }) => metadata?.annotations?.['volume.kubernetes.io/storage-provisioner'] !== undefined,
    },
  );

export const SITUATIONS: readonly Situation[] = [
  {
    name: 'a claim that has its volume',
    plant: () => Promise.resolve(),
    ask: 'pvc/fixed',
    who: 'nobody',
    why: /has its volume/,
  },
  {
    name: 'a snapshot that is ready',
    plant: () => Promise.resolve(),
    ask: 'volumesnapshot/fixed',
    who: 'nobody',
    why: /is ready/,
  },
  {
    name: 'a claim whose class is not there',
    plant: ({ make }) => make(PERSISTENT_VOLUME_CLAIMS, claim('c', { storageClassName: 'fats' })),
    ask: 'pvc/c',
    who: 'administrator',
    why: /StorageClass fats is not there/,
  },
  {
    name: 'a claim without a class, and no default one',
    plant: ({ make }) => make(PERSISTENT_VOLUME_CLAIMS, claim('c', { storageClassName: undefined })),
    ask: 'pvc/c',
    who: 'administrator',
    why: /none is the default/,
  },
  {
    name: 'a claim that wants a volume made by hand',
    plant: ({ make }) => make(PERSISTENT_VOLUME_CLAIMS, claim('c', { storageClassName: '' })),
    ask: 'pvc/c',
    who: 'administrator',
    why: /only a volume that an administrator makes/,
  },
  {
    name: 'a claim that waits for its first Pod',
    plant: async ({ make }) => {
      await make(STORAGE_CLASSES, lateClass('late'));
      await make(PERSISTENT_VOLUME_CLAIMS, claim('c', { storageClassName: 'late' }));
    },
    ask: 'pvc/c',
    who: 'user',
    why: /once a Pod uses the claim, and none does/,
  },
  {
    name: 'a claim whose Pod is not scheduled',
    plant: async ({ make }) => {
      await make(STORAGE_CLASSES, lateClass('late'));
      await make(PERSISTENT_VOLUME_CLAIMS, claim('c', { storageClassName: 'late' }));
      await make(PODS, pod('p', 'c'));
    },
    ask: 'pvc/c',
    who: 'scheduler',
    why: /no node is chosen yet for Pod p/,
  },
  {
    name: 'a claim from a snapshot that is not there',
    plant: async (plant) => {
      await plant.make(PERSISTENT_VOLUME_CLAIMS, claim('c', fromSnapshot('none')));
      await handedOver(plant, 'c');
    },
    ask: 'pvc/c',
    who: 'user',
    why: /source VolumeSnapshot default\/none is not there/,
  },
  {
    name: 'a claim from a snapshot that is not ready',
    plant: async (plant) => {
      await plant.make(VOLUME_SNAPSHOTS, snapshot('s', 'none'));
      await plant.make(PERSISTENT_VOLUME_CLAIMS, claim('c', fromSnapshot('s')));
      await handedOver(plant, 'c');
    },
    ask: 'pvc/c',
    who: 'csi-provisioner',
    why: /source VolumeSnapshot default\/s is not ready/,
    waitsFor: 'VolumeSnapshot/s',
  },
  {
    name: 'a claim that is smaller than its snapshot',
    plant: async (plant) => {
      await plant.make(PERSISTENT_VOLUME_CLAIMS, claim('c', { ...fromSnapshot('fixed'), resources: { requests: { storage: '1' } } }));
      await handedOver(plant, 'c');
    },
    ask: 'pvc/c',
    who: 'user',
    why: /does not fit its source: .*1/,
  },
  {
    name: 'a clone of a claim without a volume',
    plant: async (plant) => {
      await plant.make(PERSISTENT_VOLUME_CLAIMS, claim('source', { storageClassName: '' }));
      await plant.make(PERSISTENT_VOLUME_CLAIMS, claim('c', fromClaim('source')));
      await handedOver(plant, 'c');
    },
    ask: 'pvc/c',
    who: 'csi-provisioner',
    why: /source PersistentVolumeClaim default\/source is not bound/,
    waitsFor: 'PersistentVolumeClaim/source',
  },
  {
    name: 'a claim whose class names a secret that is not there',
    plant: async (plant) => {
      const parameters = {
        'csi.storage.k8s.io/provisioner-secret-name': 'key',
        'csi.storage.k8s.io/provisioner-secret-namespace': namespace,
      };
      await plant.make(STORAGE_CLASSES, { metadata: { name: 'locked' }, provisioner: DRIVER, parameters });
      await plant.make(PERSISTENT_VOLUME_CLAIMS, claim('c', { storageClassName: 'locked' }));
      await handedOver(plant, 'c');
    },
    ask: 'pvc/c',
    who: 'administrator',
    why: /the secret that class locked names cannot be used: .*key/,
  },
  {
    name: 'a claim with a selector',
    plant: async (plant) => {
      await plant.make(PERSISTENT_VOLUME_CLAIMS, claim('c', { selector: { matchLabels: { a: 'b' } } }));
      await handedOver(plant, 'c');
    },
    ask: 'pvc/c',
    who: 'user',
    why: /selector/i,
  },
  {
    name: 'a claim whose driver has no room',
    plant: async (plant, bent) => {
      await bent.bend([{ rpc: 'CreateVolume', code: 'RESOURCE_EXHAUSTED', message: 'no room' }]);
      plant.undo(() => bent.heal());
      await plant.make(PERSISTENT_VOLUME_CLAIMS, claim('c'));
      await bent.warned({ kind: 'PersistentVolumeClaim', name: 'c' }, /no room/);
    },
    ask: 'pvc/c',
    who: 'driver',
    why: /calls mock.csi.example for the volume, and nothing in the cluster stands in the way/,
    code: 'ResourceExhausted',
  },
  {
    name: 'a claim of a driver that is not there',
    plant: async (plant) => {
      await plant.make(STORAGE_CLASSES, { metadata: { name: 'gone' }, provisioner: GONE });
      await plant.make(PERSISTENT_VOLUME_CLAIMS, claim('c', { storageClassName: 'gone' }));
      await handedOver(plant, 'c');
    },
    ask: 'pvc/c',
    who: 'administrator',
    why: /gone.csi.example is to make the volume, and is not there: no CSIDriver and no node has it/,
  },
  {
    name: 'a claim that names a volume which is not there',
    plant: ({ make }) => make(PERSISTENT_VOLUME_CLAIMS, claim('c', { volumeName: 'none' })),
    ask: 'pvc/c',
    who: 'administrator',
    why: /names volume none, which is not there/,
  },
  {
    name: 'a deleted claim that a Pod uses',
    plant: async ({ make, kube }) => {
      await make(PERSISTENT_VOLUME_CLAIMS, claim('c', { storageClassName: '' }));
      await make(PODS, pod('p', 'c', { nodeName: 'node-9' }));
      await kube.delete(PERSISTENT_VOLUME_CLAIMS, { name: 'c', namespace });
    },
    ask: 'pvc/c',
    who: 'user',
    why: /Pod p still uses the claim/,
  },
  {
    name: 'a deleted claim that another program holds',
    plant: async ({ make, kube }) => {
      await make(PERSISTENT_VOLUME_CLAIMS, claim('c', { storageClassName: '' }, { finalizers: ['example.com/hold'] }));
      await kube.delete(PERSISTENT_VOLUME_CLAIMS, { name: 'c', namespace });
      const isAlone = { what: 'held by the other program only', test: ({ metadata }: KubeObject) => metadata?.finalizers?.length === 1 };
      await kube.until(PERSISTENT_VOLUME_CLAIMS, { name: 'c', namespace }, isAlone);
    },
    ask: 'pvc/c',
    who: 'program',
    why: /held|holds it by example.com\/hold/,
  },
  {
    name: 'a released volume that is kept',
    plant: async ({ make, kube }) => {
      await make(PERSISTENT_VOLUMES, {
        metadata: { name: 'kept' },
        spec: {
          capacity: { storage: '1Mi' },
          accessModes: ['ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Retain',
          csi: { driver: DRIVER, volumeHandle: 'h' },
          claimRef: { name: 'gone', namespace, uid: '00000000-0000-4000-8000-000000000009' },
        },
      });
      await kube.until(PERSISTENT_VOLUMES, { name: 'kept' }, { what: 'released', test: ({ status }) => status?.phase === 'Released' });
    },
    ask: 'pv/kept',
    who: 'administrator',
    why: /reclaim policy is Retain: it is kept until somebody decides/,
  },
  {
    name: 'a released volume that the driver does not delete',
    plant: async (plant, bent) => {
      await bent.bend([{ rpc: 'DeleteVolume', code: 'INTERNAL', message: 'disk on fire' }]);
      plant.undo(() => bent.heal());
      const claimRef = { name: 'gone', namespace, uid: '00000000-0000-4000-8000-000000000009' };
      const csi = { driver: DRIVER, volumeHandle: 'h' };
      const metadata = { name: 'burning', annotations: { 'pv.kubernetes.io/provisioned-by': DRIVER } };
      const spec = { capacity: { storage: '1Mi' }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Delete', csi, claimRef };
      await plant.make(PERSISTENT_VOLUMES, { metadata, spec });
      await bent.warned({ kind: 'PersistentVolume', name: 'burning' }, /disk on fire/);
    },
    ask: 'pv/burning',
    who: 'driver',
    why: /calls DeleteVolume for h/,
    code: 'Internal',
  },
  {
    name: 'a volume that was deleted under its claim',
    plant: async ({ make, kube }) => {
      await make(PERSISTENT_VOLUME_CLAIMS, claim('c'));
      const isBound = { what: 'bound', test: ({ status }: { status?: { phase?: string } }) => status?.phase === 'Bound' };
      const { spec } = await kube.until(PERSISTENT_VOLUME_CLAIMS, { name: 'c', namespace }, isBound);
      await kube.delete(PERSISTENT_VOLUMES, { name: spec?.volumeName ?? '' });
    },
    ask: 'pv/VOLUME-OF-c',
    who: 'user',
    why: /was deleted while claim default\/c uses it/,
  },
  {
    name: 'a snapshot whose class is not there',
    plant: ({ make }) => make(VOLUME_SNAPSHOTS, snapshot('s', 'fixed', 'fats')),
    ask: 'vs/s',
    who: 'administrator',
    why: /VolumeSnapshotClass fats is not there/,
  },
  {
    name: 'a snapshot of a claim that is not there',
    plant: ({ make }) => make(VOLUME_SNAPSHOTS, snapshot('s', 'none')),
    ask: 'vs/s',
    who: 'user',
    why: /the claim none is not there/,
  },
  {
    name: 'a snapshot of a claim without a volume',
    plant: async ({ make }) => {
      await make(PERSISTENT_VOLUME_CLAIMS, claim('c', { storageClassName: '' }));
      await make(VOLUME_SNAPSHOTS, snapshot('s', 'c'));
    },
    ask: 'vs/s',
    who: 'csi-provisioner',
    why: /the claim c has no volume yet/,
    waitsFor: 'PersistentVolumeClaim/c',
  },
  {
    name: 'a snapshot whose content was to be there',
    plant: ({ make }) =>
      make(VOLUME_SNAPSHOTS, { metadata: { name: 's', namespace }, spec: { source: { volumeSnapshotContentName: 'none' } } }),
    ask: 'vs/s',
    who: 'administrator',
    why: /VolumeSnapshotContent none is not there/,
  },
  {
    name: 'a snapshot that the driver refuses',
    plant: async (plant, bent) => {
      await bent.bend([{ rpc: 'CreateSnapshot', code: 'INVALID_ARGUMENT', message: 'not like this' }]);
      plant.undo(() => bent.heal());
      await plant.make(VOLUME_SNAPSHOTS, snapshot('s', 'fixed'));
      await bent.failed('s', /not like this/);
    },
    ask: 'vs/s',
    who: 'driver',
    why: /CreateSnapshot.* of mock.csi.example/,
    waitsFor: 'VolumeSnapshotContent/snapcontent-',
    code: 'InvalidArgument',
  },
  {
    name: 'a snapshot whose class is of another driver than its volume',
    plant: async ({ make, kube }) => {
      await make(VOLUME_SNAPSHOT_CLASSES, { metadata: { name: 'other' }, driver: GONE, deletionPolicy: 'Delete' });
      await make(VOLUME_SNAPSHOTS, snapshot('s', 'fixed', 'other'));
      await kube.until(
        VOLUME_SNAPSHOTS,
        { name: 's', namespace },
        { what: 'failed', test: ({ status }) => status?.error?.message !== undefined },
      );
    },
    ask: 'vs/s',
    who: 'user',
    why: /VolumeSnapshotClass other is of driver gone.csi.example while the source volume is of driver mock.csi.example/,
  },
  {
    name: 'a deleted snapshot that a claim is being restored from',
    plant: async (plant) => {
      const { make, kube } = plant;
      await make(STORAGE_CLASSES, lateClass('late'));
      await make(VOLUME_SNAPSHOTS, snapshot('s', 'fixed'));
      await kube.until(VOLUME_SNAPSHOTS, { name: 's', namespace }, { what: 'ready', test: ({ status }) => status?.readyToUse === true });
      await make(PERSISTENT_VOLUME_CLAIMS, claim('c', { ...fromSnapshot('s'), storageClassName: 'late' }));
      await kube.delete(VOLUME_SNAPSHOTS, { name: 's', namespace });
    },
    ask: 'vs/s',
    who: 'csi-provisioner',
    why: /claim c is being restored from it/,
    waitsFor: 'PersistentVolumeClaim/c',
  },
  {
    name: 'a content that was deleted under its snapshot',
    plant: async ({ make, kube }) => {
      await make(VOLUME_SNAPSHOTS, snapshot('s', 'fixed'));
      const isReady = { what: 'ready', test: ({ status }: { status?: { readyToUse?: boolean } }) => status?.readyToUse === true };
      const { status } = await kube.until(VOLUME_SNAPSHOTS, { name: 's', namespace }, isReady);
      await kube.delete(VOLUME_SNAPSHOT_CONTENTS, { name: status?.boundVolumeSnapshotContentName ?? '' });
    },
    ask: 'vsc/CONTENT-OF-s',
    who: 'user',
    why: /deleted by itself, while its VolumeSnapshot default\/s lives/,
  },
  {
    name: 'a content of a driver that is gone',
    plant: ({ make }) => make(VOLUME_SNAPSHOT_CONTENTS, content('old', { driver: GONE })),
    ask: 'vsc/old',
    who: 'administrator',
    why: /its driver gone.csi.example is not there/,
  },
  {
    name: 'a group whose selector finds no claim',
    plant: async ({ make, kube }) => {
      await make(GROUPS.classes, { metadata: { name: 'grouped' }, driver: DRIVER, deletionPolicy: 'Delete' });
      const source = { selector: { matchLabels: { nobody: 'has-this' } } };
      await make(GROUPS.snapshots, { metadata: { name: 'g', namespace }, spec: { volumeGroupSnapshotClassName: 'grouped', source } });
      const isTold = { what: 'told', test: ({ status }: VolumeGroupSnapshot) => status?.error?.message !== undefined };
      await kube.until(GROUPS.snapshots, { name: 'g', namespace }, isTold);
    },
    ask: 'vgs/g',
    who: 'user',
    why: /its selector nobody=has-this finds no claim in namespace default/,
  },
  {
    name: 'a content of a group whose driver is gone',
    plant: ({ make }) =>
      make(GROUPS.contents, {
        metadata: { name: 'old' },
        spec: {
          driver: GONE,
          deletionPolicy: 'Retain',
          source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: 'g', volumeSnapshotHandles: ['s'] } },
          volumeGroupSnapshotRef: { name: 'nobody', namespace },
        },
      }),
    ask: 'vgsc/old',
    who: 'administrator',
    why: /its driver gone.csi.example is not there/,
  },
];
