/** The snapshot's own finalizers, in one write: against restores under way, and against going before its content. */
import { inputsOf } from '../inputs.ts';
import type { ContentObject, SnapshotObject } from '../kinds/kind.ts';
import { addFinalizers } from '../../lib/sidecar/finalizers.ts';
import type { BindingEffect, BindingState } from './state.ts';

/** Undefined where they are there. */
export function protectSnapshot<S extends SnapshotObject, C extends ContentObject>(
  { kind, snapshot }: BindingState<S, C>,
  deletionPolicy: string | undefined,
): BindingEffect<C> | undefined {
  const add = kind.protection(deletionPolicy);
  const patch = addFinalizers(snapshot, add);
  return patch === undefined
    ? undefined
    : { kind: 'add-finalizers', backoff: 'add-finalizers', inputs: inputsOf(snapshot.metadata?.uid, add), patch };
}
