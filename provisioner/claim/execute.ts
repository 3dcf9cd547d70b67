/**
 * Does one Step of a claim. What must outlive the run goes into the claims in progress in the same turn of the
 * event loop in which the answer arrives, so that no other controller sees half of it.
 */
import { ApiError, isForbidden, orNothing } from '../../lib/kube/api-error.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_ATTRIBUTES_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { parseVersion } from '../../lib/controller/resource-version.ts';
import { hasFinalizer, withFinalizer, withoutFinalizer } from '../../lib/sidecar/finalizers.ts';
import { readSecret } from '../../lib/sidecar/secret-reader.ts';
import { encodeEntry } from '../intent/intent.ts';
import { intentsOf, notOpened, opened, opening, uncertainOf, volumeNameOf } from '../intent/operation.ts';
import { CLONE_FINALIZER, SNAPSHOT_FINALIZER } from '../facts/names.ts';
import type { CallDeps, Run } from './call.ts';
import type { CompeteDeps } from './compete.ts';
import { drawWait, readCapacity, selectNode } from './compete.ts';
import { createVolume, deleteUnwanted, settleOn } from './call.ts';
import { sourceKey } from '../facts/data-source.ts';
import type { GatherDeps } from './gather.ts';
import { sourceFacts } from './gather.ts';
import { withoutSelectedNode } from '../facts/ownership.ts';
import { isProtected } from './restore.ts';
import { readExistingVolume, saveVolume } from './save.ts';
import type { ClaimAnswer, ClaimStep } from './state.ts';

export type ClaimDeps = GatherDeps & CallDeps & CompeteDeps;

export async function execute(deps: ClaimDeps, step: ClaimStep, run: Run): Promise<ClaimAnswer> {
  const { client, progress, caches } = deps;
  const { state, signal } = run;
  const { uid } = state;
  switch (step.kind) {
    case 'read-min-version':
      return { kind: 'min-version', version: await readMinVersion(deps, signal) };
    case 'read-claim': {
      const { namespace, name = '' } = state.claim?.metadata ?? {};
      const live = await orNothing(client.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, signal));
      const claim = live?.metadata?.uid === uid ? live : undefined;
      const needy = claim !== undefined && (claim.spec?.volumeName ?? '') === '';
      return { kind: 'claim', claim, progress: needy ? progress.update(uid, { provisionedBefore: 'rechecked' }) : progress.of(uid) };
    }
    case 'read-owner': {
      const { claim, request } = step.intent;
      const live = await orNothing(client.get(PERSISTENT_VOLUME_CLAIMS, claim, signal));
      const isClaim = live?.metadata?.uid === uid;
      const object = isClaim ? live : await orNothing(client.get(PERSISTENT_VOLUMES, { name: request.name }, signal));
      return { kind: 'owner', object, progress: object === undefined ? progress.update(uid, { inherited: false }) : progress.of(uid) };
    }
    case 'read-snapshot':
      return { kind: 'snapshot', object: await orNothing(client.get(VOLUME_SNAPSHOTS, step.source, signal)) };
    case 'read-content':
      return {
        kind: 'content',
        name: step.name,
        object: await orNothing(client.get(VOLUME_SNAPSHOT_CONTENTS, { name: step.name }, signal)),
      };
    case 'read-attributes-class':
      return { kind: 'attributes-class', object: await orNothing(client.get(VOLUME_ATTRIBUTES_CLASSES, { name: step.name }, signal)) };
    case 'read-secret':
      return secretOf(deps, step, run);
    case 'protect-snapshot': {
      progress.update(uid, { protecting: step.source });
      deps.protections.own.add(sourceKey(step.source));
      const key = sourceKey(step.source);
      await protect(deps, VOLUME_SNAPSHOTS, {
        source: step.snapshot,
        finalizer: SNAPSHOT_FINALIZER,
        anew: deps.protections.releasing.has(key),
        applyWrite: caches.snapshots?.absorb,
        signal,
      });
      deps.protections.releasing.delete(key);
      return { kind: 'protected', progress: progress.of(uid) };
    }
    case 'protect-claim': {
      progress.update(uid, { protecting: step.source });
      await protect(deps, PERSISTENT_VOLUME_CLAIMS, {
        source: step.claim,
        finalizer: CLONE_FINALIZER,
        anew: false,
        applyWrite: caches.claims.absorb,
        signal,
      });
      return { kind: 'protected', progress: progress.of(uid) };
    }
    case 'write-intent':
      return writeIntent(deps, step, run);
    case 'create-volume':
      return createVolume(deps, step, run);
    case 'delete-unwanted':
      return deleteUnwanted(deps, step.handle, run);
    case 'save-volume':
      return saveVolume(deps, step.volume, run);
    case 'read-volume':
      return readExistingVolume(deps, step.name, run);
    case 'close': {
      const name = volumeNameOf(state.progress.operation) ?? '';
      progress.update(uid, { inherited: false, ...(state.volume === undefined ? {} : { provisionedBefore: 'seen' }) });
      return { kind: 'closed', progress: settleOn(deps, uid, { phase: 'closing', name }) };
    }
    case 'draw-wait':
      return drawWait(deps, state);
    case 'read-capacity':
      return readCapacity(deps, step.question, signal);
    case 'select-node':
      return selectNode(deps, step, run);
    case 'reschedule': {
      const claim = await client.replace(PERSISTENT_VOLUME_CLAIMS, withoutSelectedNode(step.claim), { signal });
      caches.claims.absorb(claim);
      return { kind: 'rescheduled', claim };
    }
    default:
      return step satisfies never;
  }
}

async function readMinVersion({ client, minVersion }: ClaimDeps, signal: AbortSignal): Promise<bigint> {
  if (minVersion.value !== undefined) return minVersion.value;
  const page = await client.list(PERSISTENT_VOLUME_CLAIMS, { limit: 1, signal });
  // A version that is no number has no order: then every claim counts as older.
  minVersion.value ??= parseVersion(page.resourceVersion) ?? 10n ** 40n;
  return minVersion.value;
}

/** By name, live, at every attempt: before anything is written down, so that a missing secret leaves nothing behind. */
async function secretOf(
  { client, progress }: ClaimDeps,
  { secret, purpose }: ClaimStep & { readonly kind: 'read-secret' },
  { state: { uid }, signal }: Run,
): Promise<ClaimAnswer> {
  try {
    const read = await readSecret(client, secret, signal);
    return { kind: 'secret', secret: read.secret, progress: progress.of(uid) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const message = `error getting secret ${secret.name} in namespace ${secret.namespace}: ${error.message}`;
    return { kind: 'no-secret', failure: { kind: 'no-secret', purpose, message }, progress: progress.update(uid, { awaits: 'secret' }) };
  }
}

interface Protection<T extends KubeObject> {
  readonly source: T;
  readonly finalizer: string;
  /** The finalizer that is there is being taken away by a write of ours that may still be under way. */
  readonly anew: boolean;
  readonly applyWrite: ((object: T) => void) | undefined;
  readonly signal: AbortSignal;
}

/** The Go program goes on without where it may not write snapshots. A conflict says that the source changed: thrown, gathered again. */
async function protect<T extends KubeObject>(deps: ClaimDeps, resource: Resource<T>, protection: Protection<T>): Promise<void> {
  const { source, finalizer, anew, applyWrite, signal } = protection;
  const replace = (body: T): Promise<T> => deps.client.replace(resource, body, { signal });
  try {
    // A write that changes nothing keeps the version, so the one that takes the finalizer away would still succeed after it.
    const changesNothing = hasFinalizer(source, finalizer);
    const present = anew && changesNothing ? await replace(withoutFinalizer(source, finalizer)) : source;
    const written = await replace(withFinalizer(present, finalizer));
    applyWrite?.(written);
  } catch (error) {
    if (!isForbidden(error) || resource.plural !== VOLUME_SNAPSHOTS.plural) throw error;
    deps.log.warn('VolumeSnapshot is restored without protection: it may not be updated', {
      object: `${source.metadata?.namespace ?? ''}/${source.metadata?.name ?? ''}`,
    });
  }
}

async function writeIntent(
  deps: ClaimDeps,
  { intent }: ClaimStep & { readonly kind: 'write-intent' },
  { state, signal }: Run,
): Promise<ClaimAnswer> {
  const { progress, journal } = deps;
  const { uid } = state;
  progress.update(uid, { protecting: intent.source });
  if (intent.source?.kind === 'snapshot') deps.protections.own.add(sourceKey(intent.source));
  // From here on nobody takes the protection away; what happened before shows in the cache now.
  const source = sourceFacts(deps, state.dataSource);
  if (intent.source?.kind === 'snapshot' && source.snapshotsCached && !state.protectedSource && !isProtected(source))
    return { kind: 'unprotected', source, progress: progress.of(uid) };
  const { operation } = progress.of(uid);
  const uncertain = uncertainOf(operation);
  progress.update(uid, { operation: opening(operation, intent), protecting: undefined });
  try {
    const written = await journal.record(uid, encodeEntry(intentsOf(intent, uncertain), uncertain?.deleting), signal);
    if (written === 'unrecorded') deps.metrics.unrecorded();
  } catch (error) {
    settleOn(deps, uid, notOpened(progress.of(uid).operation));
    throw error;
  }
  // Meanwhile an entry of another process may have come to it.
  return { kind: 'written', progress: progress.update(uid, { operation: opened(intent, uncertainOf(progress.of(uid).operation)) }) };
}
