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
import { ON_SHARED_PLANE } from './experiments.ts';
import { type BenchReport, type ExperimentName, joined, printed, type Result } from './figures.ts';
import { inPlace } from './in-place.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { markdown } from './page.ts';
import { FOLLOWED } from './phases.ts';
import { type CpuProfile, profilePage, summaryOf } from './profile.ts';
import { BENCH_USERS } from './sides.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function measure(options: BenchOptions): Promise<BenchReport> {
  const sizes: Partial<Record<ExperimentName, string>> = {};
  const shared = options.experiments.flatMap((name) => (name === 'in place' ? [] : [[name, ON_SHARED_PLANE[name]] as const]));
  for (const [name, { size }] of shared) sizes[name] = size(options);
  const results = shared.length === 0 ? [] : await measureShared(options);
  if (options.experiments.includes('in place')) {
    sizes['in place'] = `${options.inPlace} claims, volumes, snapshots and contents each, all settled`;
    results.push(...(await inPlace(options, log)));
  }
  return { setting: settingOf(options), sizes, results };
}

async function measureShared(options: BenchOptions): Promise<Result[]> {
  return onControlPlane({ audit: true, users: BENCH_USERS, report: log }, async (plane) => {
    const sight = openSight(plane.raw);
    plane.stage.defer(() => sight.close());
    const { driver, control } = await startSteeredDriver(plane.stage);
    for (const resource of FOLLOWED) await sight.follow(resource);
    const profiles = profilesOf(options);
    const results: Result[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      log(`round ${round} of ${options.rounds}`);
      for (const experiment of options.experiments) {
        if (experiment === 'in place') continue;
        const { sides, rounds, play } = ON_SHARED_PLANE[experiment];
        if (rounds === 'one' && round > 1) continue;
        const playing = options.sides.filter((side) => sides.includes(side));
        // Who comes first meets an emptier server: the order turns from round to round.
        for (const side of turned(playing, round - 1)) {
          const began = performance.now();
          const outcome = await play(side, { plane, driver, control, sight, options, round, profiles, log });
          results.push({ experiment, side, round, ...outcome });
          log(`  ${experiment}, ${side}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
        }
      }
    }
    return results;
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
  const measured = await measure(options);
  const profiles = profilesOf(options);
  if (profiles !== undefined) {
    writeFileSync(join(profiles, 'profiles.md'), pagesOf(profiles));
    log(`where the time of ours went: ${join(profiles, 'profiles.md')}`);
    // The profiler's own time is in the figures: they are shown, and kept nowhere.
  } else if (options.out !== undefined) write(options.out, measured);
  process.stdout.write(markdown(measured));
  return 0;
}

function pagesOf(profiles: string): string {
  const made = readdirSync(profiles).filter((name) => name.endsWith('.cpuprofile'));
  const read = (name: string): CpuProfile => JSON.parse(readFileSync(join(profiles, name), 'utf8')) as CpuProfile;
  return made.map((name) => profilePage(name, summaryOf(read(name)))).join('\n');
}

function write(folder: string, measured: BenchReport): void {
  const file = join(folder, 'benchmarks.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as BenchReport) : undefined;
  const report = joined(before, measured);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, printed(report));
  writeFileSync(join(folder, 'benchmarks.md'), markdown(report));
  writeFileSync(join(folder, 'benchmarks.svg'), chart(report));
}

process.exitCode = await main();
