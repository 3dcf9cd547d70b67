/**
 * `npm run bench`: the Go programs and ours, in turn on one real control plane, under the same load. What is printed is
 * what this machine said; ratios come from three rounds or more. Exit 0 done, 1 a run failed, 2 asked wrongly.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { startSteeredDriver } from '../../harness/mock-driver.ts';
import { peerVersions } from '../../harness/real/binaries.ts';
import { onControlPlane } from '../../harness/real/on-control-plane.ts';
import { openSight } from '../../harness/sight.ts';
import { ConfigError } from '../../lib/errors/config-error.ts';
import { chart } from './chart.ts';
import { ON_SHARED_PLANE, type SharedExperiment } from './experiments.ts';
import { AMONG_THOUSANDS, type BenchReport, type ExperimentName, printed, type Result } from './figures.ts';
import { amongThousands, sizeAmongThousands } from './among-thousands.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { markdown } from './page.ts';
import { FOLLOWED } from './phases.ts';
import { type CpuProfile, profilePage, summaryOf } from './profile.ts';
import { BENCH_USERS } from './sides.ts';
import type { Experiment } from './table.ts';
import { joined } from './targets.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/** So far: a run that is ended early has told what it had. */
type Tell = (report: BenchReport) => void;

async function measure(options: BenchOptions, tell: Tell): Promise<BenchReport> {
  const sizes: Partial<Record<ExperimentName, string>> = {};
  const results: Result[] = [];
  const report: BenchReport = { setting: settingOf(options), sizes, results };
  const add = (result: Result): void => {
    results.push(result);
    tell(report);
  };
  const shared = options.experiments.filter(isShared);
  for (const name of shared) sizes[name] = ON_SHARED_PLANE[name].size(options);
  if (shared.length > 0) await measureShared(options, add);
  for (const name of AMONG_THOUSANDS) if (options.experiments.includes(name)) sizes[name] = sizeAmongThousands(name, options);
  await amongThousands(options, { add, log, profiles: profilesOf(options) });
  return report;
}

const isShared = (name: ExperimentName): name is SharedExperiment => name in ON_SHARED_PLANE;

async function measureShared(options: BenchOptions, add: (result: Result) => void): Promise<void> {
  await onControlPlane({ audit: true, users: BENCH_USERS, report: log }, async (plane) => {
    const sight = openSight(plane.raw);
    plane.stage.defer(() => sight.close());
    const { driver, control } = await startSteeredDriver(plane.stage);
    for (const resource of FOLLOWED) await sight.follow(resource);
    const profiles = profilesOf(options);
    const playRound = async (round: number, rounds: Experiment['rounds']): Promise<void> => {
      for (const experiment of options.experiments) {
        if (!isShared(experiment) || ON_SHARED_PLANE[experiment].rounds !== rounds) continue;
        const { sides, play } = ON_SHARED_PLANE[experiment];
        const playing = options.sides.filter((side) => sides.includes(side));
        // Who comes first meets an emptier server: the order turns from round to round.
        for (const side of turned(playing, round - 1)) {
          const began = performance.now();
          const outcome = await play(side, { plane, driver, control, sight, options, round, profiles, log });
          add({ experiment, side, round, ...outcome });
          log(`  ${experiment}, ${side}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
        }
      }
    };
    for (let round = 1; round <= options.rounds; round += 1) {
      log(`round ${round} of ${options.rounds}`);
      await playRound(round, 'all');
    }
    await playRound(1, 'one');
  });
}

/** Undefined: none are made. */
function profilesOf({ profile, out = '.' }: BenchOptions): string | undefined {
  return profile ? join(resolve(out), 'profiles') : undefined;
}

function turned<T>(list: readonly T[], by: number): T[] {
  const at = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function settingOf({ rounds }: BenchOptions): BenchReport['setting'] {
  return {
    ...peerVersions(),
    Node: process.version,
    CPUs: cpus().length,
    rounds,
    'flags of the Go programs and of ours as three': '--kube-api-qps=1000 --kube-api-burst=2000 --v=2',
    'flags of ours as one': '--v=2 (no limit of calls is its default)',
  };
}

async function main(): Promise<number> {
  let options: BenchOptions;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`bench: ${error.message}\n${USAGE}\n`);
    return 2;
  }
  const profiles = profilesOf(options);
  // The profiler's own time is in the figures of such a run: they are shown, and kept nowhere.
  const tell = options.out === undefined || profiles !== undefined ? (): void => {} : writer(options.out);
  const measured = await measure(options, tell);
  if (profiles !== undefined) {
    writeFileSync(join(profiles, 'profiles.md'), pagesOf(profiles));
    log(`where the time of ours went: ${join(profiles, 'profiles.md')}`);
  }
  process.stdout.write(markdown(measured));
  return 0;
}

function pagesOf(profiles: string): string {
  const made = readdirSync(profiles).filter((name) => name.endsWith('.cpuprofile'));
  const read = (name: string): CpuProfile => JSON.parse(readFileSync(join(profiles, name), 'utf8')) as CpuProfile;
  return made.map((name) => profilePage(name, summaryOf(read(name)))).join('\n');
}

/** Writes each report beside what was measured in the folder before. */
function writer(folder: string): Tell {
  const file = join(folder, 'benchmarks.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as BenchReport) : undefined;
  mkdirSync(folder, { recursive: true });
  return (measured) => {
    const report = joined(before, measured);
    writeFileSync(file, printed(report));
    writeFileSync(join(folder, 'benchmarks.md'), markdown(report));
    writeFileSync(join(folder, 'benchmarks.svg'), chart(report));
  };
}

process.exitCode = await main();
