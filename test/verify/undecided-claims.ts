/** Claims that come one after the other, and how long each waited for its volume. */
import { setTimeout as pause } from 'node:timers/promises';
import { PERSISTENT_VOLUME_CLAIMS } from '../../lib/kube/resources.ts';
import { createClaim, type Scene } from '../real/main-job.ts';
import type { Sight } from '../../harness/sight.ts';

/** From creation to Bound, as a user sees it. */
export interface Pace {
  readonly medianMs: number;
  readonly p99Ms: number;
}

export interface ClaimsOptions {
  readonly scene: Scene;
  readonly sight: Sight;
  readonly prefix: string;
  readonly count: number;
  readonly signal: AbortSignal;
}

/** Between one claim and the next. */
const EVERY_MS = 100;

/** Answers how long each took, ms. */
export async function runClaims({ scene, sight, prefix, count, signal }: ClaimsOptions): Promise<number[]> {
  const { namespace } = scene;
  const began = performance.now();
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      // By the clock: what one of them takes must not slow the others down.
      await pause(Math.max(0, began + index * EVERY_MS - performance.now()));
      const name = `${prefix}-${index}`;
      const from = performance.now();
      await createClaim(scene, name);
      const bound = { test: (claim: { status?: { phase?: string } } | undefined) => claim?.status?.phase === 'Bound', signal };
      return (await sight.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, bound)) - from;
    }),
  );
}

export function paceOf(times: readonly number[]): Pace {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN);
  return { medianMs: at(0.5), p99Ms: at(0.99) };
}

/** `work` for each of `count`, so many at once. */
export async function inLanes(
  { count, lanes }: { readonly count: number; readonly lanes: number },
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
