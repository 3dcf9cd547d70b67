/** The snapshot's own finalizers, in one write: against restores under way, and against going before its content. */
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { inputsOf } from '../inputs.ts';
import type { ContentObject, SnapshotObject } from '../kinds/kind.ts';
import { addFinalizers } from '../../lib/sidecar/finalizers.ts';
import type { BindingEffect, BindingState } from './state.ts';

/** Undefined where they are there. `claims`: with our finalizer, to be written meanwhile. */
export function protectSnapshot<S extends SnapshotObject, C extends ContentObject>(
  { kind, snapshot }: BindingState<S, C>,
  deletionPolicy: string | undefined,
  claims: readonly PersistentVolumeClaim[] = [],
): BindingEffect<C> | undefined {
  const add = kind.protection(deletionPolicy);
  const patch = addFinalizers(snapshot, add);
  return patch === undefined
    ? undefined
    : { kind: 'add-finalizers', backoff: 'add-finalizers', inputs: inputsOf(snapshot.metadata?.uid, add), patch, claims };
}
