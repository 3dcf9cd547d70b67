/** The PV of a volume that exists: POST, and what to make of one that is there already (design: PV POST 409). */
import { ApiError, isAlreadyExists, isNotFound } from '../../lib/kube/api-error.ts';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUMES } from '../../lib/kube/resources.ts';
import type { Caches } from '../caches.ts';
import { CASE_CLOSED } from '../ledger.ts';
import type { CallWorld } from './call.ts';
import type { ClaimAnswer, ClaimState } from './state.ts';

export interface SaveWorld extends CallWorld {
  readonly caches: Pick<Caches, 'volumes'>;
}

interface Run {
  readonly state: ClaimState;
  readonly signal: AbortSignal;
}

export async function saveVolume(world: SaveWorld, volume: PersistentVolume, { state, signal }: Run): Promise<ClaimAnswer> {
  try {
    const created = await world.client.create(PERSISTENT_VOLUMES, volume, { signal });
    return saved(world, created, state);
  } catch (error) {
    if (isAlreadyExists(error)) return { kind: 'save-failed', failure: { kind: 'exists' } };
    if (!isRefusal(error)) throw error;
    world.log.error('PersistentVolume of a volume that exists is refused', error, { object: volume.metadata?.name });
    return {
      kind: 'save-failed',
      failure: { kind: 'refused', message: `PersistentVolume ${volume.metadata?.name ?? ''} is refused: ${error.message}` },
    };
  }
}

/** The user has to hear of these; everything else the loop waits out in silence. */
function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && [400, 403, 413, 422].includes(error.status);
}

export async function readObstacle(world: SaveWorld, name: string, { state, signal }: Run): Promise<ClaimAnswer> {
  const { ledger } = world;
  const { uid, memory } = state;
  let live: PersistentVolume;
  try {
    live = await world.client.get(PERSISTENT_VOLUMES, { name }, signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return { kind: 'obstacle', object: undefined, memory };
  }
  const ours = live.spec?.claimRef?.uid === uid && live.spec.csi?.volumeHandle === memory.unsaved?.spec?.csi?.volumeHandle;
  if (ours && live.metadata?.deletionTimestamp === undefined) return saved(world, live, state);
  // A PV of ours that is going may just be losing its volume, and a foreign one of this name may have been
  // given ours: once it has gone, what is left is asked for anew by the same call.
  const change = { unsaved: undefined, yielding: ours, doubt: { times: 0, sinceMs: world.now() } };
  return { kind: 'obstacle', object: live, memory: ledger.update(uid, change) };
}

function saved({ ledger, caches, metrics, labelsOf, monotonic, log }: SaveWorld, volume: PersistentVolume, state: ClaimState): ClaimAnswer {
  caches.volumes.absorb(volume);
  const { namespace = '', name = '' } = volume.spec?.claimRef ?? {};
  log.debug(2, 'volume is provisioned', { object: `${namespace}/${name}`, volume: volume.metadata?.name });
  const { uid, record, memory } = state;
  metrics.provisioned(labelsOf(state), (monotonic() - (memory.startedMs ?? monotonic())) / 1000);
  const done = { unsaved: undefined, finished: true, verified: false, startedMs: undefined };
  // A record in the API server stays open until it is deleted, and with it the case.
  const closed = record?.lease === undefined ? CASE_CLOSED : {};
  return { kind: 'saved', volume, memory: ledger.update(uid, { ...done, ...closed }) };
}
