/** What claims are filled from: snapshots with their contents and claims with their volumes, good and bad ones. */
import type { KubeObject, PersistentVolumeClaim } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import type { SeededRandom } from '../../simulation/seeded-random.ts';
import { type MadeObject, type Place, SIDE, UID } from './parts.ts';

const MODE_CHANGE = 'snapshot.storage.kubernetes.io/allow-volume-mode-change';

interface SourceVariant {
  readonly name: string;
  readonly snapshot?: object;
  readonly content?: { readonly spec?: object; readonly status?: object; readonly annotations?: Record<string, string> };
}

const GI = 1024 ** 3;
export const SNAPSHOTS: readonly SourceVariant[] = [
  { name: 'ready' },
  { name: 'ready-2' },
  { name: 'unready', snapshot: { readyToUse: false } },
  { name: 'large', snapshot: { restoreSize: String(50 * GI) } },
  { name: 'sizeless', snapshot: { restoreSize: undefined } },
  { name: 'unbound', snapshot: { boundVolumeSnapshotContentName: undefined } },
  { name: 'handleless', content: { status: { snapshotHandle: undefined } } },
  { name: 'foreign', content: { spec: { driver: 'other.csi.example' } } },
  { name: 'files', content: { spec: { sourceVolumeMode: 'Filesystem' } } },
  { name: 'block', content: { spec: { sourceVolumeMode: 'Block' } } },
  { name: 'block-free', content: { spec: { sourceVolumeMode: 'Block' }, annotations: { [MODE_CHANGE]: 'true' } } },
  { name: 'block-odd', content: { spec: { sourceVolumeMode: 'Block' }, annotations: { [MODE_CHANGE]: 'odd' } } },
];
export const SOURCE_CLAIMS = ['source', 'pending', 'raw', 'elsewhere'] as const;

export function drawSources(random: SeededRandom, place: Place): readonly MadeObject[] {
  const { name: world, driver, namespace } = place;
  const snapshots = SNAPSHOTS.filter(({ name: variant }) => variant === 'ready' || random.chance(0.4)).flatMap((variant): MadeObject[] => {
    const content = `${world}-${variant.name}-${SIDE}`;
    const snapshotStatus = { boundVolumeSnapshotContentName: content, readyToUse: true, restoreSize: '1Gi', ...variant.snapshot };
    const handle = { source: { snapshotHandle: `handle-${variant.name}` } };
    return [
      {
        resource: VOLUME_SNAPSHOTS,
        object: { metadata: { name: variant.name, namespace }, spec: { source: { volumeSnapshotContentName: content } } } as KubeObject,
        status: snapshotStatus,
      },
      {
        resource: VOLUME_SNAPSHOT_CONTENTS,
        object: {
          metadata: { name: content, annotations: variant.content?.annotations ?? {} },
          spec: {
            driver,
            deletionPolicy: 'Retain',
            ...handle,
            volumeSnapshotRef: { name: variant.name, namespace, uid: UID },
            ...variant.content?.spec,
          },
        } as KubeObject,
        refersTo: { resource: VOLUME_SNAPSHOTS, namespace, name: variant.name },
        status: { readyToUse: true, snapshotHandle: `handle-${variant.name}`, ...variant.content?.status },
      },
    ];
  });
  return [...snapshots, ...SOURCE_CLAIMS.flatMap((source) => sourceClaim(random, place, source))];
}

function sourceClaim(
  random: SeededRandom,
  { name: world, driver, namespace, classes }: Place,
  source: (typeof SOURCE_CLAIMS)[number],
): readonly MadeObject[] {
  const volume = `${world}-${source}-${SIDE}`;
  const volumeMode = source === 'raw' ? 'Block' : 'Filesystem';
  const shared = {
    accessModes: ['ReadWriteOnce'],
    storageClassName: random.pick(classes).metadata?.name ?? '',
    volumeMode,
  };
  const claim: PersistentVolumeClaim = {
    metadata: { name: source, namespace },
    spec: { ...shared, resources: { requests: { storage: '1Gi' } }, volumeName: volume },
  };
  const made = { resource: PERSISTENT_VOLUME_CLAIMS, object: claim };
  if (source === 'pending') return [made];
  return [
    { ...made, status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } } },
    {
      resource: PERSISTENT_VOLUMES,
      object: {
        metadata: { name: volume },
        spec: {
          ...shared,
          capacity: { storage: '1Gi' },
          persistentVolumeReclaimPolicy: random.pick(['Delete', 'Retain']),
          csi: { driver: source === 'elsewhere' ? 'other.csi.example' : driver, volumeHandle: `handle-${source}` },
          claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: source, namespace, uid: UID },
        },
      } as KubeObject,
      refersTo: { resource: PERSISTENT_VOLUME_CLAIMS, namespace, name: source },
      status: { phase: 'Bound' },
    },
  ];
}
