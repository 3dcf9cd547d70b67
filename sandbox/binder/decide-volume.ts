/**
 * One volume, one step: its phase, its release when the claim is gone, its protection. Deleting the
 * volume itself is the business of the external provisioner that made it.
 */
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { annotation, BOUND_BY_CONTROLLER, isDeleting, PROVISIONED_BY, VOLUME_PROTECTION } from './names.ts';
import type { Step, World } from './step.ts';
import { REST } from './step.ts';

/** Never touches the claim: what the claim has to do is decided from the claim's side. */
export function decideVolume(volume: PersistentVolume, world: World): Step {
  const finalizers = volume.metadata?.finalizers ?? [];
  if (isDeleting(volume) && finalizers.includes(VOLUME_PROTECTION) && volume.status?.phase !== 'Bound') {
    const left = finalizers.filter((finalizer) => finalizer !== VOLUME_PROTECTION);
    return { kind: 'volume', volume: { ...volume, metadata: { ...volume.metadata, finalizers: left } } };
  }
  const reference = volume.spec?.claimRef;
  // Reserved by name only: the claim's turn to bind it.
  if (reference === undefined || (reference.uid ?? '') === '') return phase(volume, 'Available');
  const claim = world.claim(`${reference.namespace ?? ''}/${reference.name ?? ''}`);
  if (claim === undefined || claim.metadata?.uid !== reference.uid) return release(volume);
  const bound = claim.spec?.volumeName ?? '';
  // Not bound yet: the claim's turn again.
  if (bound === '') return REST;
  if (bound === volume.metadata?.name) return phase(volume, 'Bound');
  const madeForClaim = annotation(volume, PROVISIONED_BY) !== undefined && volume.spec?.persistentVolumeReclaimPolicy === 'Delete';
  return madeForClaim ? release(volume) : unbind(volume);
}

function phase(volume: PersistentVolume, wanted: string): Step {
  if (volume.status?.phase === wanted) return REST;
  // A message belongs to the phase that it explains.
  const { message: _message, ...status } = volume.status ?? {};
  return { kind: 'volume-status', volume: { ...volume, status: { ...status, phase: wanted } } };
}

/** Failed stays: the user is to see that something went wrong. */
function release(volume: PersistentVolume): Step {
  return volume.status?.phase === 'Failed' ? REST : phase(volume, 'Released');
}

/** The claim chose another volume: back to the pool, or to being reserved by name as its maker had it. */
function unbind(volume: PersistentVolume): Step {
  const { claimRef, ...spec } = volume.spec ?? {};
  if (annotation(volume, BOUND_BY_CONTROLLER) === undefined) {
    const { uid: _uid, ...byName } = claimRef ?? {};
    return { kind: 'volume', volume: { ...volume, spec: { ...spec, claimRef: byName } } };
  }
  const { [BOUND_BY_CONTROLLER]: _mark, ...annotations } = volume.metadata?.annotations ?? {};
  return { kind: 'volume', volume: { ...volume, metadata: { ...volume.metadata, annotations }, spec } };
}
