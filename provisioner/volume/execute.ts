/** Does one Step of a PV, and folds its answer in. */
import { parseVersion } from '../../lib/controller/resource-version.ts';
import type { Logger } from '../../lib/doors/log.ts';
import type { CsiClient } from '../../lib/csi/client.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { ApiError, orNothing } from '../../lib/kube/api-error.ts';
import type { KubeClient, Patch } from '../../lib/kube/client.ts';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUMES } from '../../lib/kube/resources.ts';
import { StaleLease } from '../../lib/controller/step.ts';
import { addFinalizers, removeFinalizers } from '../../lib/sidecar/finalizers.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import { readSecret } from '../../lib/sidecar/secret-reader.ts';
import type { CapacityRefresh } from '../capacity-refresh.ts';
import type { ClaimsInProgress } from '../intent/claims-in-progress.ts';
import type { Journal } from '../../lib/journal/journal.ts';
import type { ProvisionMetrics } from '../metrics.ts';
import { classNameOf } from '../facts/ownership.ts';
import { isPluginVolume } from '../migration/plugins.ts';
import { DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE, VOLUME_FINALIZER } from '../facts/names.ts';
import type { Caches } from '../caches.ts';
import type { VolumeGatherDeps } from './gather.ts';
import { remember } from './gather.ts';
import type { VolumeAnswer, VolumeState, VolumeStep } from './state.ts';

export interface VolumeDeps extends Omit<VolumeGatherDeps, 'caches' | 'progress'> {
  readonly client: KubeClient;
  readonly caches: Pick<Caches, 'volumes' | 'classes' | 'attachments' | 'claims'>;
  readonly driver: Pick<CsiClient, 'deleteVolume'>;
  readonly progress: ClaimsInProgress;
  readonly journal: Pick<Journal, 'flush'>;
  readonly metrics: ProvisionMetrics;
  readonly capacity: CapacityRefresh;
  readonly log: Logger;
  readonly leaseIsFresh: () => boolean;
  readonly monotonic: () => number;
}

export async function execute(deps: VolumeDeps, step: VolumeStep, { state, signal }: Run): Promise<VolumeAnswer> {
  const { volume } = state;
  switch (step.kind) {
    case 'add-finalizer':
      return patch(deps, volume, { patch: addFinalizers(volume, [VOLUME_FINALIZER]), signal });
    case 'remove-finalizer':
      return patch(deps, volume, { patch: removeFinalizers(volume, [VOLUME_FINALIZER]), signal });
    case 'finish-closing':
      await deps.journal.flush(signal);
      return { kind: 'closed' };
    case 'delete-volume':
      return deleteVolume(deps, step, { state, signal });
    case 'delete-object':
      return deleteObject(deps, volume, signal);
    default:
      return step satisfies never;
  }
}

interface Change {
  readonly patch: Patch | undefined;
  readonly signal: AbortSignal;
}

async function patch(deps: VolumeDeps, volume: PersistentVolume, change: Change): Promise<VolumeAnswer> {
  const { patch: wanted, signal } = change;
  if (wanted === undefined) return { kind: 'written', volume };
  return written(deps, volume, deps.client.patch(PERSISTENT_VOLUMES, { name: volume.metadata?.name ?? '' }, { patch: wanted, signal }));
}

async function deleteObject(deps: VolumeDeps, volume: PersistentVolume, signal: AbortSignal): Promise<VolumeAnswer> {
  const { name = '', uid = '', resourceVersion = '' } = volume.metadata ?? {};
  return written(deps, volume, deps.client.delete(PERSISTENT_VOLUMES, { name }, { uid, resourceVersion, signal }));
}

/** Notes what the write left: a newer object, or none, whatever the cache goes on showing for a while. */
async function written(
  { caches, memories }: VolumeDeps,
  volume: PersistentVolume,
  write: Promise<PersistentVolume | undefined>,
): Promise<VolumeAnswer> {
  const left = await orNothing(write);
  const isGone = left === undefined || (left.metadata?.deletionTimestamp !== undefined && (left.metadata.finalizers ?? []).length === 0);
  if (isGone) caches.volumes.ended(volume);
  else caches.volumes.absorb(left);
  remember(memories, volume, { minVersion: isGone ? 'gone' : parseVersion(left.metadata?.resourceVersion) });
  return { kind: 'written', volume: isGone ? undefined : left };
}

interface Run {
  readonly state: VolumeState;
  readonly signal: AbortSignal;
}

async function deleteVolume(
  deps: VolumeDeps,
  step: VolumeStep & { readonly kind: 'delete-volume' },
  { state, signal }: Run,
): Promise<VolumeAnswer> {
  const { driver, metrics, monotonic, progress, caches, memories } = deps;
  const { volume, name } = state;
  const className = volume.spec?.storageClassName ?? '';
  const { secrets, missing } = step.secret === undefined ? { secrets: {} } : await secretsFor(deps, step.secret, { name, signal });
  if (!deps.leaseIsFresh()) throw new StaleLease();
  // The cached claim may be older than its end: it must not get a second volume.
  const claimUid = volume.spec?.claimRef?.uid ?? '';
  if (caches.claims.store.byUid(claimUid) !== undefined) progress.update(claimUid, { provisionedBefore: 'seen' });
  const started = monotonic();
  try {
    await driver.deleteVolume({ volumeId: step.handle, secrets }, signal, { migrated: isPluginVolume(state.driver, volume) });
  } catch (error) {
    if (!(error instanceof CsiError)) throw error;
    deps.log.warn('DeleteVolume failed', { object: name, error: error.message });
    return { kind: 'failed', message: `${error.message}${missing ?? ''}` };
  }
  remember(memories, volume, { deleted: true });
  deps.capacity.moved({ affinity: volume.spec?.nodeAffinity, className: classNameOf(volume) });
  deps.log.debug(2, 'volume is deleted', { object: name });
  metrics.deleted(className, (monotonic() - started) / 1000);
  return { kind: 'deleted' };
}

/** As the peer: a secret that cannot be read is said in the log, and the driver decides whether it needs one. */
async function secretsFor(
  { client, log }: VolumeDeps,
  secret: SecretName,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<{ readonly secrets: Record<string, string>; readonly missing?: string }> {
  try {
    return { secrets: (await readSecret(client, secret, signal)).secret.reveal() };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const reference = `${secret.namespace}/${secret.name}`;
    // A field named `secret` would be struck out: the name is none.
    log.warn('secret of the volume cannot be read, it is deleted without', { object: name, reference, error: error.message });
    const names = `the annotations ${DELETION_SECRET_NAME} and ${DELETION_SECRET_NAMESPACE}, or the StorageClass`;
    return { secrets: {}, missing: ` (secret ${reference}, named by ${names}, cannot be read: ${error.message})` };
  }
}

/** Pure. */
export function absorb(state: VolumeState, _step: VolumeStep, answer: VolumeAnswer): VolumeState {
  switch (answer.kind) {
    case 'written':
      return answer.volume === undefined ? { ...state, gone: true } : { ...state, volume: answer.volume };
    case 'closed':
      return { ...state, making: 'over' };
    case 'deleted':
      return { ...state, deleted: true };
    case 'failed':
      return { ...state, failure: answer.message };
    default:
      return answer satisfies never;
  }
}
