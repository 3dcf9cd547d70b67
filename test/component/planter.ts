/** Objects that a test plants in a cluster and takes away again. */
import { type Kube, nameOf, RefusedError } from '../../harness/kube.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';

export interface Plant {
  readonly kube: Kube;
  /** Creates it; it is deleted afterwards. */
  make<T extends KubeObject>(resource: Resource<T>, body: T): Promise<T>;
  undo(step: () => Promise<unknown>): void;
}

/** What it makes is taken away again, the latest first. */
export function planter(kube: Kube): { readonly plant: Plant; readonly undoAll: () => Promise<void> } {
  const undo: (() => Promise<unknown>)[] = [];
  const remove = async <T extends KubeObject>(resource: Resource<T>, object: T): Promise<void> => {
    const named = nameOf(object);
    const present = await kube.find(resource, named);
    if (present?.metadata?.deletionTimestamp === undefined && present !== undefined) await kube.delete(resource, named);
    // The volume controller takes its own finalizers away meanwhile.
    await kube.mergePatch(resource, named, { metadata: { finalizers: null } }).catch((error: unknown) => {
      if (!(error instanceof RefusedError && error.status === 404)) throw error;
    });
    await kube.untilGone(resource, named, { timeoutMs: 20_000 });
  };
  const plant: Plant = {
    kube,
    undo: (step) => void undo.unshift(step),
    make: async (resource, body) => {
      const made = await kube.create(resource, body);
      undo.unshift(() => remove(resource, made));
      return made;
    },
  };
  return {
    plant,
    undoAll: async () => {
      for (const step of undo) await step();
    },
  };
}
