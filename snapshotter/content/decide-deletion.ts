/** A content that may go: what the driver made goes first (policy Delete), then our finalizer. */
import type { Rest } from '../../lib/controller/step.ts';
import { givenHandleOf, savedHandleOf, text, volumeHandleOf } from '../content-facts.ts';
import { inputsOf } from '../inputs.ts';
import { CONTENT_PROTECTION } from '../names.ts';
import { finalizerPatch } from '../object-patch.ts';
import { decideCreate, driverInputs, readSecret } from './decide-create.ts';
import { isUndecided, mayExist } from './doubt.ts';
import type { ContentEffect, ContentState } from './state.ts';

export function decideDeletion(state: ContentState): ContentEffect | Rest {
  const { content, record } = state;
  if (record.deleted) return release(state);
  const dynamic = volumeHandleOf(content) !== undefined;
  // Without the snapshot's uid no call can ever have been made: there was no name to make it under.
  const named = text(content.spec?.volumeSnapshotRef?.uid) !== undefined;
  const destroys = content.spec?.deletionPolicy === 'Delete';
  // What is retained is not looked for, but a call that is running is waited for.
  if (dynamic && named && (destroys ? mayExist(state) : isUndecided(state))) return decideCreate(state, 'replay');
  const handle = savedHandleOf(content) ?? givenHandleOf(content);
  if (!destroys || handle === undefined) return release(state);
  return (
    readSecret(state, 'delete-snapshot') ?? {
      kind: 'delete-snapshot',
      backoff: 'delete-snapshot',
      action: 'call',
      inputs: driverInputs(state),
      handle,
    }
  );
}

function release({ content }: ContentState): ContentEffect | Rest {
  const patch = finalizerPatch(content, { remove: [CONTENT_PROTECTION] });
  if (patch === undefined) return { kind: 'done', reason: 'released' };
  return { kind: 'release-content', backoff: 'release-content', inputs: inputsOf(content.metadata?.uid), patch };
}
