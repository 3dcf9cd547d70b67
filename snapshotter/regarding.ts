/** Events and their objects. Items of a list carry neither apiVersion nor kind; an event needs both. */
import type { EventReason } from '../lib/controller/event-table.ts';
import type { EventNote } from '../lib/controller/step.ts';
import type { KubeObject, VolumeSnapshot, VolumeSnapshotContent } from '../lib/kube/objects.ts';

export function regardingSnapshot({ metadata }: VolumeSnapshot): KubeObject {
  return { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot', ...(metadata === undefined ? {} : { metadata }) };
}

function regardingContent({ metadata }: VolumeSnapshotContent): KubeObject {
  return { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshotContent', ...(metadata === undefined ? {} : { metadata }) };
}

export function snapshotWarning(snapshot: VolumeSnapshot, reason: EventReason, message: string): EventNote {
  return { type: 'Warning', reason, message, regarding: regardingSnapshot(snapshot) };
}

export function contentWarning(content: VolumeSnapshotContent, reason: EventReason, message: string): EventNote {
  return { type: 'Warning', reason, message, regarding: regardingContent(content) };
}
