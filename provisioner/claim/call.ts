/** The driver calls of a claim: judged by the outcome table, remembered before anybody else can look. */
import { BY_HANDLE } from '../caches.ts';
import type { Caches } from '../caches.ts';
import type { CsiClient } from '../../lib/csi/client.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { outcomeOf } from '../../lib/csi/outcome.ts';
import { StaleLease } from '../../lib/controller/step.ts';
import type { Logger } from '../../lib/doors/log.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { CreateVolumeRequest, Volume } from '../../proto/gen/csi.ts';
import { isReachable } from '../facts/node.ts';
import { isPluginClass } from '../migration/plugins.ts';
import type { Accounts } from '../intent/accounts.ts';
import type { ClaimsInProgress } from '../intent/claims-in-progress.ts';
import type { CapacityRefresh } from '../capacity-refresh.ts';
import type { Intent } from '../intent/intent.ts';
import { encodeEntry } from '../intent/intent.ts';
import type { Journal } from '../../lib/journal/journal.ts';
import type { OpenOperation, Operation } from '../intent/operation.ts';
import { answered, deletedUnwanted, intentsOf, madeUnwanted, uncertainOf } from '../intent/operation.ts';
import type { ProvisionLabels, ProvisionMetrics } from '../metrics.ts';
import { answerProblem, finishVolume, unusable } from './persistent-volume.ts';
import type { CallFailure, ClaimAnswer, ClaimState, ClaimStep } from './state.ts';

export interface CallDeps {
  readonly client: KubeClient;
  readonly caches: Pick<Caches, 'volumes'>;
  readonly progress: ClaimsInProgress;
  readonly journal: Pick<Journal, 'record' | 'close' | 'holds'>;
  readonly accounts: Pick<Accounts, 'isDeletedElsewhere'>;
  readonly driver: Pick<CsiClient, 'createVolume' | 'deleteVolume'>;
  /** Which run of the program made a PV. */
  readonly identity: string;
  readonly metrics: ProvisionMetrics;
  readonly capacity: CapacityRefresh;
  readonly log: Logger;
  readonly labelsOf: (state: ClaimState) => ProvisionLabels;
  /** True where this process may act for its driver: it leads, or there is no election. */
  readonly leaseIsFresh: () => boolean;
  readonly now: () => number;
  readonly monotonic: () => number;
}

export interface Run {
  readonly state: ClaimState;
  readonly signal: AbortSignal;
}

type CreateStep = ClaimStep & { readonly kind: 'create-volume' };

export async function createVolume(deps: CallDeps, step: CreateStep, { state, signal }: Run): Promise<ClaimAnswer> {
  const { progress, driver, monotonic } = deps;
  const { uid } = state;
  const { intent } = step;
  const { operation } = progress.of(uid);
  if (operation.phase !== 'open') throw new Error(`CreateVolume of ${intent.request.name} without an open operation`);
  if (!deps.leaseIsFresh()) throw new StaleLease();
  const running: OpenOperation = { ...operation, call: 'running', startedMs: operation.startedMs ?? monotonic() };
  progress.update(uid, { operation: running, awaits: undefined, protecting: undefined });
  const secrets = intent.secret === undefined ? {} : (state.secret?.reveal() ?? {});
  try {
    const mark = { migrated: isPluginClass(state.settings.driver, state.class) };
    const { volume } = await driver.createVolume({ ...sendable(intent, state), secrets }, signal, mark);
    return made(deps, volume, { step, running, state });
  } catch (error) {
    if (error instanceof CsiError) return refused(deps, error, { step, running, state });
    // Given up by us: what the driver makes of it is unknown.
    settleOn(
      deps,
      uid,
      answered(present(deps, uid, running), intent, { outcome: 'unknown', grpcCode: undefined, nowMs: deps.now() }).operation,
    );
    throw error;
  }
}

/** A driver that was upgraded since the request was written down may take no requirements any more: it knows the volume by its name. */
function sendable({ request }: Intent, { settings }: ClaimState): CreateVolumeRequest {
  if (settings.topology || request.accessibilityRequirements === undefined) return request;
  return { ...request, accessibilityRequirements: undefined };
}

interface Call {
  readonly step: CreateStep;
  readonly running: OpenOperation;
  readonly state: ClaimState;
}

function made(deps: CallDeps, volume: Volume | undefined, { step, running: before, state }: Call): ClaimAnswer {
  const { identity, now, log } = deps;
  const { intent, plan, purpose } = step;
  const { uid, claim, settings } = state;
  const running = present(deps, uid, before);
  const wanted = purpose === 'attempt' && claim !== undefined && claim.metadata?.deletionTimestamp === undefined;
  const owner = volume === undefined ? undefined : ownerOf(deps, state, volume.volumeId);
  const unfit =
    unusable(volume) ??
    (owner === undefined ? undefined : `the driver answered with volume "${volume?.volumeId ?? ''}", which ${owner} already has`) ??
    (volume !== undefined && isBeingDeleted(deps, running, { uid, handle: volume.volumeId })
      ? 'the driver answered with a volume whose deletion was asked for before'
      : undefined) ??
    (volume !== undefined && wanted ? answerProblem(intent.request, volume) : undefined);
  const refuse = (message: string): ClaimAnswer => {
    log.warn('the answer of CreateVolume cannot be used', { object: objectName(intent), volume: intent.request.name, error: message });
    const handle = volume?.volumeId ?? '';
    const isThere = handle !== '' && owner === undefined && unusable(volume) === undefined;
    const next = isThere
      ? madeUnwanted(running, { handle, sent: intent, nowMs: now() })
      : answered(running, intent, { outcome: 'unknown', grpcCode: undefined, nowMs: now() }).operation;
    return { kind: 'called', failure: { kind: 'unfit', purpose, message }, progress: settleOn(deps, uid, next) };
  };
  if (unfit !== undefined || volume === undefined) return refuse(unfit ?? '');
  if (purpose === 'recover') {
    const next = madeUnwanted(running, { handle: volume.volumeId, sent: intent, nowMs: now() });
    return { kind: 'called', failure: undefined, progress: settleOn(deps, uid, next) };
  }
  const finished = finishVolume({
    plan,
    volume,
    requestedBytes: intent.request.capacityRange?.requiredBytes ?? 0n,
    identity,
    topology: settings.topology,
  });
  if (!finished.ok) return refuse(finished.fault);
  deps.capacity.moved({ affinity: finished.value.spec?.nodeAffinity, className: intent.className });
  const created: Operation = { phase: 'created', intent, volume: finished.value, startedMs: running.startedMs };
  return { kind: 'called', failure: undefined, progress: settleOn(deps, uid, created) };
}

function refused(deps: CallDeps, { grpcCode, message }: CsiError, { step, running, state }: Call): ClaimAnswer {
  const { metrics, log, now } = deps;
  const { intent, purpose } = step;
  const canReschedule = state.settings.topology && intent.selectedNode !== undefined;
  const outcome = outcomeOf({ rpc: 'CreateVolume', grpcCode, canReschedule });
  const { operation, gaveUp } = answered(present(deps, state.uid, running), intent, { outcome, grpcCode, nowMs: now() });
  // No room may be why.
  deps.capacity.moved({ affinity: undefined, className: intent.className });
  const object = objectName(intent);
  log.warn('CreateVolume failed', { object, volume: intent.request.name, outcome, error: message });
  if (gaveUp) {
    metrics.gaveUp();
    log.warn('a volume whose creation was undecided is taken not to exist: the same final answer came for ten minutes', {
      object,
      volume: intent.request.name,
    });
  }
  const failure: CallFailure = { kind: 'refused', purpose, outcome, grpcCode, message };
  return { kind: 'called', failure, progress: settleOn(deps, state.uid, operation) };
}

/** Who has this volume, other than the claim: deleting one of the two would take the other's data. */
function ownerOf({ caches, progress }: CallDeps, { uid, settings }: ClaimState, handle: string): string | undefined {
  const owner = caches.volumes.store
    .byIndex(BY_HANDLE, handle)
    .find((volume) => volume.spec?.claimRef?.uid !== uid && isReachable(volume, settings.node));
  if (owner !== undefined) {
    const { namespace = '', name = '' } = owner.spec?.claimRef ?? {};
    return `PersistentVolume ${owner.metadata?.name ?? ''} of claim ${namespace}/${name}`;
  }
  for (const [other, { operation }] of progress.entries())
    if (other !== uid && operation.phase === 'created' && operation.volume.spec?.csi?.volumeHandle === handle)
      return `claim ${objectName(operation.intent)}`;
  return undefined;
}

function isBeingDeleted(
  { accounts }: CallDeps,
  { uncertain }: OpenOperation,
  { uid, handle }: { readonly uid: string; readonly handle: string },
): boolean {
  return uncertain?.deleting === handle || accounts.isDeletedElsewhere(uid, handle);
}

/** As it is after the call: meanwhile an entry of another process may have come to it. */
function present({ progress }: CallDeps, uid: string, running: OpenOperation): OpenOperation {
  return { ...running, uncertain: uncertainOf(progress.of(uid).operation) ?? running.uncertain };
}

/** Deletes what the driver made and nobody wants. */
export async function deleteUnwanted(deps: CallDeps, handle: string, { state, signal }: Run): Promise<ClaimAnswer> {
  const { progress, driver, log } = deps;
  const { uid } = state;
  const { operation } = progress.of(uid);
  if (operation.phase !== 'open') return { kind: 'deleted', failure: undefined, progress: progress.of(uid) };
  // The deletion may outlive this process, and the next one must not use what the driver still shows.
  const { intent, uncertain } = operation;
  await deps.journal.record(uid, encodeEntry(intentsOf(intent, uncertain), handle), signal);
  if (!deps.leaseIsFresh()) throw new StaleLease();
  try {
    await driver.deleteVolume({ volumeId: handle, secrets: state.secret?.reveal() ?? {} }, signal);
  } catch (error) {
    if (!(error instanceof CsiError)) throw error;
    return { kind: 'deleted', failure: error.message, progress: progress.of(uid) };
  }
  deps.capacity.moved({ affinity: undefined, className: intent.className });
  log.info('a volume that is not what its claim asks for is deleted', { object: objectName(intent), volume: handle });
  // On this node nothing else of the claim is wanted: its volume is on another one.
  const isElsewhere = state.volume !== undefined && !isReachable(state.volume, state.settings.node);
  const next: Operation = isElsewhere ? { phase: 'closing', name: intent.request.name } : deletedUnwanted(present(deps, uid, operation));
  return { kind: 'deleted', failure: undefined, progress: settleOn(deps, uid, next) };
}

/** Where the operation ends its entry leaves the journal, with the next write. */
export function settleOn(
  { progress, journal }: Pick<CallDeps, 'progress' | 'journal'>,
  uid: string,
  operation: Operation,
): ReturnType<ClaimsInProgress['update']> {
  if (operation.phase !== 'closing') return progress.update(uid, { operation });
  journal.close(uid);
  return progress.update(uid, { operation: journal.holds(uid) ? operation : { phase: 'none' }, awaits: undefined, protecting: undefined });
}

/** The claim, as objects are named in the log. */
export function objectName({ claim }: Intent): string {
  return `${claim.namespace}/${claim.name}`;
}
