/**
 * One object for each class and segment, with what the driver says of them, and no other. What is there is kept under
 * whatever name; what is surplus goes, and so does what nothing asks for any more. The driver is asked again after a
 * while, and at once where something has changed; only an answer that differs is written. Zero is an answer. Pure.
 */
import type { CsiStorageCapacity } from '../../lib/kube/objects.ts';
import { newObject, updated } from './object.ts';
import type { CapacityDecision, CapacityState, Room, Wanted } from './state.ts';

export function decide(state: CapacityState): CapacityDecision {
  const { wanted, cached, objects, publishing, failure } = state;
  if (!cached)
    return { kind: 'poll', backoff: 'ask', afterMs: publishing.pollMs, reason: 'CSIStorageCapacities cannot be listed', inputs: 'list' };
  const surplus = wanted === undefined ? objects[0] : objects[1];
  if (surplus !== undefined) return { kind: 'delete', backoff: 'delete', inputs: surplus.metadata?.uid ?? '', object: surplus };
  if (wanted === undefined) return { kind: 'done', reason: 'no node lies in the segment, or the class takes no capacity' };
  const { room } = state;
  const write = room === undefined || room === state.written ? undefined : writeStep(state, wanted, room);
  if (write !== undefined) return write;
  if (failure !== undefined) return { kind: 'retry', backoff: 'ask', reason: failure };
  if (!state.asked) return { kind: 'ask', backoff: 'ask', inputs: wanted.question, wanted };
  return { kind: 'poll', backoff: 'ask', afterMs: publishing.pollMs, reason: 'what is published is what the driver says' };
}

function writeStep(state: CapacityState, wanted: Wanted, room: Room): CapacityDecision | undefined {
  const { item, publishing, objects, nameTaken } = state;
  const [present] = objects;
  if (present === undefined)
    return {
      kind: 'create',
      backoff: 'write',
      inputs: String(nameTaken),
      object: newObject(publishing, { item, wanted, room, nameTaken }),
    };
  const object = updated(present, room, publishing.owner);
  return object === undefined ? undefined : { kind: 'update', backoff: 'write', inputs: contentOf(object), object };
}

/** A write that was refused is tried at once only where it has become another one. */
function contentOf({ metadata, capacity, maximumVolumeSize }: CsiStorageCapacity): string {
  return `${metadata?.uid ?? ''} ${capacity ?? ''} ${maximumVolumeSize ?? ''}`;
}
