/** The object of an event. Items of a list carry neither apiVersion nor kind; an event needs both. */
import type { KubeObject, VolumeSnapshot, VolumeSnapshotContent } from '../lib/kube/objects.ts';

export function regardingSnapshot({ metadata }: VolumeSnapshot): KubeObject {
  return { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot', ...(metadata === undefined ? {} : { metadata }) };
}

export function regardingContent({ metadata }: VolumeSnapshotContent): KubeObject {
  return { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshotContent', ...(metadata === undefined ? {} : { metadata }) };
}
