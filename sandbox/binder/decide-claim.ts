/**
 * One claim, one step, by the rules of the PV controller. Volume before claim and spec before status: at
 * every point in between, the next decision finds the way on.
 */
import type { PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { findVolume, isBoundTo, mismatch } from './match.ts';
import { servedBy } from './migrated.ts';
import {
  annotation,
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  CLAIM_PROTECTION,
  classNameOf,
  isDeleting,
  keyOf,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
} from './names.ts';
import type { Notice, Step, World } from './step.ts';
import { REST } from './step.ts';

/** Protection first: a deleting claim that nobody uses must not be bound anew. */
export function decideClaim(claim: PersistentVolumeClaim, world: World): Step {
  const finalizers = claim.metadata?.finalizers ?? [];
  if (isDeleting(claim) && finalizers.includes(CLAIM_PROTECTION) && !isUsed(claim, world)) {
    const left = finalizers.filter((finalizer) => finalizer !== CLAIM_PROTECTION);
    return { kind: 'claim', claim: { ...claim, metadata: { ...claim.metadata, finalizers: left } } };
  }
  return annotation(claim, BIND_COMPLETED) === undefined ? decideUnbound(claim, world) : decideBound(claim, world);
}

/** A Pod counts from being bound to a node until it is gone, ended or not. */
function isUsed(claim: PersistentVolumeClaim, world: World): boolean {
  return world.podsOf(keyOf(claim)).some((pod) => pod.node !== '');
}

function decideUnbound(claim: PersistentVolumeClaim, world: World): Step {
  const wanted = claim.spec?.volumeName ?? '';
  if (wanted !== '') return decideRequested(claim, wanted, world);
  const className = classNameOf(claim);
  const storageClass = className === '' ? undefined : world.class(className);
  const delayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  const found = findVolume(claim, world.candidates(keyOf(claim)), { delayed });
  if (found !== undefined) return bind(found, claim);
  if (claim.spec?.storageClassName === undefined && className === '') {
    const name = world.defaultClass();
    if (name !== undefined) return { kind: 'claim', claim: { ...claim, spec: { ...claim.spec, storageClassName: name } } };
  }
  if (delayed && annotation(claim, SELECTED_NODE) === undefined) return pending(claim, waitingNotice(claim, world));
  if (className === '') {
    return pending(claim, normal('FailedBinding', 'no persistent volumes available for this claim and no storage class is set'));
  }
  if (storageClass === undefined)
    return pending(claim, warning('ProvisioningFailed', `storageclass.storage.k8s.io "${className}" not found`));
  return provision(claim, servedBy(storageClass.provisioner ?? ''));
}

/** Leaves the making of a volume to an external provisioner, which watches for the annotation. */
function provision(claim: PersistentVolumeClaim, provisioner: string): Step {
  if (provisioner.startsWith('kubernetes.io/')) {
    return pending(claim, warning('ProvisioningFailed', `no volume plugin matched name: ${provisioner}`));
  }
  if (annotation(claim, STORAGE_PROVISIONER) !== provisioner) {
    return { kind: 'claim', claim: annotated(claim, { [STORAGE_PROVISIONER]: provisioner, [BETA_STORAGE_PROVISIONER]: provisioner }) };
  }
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. ` +
    'If volume creation is delayed, please verify that the provisioner is running and correctly registered.';
  return { kind: 'rest', notice: normal('ExternalProvisioning', message) };
}

function waitingNotice(claim: PersistentVolumeClaim, world: World): Notice {
  const waiting = world.podsOf(keyOf(claim)).filter((pod) => pod.node === '' && !pod.ended);
  const names = waiting.map((pod) => pod.name).join(',');
  if (waiting.length === 0) return normal('WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  return normal('WaitForPodScheduled', `waiting for pod${waiting.length > 1 ? 's' : ''} ${names} to be scheduled`);
}

/** The claim names its volume. */
function decideRequested(claim: PersistentVolumeClaim, name: string, world: World): Step {
  const volume = world.volume(name);
  if (volume === undefined) return pending(claim);
  if (volume.spec?.claimRef === undefined) {
    const why = mismatch(volume, claim);
    if (why === undefined) return bind(volume, claim);
    return pending(claim, warning('VolumeMismatch', `Cannot bind to requested volume "${name}": ${why}`));
  }
  if (isBoundTo(volume, claim)) return bind(volume, claim);
  return pending(claim, warning('FailedBinding', `volume "${name}" already bound to a different claim.`));
}

function decideBound(claim: PersistentVolumeClaim, world: World): Step {
  const name = claim.spec?.volumeName ?? '';
  if (name === '') return lost(claim, 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  const volume = world.volume(name);
  if (volume === undefined) return lost(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  const reference = volume.spec?.claimRef;
  if (reference === undefined || reference.uid === claim.metadata?.uid) return bind(volume, claim);
  return lost(claim, 'ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

/** The first of the four writes of a binding that is still missing. */
function bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Step {
  const bound = boundVolume(volume, claim);
  if (bound !== undefined) return { kind: 'volume', volume: bound };
  if (volume.status?.phase !== 'Bound')
    return { kind: 'volume-status', volume: { ...volume, status: { ...volume.status, phase: 'Bound' } } };
  const name = volume.metadata?.name ?? '';
  const byController = annotation(claim, BOUND_BY_CONTROLLER) ?? 'yes';
  if (claim.spec?.volumeName !== name) {
    const marked = annotated(claim, { [BOUND_BY_CONTROLLER]: byController, [BIND_COMPLETED]: 'yes' });
    return { kind: 'claim', claim: { ...marked, spec: { ...claim.spec, volumeName: name } } };
  }
  if (annotation(claim, BIND_COMPLETED) === undefined) return { kind: 'claim', claim: annotated(claim, { [BIND_COMPLETED]: 'yes' }) };
  return boundStatus(volume, claim);
}

/** The volume with its claimRef complete; undefined if it is. */
function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume | undefined {
  const reserved = isBoundTo(volume, claim);
  if (reserved && volume.spec?.claimRef?.uid === claim.metadata?.uid) return undefined;
  const { name, namespace, uid, resourceVersion } = claim.metadata ?? {};
  const claimRef = {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  // Who made the reservation decides later what unbinding leaves behind.
  const marked = reserved ? volume : annotated(volume, { [BOUND_BY_CONTROLLER]: 'yes' });
  return { ...marked, spec: { ...volume.spec, claimRef } };
}

function boundStatus(volume: PersistentVolume, claim: PersistentVolumeClaim): Step {
  const modes = volume.spec?.accessModes ?? [];
  const isBound = claim.status?.phase === 'Bound';
  // Capacity is set when the claim becomes Bound; later it belongs to whoever resizes the volume.
  if (isBound && JSON.stringify(claim.status?.accessModes ?? []) === JSON.stringify(modes)) return REST;
  const capacity = isBound ? claim.status?.capacity : volume.spec?.capacity;
  const status = { ...claim.status, phase: 'Bound', accessModes: modes, ...(capacity === undefined ? {} : { capacity }) };
  const attributesClass = volume.spec?.volumeAttributesClassName;
  const current = isBound || attributesClass === undefined ? {} : { currentVolumeAttributesClassName: attributesClass };
  return { kind: 'claim-status', claim: { ...claim, status: { ...status, ...current } } };
}

/** Back to Pending, with nothing left of an earlier binding in the status. */
function pending(claim: PersistentVolumeClaim, notice?: Notice): Step {
  const said = notice === undefined ? {} : { notice };
  const { phase, accessModes, capacity } = claim.status ?? {};
  if (phase === 'Pending' && accessModes === undefined && capacity === undefined) return { kind: 'rest', ...said };
  return { kind: 'claim-status', claim: { ...claim, status: { phase: 'Pending' } }, ...said };
}

/** Final: data that a claim once had is not quietly replaced by an empty volume. */
function lost(claim: PersistentVolumeClaim, reason: string, message: string): Step {
  if (claim.status?.phase === 'Lost') return REST;
  return { kind: 'claim-status', claim: { ...claim, status: { phase: 'Lost' } }, notice: warning(reason, message) };
}

function annotated<T extends PersistentVolume | PersistentVolumeClaim>(object: T, added: Readonly<Record<string, string>>): T {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata?.annotations, ...added } } };
}

function normal(reason: string, message: string): Notice {
  return { type: 'Normal', reason, message };
}

function warning(reason: string, message: string): Notice {
  return { type: 'Warning', reason, message };
}
