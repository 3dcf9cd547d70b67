/** The PV of a volume that exists: POST, and what to make of one that is there already. */
import { isAlreadyExists, orNothing } from '../../lib/kube/api-error.ts';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUMES } from '../../lib/kube/resources.ts';
import { refusalOf } from '../../lib/sidecar/refusal.ts';
import { isReachable } from '../facts/node.ts';
import { csiHandle } from '../migration/plugins.ts';
import { madeUnwanted, opened, unsavable } from '../intent/operation.ts';
import type { CallDeps, Run } from './call.ts';
import { settleOn } from './call.ts';
import type { ClaimAnswer, ClaimState } from './state.ts';

export async function saveVolume(deps: CallDeps, volume: PersistentVolume, { state, signal }: Run): Promise<ClaimAnswer> {
  try {
    const created = await deps.client.create(PERSISTENT_VOLUMES, volume, { signal });
    return saved(deps, created, state);
  } catch (error) {
    if (isAlreadyExists(error)) return { kind: 'save-failed', failure: { kind: 'exists' } };
    const why = refusalOf(error);
    if (why === undefined) throw error;
    deps.log.error('PersistentVolume of a volume that exists is refused', error, { object: volume.metadata?.name });
    return {
      kind: 'save-failed',
      failure: { kind: 'refused', message: `PersistentVolume ${volume.metadata?.name ?? ''} is refused: ${why}` },
    };
  }
}

export async function readExistingVolume(deps: CallDeps, name: string, { state, signal }: Run): Promise<ClaimAnswer> {
  const { uid, progress } = state;
  const live = await orNothing(deps.client.get(PERSISTENT_VOLUMES, { name }, signal));
  if (live === undefined) return { kind: 'existing-volume', object: undefined, progress };
  const { operation } = progress;
  if (operation.phase !== 'created') return { kind: 'existing-volume', object: live, progress };
  const { intent, volume } = operation;
  const { driver } = state.settings;
  const handle = handleIn(driver, volume) ?? '';
  const isOurs = live.spec?.claimRef?.uid === uid;
  if (isOurs && handleIn(driver, live) === handle && isReachable(live, state.settings.node)) {
    if (live.metadata?.deletionTimestamp === undefined) return saved(deps, live, state);
    // It accounts for the volume, and takes it along.
    const next = { phase: 'closing', name: intent.request.name } as const;
    deps.progress.update(uid, { provisionedBefore: 'seen' });
    return { kind: 'existing-volume', object: live, progress: settleOn(deps, uid, next) };
  }
  // A PV of this claim with another volume has the claim; a foreign one of this name may have been given ours: once
  // it has gone, what is left is asked for anew by the same call.
  const next = isOurs
    ? madeUnwanted(opened(intent, undefined), { handle, sent: intent, nowMs: deps.now() })
    : unsavable(intent, deps.now());
  return { kind: 'existing-volume', object: live, progress: settleOn(deps, uid, next) };
}

function handleIn(driver: string, volume: PersistentVolume): string | undefined {
  const handle = csiHandle(driver, volume);
  return handle?.ok === true ? handle.value : undefined;
}

function saved(deps: CallDeps, volume: PersistentVolume, state: ClaimState): ClaimAnswer {
  const { caches, metrics, labelsOf, monotonic, log } = deps;
  caches.volumes.absorb(volume);
  const { namespace = '', name = '' } = volume.spec?.claimRef ?? {};
  log.debug(2, 'volume is provisioned', { object: `${namespace}/${name}`, volume: volume.metadata?.name });
  const { uid, progress } = state;
  const startedMs = progress.operation.phase === 'created' ? progress.operation.startedMs : undefined;
  metrics.provisioned(labelsOf(state), (monotonic() - (startedMs ?? monotonic())) / 1000);
  deps.progress.update(uid, { provisionedBefore: 'seen' });
  return { kind: 'saved', volume, progress: settleOn(deps, uid, { phase: 'closing', name: volume.metadata?.name ?? '' }) };
}
