/** The objects that users make, named after what they are for. */
import type { KubeObject, PersistentVolumeClaim, VolumeSnapshot } from '../../../lib/kube/objects.ts';
import type { Pod } from '../../../sandbox/node/pod.ts';
import { CLASS_NAME } from '../world/classes.ts';

export const NAMESPACE = 'default';

export interface ClaimParts {
  /** `snapshot/NAME` or `claim/NAME`: what it starts out with. */
  readonly from?: string;
  readonly size?: string;
  readonly block?: boolean;
  readonly storageClass?: string;
}

export function claim(
  name: string,
  { from, size = '1Gi', block = false, storageClass = CLASS_NAME }: ClaimParts = {},
): PersistentVolumeClaim {
  const [kind, source] = from?.split('/') ?? [];
  const dataSource =
    kind === 'snapshot'
      ? { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: source ?? '' }
      : { kind: 'PersistentVolumeClaim', name: source ?? '' };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: NAMESPACE, name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: storageClass,
      volumeMode: block ? 'Block' : 'Filesystem',
      resources: { requests: { storage: size } },
      ...(from === undefined ? {} : { dataSource }),
    },
  };
}

export function snapshot(name: string, claimName: string): VolumeSnapshot {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { namespace: NAMESPACE, name },
    spec: { volumeSnapshotClassName: CLASS_NAME, source: { persistentVolumeClaimName: claimName } },
  };
}

export function pod(name: string, claimName: string, block = false): Pod & KubeObject {
  const container = {
    name: 'main',
    image: 'none',
    ...(block ? { volumeDevices: [{ name: 'data', devicePath: '/dev/data' }] } : { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: NAMESPACE, name },
    spec: { containers: [container], volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] },
  };
}
