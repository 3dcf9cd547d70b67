/** A content that may go: what the driver made goes first (policy Delete), then our finalizer. */
import { savedHandleOf, text, volumeHandleOf } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { CONTENT_PROTECTION } from '../names.ts';
import { removeFinalizers } from '../../lib/sidecar/finalizers.ts';
import { decideCreate, driverInputs, readSecret } from './decide-create.ts';
import { unmark } from './marks.ts';
import type { ContentNext, ContentState } from './state.ts';

export function decideDeletion(state: ContentState): ContentNext {
  const { content, calls } = state;
  if (calls.kind === 'deleted') return release(state);
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
  const first = unmark(state) ?? readSecret(state, 'delete-snapshot');
  return first ?? { kind: 'delete-snapshot', backoff: 'delete-snapshot', action: 'call', inputs: driverInputs(state), handle };
}

function release({ content }: ContentState): ContentNext {
  const patch = removeFinalizers(content, [CONTENT_PROTECTION]);
  if (patch === undefined) return { kind: 'done', reason: 'released' };
  return { kind: 'release-content', backoff: 'release-content', inputs: inputsOf(content.metadata?.uid), patch };
}
