/** One run: a scenario and a seed in, a verdict out. The same pair gives the same trace, byte for byte. */
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { tuneEngine } from './engine.ts';
import { NO_FAULTS } from './faults.ts';
import type { Violation as ViolationType } from './invariants.ts';
import { settledViolations, Violation } from './invariants.ts';
import { nodeOfVolume } from './local-places.ts';
import { ZONE } from './manifests.ts';
import { metricsViolations } from './metrics-checks.ts';
import type { Scenario } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
import { SeededRandom } from './seeded-random.ts';
import { openWorld } from './open-world.ts';
import type { World } from './world.ts';

export interface RunOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly keepTrace?: boolean;
  readonly crashAt?: number;
  /** Ends where the first promise is broken: what comes after it is not looked at. */
  readonly untilFirst?: boolean;
  readonly onLog?: (program: string, line: string) => void;
}

export interface RunResult {
  readonly scenario: string;
  readonly seed: number;
  readonly violations: readonly ViolationType[];
  readonly digest: string;
  readonly trace: readonly string[] | undefined;
  readonly events: number;
  readonly virtualMs: number;
  readonly crashPoints: ReadonlyMap<string, number>;
  readonly crashed: ReadonlySet<string>;
  /** Crash points passed, counted one by one: the sweep visits each. */
  readonly passed: number;
}

const MAX_EVENTS = 400_000;
const STORY_LIMIT_MS = 24 * 3_600_000;
/** Settled: no write for this long. */
const QUIET_MS = 60_000;
const SETTLE_LIMIT_MS = 3_600_000;

tuneEngine();

/** Refusals and ended calls are errors by the thousand: their stacks are made only for somebody who reads logs or trace. */
export async function runScenario(options: RunOptions): Promise<RunResult> {
  const limit = Error.stackTraceLimit;
  if (options.onLog === undefined && options.keepTrace !== true) Error.stackTraceLimit = 0;
  try {
    return await runOnce(options);
  } finally {
    Error.stackTraceLimit = limit;
  }
}

async function runOnce(options: RunOptions): Promise<RunResult> {
  const { scenario, seed } = options;
  const scheduler = new Scheduler(seed, { keepTrace: options.keepTrace ?? false });
  const world = await openWorld({ scheduler, seed, scenario, crashAt: options.crashAt, onLog: options.onLog });
  const violations: Violation[] = [];
  try {
    await world.open();
    const random = new SeededRandom(seed, 3);
    world.setFaults(scenario.faults?.(random) ?? NO_FAULTS);
    const enough = (): boolean => options.untilFirst === true && world.broken;
    await story(world, { scenario, random, violations, enough });
    if (!enough()) {
      world.endFaults();
      await settle(world, violations, enough);
    }
    violations.push(...world.allViolations());
    if (!enough()) {
      violations.push(...unsettled(world), ...(await metricsViolations(world)));
      if (scenario.after !== undefined) await scenario.after(world);
    }
  } catch (error) {
    violations.push(...world.allViolations());
    if (error instanceof Violation) violations.push(error);
    else violations.push(new Violation('program-survives', error instanceof Error ? (error.stack ?? error.message) : String(error)));
  } finally {
    world.close();
  }
  return {
    scenario: scenario.name,
    seed,
    violations,
    digest: scheduler.traceDigest(),
    trace: scheduler.trace,
    events: scheduler.events,
    virtualMs: scheduler.elapsedMs,
    crashPoints: world.crashPoints,
    crashed: world.crashed,
    passed: world.passed,
  };
}

/** What does not hold yet, or never will. */
function unsettled(world: World): readonly Violation[] {
  const ledger = world.ledger();
  const { unbindable, unsnapshottable, mirror, safety, topology, capacity, words, written } = world;
  const unaccountable = [...ledger.volumes, ...ledger.snapshots].flatMap(({ id, name }) =>
    safety.erased.isUnaccountable(name) ? [id] : [],
  );
  const away = ledger.volumes.flatMap(({ id, segment }) => (world.localNodes.isAway(segment?.[ZONE] ?? '') ? [id] : []));
  const released = new Set([...safety.releasedHandles(), ...safety.lateMakings.made, ...unaccountable, ...away]);
  const expected = {
    unbindable,
    unsnapshottable,
    released,
    lateContents: safety.lateContents,
    openAccounts: new Set(world.localNodes.accountsAway()),
    isOutOfReach: (volume: PersistentVolume) => world.localNodes.isAway(nodeOfVolume(volume) ?? ''),
  };
  return [
    ...settledViolations(mirror, ledger, expected),
    ...(topology?.violations(ledger) ?? []),
    ...(capacity?.violations() ?? []),
    ...words.oldErrors(),
    ...written.violations(),
  ];
}

interface Told {
  readonly scenario: Scenario;
  readonly random: SeededRandom;
  readonly violations: Violation[];
  readonly enough: () => boolean;
}

async function story(world: World, { scenario, random, violations, enough }: Told): Promise<void> {
  let over = false;
  void scenario.story(world, random).then(
    () => {
      over = true;
    },
    (error: unknown) => {
      over = true;
      violations.push(
        error instanceof Violation
          ? error
          : new Violation('program-survives', error instanceof Error ? (error.stack ?? error.message) : String(error)),
      );
    },
  );
  await world.scheduler.run(STORY_LIMIT_MS, () => over || enough(), MAX_EVENTS);
  if (!over && !enough())
    violations.push(new Violation('desired-is-actual', `the story did not end within ${STORY_LIMIT_MS / 60_000} virtual minutes`));
}

/** Runs on until nothing was written for a while and all that should hold does, or until patience ends. */
async function settle(world: World, violations: Violation[], enough: () => boolean): Promise<void> {
  const { scheduler } = world;
  const start = scheduler.elapsedMs;
  for (let end = start + QUIET_MS; end <= start + SETTLE_LIMIT_MS; end += QUIET_MS) {
    const writes = world.writes.length;
    await scheduler.run(end, enough, MAX_EVENTS);
    if (enough()) return;
    const quiet = world.writes.length === writes;
    // A program whose watch went silent says what it knows until the watch is renewed.
    if (quiet && unsettled(world).length === 0 && (await metricsViolations(world)).length === 0) return;
  }
  const late = world.writes.filter((write) => write.atMs > scheduler.elapsedMs - QUIET_MS);
  if (late.length > 0) {
    violations.push(
      new Violation(
        'settled-means-silent',
        `still writing after an hour: ${late
          .slice(0, 3)
          .map((write) => `${write.program} ${write.what} ${write.status}`)
          .join('; ')}`,
      ),
    );
  }
}
