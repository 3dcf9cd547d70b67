/** Does one Step of a protected VolumeSnapshot, and folds its answer in. */
import { isUnknownOutcome, orNothing } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { splitKey } from '../../lib/controller/store.ts';
import { VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { withoutFinalizer } from '../../lib/sidecar/finalizers.ts';
import { SNAPSHOT_FINALIZER } from '../facts/names.ts';
import { type SnapshotGatherDeps, usersOf } from './gather.ts';
import type { SnapshotProtectionAnswer, SnapshotProtectionState, SnapshotProtectionStep } from './state.ts';

export interface SnapshotProtectionDeps extends SnapshotGatherDeps {
  readonly client: Pick<KubeClient, 'get' | 'replace'>;
}

interface Run {
  readonly state: SnapshotProtectionState;
  readonly signal: AbortSignal;
}

export async function execute(
  deps: SnapshotProtectionDeps,
  step: SnapshotProtectionStep,
  { state, signal }: Run,
): Promise<SnapshotProtectionAnswer> {
  const { key } = state;
  const { client } = deps;
  switch (step.kind) {
    case 'read-snapshot':
      return { kind: 'snapshot', object: await orNothing(client.get(VOLUME_SNAPSHOTS, splitKey(key), signal)) };
    case 'read-content':
      return { kind: 'content', object: await orNothing(client.get(VOLUME_SNAPSHOT_CONTENTS, { name: step.name }, signal)) };
    case 'release':
      return release(deps, step, { key, signal });
    default:
      return step satisfies never;
  }
}

/** From the check to the answer nobody may rely on the finalizer that the cache still shows: `releasing` says so. */
async function release(
  deps: SnapshotProtectionDeps,
  { snapshot }: SnapshotProtectionStep & { readonly kind: 'release' },
  { key, signal }: { readonly key: string; readonly signal: AbortSignal },
): Promise<SnapshotProtectionAnswer> {
  const { client, protections, caches, progress } = deps;
  const users = usersOf(deps, key);
  if (users.length > 0) return { kind: 'in-use', users };
  protections.releasing.add(key);
  try {
    const written = await orNothing(client.replace(VOLUME_SNAPSHOTS, withoutFinalizer(snapshot, SNAPSHOT_FINALIZER), { signal }));
    if (written !== undefined) caches.snapshots?.absorb(written);
    protections.releasing.delete(key);
    if (progress.usersOf('snapshot', key).length === 0) protections.own.delete(key);
    return { kind: 'snapshot', object: written };
  } catch (error) {
    // Without an answer the write may have been applied: the mark stays until somebody writes with success.
    if (!isUnknownOutcome(error)) protections.releasing.delete(key);
    throw error;
  }
}

/** Pure. */
export function absorb(
  state: SnapshotProtectionState,
  _step: SnapshotProtectionStep,
  answer: SnapshotProtectionAnswer,
): SnapshotProtectionState {
  switch (answer.kind) {
    case 'snapshot':
      return { ...state, snapshot: answer.object, readLive: true };
    case 'content':
      return { ...state, content: { object: answer.object } };
    case 'in-use':
      return { ...state, users: answer.users };
    default:
      return answer satisfies never;
  }
}
