/** CreateVolume: with the secret, judged by the outcome table, remembered before anybody else can look. */
import { CsiError } from '../../lib/csi/csi-error.ts';
import type { Logger } from '../../lib/doors/log.ts';
import type { CsiClient } from '../../lib/csi/client.ts';
import { judge, outcomeOf } from '../../lib/csi/outcome.ts';
import { ApiError, isNotFound } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { Volume } from '../../proto/gen/csi.ts';
import type { Ledger } from '../ledger.ts';
import type { ProvisionLabels, ProvisionMetrics } from '../metrics.ts';
import { readSecret } from '../secret-reader.ts';
import type { Intent } from './intent.ts';
import { answerProblem, finishVolume, unusable } from './persistent-volume.ts';
import type { CallFailure, ClaimAnswer, ClaimState, CreateVolumeStep } from './state.ts';

export interface CallWorld {
  readonly client: KubeClient;
  readonly ledger: Ledger;
  readonly driver: Pick<CsiClient, 'createVolume'>;
  /** Which run of the program made a PV. */
  readonly identity: string;
  readonly metrics: ProvisionMetrics;
  readonly log: Logger;
  readonly labelsOf: (state: ClaimState) => ProvisionLabels;
  /** True where this process may act for its driver: it leads, or there is no election. */
  readonly leaseIsFresh: () => boolean;
  readonly now: () => number;
  readonly monotonic: () => number;
}

interface Run {
  readonly state: ClaimState;
  readonly signal: AbortSignal;
}

export async function callDriver(world: CallWorld, { intent }: CreateVolumeStep, { state, signal }: Run): Promise<ClaimAnswer> {
  const { ledger, driver } = world;
  const { uid } = state;
  const secrets = await secretsFor(world, intent, signal);
  if (typeof secrets === 'string') {
    world.metrics.provisionFailed(world.labelsOf(state));
    return { kind: 'called', failure: { kind: 'not-sent', message: secrets }, memory: ledger.update(uid, { secretMissing: true }) };
  }
  if (!world.leaseIsFresh()) return { kind: 'lease-stale' };
  ledger.update(uid, { calling: true, secretMissing: false, awaitsTopology: false, startedMs: world.monotonic() });
  try {
    const { volume } = await driver.createVolume({ ...intent.request, secrets }, signal);
    return made(world, volume, { intent, state });
  } catch (error) {
    return refused(world, error, { intent, state });
  } finally {
    ledger.update(uid, { calling: false });
  }
}

/** The secret's content, or why it cannot be had. */
async function secretsFor({ client }: CallWorld, { secret }: Intent, signal: AbortSignal): Promise<Record<string, string> | string> {
  if (secret === undefined) return {};
  try {
    return await readSecret(client, secret, signal);
  } catch (error) {
    const name = `secret ${secret.namespace}/${secret.name}`;
    if (isNotFound(error)) return `${name} is not found`;
    if (error instanceof ApiError) return `${name} cannot be read: ${error.message}`;
    throw error;
  }
}

interface Case {
  readonly intent: Intent;
  readonly state: ClaimState;
}

function made(
  { ledger, identity, now, metrics, labelsOf, log }: CallWorld,
  volume: Volume | undefined,
  { intent, state }: Case,
): ClaimAnswer {
  const { uid, claim, settings } = state;
  const wanted = claim !== undefined && claim.metadata?.deletionTimestamp === undefined;
  const unfit = unusable(volume) ?? (volume !== undefined && wanted ? answerProblem(intent.request, volume) : undefined);
  if (volume === undefined || unfit !== undefined) {
    metrics.provisionFailed(labelsOf(state));
    log.warn('CreateVolume answered what cannot be used', { object: objectName(intent), volume: intent.request.name, error: unfit });
    // Something may be there: the case stays open, and ends in a PV once the claim is gone.
    const memory = ledger.update(uid, { calling: false, doubt: { times: 0, sinceMs: now() } });
    return { kind: 'called', failure: { kind: 'unfit', message: unfit ?? '' }, memory };
  }
  const unsaved = finishVolume({
    plan: intent.plan,
    volume,
    requestedBytes: intent.request.capacityRange?.requiredBytes ?? 0n,
    identity,
    topology: settings.topology,
  });
  return { kind: 'called', failure: undefined, memory: ledger.update(uid, { calling: false, doubt: undefined, unsaved }) };
}

function refused({ ledger, now, metrics, labelsOf, log }: CallWorld, error: unknown, { intent, state }: Case): ClaimAnswer {
  if (!(error instanceof CsiError)) throw error;
  const { grpcCode, message } = error;
  const canReschedule = state.settings.topology && intent.selectedNode !== undefined;
  const outcome = outcomeOf({ rpc: 'CreateVolume', grpcCode, canReschedule });
  const { uid } = state;
  const verdict = judge(ledger.of(uid).doubt, { outcome, grpcCode, nowMs: now() });
  metrics.provisionFailed(labelsOf(state));
  const object = objectName(intent);
  log.warn('CreateVolume failed', { object, volume: intent.request.name, outcome: verdict.outcome, error: message });
  if (verdict.gaveUp) {
    metrics.gaveUp();
    log.warn('a volume whose creation was undecided is taken not to exist', { object, volume: intent.request.name });
  }
  const failure: CallFailure = { kind: 'refused', outcome: verdict.outcome, gaveUp: verdict.gaveUp, grpcCode, message };
  return { kind: 'called', failure, memory: ledger.update(uid, { calling: false, doubt: verdict.doubt }) };
}

/** The claim, as objects are named in the log. */
export function objectName({ claim }: Intent): string {
  return `${claim.namespace}/${claim.name}`;
}
