/** Does one Step of a PV, and folds its answer in. */
import type { Logger } from '../../lib/doors/log.ts';
import type { CsiClient } from '../../lib/csi/client.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { ApiError, isNotFound } from '../../lib/kube/api-error.ts';
import type { KubeClient, Patch } from '../../lib/kube/client.ts';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUMES } from '../../lib/kube/resources.ts';
import type { Ledger } from '../ledger.ts';
import type { ProvisionMetrics } from '../metrics.ts';
import { VOLUME_FINALIZER } from '../names.ts';
import { readSecret } from '../secret-reader.ts';
import type { Caches } from '../caches.ts';
import { addFinalizer, removeFinalizer } from './finalizer-patch.ts';
import type { VolumeGatherWorld } from './gather.ts';
import type { VolumeAnswer, VolumeState, VolumeStep } from './state.ts';

export interface VolumeExecuteWorld extends Omit<VolumeGatherWorld, 'caches'> {
  readonly client: KubeClient;
  readonly caches: Pick<Caches, 'volumes' | 'classes' | 'attachments' | 'claims'>;
  readonly driver: Pick<CsiClient, 'deleteVolume'>;
  readonly ledger: Ledger;
  readonly metrics: ProvisionMetrics;
  readonly log: Logger;
  readonly leaseIsFresh: () => boolean;
  readonly monotonic: () => number;
}

export async function execute(world: VolumeExecuteWorld, step: VolumeStep, state: VolumeState, signal: AbortSignal): Promise<VolumeAnswer> {
  const { volume } = state;
  switch (step.kind) {
    case 'add-finalizer':
      return patch(world, volume, { patch: addFinalizer(volume, VOLUME_FINALIZER), signal });
    case 'remove-finalizer':
      return patch(world, volume, { patch: removeFinalizer(volume, VOLUME_FINALIZER), signal });
    case 'delete-volume':
      return deleteVolume(world, step, { state, signal });
    case 'delete-object':
      return deleteObject(world, volume, signal);
    case 'report':
      world.metrics.deleteFailed(volume.spec?.storageClassName ?? '');
      return { kind: 'reported' };
    default:
      return step satisfies never;
  }
}

interface Change {
  readonly patch: Patch | undefined;
  readonly signal: AbortSignal;
}

async function patch({ client, caches }: VolumeExecuteWorld, volume: PersistentVolume, change: Change): Promise<VolumeAnswer> {
  if (change.patch === undefined) return { kind: 'written', volume };
  try {
    const written = await client.patch(
      PERSISTENT_VOLUMES,
      { name: volume.metadata?.name ?? '' },
      { patch: change.patch, signal: change.signal },
    );
    caches.volumes.absorb(written);
    return { kind: 'written', volume: written };
  } catch (error) {
    if (isNotFound(error)) return { kind: 'written', volume: undefined };
    throw error;
  }
}

async function deleteObject({ client, caches }: VolumeExecuteWorld, volume: PersistentVolume, signal: AbortSignal): Promise<VolumeAnswer> {
  const { name = '', uid = '', resourceVersion = '' } = volume.metadata ?? {};
  try {
    const held = await client.delete(PERSISTENT_VOLUMES, { name }, { uid, resourceVersion, signal });
    if (held !== undefined) caches.volumes.absorb(held);
    return { kind: 'written', volume: held };
  } catch (error) {
    if (isNotFound(error)) return { kind: 'written', volume: undefined };
    throw error;
  }
}

interface Run {
  readonly state: VolumeState;
  readonly signal: AbortSignal;
}

async function deleteVolume(
  world: VolumeExecuteWorld,
  step: VolumeStep & { readonly kind: 'delete-volume' },
  { state, signal }: Run,
): Promise<VolumeAnswer> {
  const { driver, metrics, monotonic, ledger, caches, deleted } = world;
  const { volume, name } = state;
  const className = volume.spec?.storageClassName ?? '';
  const secrets = step.secret === undefined ? {} : await secretsFor(world, step.secret, { name, signal });
  if (!world.leaseIsFresh()) return { kind: 'lease-stale' };
  // The cached claim may be older than its end: it must not get a second volume.
  const claimUid = volume.spec?.claimRef?.uid ?? '';
  if (caches.claims.store.byUid(claimUid) !== undefined) ledger.update(claimUid, { finished: true, verified: false });
  const started = monotonic();
  try {
    await driver.deleteVolume({ volumeId: step.handle, secrets }, signal);
  } catch (error) {
    if (!(error instanceof CsiError)) throw error;
    metrics.deleteFailed(className);
    return { kind: 'failed', message: error.message };
  }
  deleted.set(name, volume.metadata?.uid ?? '');
  metrics.deleted(className, (monotonic() - started) / 1000);
  return { kind: 'deleted' };
}

/** As the peer: a secret that cannot be read is said in the log, and the driver decides whether it needs one. */
async function secretsFor(
  { client, log }: VolumeExecuteWorld,
  secret: { readonly name: string; readonly namespace: string },
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<Record<string, string>> {
  try {
    return await readSecret(client, secret, signal);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.warn('secret of the volume cannot be read, it is deleted without', {
      object: name,
      secret: `${secret.namespace}/${secret.name}`,
      error: error.message,
    });
    return {};
  }
}

/** Pure. */
export function absorb(state: VolumeState, step: VolumeStep, answer: VolumeAnswer): VolumeState {
  switch (answer.kind) {
    case 'written':
      return answer.volume === undefined ? { ...state, gone: true } : { ...state, volume: answer.volume };
    case 'deleted':
      return { ...state, deleted: true };
    case 'failed':
      return { ...state, failure: answer.message };
    case 'lease-stale':
      return { ...state, leaseStale: true };
    case 'reported':
      return { ...state, reported: step.kind === 'report' ? step.message : undefined };
    default:
      return answer satisfies never;
  }
}
