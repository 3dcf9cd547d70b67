/** Annotations, finalizers and reasons of the PV controller and the scheduler, as Kubernetes has them. */
import type { KubeObject, PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';

/** On a claim: the binding was complete once; from then on a missing volume is a loss. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On a volume or claim: the binding is the controller's own work and may be undone by it. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** On a volume: the provisioner that made it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** On a claim: the provisioner that is to make its volume. The older name is set as well. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
/** On a claim that waits for its Pod: where the volume is needed. The provisioner takes it away to refuse. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
export const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

export function annotation(object: KubeObject, name: string): string | undefined {
  return object.metadata?.annotations?.[name];
}

export function isDeleting(object: KubeObject): boolean {
  return object.metadata?.deletionTimestamp !== undefined;
}

/** The class a claim or a volume belongs to; the old annotation goes before the field. */
export function classNameOf(object: PersistentVolumeClaim | PersistentVolume): string {
  return annotation(object, BETA_CLASS) ?? object.spec?.storageClassName ?? '';
}

/** `namespace/name`, or the name of a cluster-scoped object. */
export function keyOf(object: KubeObject): string {
  const { namespace, name = '' } = object.metadata ?? {};
  return namespace === undefined ? name : `${namespace}/${name}`;
}
