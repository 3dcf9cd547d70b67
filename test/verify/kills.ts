/**
 * `npm run verify -- kills`: the main job, and a group of three snapshots made and deleted, with real processes; once for
 * every API write and RPC and each of three phases, the sender killed there with SIGKILL. The end state is always the same,
 * and nothing is left.
 */
import { openStage } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import { settledViolations } from '../simulation/invariants.ts';
import { openEntries } from '../simulation/journal.ts';
import { GROUP_JOB, type KillJob, MAIN_JOB } from './kill-jobs.ts';
import type { KillPlan } from './kill-world.ts';
import { KillWorld, PHASES } from './kill-world.ts';
import { partOf, type VerificationOptions, type VerificationResult } from './verification.ts';
import { errorText } from '../../lib/errors/error-text.ts';

export interface KillRun {
  readonly points: readonly string[];
  readonly killed: string | undefined;
  /** Empty if all is as it should be. */
  readonly faults: readonly string[];
}

/** The job, with the sender of one write or RPC killed if there is a plan. */
export async function runWithKill(job: KillJob, plan: KillPlan | undefined): Promise<KillRun> {
  const stage = openStage('kills');
  const faults: string[] = [];
  let world: KillWorld | undefined;
  try {
    world = await KillWorld.open(stage, job, plan);
    await job.run(world, faults);
    const kept = world;
    await eventually('an empty driver and no record', () => (leftOf(kept).length === 0 ? true : undefined)).catch(() => undefined);
    faults.push(...leftOf(world));
  } catch (error) {
    faults.push(errorText(error));
  } finally {
    await stage.close();
  }
  return { points: world?.points ?? [], killed: world?.killed, faults };
}

/** What is left of the job, in words: it goes, but for the accounts that are settled later. */
function leftOf(world: KillWorld): readonly string[] {
  const { mirror } = world;
  const left = world.ledger();
  const expected = {
    unbindable: new Set<string>(),
    unsnapshottable: new Set<string>(),
    released: new Set<string>(),
    lateContents: new Set<string>(),
    openAccounts: hopelessAccounts(world),
  };
  const violations = settledViolations(mirror, left, expected).map(({ message }) => message);
  // A volume that was made for a claim that is gone has its PV for a moment, and then both go.
  if (left.volumes.length + left.snapshots.length === 0) return violations;
  return [
    ...violations,
    `the driver still holds ${JSON.stringify(left, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))}`,
  ];
}

/**
 * Claims (uid) that are gone, and for which the driver cannot make anything since the source is gone, too: a process that took up what a
 * dead one wrote down asks for ten minutes before it believes that (decision 008). The simulation waits for it in no time.
 */
function hopelessAccounts({ mirror, sourceless }: KillWorld): ReadonlySet<string> {
  const living = new Set(mirror.claims.all().map(({ metadata }) => metadata?.uid));
  const entries = [...openEntries(mirror.leases.all()).values()].filter(
    ({ uid, requests }) => !living.has(uid) && requests.every(({ name: volume }) => sourceless.has(volume)),
  );
  return new Set(entries.map(({ uid }) => uid));
}

/** A call is first made in every run; how often it is repeated depends on who wrote first. */
export function isCertain(point: string): boolean {
  return !point.includes(' #');
}

/** Spread over the job, all phases: the same ones every time. */
export function sampleOf(points: readonly string[], count: number): KillPlan[] {
  return Array.from({ length: count }, (_, i) => ({
    point: points[Math.floor((i * points.length) / count)] ?? '',
    phase: PHASES[i % PHASES.length] ?? 'before',
  }));
}

export const name = 'kills';
export const takesPart = true;

/** Of each job. */
const KILLS = [
  { job: MAIN_JOB, ci: 10 },
  { job: GROUP_JOB, ci: 4 },
];

export async function run({ size, log, part }: VerificationOptions): Promise<VerificationResult> {
  const faults: string[] = [];
  const notReached: string[] = [];
  const distinct = new Set<string>();
  const figures: Record<string, { points: number; kills: number }> = {};
  for (const { job, ci } of KILLS) {
    const calm = await runWithKill(job, undefined);
    if (calm.faults.length > 0) return { ok: false, faults: calm.faults };
    const { points } = calm;
    log(`${job.name}: ${points.length} writes and RPCs in a run without kills`);
    const all =
      size === 'ci' ? sampleOf(points.filter(isCertain), ci) : points.flatMap((point) => PHASES.map((phase) => ({ point, phase })));
    const plans = partOf(all, part);
    figures[job.name] = { points: points.length, kills: plans.length };
    for (const [done, plan] of plans.entries()) {
      const { killed, faults: found } = await runWithKill(job, plan);
      const title = `${job.name}, ${plan.point}, ${plan.phase}`;
      if (killed === undefined) notReached.push(title);
      else distinct.add(`${job.name}, ${killed}`);
      // A point that never came was not tested: told, and a fault where it must come.
      const told = killed === undefined && isCertain(plan.point) ? [...found, 'the point was not reached'] : found;
      for (const fault of told) faults.push(`${title}: ${fault}`);
      log(`${done + 1} of ${plans.length}: ${title}: ${told.length > 0 ? told.join('; ') : killed === undefined ? 'not reached' : 'ok'}`);
    }
  }
  return { ok: faults.length === 0, ...figures, distinct: distinct.size, notReached, faults };
}
