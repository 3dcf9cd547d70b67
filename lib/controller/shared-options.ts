/** What the controllers of one role share: all of a controller's options but its name and its reconciler. */
import type { ControllerOptions } from './controller.ts';
import type { RoleContext } from './role.ts';

export type SharedOptions = Omit<ControllerOptions<never, never, never>, 'name' | 'reconciler'>;

/** From flags: how many keys at once, and the curve of what fails. */
export type ControllerPace = Pick<SharedOptions, 'workers' | 'retryStartMs' | 'retryMaxMs'>;

export function sharedOptions(context: RoleContext, { workers, retryStartMs, retryMaxMs }: ControllerPace): SharedOptions {
  return {
    workers,
    // 0 doubled stays 0: whatever fails at once would be tried without a pause.
    retryStartMs: Math.max(1, retryStartMs),
    retryMaxMs,
    doors: context.doors,
    log: context.log,
    events: context.events,
    metrics: context.queueMetrics,
    ...(context.inspected === undefined ? {} : { inspected: context.inspected }),
    leaseIsFresh: () => context.leaseIsFresh(),
    fatal: (error) => context.fatal(error),
  };
}
