/** A content that may go: what the driver made goes first (policy Delete), then our finalizer. */
import { text } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { statusPatch } from '../object-patch.ts';
import { removeFinalizers } from '../../lib/sidecar/finalizers.ts';
import { callInputs } from './call-inputs.ts';
import { decideCreate, readSecret } from './decide-create.ts';
import { unmark } from './marks.ts';
import type { Content } from './kind.ts';
import type { ContentEffect, ContentNext, ContentState } from './state.ts';

export function decideDeletion<C extends Content>(state: ContentState<C>): ContentNext {
  const { kind, content, calls } = state;
  if (calls.kind === 'deleted') return clearStatus(state) ?? release(state);
  const { sources, saved, ref, membership } = kind.read(content);
  // A member goes with its group, whatever its own policy says.
  if (membership === 'confirmed') return release(state);
  const destroys = content.spec?.deletionPolicy === 'Delete';
  // Without the owner's uid no call can ever have been made: there was no name to make it under.
  if (sources !== undefined && text(ref?.uid) !== undefined) {
    if (calls.kind === 'running') return decideCreate(state, 'replay');
    // What is retained is not looked for.
    if (calls.kind === 'uncertain' && destroys) return decideCreate(state, 'search');
  }
  // A handle that the driver never confirmed is an administrator's word alone: nothing is destroyed for it.
  if (!destroys || saved === undefined) return release(state);
  // A mark that outlived the deletion would have the snapshot made anew after a crash.
  const first = unmark(state, undefined) ?? readSecret(state, 'delete-snapshot');
  return (
    first ?? {
      kind: 'delete-snapshot',
      backoff: 'delete-snapshot',
      action: 'call',
      inputs: callInputs(state, 'delete-snapshot'),
      handles: saved,
    }
  );
}

/** Where others keep the content, it must not promise what is gone. Undefined: it goes at once, or promises nothing. */
function clearStatus<C extends Content>({ kind, content }: ContentState<C>): ContentEffect | undefined {
  const isKept = (content.metadata?.finalizers ?? []).some((finalizer) => finalizer !== kind.finalizer);
  const told = Object.keys(content.status ?? {});
  const left = kind.perishable.filter((field) => told.includes(field));
  if (!isKept || left.length === 0) return undefined;
  const changes = Object.fromEntries(left.map((field) => [field, null]));
  const inputs = inputsOf(content.metadata?.uid, left);
  return { kind: 'clear-status', backoff: 'clear-status', inputs, patch: statusPatch(content, content.status, changes) };
}

function release<C extends Content>({ kind, content }: ContentState<C>): ContentNext {
  const patch = removeFinalizers(content, [kind.finalizer]);
  if (patch === undefined) return { kind: 'done', reason: 'released' };
  return { kind: 'release-content', backoff: 'release-content', inputs: inputsOf(content.metadata?.uid), patch };
}
