/** What the caches and this process know of the capacity of one class in one segment. Only reads. */
import type { CsiStorageCapacity, StorageClass } from '../../lib/kube/objects.ts';
import { BY_ITEM } from '../caches.ts';
import type { Caches } from '../caches.ts';
import { RESERVED_PREFIX } from '../facts/names.ts';
import type { Segments } from '../segments/segments.ts';
import { capacityName, partsOf } from './names.ts';
import type { CapacityState, Publishing, Room, Wanted } from './state.ts';

/** What this process knows of an item beyond the caches. */
export interface ItemMemory {
  /** Counts up whenever the answer may have become another one. */
  readonly changes: number;
  readonly answer: { readonly question: string; readonly room: Room; readonly atMs: number } | undefined;
}
export type ItemMemories = Map<string, ItemMemory>;

export const NOT_ASKED: ItemMemory = { changes: 0, answer: undefined };

export interface CapacityGatherDeps {
  readonly caches: Pick<Caches, 'classes'> & { readonly capacities: NonNullable<Caches['capacities']> };
  readonly segments: Segments;
  /** --capacity-for-immediate-binding. */
  readonly immediateBinding: boolean;
  readonly publishing: () => Publishing;
  readonly memories: ItemMemories;
}

export function gather(deps: CapacityGatherDeps, item: string): CapacityState {
  const { caches, memories } = deps;
  const publishing = deps.publishing();
  const wanted = wantedOf(deps, item);
  const answer = memories.get(item)?.answer;
  return {
    item,
    publishing,
    cached: caches.capacities.available(),
    wanted,
    objects: objectsOf(caches.capacities.store.byIndex(BY_ITEM, item), capacityName(publishing, item)),
    room: wanted !== undefined && answer?.question === wanted.question ? answer.room : undefined,
    asked: false,
    failure: undefined,
    nameTaken: false,
    written: undefined,
  };
}

/** Whether capacities are published for the class. One without a binding mode counts as late binding, as in the Go program. */
export function takesCapacity(storageClass: StorageClass | undefined, driver: string, immediateBinding: boolean): boolean {
  return storageClass?.provisioner === driver && (immediateBinding || storageClass.volumeBindingMode !== 'Immediate');
}

/** Without its parameters: cheap enough for every object. */
export function isWanted({ caches, segments, immediateBinding, publishing }: CapacityGatherDeps, item: string): boolean {
  const { className, segment } = partsOf(item);
  return segments.get(segment) !== undefined && takesCapacity(caches.classes.store.get(className), publishing().driver, immediateBinding);
}

function wantedOf(deps: CapacityGatherDeps, item: string): Wanted | undefined {
  if (!isWanted(deps, item)) return undefined;
  const { className, segment: id } = partsOf(item);
  const { parameters = {} } = deps.caches.classes.store.get(className) ?? {};
  const kept = Object.fromEntries(Object.entries(parameters).filter(([key]) => !key.startsWith(RESERVED_PREFIX)));
  const { changes } = deps.memories.get(item) ?? NOT_ASKED;
  return { className, segment: deps.segments.get(id) ?? {}, parameters: kept, question: `${changes} ${JSON.stringify(kept)}` };
}

/** The one that is kept first: under our own name, else the oldest. */
function objectsOf(objects: readonly CsiStorageCapacity[], ownName: string): readonly CsiStorageCapacity[] {
  const rank = ({ metadata }: CsiStorageCapacity): string =>
    `${metadata?.name === ownName ? 0 : 1} ${metadata?.creationTimestamp ?? ''} ${metadata?.name ?? ''}`;
  return objects.filter(({ metadata }) => metadata?.deletionTimestamp === undefined).sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
