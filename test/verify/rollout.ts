/**
 * `npm run verify -- rollout`: users make and delete claims and snapshots on a real kube-apiserver while our programs are
 * restarted in turn every few seconds, first told to end, then killed. Nobody waits longer than undisturbed plus five
 * seconds, or plus what it takes until a killed leader's lease is taken over; and nothing is left of it all.
 *
 * The driver has its state in memory: what a busy disk costs is not the programs' to answer for.
 *
 * Once with three processes, once with one that plays all roles. `--dist=DIR` takes the programs of another build.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { repositoryRoot } from '../../harness/repository.ts';
import { eventually } from '../../harness/wait.ts';
import { realLayerProblem } from '../../harness/real/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../harness/real/control-plane.ts';
import { leftOver, openScene, type Scene } from '../real/main-job.ts';
import { ROLES } from '../real/programs.ts';
import { keepRestarting, type Restartable, startRestartable } from './rollout-restarts.ts';
import { openSight, type Sight } from '../../harness/sight.ts';
import { type Operation, OPERATIONS, runUsers, type Timing } from './rollout-users.ts';
import { partOf, type VerificationOptions, type VerificationResult } from './verification.ts';

export const name = 'rollout';
export const takesPart = true;
export const takesDist = true;

const VARIANTS = ['three processes', 'one process'] as const;
type Variant = (typeof VARIANTS)[number];

const PHASES = ['undisturbed', 'SIGTERM', 'SIGKILL'] as const;
type Phase = (typeof PHASES)[number];

interface Load {
  readonly users: number;
  /** Users come at this distance; so a phase lasts for several rounds of restarts. */
  readonly everyMs: number;
}

/** A killed program is away for as long as its lease lasts, so there the users come more slowly. */
const LOADS: Readonly<Record<'ci' | 'full', Readonly<Record<Phase, Load>>>> = {
  ci: { undisturbed: { users: 20, everyMs: 500 }, SIGTERM: { users: 40, everyMs: 750 }, SIGKILL: { users: 90, everyMs: 1700 } },
  full: { undisturbed: { users: 60, everyMs: 500 }, SIGTERM: { users: 200, everyMs: 750 }, SIGKILL: { users: 200, everyMs: 1700 } },
};

/** What a restart may cost a user: a new process has to read its caches; a killed one's lease has to run out. */
const RESTART_MS = 5000;
/** The defaults of --leader-election-lease-duration and --leader-election-retry-period. */
const TAKEOVER_MS = 15_000 + 2 * 5000;
const ALLOWED_MS: Readonly<Record<Phase, number>> = { undisturbed: Number.POSITIVE_INFINITY, SIGTERM: RESTART_MS, SIGKILL: TAKEOVER_MS };

const CALM_MS = { SIGTERM: 2000, SIGKILL: 4000 } as const;
/** Restarts go on for this long after the last user came, should some of them still wait. */
const LINGER_MS = 60_000;
/** Hang guards. */
const USERS_GUARD_MS = 300_000;
const LEFT_GUARD_MS = 180_000;

interface PhaseResult {
  readonly phase: Phase;
  readonly timings: readonly Timing[];
  readonly restarts: Readonly<Record<string, number>>;
}

export async function run({ size, log, dist, part }: VerificationOptions): Promise<VerificationResult> {
  const problem = realLayerProblem();
  if (problem !== undefined) {
    log(`rollout is not verified here: ${problem}`);
    return { ok: false, skipped: problem };
  }
  const figures: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const variant of partOf(VARIANTS, part)) {
    const { phases, left } = await runVariant(variant, { size, log, folder: dist ?? join(repositoryRoot(), 'dist') });
    const judged = judge(phases);
    log(`\n${variant}\n${table(phases)}`);
    const found = [...judged, ...left.map((line) => `left behind: ${line}`)];
    for (const fault of found.slice(0, 40)) log(`  ${fault}`);
    if (found.length > 40) log(`  and ${found.length - 40} more`);
    figures[variant] = Object.fromEntries(phases.map(({ phase, timings, restarts }) => [phase, { restarts, ...figuresOf(timings) }]));
    faults.push(...found.map((fault) => `${variant}: ${fault}`));
  }
  return { ok: faults.length === 0, allowedMs: { SIGTERM: RESTART_MS, SIGKILL: TAKEOVER_MS }, figures, faults };
}

interface VariantOptions {
  readonly size: 'ci' | 'full';
  readonly log: (line: string) => void;
  /** Where the programs are. */
  readonly folder: string;
}

async function runVariant(variant: Variant, { size, log, folder }: VariantOptions): Promise<{ phases: PhaseResult[]; left: string[] }> {
  const plane = await startControlPlane({ report: log, inMemory: true });
  const { stage } = plane;
  try {
    await installCrds(plane.raw, readCrds());
    const driver = await startMockDriver(stage);
    const scene = await openScene({ plane, driver, name: 'rollout' });
    const sight = openSight(plane.raw);
    stage.defer(() => sight.close());
    for (const resource of [PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOTS, VOLUME_SNAPSHOT_CONTENTS])
      await sight.follow(resource);
    const programs = startPrograms(variant, { plane, address: driver.address, folder });
    for (const program of programs) await program.working(stage.broken);
    const phases: PhaseResult[] = [];
    for (const phase of PHASES) {
      const result = await runPhase(phase, { scene, sight, programs, load: LOADS[size][phase] });
      const { timings, restarts } = result;
      log(
        `${variant}, ${phase}: ${timings.filter(({ finished }) => finished).length} operations, ${timings.filter(({ finished }) => !finished).length} given up; restarts ${JSON.stringify(restarts)}`,
      );
      phases.push(result);
    }
    const left = await untilEmpty(scene);
    await Promise.all(programs.map((program) => program.stop()));
    return { phases, left };
  } finally {
    await plane.stop();
  }
}

interface ProgramsOptions {
  readonly plane: ControlPlane;
  readonly address: string;
  readonly folder: string;
}

/** With election at its default durations, as replicas of a Deployment have it. */
function startPrograms(variant: Variant, { plane, address, folder }: ProgramsOptions): Restartable[] {
  const shared = [`--kubeconfig=${plane.kubeconfig}`, '--leader-election', '--leader-election-namespace=kube-system', '--v=2'];
  const fileOf = (program: string): string => {
    const file = join(folder, `${program}.mjs`);
    if (!existsSync(file)) throw new Error(`${file} is missing: build it, or name another folder by --dist`);
    return file;
  };
  if (variant === 'one process') {
    const args = [...shared, `--csi-address=${address}`, `--roles=${ROLES.join(',')}`];
    return [startRestartable(plane.stage, { name: 'csi-sidecars', file: fileOf('csi-sidecars'), args, roles: ROLES.length })];
  }
  return ROLES.map((role) =>
    startRestartable(plane.stage, {
      name: role,
      file: fileOf(role),
      args: [...shared, ...(role === 'snapshot-controller' ? [] : [`--csi-address=${address}`])],
      roles: 1,
    }),
  );
}

interface PhaseOptions {
  readonly scene: Scene;
  readonly sight: Sight;
  readonly programs: readonly Restartable[];
  readonly load: Load;
}

async function runPhase(phase: Phase, { scene, sight, programs, load }: PhaseOptions): Promise<PhaseResult> {
  const before = programs.map(({ restarts }) => restarts);
  const { broken } = scene.plane.stage;
  const [giveUp, calm] = [new AbortController(), new AbortController()];
  const broke = (): void => giveUp.abort(broken.reason);
  broken.addEventListener('abort', broke);
  const timers: NodeJS.Timeout[] = [];
  const restarting =
    phase === 'undisturbed'
      ? Promise.resolve()
      : keepRestarting(programs, { signal: phase, calmMs: CALM_MS[phase], stop: calm.signal }).catch((error: unknown) => {
          giveUp.abort(error);
          throw error;
        });
  restarting.catch(() => undefined);
  try {
    const timings = await runUsers({
      ...{ scene, sight, prefix: phase.toLowerCase(), count: load.users, everyMs: load.everyMs, signal: giveUp.signal },
      allCame: () => {
        timers.push(setTimeout(() => calm.abort(), LINGER_MS));
        timers.push(setTimeout(() => giveUp.abort(new Error('the users gave up')), USERS_GUARD_MS));
      },
    });
    calm.abort();
    await restarting;
    if (broken.aborted) throw broken.reason;
    for (const program of programs) await program.working(broken);
    return {
      phase,
      timings,
      restarts: Object.fromEntries(programs.map((each, index) => [each.name, each.restarts - (before[index] ?? 0)])),
    };
  } finally {
    calm.abort();
    for (const timer of timers) clearTimeout(timer);
    broken.removeEventListener('abort', broke);
  }
}

async function untilEmpty(scene: Scene): Promise<string[]> {
  let left: string[] = [];
  await eventually(
    'nothing left',
    async () => {
      left = await leftOver(scene);
      return left.length === 0 ? true : undefined;
    },
    { timeoutMs: LEFT_GUARD_MS, everyMs: 500, signal: scene.plane.stage.broken },
  ).catch(() => undefined);
  return left;
}

const byOperation = (timings: readonly Timing[], operation: Operation): number[] =>
  timings
    .filter((timing) => timing.operation === operation)
    .map(({ ms }) => ms)
    .toSorted((a, b) => a - b);

/** Of sorted values; NaN of none. */
function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function judge(phases: readonly PhaseResult[]): string[] {
  const calm = phases.find(({ phase }) => phase === 'undisturbed')?.timings ?? [];
  const medians = new Map(OPERATIONS.map((operation) => [operation, quantile(byOperation(calm, operation), 0.5)]));
  return phases.flatMap(({ phase, timings, restarts }) => {
    const idle = phase === 'undisturbed' ? [] : Object.keys(restarts).filter((program) => (restarts[program] ?? 0) < 2);
    const late = timings.flatMap(({ operation, object, ms, finished }) => {
      const bound = (medians.get(operation) ?? Number.NaN) + ALLOWED_MS[phase];
      if (!finished) return [`${phase}: ${object}, ${operation}: given up after ${ms} ms`];
      return ms <= bound ? [] : [`${phase}: ${object}, ${operation}: ${ms} ms, at most ${Math.round(bound)} are allowed`];
    });
    return [...idle.map((program) => `${phase}: ${program} was restarted less than twice, so this shows nothing`), ...late];
  });
}

interface Figures {
  readonly n: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly givenUp: number;
}

function figuresOf(timings: readonly Timing[]): Partial<Record<Operation, Figures>> {
  return Object.fromEntries(
    OPERATIONS.map((operation) => {
      const sorted = byOperation(timings, operation);
      const givenUp = timings.filter((timing) => timing.operation === operation && !timing.finished).length;
      return [
        operation,
        { n: sorted.length, medianMs: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), maxMs: quantile(sorted, 1), givenUp },
      ];
    }),
  );
}

/** Milliseconds. */
function table(phases: readonly PhaseResult[]): string {
  const rows = OPERATIONS.flatMap((operation) =>
    phases.map(({ phase, timings }) => {
      const { n, medianMs, p99Ms, maxMs, givenUp } = figuresOf(timings)[operation] ?? {
        ...{ n: 0, medianMs: Number.NaN, p99Ms: Number.NaN, maxMs: Number.NaN, givenUp: 0 },
      };
      return [operation, phase, ...[n, medianMs, p99Ms, maxMs, givenUp].map(String)];
    }),
  );
  const head = ['operation', 'programs', 'n', 'median ms', 'p99 ms', 'max ms', 'given up'];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
  return [head, ...rows].map(line).join('\n');
}
