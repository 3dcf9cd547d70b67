/** What is measured on control planes that have thousands of objects: starts, loads among them, and how a start grows with their number. */
import { openSight } from '../../harness/sight.ts';
import { eventually } from '../../harness/wait.ts';
import type { Scene } from '../real/main-job.ts';
import { AMONG_THOUSANDS, type Outcome, type Result } from './figures.ts';
import { type Populated, withInPlace } from './in-place.ts';
import type { BenchOptions } from './options.ts';
import { FOLLOWED } from './phases.ts';
import type { SideName } from './sides.ts';
import { startUntilQuiet } from './start.ts';
import { atTable, load } from './table.ts';

/** A server that lists thousands keeps its clients waiting for seconds. */
const QUIET_MS = 3_000;
const IDLE_MS = 10_000;
const GROWTH = [100, 1_000, 10_000, 100_000];

type Name = (typeof AMONG_THOUSANDS)[number];

export interface Told {
  readonly add: (result: Result) => void;
  readonly log: (line: string) => void;
  /** A folder for CPU profiles of ours. */
  readonly profiles: string | undefined;
}

export function sizeAmongThousands(name: Name, { inPlace, objects, inFlight }: BenchOptions): string {
  switch (name) {
    case 'in place':
      return `${inPlace} claims, volumes, snapshots and contents each, all settled`;
    case 'among':
      return `two loads of ${objects} objects, ${inFlight} in flight, among ${inPlace} of each kind: the second is told`;
    case 'growth':
      return `starts of ours alone among ${GROWTH.join(', ')} of each kind`;
    default:
      return name satisfies never;
  }
}

export async function amongThousands(options: BenchOptions, { add, log, profiles }: Told): Promise<void> {
  const asked = AMONG_THOUSANDS.filter((name) => options.experiments.includes(name));
  if (asked.includes('in place') || asked.includes('among'))
    await withInPlace(options.inPlace, log, async (populated) => {
      if (asked.includes('in place')) await starts(populated, { options, add, log, profiles });
      if (asked.includes('among')) await loads(populated, { options, add, log, profiles });
    });
  if (asked.includes('growth'))
    for (const count of GROWTH)
      await withInPlace(count, log, async (populated) => {
        const { totals, ...rest } = await started('one', populated, { idleMs: IDLE_MS, log, profiles });
        add({ experiment: 'growth', side: 'one', round: 1, ...rest, totals: { ...totals, objectsInPlace: count } });
      });
}

interface Play extends Told {
  readonly options: BenchOptions;
}

async function starts(populated: Populated, { options: { rounds, sides }, add, log, profiles }: Play): Promise<void> {
  for (let round = 1; round <= rounds; round += 1)
    for (const side of sides) {
      const outcome = await started(side, populated, { idleMs: round === 1 ? IDLE_MS : 0, log, profiles });
      add({ experiment: 'in place', side, round, ...outcome });
    }
}

async function started(
  side: SideName,
  { plane, driver: { driver } }: Populated,
  { idleMs, log, profiles }: Pick<Told, 'log' | 'profiles'> & { readonly idleMs: number },
): Promise<Outcome> {
  const outcome = await startUntilQuiet(side, {
    input: { plane, address: driver.address, profiles },
    quietMs: QUIET_MS,
    idleMs,
  });
  log(`  ${side}: quiet after ${((outcome.totals.startMs ?? 0) / 1000).toFixed(1)} s`);
  return outcome;
}

async function loads({ plane, driver: { driver, control } }: Populated, { options, add, log, profiles }: Play): Promise<void> {
  plane.servers.controllerManager?.signal('SIGCONT');
  const sight = openSight(plane.raw);
  plane.stage.defer(() => sight.close());
  for (const resource of FOLLOWED) await sight.follow(resource);
  const before = await driver.ledger();
  const untilClean = ({ plane: { stage } }: Scene): Promise<unknown> =>
    eventually(
      'the driver to have what it had',
      async () => {
        const { volumes, snapshots } = await driver.ledger();
        return volumes.length === before.volumes.length && snapshots.length === before.snapshots.length ? true : undefined;
      },
      { signal: stage.broken, everyMs: 500 },
    );
  for (let round = 1; round <= options.rounds; round += 1)
    for (const side of options.sides) {
      const contest = { plane, driver, control, sight, options, round, profiles, log };
      const outcome = await atTable(side, { contest, name: 'among', untilClean }, async (table) => {
        const { phases, objects: count } = options;
        await load(table, { phases, prefix: 'first', count });
        await load(table, { phases, prefix: 'last', count, temper: 'warm' });
        return { phases: table.figures, totals: table.memory() };
      });
      log(`  ${side}: a load among ${options.inPlace}`);
      add({ experiment: 'among', side, round, ...outcome });
    }
}
