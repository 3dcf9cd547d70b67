/**
 * `npm run bench`: the Go programs and ours, in turn on one real control plane, under the same load. What is printed is
 * what this machine said; ratios come from three rounds or more. Exit 0 done, 1 a run failed, 2 asked wrongly.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { openSight } from '../../harness/sight.ts';
import { ConfigError } from '../../lib/errors/config-error.ts';
import { peerVersions } from '../../harness/real/binaries.ts';
import { chart } from './chart.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { FOLLOWED } from './phases.ts';
import { type BenchReport, markdown } from './report.ts';
import { playSide, type SideFigures } from './round.ts';
import { BENCH_USERS } from './sides.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function measure(options: BenchOptions): Promise<BenchReport> {
  const plane = await startControlPlane({ audit: true, users: BENCH_USERS, report: log });
  const sight = openSight(plane.raw);
  try {
    await installCrds(plane.raw, readCrds());
    const driver = await startMockDriver(plane.stage);
    for (const resource of FOLLOWED) await sight.follow(resource);
    const profiles = options.profile ? join(resolve(options.out ?? '.'), 'profiles') : undefined;
    const rounds: SideFigures[][] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      log(`round ${round} of ${options.rounds}`);
      const figures: SideFigures[] = [];
      // Who comes first meets an emptier server: the order turns from round to round.
      const order = options.sides.map((_, index, sides) => sides[(index + round - 1) % sides.length] ?? sides[0]);
      for (const side of order)
        if (side !== undefined) figures.push(await playSide(side, { plane, driver, sight, options, round, profiles, log }));
      rounds.push(options.sides.flatMap((side) => figures.filter((one) => one.side === side)));
    }
    return { setting: settingOf(options), rounds };
  } finally {
    sight.close();
    await plane.stop();
  }
}

function settingOf({ rounds, objects, inFlight, loads, oneByOne }: BenchOptions): BenchReport['setting'] {
  return {
    ...peerVersions(),
    Node: process.version,
    CPUs: cpus().length,
    rounds,
    'objects of a load': objects,
    'in flight': inFlight,
    'loads without a restart': loads,
    'objects one at a time': oneByOne,
    flags: '--kube-api-qps=1000 --kube-api-burst=2000 --v=2 for the programs with a client limit',
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
  const report = await measure(options);
  const page = markdown(report);
  process.stdout.write(page);
  if (options.out !== undefined) {
    mkdirSync(options.out, { recursive: true });
    writeFileSync(join(options.out, 'benchmarks.json'), `${JSON.stringify(report, undefined, 1)}\n`);
    writeFileSync(join(options.out, 'benchmarks.md'), page);
    writeFileSync(join(options.out, 'cpu.svg'), chart(report));
  }
  return 0;
}

process.exitCode = await main();
