/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import { ConfigError } from '../../lib/errors/config-error.ts';
import { type ExperimentName, EXPERIMENTS } from './figures.ts';
import { type LoadPhase, PHASES } from './phases.ts';
import { SIDES, type SideName } from './sides.ts';
import { errorText } from '../../lib/errors/error-text.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly sides: readonly SideName[];
  readonly phases: readonly LoadPhase[];
  readonly experiments: readonly ExperimentName[];
  /** Objects of each phase of a load. */
  readonly objects: number;
  readonly inFlight: number;
  /** How often the same processes get the load: the first is cold. */
  readonly loads: number;
  /** Objects that come one after the other, before the loads and after them. */
  readonly oneByOne: number;
  /** Claims, volumes, snapshots and contents each of the experiment of that name. */
  readonly inPlace: number;
  /** Where the report is written, beside what was measured there before; undefined: only printed. */
  readonly out: string | undefined;
  /** CPU profiles of our processes are written to its folder `profiles`, and no report. */
  readonly profile: boolean;
}

/** Below it a ratio says more about the hour than about the programs. */
export const ROUNDS_FOR_RATIOS = 3;
const QUICK = { rounds: '1', objects: '60', loads: '2', oneByOne: '5', inPlace: '1000', experiments: 'load' };
const WHOLE = { rounds: '3', objects: '300', loads: '3', oneByOne: '20', inPlace: '20000', experiments: EXPERIMENTS.join(',') };

export const USAGE =
  `usage: bench [--quick] [--rounds=N] [--sides=${SIDES.join(',')}] [--phases=${PHASES.join(',')}]\n` +
  `             [--experiments=${EXPERIMENTS.join(',')}]\n` +
  '             [--objects=N] [--in-flight=N] [--loads=N] [--one-by-one=N] [--in-place=N] [--profile] [--out=DIR]';

/** Throws ConfigError. */
export function readOptions(words: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const;
  let values;
  try {
    ({ values } = parseArgs({
      args: [...words],
      options: {
        quick: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        rounds: text,
        sides: text,
        phases: text,
        objects: text,
        'in-flight': text,
        loads: text,
        experiments: text,
        'one-by-one': text,
        'in-place': text,
        out: text,
      },
    }));
  } catch (error) {
    throw new ConfigError([errorText(error)]);
  }
  const faults: string[] = [];
  const size = values.quick ? QUICK : WHOLE;
  const count = (flag: string, value: string): number => {
    if (!/^[1-9]\d{0,5}$/.test(value)) faults.push(`--${flag}=${value}: give a number from 1 on`);
    return Number(value);
  };
  const some = <T extends string>(flag: string, value: string | undefined, all: readonly T[]): readonly T[] => {
    const words = value === undefined ? [...all] : value.split(',');
    for (const word of words) if (!all.includes(word as T)) faults.push(`--${flag}: "${word}" is none of ${all.join(', ')}`);
    return all.filter((one) => words.includes(one));
  };
  const options: BenchOptions = {
    rounds: count('rounds', values.rounds ?? size.rounds),
    sides: some('sides', values.sides, SIDES),
    phases: some('phases', values.phases, PHASES),
    objects: count('objects', values.objects ?? size.objects),
    inFlight: count('in-flight', values['in-flight'] ?? '32'),
    loads: count('loads', values.loads ?? size.loads),
    oneByOne: count('one-by-one', values['one-by-one'] ?? size.oneByOne),
    inPlace: count('in-place', values['in-place'] ?? size.inPlace),
    experiments: some('experiments', values.experiments ?? size.experiments, EXPERIMENTS),
    out: values.out,
    profile: values.profile,
  };
  if (options.profile && options.out === undefined) faults.push('--profile needs --out=DIR, where the profiles are written');
  if (faults.length > 0) throw new ConfigError(faults);
  return options;
}
