/**
 * What a role (snapshot-controller, csi-snapshotter, csi-provisioner) is given by its main, and what it
 * gives back. The combined process hands the same client, informers and metrics to several roles.
 */
import type { Doors } from '../doors/doors.ts';
import type { Logger } from '../doors/log.ts';
import type { KubeClient } from '../kube/client.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { InformerSet } from './informer.ts';
import type { EntryInspection, Inspectable } from './inspection.ts';
import type { QueueMetrics } from './queue.ts';

export interface RoleContext {
  readonly doors: Doors;
  readonly log: Logger;
  readonly client: KubeClient;
  readonly informers: InformerSet;
  /** With the role's own event component. */
  readonly events: EventRecorder;
  readonly queueMetrics: QueueMetrics;
  /** Hears of each controller of the role; undefined where nobody asks. */
  readonly inspected?: ((controller: Inspectable) => void) | undefined;
  /** The same of a journal. */
  readonly inspectedJournal?: ((entries: () => readonly EntryInspection[]) => void) | undefined;
  /**
   * True where this process may destroy: no election, or the lease was renewed within the renew deadline (wall and monotonic
   * clock), and not before `sinceMs` (monotonic).
   */
  leaseIsFresh(sinceMs?: number): boolean;
  /** Ends the process in good order with this reason (exit code 1). */
  fatal(error: unknown): void;
}

export interface Role {
  readonly name: string;
  /** Starts the workers (when elected and synced). Every key is enqueued once. */
  start(signal: AbortSignal): void;
  /**
   * Resolves when no key is being worked on. Keys in work finish their present effect, unless `cancel`
   * fires: then it is given up, too.
   */
  drain(cancel?: AbortSignal): Promise<void>;
}
