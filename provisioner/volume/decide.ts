/**
 * What to do next for one PV: keep its finalizer in step with the reclaim policy, and once its claim is gone
 * and the policy says so, delete the volume, then the object, then let it go. Pure.
 *
 * Invariants: DeleteVolume only for a PV that is Released with policy Delete, is attached nowhere and whose
 * claim has nothing open; our finalizer goes last, so that a crash at any point begins anew at DeleteVolume.
 */
import type { EventNote } from '../../lib/controller/step.ts';
import { PERSISTENT_VOLUMES } from '../../lib/kube/resources.ts';
import { notice, warning } from '../../lib/sidecar/event-notes.ts';
import { PROVISIONING, unsupported } from '../facts/abilities.ts';
import { words } from '../facts/peer-words.ts';
import { REASON, VOLUME_FINALIZER } from '../facts/names.ts';
import { isOurs } from './ownership.ts';
import type { VolumeDecision, VolumeState } from './state.ts';

export function decide(state: VolumeState): VolumeDecision {
  const { volume } = state;
  if (state.gone) return { kind: 'done', reason: 'the PV is gone' };
  if (state.behind) return { kind: 'done', reason: 'the cache is behind our own write' };
  if (!isOurs(state.driver, volume)) return { kind: 'done', reason: 'the PV belongs to another provisioner' };
  if (!state.reachable) return { kind: 'done', reason: 'the volume of the PV is on another node' };
  if (state.failure !== undefined)
    return { kind: 'retry', backoff: 'delete-volume', reason: state.failure, events: failureNote(state, state.failure) };
  const held = volume.metadata?.finalizers?.includes(VOLUME_FINALIZER) === true;
  const going = volume.metadata?.deletionTimestamp !== undefined;
  const policy = volume.spec?.persistentVolumeReclaimPolicy;
  const phase = volume.status?.phase;
  if (policy !== 'Delete') {
    return held
      ? { kind: 'remove-finalizer', backoff: 'remove-finalizer', inputs: inputs(state) }
      : { kind: 'done', reason: 'the volume is kept: its reclaim policy is not Delete' };
  }
  if (phase === 'Bound' && !going && !held) return { kind: 'add-finalizer', backoff: 'add-finalizer', inputs: inputs(state) };
  if (phase !== 'Released') return { kind: 'done', reason: `the PV is ${phase ?? 'new'}` };
  if (going && !held) return { kind: 'done', reason: 'the PV is being deleted, and its volume is not ours to delete' };
  if (state.making === 'open') return { kind: 'done', reason: 'the volume of the PV is still being made' };
  // Its entry in the journal would be taken for a volume that is to be made, if this process died now.
  if (state.making === 'closing') return { kind: 'finish-closing', backoff: 'delete-volume', inputs: inputs(state) };
  if (!state.deleted) return deleteVolume(state);
  if (!going) return { kind: 'delete-object', backoff: 'delete-object', inputs: inputs(state) };
  return held
    ? { kind: 'remove-finalizer', backoff: 'remove-finalizer', inputs: inputs(state) }
    : { kind: 'done', reason: 'the volume is deleted' };
}

function deleteVolume(state: VolumeState): VolumeDecision {
  const { handle, secret, capabilities } = state;
  if (handle === undefined) return report(state, words('invalid CSI PV', `it has no volume of driver ${state.driver}`));
  if (!handle.ok) return report(state, handle.fault);
  const missing = unsupported(capabilities, PROVISIONING);
  if (missing !== undefined) return report(state, missing);
  if (secret.kind === 'invalid') return report(state, `failed to get secretreference for volume ${state.name}: ${secret.message}`);
  const [node] = state.attachedTo;
  if (node !== undefined) return postpone(state, `persistentvolume ${state.name} is still attached to node ${node}, waiting for detach`);
  return {
    kind: 'delete-volume',
    backoff: 'delete-volume',
    inputs: inputs(state),
    handle: handle.value,
    secret: secret.kind === 'secret' ? secret.ref : undefined,
  };
}

/** Told at the pace of the back-off, not at the pace of events. */
function report(state: VolumeState, message: string): VolumeDecision {
  return told(state, message, failureNote(state, message));
}

/** Nothing is wrong: somebody else has to go first. */
function postpone(state: VolumeState, message: string): VolumeDecision {
  return told(state, message, [notice(PERSISTENT_VOLUMES, state.volume, { reason: REASON.deletePostponed, message })]);
}

function told(state: VolumeState, message: string, events: readonly EventNote[]): VolumeDecision {
  return { kind: 'retry', backoff: 'report', inputs: `${inputs(state)} ${message}`, reason: message, events };
}

export function failureNote({ volume }: Pick<VolumeState, 'volume'>, message: string): readonly EventNote[] {
  return [warning(PERSISTENT_VOLUMES, volume, { reason: REASON.deleteFailed, message })];
}

/** Labels and other annotations of the PV bring nothing forward. */
function inputs({ volume, handle, secret }: VolumeState): string {
  const { uid, deletionTimestamp } = volume.metadata ?? {};
  const { persistentVolumeReclaimPolicy, claimRef } = volume.spec ?? {};
  return JSON.stringify([
    uid,
    deletionTimestamp !== undefined,
    persistentVolumeReclaimPolicy,
    volume.status?.phase,
    handle,
    claimRef?.uid,
    secret,
  ]);
}
