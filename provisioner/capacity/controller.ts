/**
 * The controller of CSIStorageCapacity objects: one key for each class of the driver and each topology segment,
 * `CLASS SEGMENT`, and for whatever objects of ours are about nothing that is there. What it promises is said in decide.ts.
 *
 * Nothing here walks nodes: segments are counted as nodes come and go (segments/segment-index.ts).
 */
import type { Controller } from '../../lib/controller/controller.ts';
import { createController } from '../../lib/controller/controller.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { SharedOptions } from '../../lib/controller/shared-options.ts';
import type { Reconciler } from '../../lib/controller/step.ts';
import type { StorageClass } from '../../lib/kube/objects.ts';
import type { CapacityRefresh } from '../capacity-refresh.ts';
import { segmentId, segmentOfTerm } from '../segments/segment.ts';
import { decide } from './decide.ts';
import type { CapacityDeps } from './execute.ts';
import { absorb, execute } from './execute.ts';
import { gather, NOT_ASKED, isWanted, takesCapacity } from './gather.ts';
import type { CapacityCounts } from './metrics.ts';
import { itemOf, itemOfObject } from './names.ts';
import type { CapacityAnswer, CapacityState, CapacityStep } from './state.ts';

export function reconciler(deps: CapacityDeps): Reconciler<CapacityState, CapacityStep, CapacityAnswer> {
  return {
    gather: (item) => gather(deps, item),
    decide,
    execute: (step, state, signal) => execute(deps, step, { state, signal }),
    absorb,
    settled: (item, _state, { rest }) => {
      if (rest.kind === 'done') deps.memories.delete(item);
    },
  };
}

export interface CapacityController extends Controller, CapacityRefresh {
  counts(): CapacityCounts;
}

export function createCapacityController(deps: CapacityDeps, options: SharedOptions): CapacityController {
  const { caches, segments, immediateBinding, publishing, memories, monotonic } = deps;
  const controller = createController({ ...options, name: 'csistoragecapacity', reconciler: reconciler(deps) });
  let startedMs: number | undefined;

  const classTakesCapacity = (storageClass: StorageClass | undefined): boolean =>
    takesCapacity(storageClass, publishing().driver, immediateBinding);
  const classNames = (): readonly string[] => caches.classes.store.list().filter(classTakesCapacity).map(keyOf);
  const itemsOfSegment = (id: string): readonly string[] => classNames().map((name) => itemOf(name, id));
  const itemsOfClass = (name: string): readonly string[] => segments.ids().map((id) => itemOf(name, id));
  const enqueue = (items: readonly string[]): void => {
    for (const item of items) controller.enqueue(item);
  };

  segments.onChange((id) => enqueue(itemsOfSegment(id)));
  caches.classes.onEvent(({ key, old, object, changed }) => {
    if (changed && [old, object].some(classTakesCapacity)) enqueue(itemsOfClass(key));
  });
  caches.capacities.onEvent(({ old, object, changed }) => {
    if (changed) for (const each of [old, object]) if (each !== undefined) controller.enqueue(itemOfObject(each));
  });

  const changed = (item: string): void => {
    const memory = memories.get(item) ?? NOT_ASKED;
    memories.set(item, { ...memory, changes: memory.changes + 1 });
    controller.enqueue(item);
  };

  const counts = (): CapacityCounts => {
    // A stand-by manages none: summed over replicas each counts once.
    if (startedMs === undefined) return { goal: 0, current: 0, obsolete: 0, stalenessMs: 0 };
    const begun = startedMs;
    const items = classNames().flatMap(itemsOfClass);
    const published = new Set<string>();
    const objects = caches.capacities.store.list();
    for (const object of objects) {
      const item = itemOfObject(object);
      if (isWanted(deps, item)) published.add(item);
    }
    const since = (item: string): number => memories.get(item)?.answer?.atMs ?? begun;
    return {
      goal: items.length,
      current: published.size,
      obsolete: objects.length - published.size,
      stalenessMs: items.reduce((most, item) => Math.max(most, monotonic() - since(item)), 0),
    };
  };

  return {
    ...controller,
    start: (signal) => {
      startedMs = monotonic();
      controller.start(signal);
    },
    moved: ({ affinity, className }) => {
      const terms = affinity?.required?.nodeSelectorTerms ?? [];
      if (terms.length === 0) {
        const name = className ?? '';
        if (classTakesCapacity(caches.classes.store.get(name))) for (const item of itemsOfClass(name)) changed(item);
        return;
      }
      // Each class may draw from the same room.
      const places = new Set(terms.map(segmentOfTerm).map((segment) => (segment === undefined ? '' : segmentId(segment))));
      for (const id of places) for (const item of itemsOfSegment(id)) changed(item);
    },
    counts,
  };
}
