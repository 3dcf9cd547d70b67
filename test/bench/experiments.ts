/** What is tried with each side on one control plane, the same for all of these. */
import type { AMONG_THOUSANDS, ExperimentName, SideTotals } from './figures.ts';
import { defaultFlags } from './default-flags.ts';
import { groups } from './groups.ts';
import { readiness } from './readiness.ts';
import { withoutJournal } from './sides.ts';
import { slowServer, slowServerWithoutJournal } from './slow-server.ts';
import { start } from './start.ts';
import { atTable, type Experiment, load, oneAtATime } from './table.ts';

const NONE: SideTotals = {};
/** One call of the driver takes so long. */
const DRIVER_MS = 50;
const SLOW_ONE_BY_ONE = 10;

export type SharedExperiment = Exclude<ExperimentName, (typeof AMONG_THOUSANDS)[number]>;

export const ON_SHARED_PLANE: Readonly<Record<SharedExperiment, Experiment>> = {
  load: {
    size: ({ objects, inFlight, loads, oneByOne }) =>
      `${oneByOne} objects one at a time right after the start, ${loads} loads of ${objects} objects, ${inFlight} in flight, on the same processes, ${oneByOne} more one at a time`,
    sides: ['go', 'one', 'three'],
    rounds: 'all',
    play: (side, contest) =>
      atTable(side, { contest, name: 'load' }, async (table) => {
        const { phases, objects, loads, oneByOne } = contest.options;
        await oneAtATime(table, { phases, prefix: 'first', count: oneByOne, temper: 'first few' });
        for (let turn = 1; turn <= loads; turn += 1) {
          const temper = turn === 1 ? 'cold' : turn === loads ? 'warm' : undefined;
          await load(table, { phases, prefix: `load-${turn}`, count: objects, ...(temper === undefined ? {} : { temper }) });
        }
        const memory = table.memory();
        await oneAtATime(table, { phases, prefix: 'last', count: oneByOne, temper: 'one by one' });
        return { phases: table.figures, totals: memory };
      }),
  },
  'no journal': {
    size: ({ objects, loads, oneByOne }) =>
      `--crash-safe-provisioning=false: ${loads} loads of ${objects} claims, then ${oneByOne} one at a time`,
    sides: ['one'],
    rounds: 'all',
    play: (side, contest) =>
      atTable(side, { contest, name: 'no-journal', argsOf: withoutJournal }, async (table) => {
        const { objects, loads, oneByOne } = contest.options;
        const phases = ['provision', 'delete volume'] as const;
        for (let turn = 1; turn < loads; turn += 1) await load(table, { phases, prefix: `load-${turn}`, count: objects });
        await load(table, { phases, prefix: 'load-last', count: objects, temper: 'warm' });
        await oneAtATime(table, { phases, prefix: 'last', count: oneByOne, temper: 'one by one' });
        return { phases: table.figures, totals: NONE };
      }),
  },
  'slow server': slowServer,
  'slow server without journal': slowServerWithoutJournal,
  'default flags': defaultFlags,
  'slow driver': {
    size: ({ objects, inFlight }) =>
      `every call of the driver takes ${DRIVER_MS} ms: a load of ${objects} objects, ${inFlight} in flight, then ${SLOW_ONE_BY_ONE} one at a time`,
    sides: ['go', 'one'],
    rounds: 'one',
    play: (side, contest) =>
      atTable(side, { contest, name: 'slow-driver' }, async (table) => {
        const { phases, objects } = contest.options;
        await contest.control.bend([{ rpc: '*', delay: `${DRIVER_MS}ms` }]);
        await load(table, { phases, prefix: 'load', count: objects, temper: 'warm' });
        await oneAtATime(table, { phases, prefix: 'last', count: SLOW_ONE_BY_ONE, temper: 'one by one' });
        await contest.control.heal();
        return { phases: table.figures, totals: NONE };
      }),
  },
  readiness,
  groups,
  start,
};
