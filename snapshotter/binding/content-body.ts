/** The VolumeSnapshotContent of a dynamic snapshot, whole from its first moment: finalizer and secrets included. */
import type { PersistentVolume, VolumeSnapshot, VolumeSnapshotClass, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { CONTENT_PROTECTION, DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE, MANAGED_BY_LABEL, contentNameOf } from '../names.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import type { SourceVolume } from './default-class.ts';

export interface ContentParts {
  readonly snapshot: VolumeSnapshot;
  readonly snapshotClass: VolumeSnapshotClass;
  readonly source: SourceVolume;
  readonly volume: PersistentVolume;
  readonly secret: SecretName | undefined;
  readonly nodeName: string | undefined;
  readonly keepsVolumeMode: boolean;
}

export function contentBody(parts: ContentParts): VolumeSnapshotContent {
  const { snapshot, snapshotClass, source, volume, secret, nodeName, keepsVolumeMode } = parts;
  const { name, namespace, uid, resourceVersion } = snapshot.metadata ?? {};
  const volumeMode = volume.spec?.volumeMode;
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: {
      name: contentNameOf(uid ?? ''),
      finalizers: [CONTENT_PROTECTION],
      ...(nodeName === undefined ? {} : { labels: { [MANAGED_BY_LABEL]: nodeName } }),
      ...(secret === undefined
        ? {}
        : { annotations: { [DELETION_SECRET_NAME]: secret.name, [DELETION_SECRET_NAMESPACE]: secret.namespace } }),
    },
    spec: {
      volumeSnapshotRef: {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        ...(name === undefined ? {} : { name }),
        ...(namespace === undefined ? {} : { namespace }),
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      source: { volumeHandle: source.handle },
      driver: source.driver,
      deletionPolicy: snapshotClass.deletionPolicy ?? '',
      volumeSnapshotClassName: snapshotClass.metadata?.name ?? '',
      ...(keepsVolumeMode && volumeMode !== undefined ? { sourceVolumeMode: volumeMode } : {}),
    },
  };
}
