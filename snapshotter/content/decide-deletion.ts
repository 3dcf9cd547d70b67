/** A content that may go: what the driver made goes first (policy Delete), then our finalizer. */
import { savedHandleOf, text, volumeHandleOf } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { CONTENT_PROTECTION } from '../names.ts';
import { removeFinalizers } from '../../lib/sidecar/finalizers.ts';
import { statusPatch } from '../object-patch.ts';
import { decideCreate, driverInputs, readSecret } from './decide-create.ts';
import { unmark } from './marks.ts';
import type { ContentNext, ContentState } from './state.ts';

const OF_THE_SNAPSHOT = ['snapshotHandle', 'readyToUse', 'creationTime', 'restoreSize'] as const;

export function decideDeletion(state: ContentState): ContentNext {
  const { content, calls } = state;
  if (calls.kind === 'deleted') return clearStatus(state) ?? release(state);
  const destroys = content.spec?.deletionPolicy === 'Delete';
  // Without the snapshot's uid no call can ever have been made: there was no name to make it under.
  if (volumeHandleOf(content) !== undefined && text(content.spec?.volumeSnapshotRef?.uid) !== undefined) {
    if (calls.kind === 'running') return decideCreate(state, 'replay');
    // What is retained is not looked for.
    if (calls.kind === 'uncertain' && destroys) return decideCreate(state, 'search');
  }
  // A handle that the driver never confirmed is an administrator's word alone: nothing is destroyed for it.
  const handle = savedHandleOf(content);
  if (!destroys || handle === undefined) return release(state);
  // A mark that outlived DeleteSnapshot would have the snapshot made anew after a crash.
  const first = unmark(state, undefined) ?? readSecret(state, 'delete-snapshot');
  return first ?? { kind: 'delete-snapshot', backoff: 'delete-snapshot', action: 'call', inputs: driverInputs(state), handle };
}

/** Not where our finalizer is the last one: what goes with the next write needs no status. */
function clearStatus({ content }: ContentState): ContentNext | undefined {
  const { metadata, status } = content;
  const foreign = metadata?.finalizers?.some((name) => name !== CONTENT_PROTECTION) === true;
  const left = OF_THE_SNAPSHOT.filter((field) => (status?.[field] ?? undefined) !== undefined);
  if (!foreign || left.length === 0) return undefined;
  const patch = statusPatch(content, status, Object.fromEntries(left.map((field) => [field, null])));
  return { kind: 'clear-status', backoff: 'clear-status', inputs: inputsOf(metadata?.uid), patch };
}

function release({ content }: ContentState): ContentNext {
  const patch = removeFinalizers(content, [CONTENT_PROTECTION]);
  if (patch === undefined) return { kind: 'done', reason: 'released' };
  return { kind: 'release-content', backoff: 'release-content', inputs: inputsOf(content.metadata?.uid), patch };
}
