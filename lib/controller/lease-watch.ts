/** A standby's look at a held lease: until it is released, deleted or expired, or can no longer be watched. */
import type { Clock } from '../doors/clock.ts';
import { isForbidden } from '../kube/api-error.ts';
import type { KubeClient, ObjectName } from '../kube/client.ts';
import type { Lease } from '../kube/objects.ts';
import { LEASES } from '../kube/resources.ts';

export interface LeaseWatchOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly target: ObjectName;
  /** Watch changes after this version. */
  readonly from: Lease;
  /** Monotonic time at which `from` expires. */
  readonly expiresAtMs: number;
  /** The lease changed. Answers the monotonic time at which it now expires; in the past: it is free. */
  readonly changed: (lease: Lease) => number;
  readonly signal: AbortSignal;
}

/** `look`: worth trying now. `unwatched`: the watch broke, ask later. `forbidden`: do not try to watch again. */
export type LeaseWatchEnd = 'look' | 'unwatched' | 'forbidden';

const TIMEOUT_SECONDS = 600;

export async function watchLease(options: LeaseWatchOptions): Promise<LeaseWatchEnd> {
  const { clock, target, signal } = options;
  const ending = new AbortController();
  let expiresAt = options.expiresAtMs;
  let free = false;
  let heard = false;
  let cancel = (): void => {};
  const look = (): void => {
    free = true;
    ending.abort();
  };
  // A half-open watch delivers nothing, so the lease looks expired, and trying to take it begins with a read.
  const arm = (): void => {
    const left = expiresAt - clock.monotonic();
    if (left <= 0) look();
    else cancel = clock.setTimer(left, arm);
  };
  const follow = (): void => ending.abort();
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow);
  arm();
  try {
    const events = options.client.watch(LEASES, {
      namespace: target.namespace ?? '',
      fieldSelector: `metadata.name=${target.name}`,
      resourceVersion: options.from.metadata?.resourceVersion ?? '',
      timeoutSeconds: TIMEOUT_SECONDS,
      signal: ending.signal,
    });
    for await (const event of events) {
      heard = true;
      if (event.type === 'BOOKMARK' || event.object.metadata?.name !== target.name) continue;
      if (event.type === 'DELETED') return 'look';
      expiresAt = options.changed(event.object);
      if (expiresAt <= clock.monotonic()) return 'look';
    }
    return free || heard ? 'look' : 'unwatched';
  } catch (error) {
    if (free) return 'look';
    return isForbidden(error) ? 'forbidden' : 'unwatched';
  } finally {
    cancel();
    signal.removeEventListener('abort', follow);
  }
}
