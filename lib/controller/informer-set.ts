/**
 * The informers of a process: one list-and-watch per (resource, selector, namespace), whatever the number
 * of roles. Interests are collected before the start; see shared-watch.ts for what one watch does.
 *
 * Invariants: handlers see the cache already changed, in order of registration, and one that throws stops
 * nobody else; nothing runs before `start`; everything ends with its signal.
 */
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject, Resource } from '../kube/objects.ts';
import type { Informer, InformerSet, Interest } from './informer.ts';
import { expectManyListeners } from './shared-signal.ts';
import { SharedWatch } from './shared-watch.ts';

export const DEFAULT_RESYNC_MS = 15 * 60_000;

export interface InformerSetOptions {
  readonly client: KubeClient;
  readonly doors: { readonly clock: Clock; readonly random: Random };
  readonly log: Logger;
  /** How often every object is told again, with `changed` false. 0: never. Default 15 min, as the peers'. */
  readonly resyncMs?: number;
  /**
   * A list showed that the server has another past than the one it told: it was restored from a backup. Whoever
   * remembers something of the old one must forget it; handlers hear nothing of this list. Without this callback
   * the list is told as any other.
   */
  readonly restoredFromBackup?: (resource: string) => void;
}

export function createInformerSet(options: InformerSetOptions): InformerSet {
  const watches = new Map<string, Pick<SharedWatch<KubeObject>, 'start' | 'waitSynced'>>();
  let started = false;
  return {
    informer: <T extends KubeObject>(resource: Resource<T>, interest: Interest<T>): Informer<T> => {
      if (started) throw new Error(`interest in ${resource.plural} declared after the start`);
      const { namespace = '', labelSelector = '', fieldSelector = '' } = interest;
      const key = [resource.group, resource.version, resource.plural, namespace, labelSelector, fieldSelector].join('|');
      // The key names the resource, and with it the type.
      const watch = (watches.get(key) ??
        new SharedWatch<T>({ ...options, resyncMs: options.resyncMs ?? DEFAULT_RESYNC_MS }, resource, interest)) as SharedWatch<T>;
      watches.set(key, watch);
      return watch.join(interest);
    },
    start: (signal) => {
      if (started) return;
      started = true;
      expectManyListeners(signal);
      for (const watch of watches.values()) watch.start(signal);
    },
    waitSynced: async (signal) => {
      expectManyListeners(signal);
      for (const watch of watches.values()) await watch.waitSynced(signal);
    },
  };
}
