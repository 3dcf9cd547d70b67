/** Events about the objects of the snapshot API. */
import type { EventNote } from '../lib/controller/step.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../lib/kube/objects.ts';
import { VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../lib/kube/resources.ts';
import { warning } from '../lib/sidecar/event-notes.ts';

export function snapshotWarning(snapshot: VolumeSnapshot, reason: string, message: string): EventNote {
  return warning(VOLUME_SNAPSHOTS, snapshot, { reason, message });
}

export function contentWarning(content: VolumeSnapshotContent, reason: string, message: string): EventNote {
  return warning(VOLUME_SNAPSHOT_CONTENTS, content, { reason, message });
}
