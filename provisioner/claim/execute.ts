/**
 * Does one Step of a claim. What must outlive the run goes into the ledger in the same turn of the event
 * loop in which the answer arrives, so that no other lane sees half of it.
 */
import { isAlreadyExists, isForbidden, isNotFound, isUnknownOutcome } from '../../lib/kube/api-error.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import {
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  VOLUME_ATTRIBUTES_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { parseVersion } from '../../lib/controller/resource-version.ts';
import { CASE_CLOSED } from '../ledger.ts';
import { CLONE_FINALIZER, intentName, SNAPSHOT_FINALIZER } from '../names.ts';
import { withFinalizer, withoutFinalizer, withoutSelectedNode } from './bodies.ts';
import type { CallWorld } from './call.ts';
import { callDriver } from './call.ts';
import type { GatherWorld } from './gather.ts';
import { sourceFacts } from './gather.ts';
import { sourceKey } from './data-source.ts';
import { intentLease, readIntent } from './intent.ts';
import { isProtected } from './restore.ts';
import { isRecordRefusal } from './record-refusal.ts';
import { readObstacle, saveVolume } from './save.ts';
import type { ClaimAnswer, ClaimState, ClaimStep } from './state.ts';

export type ExecuteWorld = GatherWorld & CallWorld;

export function createExecute(world: ExecuteWorld): (step: ClaimStep, state: ClaimState, signal: AbortSignal) => Promise<ClaimAnswer> {
  return (step, state, signal) => execute(world, step, { state, signal });
}

async function execute(world: ExecuteWorld, step: ClaimStep, { state, signal }: Run): Promise<ClaimAnswer> {
  const { client, ledger, caches } = world;
  const { uid } = state;
  switch (step.kind) {
    case 'read-floor':
      return { kind: 'floor', floor: await readFloor(world, signal), memory: ledger.of(uid) };
    case 'read-claim': {
      const { namespace, name = '' } = state.claim?.metadata ?? {};
      const live = await found(() => client.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, signal));
      const claim = live?.metadata?.uid === uid ? live : undefined;
      const needy = claim !== undefined && (claim.spec?.volumeName ?? '') === '';
      return { kind: 'claim', claim, memory: needy ? ledger.update(uid, { verified: true }) : ledger.of(uid) };
    }
    case 'read-record':
      return readRecord(world, state, signal);
    case 'read-snapshot':
      return { kind: 'snapshot', object: await found(() => client.get(VOLUME_SNAPSHOTS, step.source, signal)) };
    case 'read-content':
      return { kind: 'content', object: await found(() => client.get(VOLUME_SNAPSHOT_CONTENTS, { name: step.name }, signal)) };
    case 'read-attributes-class':
      return { kind: 'attributes-class', object: await found(() => client.get(VOLUME_ATTRIBUTES_CLASSES, { name: step.name }, signal)) };
    case 'protect-snapshot': {
      ledger.update(uid, { using: step.source });
      ledger.ownSnapshots.add(sourceKey(step.source));
      const mark = `snapshot ${sourceKey(step.source)}`;
      await protect(world, VOLUME_SNAPSHOTS, {
        source: step.snapshot,
        finalizer: SNAPSHOT_FINALIZER,
        anew: ledger.releasing.has(mark),
        absorb: caches.snapshots?.absorb,
        signal,
      });
      ledger.releasing.delete(mark);
      return { kind: 'protected', memory: ledger.of(uid) };
    }
    case 'protect-claim': {
      ledger.update(uid, { using: step.source });
      await protect(world, PERSISTENT_VOLUME_CLAIMS, {
        source: step.claim,
        finalizer: CLONE_FINALIZER,
        anew: false,
        absorb: caches.claims.absorb,
        signal,
      });
      return { kind: 'protected', memory: ledger.of(uid) };
    }
    case 'save-record':
      return saveRecord(world, step, { state, signal });
    case 'create-volume':
      return callDriver(world, step, { state, signal });
    case 'save-volume':
      return saveVolume(world, step.volume, { state, signal });
    case 'read-volume':
      return readObstacle(world, step.name, { state, signal });
    case 'drop-record':
      return dropRecord(world, step, { state, signal });
    case 'reschedule': {
      const claim = await client.replace(PERSISTENT_VOLUME_CLAIMS, withoutSelectedNode(step.claim), { signal });
      caches.claims.absorb(claim);
      return { kind: 'rescheduled', claim };
    }
    case 'report':
      ledger.update(uid, { awaitsTopology: state.topology !== undefined });
      world.metrics.provisionFailed(world.labelsOf(state));
      return { kind: 'reported' };
    default:
      return step satisfies never;
  }
}

/** Once asked for, a deletion is pursued until it is answered: nobody knows whether the record still stands. */
async function dropRecord(
  { client, ledger, caches, leaseNamespace }: ExecuteWorld,
  { lease }: ClaimStep & { readonly kind: 'drop-record' },
  { state: { uid }, signal }: Run,
): Promise<ClaimAnswer> {
  if (lease !== undefined) {
    const target = { namespace: leaseNamespace, name: intentName(uid) };
    try {
      await found(() => client.delete(LEASES, target, { uid: lease.uid, resourceVersion: lease.resourceVersion, signal }));
    } catch (error) {
      ledger.update(uid, { dropping: isUnknownOutcome(error) ? lease.uid : undefined });
      throw error;
    }
    caches.records?.ended({ metadata: { ...target, uid: lease.uid } });
  }
  return { kind: 'dropped', memory: ledger.update(uid, { ...CASE_CLOSED, droppedLease: lease?.uid }) };
}

/** Undefined where there is no such object. */
async function found<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function readFloor({ client, ledger }: ExecuteWorld, signal: AbortSignal): Promise<bigint> {
  if (ledger.floor !== undefined) return ledger.floor;
  const page = await client.list(PERSISTENT_VOLUME_CLAIMS, { limit: 1, signal });
  // A version that is no number has no order: then every claim counts as older.
  ledger.floor ??= parseVersion(page.resourceVersion) ?? 10n ** 40n;
  return ledger.floor;
}

async function readRecord(world: ExecuteWorld, { uid }: Pick<ClaimState, 'uid'>, signal: AbortSignal): Promise<ClaimAnswer> {
  const { client, ledger, leaseNamespace, caches } = world;
  const lease = await found(() => client.get(LEASES, { namespace: leaseNamespace, name: intentName(uid) }, signal));
  if (lease === undefined) {
    const cached = caches.records?.store.get(`${leaseNamespace}/${intentName(uid)}`)?.metadata?.uid;
    return { kind: 'record', lease, memory: ledger.update(uid, { ...CASE_CLOSED, droppedLease: cached }) };
  }
  caches.records?.absorb(lease);
  const { doubt, opened } = ledger.of(uid);
  const open = opened ? doubt : { times: 0, sinceMs: world.now() };
  const read = readIntent(lease);
  const intent = read.kind === 'intent' ? read.intent : undefined;
  return {
    kind: 'record',
    lease,
    memory: ledger.update(uid, { recordConfirmed: true, recordUnsure: false, opened: true, doubt: open, intent }),
  };
}

interface Protection<T extends KubeObject> {
  readonly source: T;
  readonly finalizer: string;
  /** The finalizer that is there is being taken away by a write of ours that may still be under way. */
  readonly anew: boolean;
  readonly absorb: ((object: T) => void) | undefined;
  readonly signal: AbortSignal;
}

/** The peer goes on without where it may not write snapshots. A conflict says that the source changed: thrown, gathered again. */
async function protect<T extends KubeObject>(world: ExecuteWorld, resource: Resource<T>, protection: Protection<T>): Promise<void> {
  const { source, finalizer, anew, absorb, signal } = protection;
  const replace = (body: T): Promise<T> => world.client.replace(resource, body, { signal });
  try {
    // A write that changes nothing keeps the version, so the one that takes the finalizer away would still succeed after it.
    const changesNothing = source.metadata?.finalizers?.includes(finalizer) === true;
    const present = anew && changesNothing ? await replace(withoutFinalizer(source, finalizer)) : source;
    const written = await replace(withFinalizer(present, finalizer));
    absorb?.(written);
  } catch (error) {
    if (!isForbidden(error) || resource.plural !== VOLUME_SNAPSHOTS.plural) throw error;
    world.log.warn('VolumeSnapshot is restored without protection: it may not be updated', {
      object: `${source.metadata?.namespace ?? ''}/${source.metadata?.name ?? ''}`,
    });
  }
}

interface Run {
  readonly state: ClaimState;
  readonly signal: AbortSignal;
}

async function saveRecord(
  world: ExecuteWorld,
  { intent, replaces }: ClaimStep & { readonly kind: 'save-record' },
  { state, signal }: Run,
): Promise<ClaimAnswer> {
  const { client, ledger, caches, leaseNamespace } = world;
  const { uid, settings } = state;
  ledger.update(uid, { using: intent.source });
  if (intent.source?.kind === 'snapshot') ledger.ownSnapshots.add(sourceKey(intent.source));
  // From here on nobody takes the protection away; what happened before shows in the cache now.
  const source = sourceFacts(world, state.dataSource);
  if (intent.source?.kind === 'snapshot' && source.snapshotsCached && !state.protectedSource && !isProtected(source))
    return { kind: 'unprotected', source, memory: ledger.of(uid) };
  // What is written down again stands for the calls of before.
  const doubt = replaces === undefined ? undefined : ledger.of(uid).doubt;
  const opened = { opened: true, recordUnsure: false, doubt, secretMissing: false, yielding: false, awaitsTopology: false };
  const remembered = (): ClaimAnswer => ({
    kind: 'recorded',
    intent,
    lease: undefined,
    memory: ledger.update(uid, { ...opened, intent, recordConfirmed: true }),
  });
  if (!state.durable && replaces?.lease === undefined) {
    if (world.crashSafe) warnUnrecorded(world, 'leases cannot be listed, or were refused a short while ago');
    return remembered();
  }
  const body = intentLease(intent, { driver: settings.driver, namespace: leaseNamespace });
  try {
    const lease = await (replaces?.lease === undefined
      ? client.create(LEASES, body, { signal })
      : client.replace(LEASES, { ...body, metadata: { ...body.metadata, ...replaces.lease } }, { signal }));
    caches.records?.absorb(lease);
    return { kind: 'recorded', intent, lease, memory: ledger.update(uid, { ...opened, intent, recordConfirmed: true }) };
  } catch (error) {
    // Somebody of the past left one that our cache has not shown yet: it comes first.
    if (isAlreadyExists(error)) return readRecord(world, state, signal);
    if (replaces?.lease === undefined && isUnknownOutcome(error)) {
      world.lateRecords.unanswered(uid);
      ledger.update(uid, { recordUnsure: true });
    }
    if (!isRecordRefusal(error) || replaces?.lease !== undefined) throw error;
    ledger.recordsRefusedAtMs = world.now();
    warnUnrecorded(world, error.message);
    return remembered();
  }
}

/** Counted each time, said once. */
function warnUnrecorded({ ledger, log, metrics, leaseNamespace }: ExecuteWorld, why: string): void {
  metrics.recordRefused();
  if (ledger.warnedUnrecorded) return;
  ledger.warnedUnrecorded = true;
  log.warn('claims are provisioned without a record, so a crash may leak volumes; allow create, update, delete, list and watch of leases', {
    namespace: leaseNamespace,
    reason: why,
  });
}
