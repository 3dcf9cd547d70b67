/**
 * `npm run verify -- node`: on a real kubelet, csi-sanity and faults of the node. `--size=full`: Kubernetes' storage suite
 * too, on each side: the Go trio, our trio, our one process; and swaps between the Go programs and ours.
 */
import type { Side } from '../../harness/node/driver-pod.ts';
import type { FaultResult } from './node/faults.ts';
import { playOnNode } from './node/job.ts';
import type { SuiteResult, SuiteShare } from './node/suite.ts';
import { SEQUENCES, type Sequence } from './node/swaps/plan.ts';
import type { SequenceResult } from './node/swaps/run.ts';
import { partOf, type VerificationOptions, type VerificationResult } from './verification.ts';

export const name = 'node';

const SIDES: readonly Side[] = ['go', 'trio', 'one'];
const SHARES: readonly SuiteShare[] = ['quick', 'slow'];
type Play = <T extends object>(title: string, args: readonly string[], judge: (result: T) => boolean) => Promise<void>;

interface Case {
  readonly sizes: readonly VerificationOptions['size'][];
  readonly run: (play: Play, options: VerificationOptions) => Promise<void>;
}

const CASES: readonly Case[] = [
  { sizes: ['ci', 'full'], run: (play) => play<SanityAnswer>('sanity', ['sanity'], ({ good }) => good) },
  {
    sizes: ['ci', 'full'],
    run: (play) => play<FaultsAnswer>('faults', ['faults', 'trio'], ({ faults }) => faults.every(({ problem }) => problem === undefined)),
  },
  ...SHARES.map((share): Case => ({ sizes: ['full'], run: (play, { log }) => runSuites(play, share, log) })),
  ...SEQUENCES.map((sequence): Case => ({ sizes: ['full'], run: (play) => runSequence(play, sequence) })),
];

export const takesPart = true;

export async function run(options: VerificationOptions): Promise<VerificationResult> {
  const { size, log, part } = options;
  const figures: Record<string, unknown> = {};
  let ok = true;
  const play: Play = async (title, args, judge) => {
    const { result, leftOnMachine } = await playOnNode(args, log);
    for (const line of leftOnMachine) log(`${title}: left on this machine: ${line}`);
    if ('error' in result) log(`${title}: ${result.error}`);
    figures[title] = result;
    const isGood = !('error' in result) && judge(result as never);
    ok &&= isGood && leftOnMachine.length === 0;
  };
  for (const each of partOf(
    CASES.filter(({ sizes }) => sizes.includes(size)),
    part,
  ))
    await each.run(play, options);
  return { ok, ...figures };
}

/** Nothing may be lost by a change from the Go programs to ours: the specs that they pass are what ours have to. */
async function runSuites(play: Play, share: SuiteShare, log: VerificationOptions['log']): Promise<void> {
  let go: readonly string[] = [];
  for (const side of SIDES) {
    const title = `${share} specs, ${side}`;
    await play<SuiteResult>(title, ['suite', side, share], (result) => {
      tellSuite(title, result, log);
      if (side === 'go') go = result.passed;
      const lost = go.filter((spec) => !result.passed.includes(spec));
      log(`${title}: ${lost.length} that only the Go trio passes`);
      for (const spec of lost) log(`  ${spec}`);
      return go.length > 0 && lost.length === 0;
    });
  }
}

const runSequence = (play: Play, { name, points }: Sequence): Promise<void> =>
  play<SequenceResult>(name, ['swaps', 'go', name], (result) => result.points.length === points && result.left.length === 0);

interface FaultsAnswer {
  readonly faults: readonly FaultResult[];
}
interface SanityAnswer {
  readonly good: boolean;
}

function tellSuite(title: string, { passed, failed, skipped }: SuiteResult, log: (line: string) => void): void {
  const reasons = Object.entries(skipped).toSorted(([, a], [, b]) => b - a);
  const skippedInAll = reasons.reduce((sum, [, count]) => sum + count, 0);
  log(`${title}: ${passed.length + failed.length} run, ${passed.length} passed, ${failed.length} failed, ${skippedInAll} skipped`);
  for (const line of failed) log(`  failed ${line}`);
  for (const [reason, count] of reasons) log(`  skipped ${count}: ${reason}`);
}
