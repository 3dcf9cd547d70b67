/** The snapshot's own finalizers, in one write: against restores under way, and against going before its content. */
import type { VolumeSnapshot } from '../../lib/kube/objects.ts';
import { inputsOf } from '../inputs.ts';
import { AS_SOURCE_PROTECTION, BOUND_PROTECTION } from '../names.ts';
import { addFinalizers } from '../../lib/sidecar/finalizers.ts';
import type { BindingEffect } from './state.ts';

/** Undefined where they are there. A content that is retained goes its own way: the snapshot need not wait for it. */
export function protectSnapshot(snapshot: VolumeSnapshot, deletionPolicy: string | undefined): BindingEffect | undefined {
  const add = deletionPolicy === 'Delete' ? [AS_SOURCE_PROTECTION, BOUND_PROTECTION] : [AS_SOURCE_PROTECTION];
  const patch = addFinalizers(snapshot, add);
  return patch === undefined
    ? undefined
    : { kind: 'add-finalizers', backoff: 'add-finalizers', inputs: inputsOf(snapshot.metadata?.uid, add), patch };
}
