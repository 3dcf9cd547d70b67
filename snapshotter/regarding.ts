/** Events about VolumeSnapshots. */
import type { EventReason } from '../lib/controller/event-table.ts';
import type { EventNote } from '../lib/controller/step.ts';
import type { VolumeSnapshot } from '../lib/kube/objects.ts';
import { VOLUME_SNAPSHOTS } from '../lib/kube/resources.ts';
import { warning } from '../lib/sidecar/event-notes.ts';

export function snapshotWarning(snapshot: VolumeSnapshot, reason: EventReason, message: string): EventNote {
  return warning(VOLUME_SNAPSHOTS, snapshot, { reason, message });
}
