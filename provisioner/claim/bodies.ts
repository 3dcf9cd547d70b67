/** Bodies of PUTs: the whole object as it was read, with one thing changed. Its resourceVersion makes the write conditional. */
import type { KubeObject, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { ALPHA_SELECTED_NODE, SELECTED_NODE } from '../names.ts';

export function withFinalizer<T extends KubeObject>(object: T, finalizer: string): T {
  const finalizers = object.metadata?.finalizers ?? [];
  return {
    ...object,
    metadata: { ...object.metadata, finalizers: finalizers.includes(finalizer) ? finalizers : [...finalizers, finalizer] },
  };
}

export function withoutFinalizer<T extends KubeObject>(object: T, finalizer: string): T {
  const finalizers = (object.metadata?.finalizers ?? []).filter((name) => name !== finalizer);
  return { ...object, metadata: { ...object.metadata, finalizers } };
}

export function withoutSelectedNode(claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const { [SELECTED_NODE]: _node, [ALPHA_SELECTED_NODE]: _alpha, ...annotations } = claim.metadata?.annotations ?? {};
  return { ...claim, metadata: { ...claim.metadata, annotations } };
}
