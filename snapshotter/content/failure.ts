/** Telling the user what went wrong: one status error and one event, again only if the words change. */
import type { Rest } from '../../lib/controller/step.ts';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { formatTime } from '../../lib/kube/time.ts';
import { inputsOf } from '../inputs.ts';
import { SIDECAR_REASON } from '../names.ts';
import { statusPatch } from '../object-patch.ts';
import { regardingContent } from '../regarding.ts';
import type { ContentEffect, ContentState, DriverEffect } from './state.ts';

export interface Failure {
  readonly effect: DriverEffect;
  readonly message: string;
}

/** Undefined where the status says it already. */
export function tell({ content, now }: ContentState, { effect, message }: Failure): ContentEffect | undefined {
  const { status } = content;
  // A snapshot that could not be deleted is as usable as before.
  const readiness = effect === 'delete-snapshot' ? {} : { readyToUse: false };
  if (status?.error?.message === message && (effect === 'delete-snapshot' || status.readyToUse === false)) return undefined;
  const changes = { error: { time: formatTime(now), message }, ...readiness };
  return {
    kind: 'write-error',
    backoff: 'write-error',
    inputs: inputsOf(content.metadata?.uid, message),
    patch: statusPatch(content, status, changes),
    before: [{ type: 'Warning', reason: reasonOf(content, effect), message, regarding: regardingContent(content) }],
  };
}

/** Something that only a change of an object can mend: said, then at rest until it changes. Every such object is watched. */
export function refuse(state: ContentState, failure: Failure): ContentEffect | Rest {
  return tell(state, failure) ?? { kind: 'done', reason: `waits for a change: ${failure.message}` };
}

function reasonOf({ status }: VolumeSnapshotContent, effect: DriverEffect): string {
  if (effect === 'delete-snapshot') return SIDECAR_REASON.deleteFailed;
  if (effect === 'refresh-snapshot') return SIDECAR_REASON.updateFailed;
  return status === undefined || status === null ? SIDECAR_REASON.creationFailed : SIDECAR_REASON.updateFailed;
}

export const messageOf: Readonly<Record<DriverEffect, (content: VolumeSnapshotContent, why: string) => string>> = {
  'create-snapshot': ({ metadata }, why) => `Failed to create snapshot content ${metadata?.name ?? ''}: ${why}`,
  'refresh-snapshot': ({ metadata }, why) => `Failed to check and update snapshot content ${metadata?.name ?? ''}: ${why}`,
  'delete-snapshot': ({ metadata }, why) => `Failed to delete snapshot of content ${metadata?.name ?? ''}: ${why}`,
};
