/** Does one Step of a capacity, and folds its answer in. */
import type { CsiClient } from '../../lib/csi/client.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import type { Logger } from '../../lib/doors/log.ts';
import { isAlreadyExists, orNothing } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { CsiStorageCapacity } from '../../lib/kube/objects.ts';
import { CSI_STORAGE_CAPACITIES } from '../../lib/kube/resources.ts';
import type { CapacityGatherDeps } from './gather.ts';
import { NOT_ASKED } from './gather.ts';
import { itemOfObject, labelsOf } from './names.ts';
import type { CapacityAnswer, CapacityState, CapacityStep, Publishing } from './state.ts';

export interface CapacityDeps extends CapacityGatherDeps {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace' | 'delete'>;
  readonly driver: Pick<CsiClient, 'getCapacity'>;
  readonly log: Logger;
  readonly monotonic: () => number;
}

interface Run {
  readonly state: CapacityState;
  readonly signal: AbortSignal;
}

export async function execute(deps: CapacityDeps, step: CapacityStep, { state, signal }: Run): Promise<CapacityAnswer> {
  const { client, caches, log } = deps;
  const { item } = state;
  switch (step.kind) {
    case 'ask':
      return ask(deps, step, { state, signal });
    case 'create':
      return create(deps, step.object, { state, signal });
    case 'update': {
      const object = await orNothing(client.replace(CSI_STORAGE_CAPACITIES, step.object, { signal }));
      if (object === undefined) caches.capacities.ended(step.object);
      else caches.capacities.absorb(object);
      return { kind: 'object', object };
    }
    case 'delete': {
      const { name = '', namespace, uid = '', resourceVersion = '' } = step.object.metadata ?? {};
      // Somebody may just have made it another one's: only what was looked at is deleted.
      const left = await orNothing(client.delete(CSI_STORAGE_CAPACITIES, { name, namespace }, { uid, resourceVersion, signal }));
      if (left === undefined) caches.capacities.ended(step.object);
      else caches.capacities.absorb(left);
      log.debug(2, 'CSIStorageCapacity that nothing asks for is deleted', { object: `${namespace ?? ''}/${name}`, item });
      return { kind: 'object', object: undefined };
    }
    default:
      return step satisfies never;
  }
}

async function ask(
  { driver, memories, monotonic, log }: CapacityDeps,
  { wanted }: CapacityStep & { readonly kind: 'ask' },
  { state: { item }, signal }: Run,
): Promise<CapacityAnswer> {
  const { segment, parameters, question } = wanted;
  try {
    const { availableCapacity: available, maximumVolumeSize: largest } = await driver.getCapacity(
      {
        // How much room there is does not depend on how a volume is used, as in the Go program.
        volumeCapabilities: [],
        parameters: { ...parameters },
        // A driver without topology keys must not be asked for a part of what it has.
        accessibleTopology: Object.keys(segment).length === 0 ? undefined : { segments: { ...segment } },
      },
      signal,
    );
    if (available < 0n || (largest !== undefined && largest < 0n)) {
      const what = available < 0n ? `available_capacity ${available}` : `maximum_volume_size ${largest ?? ''}`;
      return failed(log, item, `the driver answered GetCapacity with ${what}, which is no number of bytes: this is a fault of the driver`);
    }
    const room = { available, largest };
    memories.set(item, { changes: memories.get(item)?.changes ?? NOT_ASKED.changes, answer: { question, room, atMs: monotonic() } });
    return { kind: 'room', room };
  } catch (error) {
    if (!(error instanceof CsiError) || signal.aborted) throw error;
    return failed(log, item, error.message);
  }
}

function failed(log: Logger, item: string, message: string): CapacityAnswer {
  log.warn('GetCapacity failed, what is published stays as it is', { object: item, error: message });
  return { kind: 'failed', message };
}

/** What is there under our name is ours if it says so: then an earlier create was applied whose answer is not known. */
async function create(
  { client, caches, log }: CapacityDeps,
  wanted: CsiStorageCapacity,
  { state: { item, publishing }, signal }: Run,
): Promise<CapacityAnswer> {
  try {
    const object = await client.create(CSI_STORAGE_CAPACITIES, wanted, { signal });
    caches.capacities.absorb(object);
    return { kind: 'object', object };
  } catch (error) {
    const { name, namespace } = wanted.metadata ?? {};
    if (!isAlreadyExists(error) || name === undefined) throw error;
    const object = await orNothing(client.get(CSI_STORAGE_CAPACITIES, { name, namespace }, signal));
    if (object === undefined) throw error;
    if (isOurs(object, publishing) && itemOfObject(object) === item && object.metadata?.deletionTimestamp === undefined) {
      caches.capacities.absorb(object);
      return { kind: 'object', object };
    }
    log.error('a CSIStorageCapacity that is not ours has the name of one of ours, which gets another name', undefined, {
      object: `${namespace ?? ''}/${name}`,
      item,
    });
    return { kind: 'name-taken' };
  }
}

function isOurs({ metadata }: CsiStorageCapacity, publishing: Publishing): boolean {
  return Object.entries(labelsOf(publishing)).every(([label, value]) => metadata?.labels?.[label] === value);
}

/** Pure. */
export function absorb(state: CapacityState, step: CapacityStep, answer: CapacityAnswer): CapacityState {
  switch (answer.kind) {
    case 'room':
      return { ...state, room: answer.room, asked: true };
    case 'failed':
      return { ...state, failure: answer.message };
    case 'name-taken':
      return { ...state, nameTaken: true };
    case 'object':
      return withObject(state, step, answer.object);
    default:
      return answer satisfies never;
  }
}

function withObject(state: CapacityState, step: CapacityStep, object: CsiStorageCapacity | undefined): CapacityState {
  const uid = step.kind === 'ask' ? undefined : step.object.metadata?.uid;
  const others = state.objects.filter(({ metadata }) => metadata?.uid !== uid);
  return object === undefined ? { ...state, objects: others } : { ...state, objects: [object, ...others], written: state.room };
}
