/**
 * Users who come one after the other, each with a claim, a snapshot of it and a claim restored from that, all of which
 * they delete again; how long each of their operations took, as they saw it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { createClaim, createSnapshot, type Scene } from '../real/main-job.ts';
import type { Sight } from '../../harness/sight.ts';

export const OPERATIONS = [
  'claim created → Bound',
  'snapshot created → ready',
  'restored claim created → Bound',
  'snapshot deleted → gone',
  'claim deleted → volume gone',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Timing {
  readonly operation: Operation;
  /** Name of the object. */
  readonly object: string;
  readonly ms: number;
  /** False: given up after that time. */
  readonly finished: boolean;
}

export interface UsersOptions {
  readonly scene: Scene;
  readonly sight: Sight;
  /** In front of the names of their objects. */
  readonly prefix: string;
  readonly count: number;
  /** Between one user and the next. */
  readonly everyMs: number;
  /** Ends all waits; what was not finished then is told. */
  readonly signal: AbortSignal;
  /** Told when the last user has come. */
  readonly allCame?: () => void;
}

export async function runUsers(options: UsersOptions): Promise<Timing[]> {
  const timings: Timing[] = [];
  const users: Promise<void>[] = [];
  const began = performance.now();
  for (let index = 0; index < options.count && !options.signal.aborted; index += 1) {
    // By the clock: what one user takes must not slow the others down.
    await pause(Math.max(0, began + index * options.everyMs - performance.now()));
    users.push(oneUser(options, `${options.prefix}-${index}`, timings));
  }
  options.allCame?.();
  // What an API call refused is the harness's fault, and told as such.
  const ended = await Promise.allSettled(users);
  for (const end of ended) if (end.status === 'rejected' && !options.signal.aborted) throw end.reason;
  return timings;
}

async function oneUser({ scene, sight, signal }: UsersOptions, name: string, timings: Timing[]): Promise<void> {
  const { kube, namespace } = scene;
  const [source, snapshot, restored] = [name, `${name}-snapshot`, `${name}-restored`];
  const timed = async (operation: Operation, object: string, act: () => Promise<number>): Promise<void> => {
    const began = performance.now();
    try {
      const ended = await act();
      timings.push({ operation, object, ms: Math.round(ended - began), finished: true });
    } catch (error) {
      timings.push({ operation, object, ms: Math.round(performance.now() - began), finished: false });
      throw error;
    }
  };
  const untilBound = (claim: string): Promise<number> =>
    sight.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name: claim }, { test: (object) => object?.status?.phase === 'Bound', signal });
  const deleteClaim = async (claim: string): Promise<number> => {
    const volume = sight.find(PERSISTENT_VOLUME_CLAIMS, { namespace, name: claim })?.spec?.volumeName ?? '';
    await kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: claim });
    const gone = { test: (object: unknown) => object === undefined, signal };
    await sight.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name: claim }, gone);
    return sight.until(PERSISTENT_VOLUMES, { name: volume }, gone);
  };

  await timed('claim created → Bound', source, async () => {
    await createClaim(scene, source);
    return untilBound(source);
  });
  await timed('snapshot created → ready', snapshot, async () => {
    await createSnapshot(scene, snapshot, source);
    return sight.until(VOLUME_SNAPSHOTS, { namespace, name: snapshot }, { test: (object) => object?.status?.readyToUse === true, signal });
  });
  await timed('restored claim created → Bound', restored, async () => {
    await createClaim(scene, restored, { fromSnapshot: snapshot });
    return untilBound(restored);
  });
  await timed('snapshot deleted → gone', snapshot, async () => {
    const content = sight.find(VOLUME_SNAPSHOTS, { namespace, name: snapshot })?.status?.boundVolumeSnapshotContentName ?? '';
    await kube.delete(VOLUME_SNAPSHOTS, { namespace, name: snapshot });
    const gone = { test: (object: unknown) => object === undefined, signal };
    await sight.until(VOLUME_SNAPSHOTS, { namespace, name: snapshot }, gone);
    return sight.until(VOLUME_SNAPSHOT_CONTENTS, { name: content }, gone);
  });
  for (const claim of [restored, source]) await timed('claim deleted → volume gone', claim, () => deleteClaim(claim));
}
