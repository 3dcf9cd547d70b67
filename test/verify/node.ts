/**
 * `npm run verify -- node`: on a real kubelet, csi-sanity, faults of the node, and the Go programs' images and ours set in
 * turn. `--size=full`: more points of change, and Kubernetes' storage suite on each side: our trio, our one process, the Go trio.
 */
import type { Side } from '../../harness/node/driver-pod.ts';
import { runPrivately } from '../../harness/node/enter.ts';
import { binary, type BinaryName } from '../../harness/real/binaries.ts';
import type { SanityResult } from '../real/sanity.ts';
import type { FaultResult } from './node/faults.ts';
import type { SuiteResult } from './node/suite.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'node';

const HANG_MS = 3_000_000;
const SWAP_POINTS = { ci: 4, full: 60 };
const SIDES: readonly Side[] = ['trio', 'one', 'go'];
/** Built before the namespaces are entered, which have no network. */
const BINARIES: readonly BinaryName[] = [
  ...(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl', 'kubelet', 'kube-proxy', 'pause'] as const),
  ...(['snapshot-controller', 'csi-snapshotter', 'csi-provisioner', 'csi-attacher', 'csi-resizer', 'csi-sanity', 'agnhost'] as const),
];
const SUITE_BINARIES: readonly BinaryName[] = ['ginkgo', 'e2e.test'];

interface Job {
  readonly args: readonly string[];
  /** Says the figures; answers whether all was as it should. */
  readonly judge: (result: object) => boolean;
}

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  for (const each of [...BINARIES, ...(size === 'full' ? SUITE_BINARIES : [])]) await binary(each, { report: log });
  const figures: Record<string, unknown> = {};
  let ok = true;
  const play = async (title: string, { args, judge }: Job): Promise<void> => {
    const { last, leftOnMachine } = await runPrivately({ program: 'verify-on-node', args, timeoutMs: HANG_MS, say: log });
    const result = (last === '' ? { error: 'the node ended without a result' } : JSON.parse(last)) as object;
    for (const line of leftOnMachine) log(`${title}: left on this machine: ${line}`);
    if ('error' in result) log(`${title}: ${String(result.error)}`);
    figures[title] = result;
    ok &&= !('error' in result) && judge(result) && leftOnMachine.length === 0;
  };
  await play('sanity', { args: ['sanity'], judge: (result) => judgeSanity(result as SanityAnswer, log) });
  await play('faults', {
    args: ['faults', 'trio'],
    judge: (result) => (result as FaultsAnswer).faults.every(({ problem }) => problem === undefined),
  });
  await play('swap', { args: ['swap', 'go', String(SWAP_POINTS[size])], judge: () => true });
  if (size === 'full') {
    const suites = new Map<Side, SuiteResult>();
    for (const side of SIDES) {
      await play(`suite ${side}`, {
        args: ['suite', side],
        judge: (result) => {
          suites.set(side, result as SuiteResult);
          return tellSuite(side, result as SuiteResult, log);
        },
      });
    }
    const go = suites.get('go')?.passed ?? [];
    for (const side of ['trio', 'one'] as const) {
      const lost = go.filter((spec) => !(suites.get(side)?.passed ?? []).includes(spec));
      log(`suite: ${lost.length} specs that the Go trio passes and ${side} does not`);
      for (const spec of lost) log(`  ${spec}`);
      figures[`only go, not ${side}`] = lost;
      ok &&= go.length > 0 && lost.length === 0;
    }
  }
  return { ok, ...figures };
}

interface FaultsAnswer {
  readonly faults: readonly FaultResult[];
}
interface SanityAnswer {
  readonly runs: Readonly<Record<string, SanityResult>>;
}

/** Specs of 103 that have to be run. */
const SANITY_AT_LEAST = 95;

function judgeSanity({ runs }: SanityAnswer, log: (line: string) => void): boolean {
  for (const [title, { ran, all, failed, skipped }] of Object.entries(runs)) {
    log(`csi-sanity, ${title}: ${ran} of ${all} specs run, ${failed.length} failed, ${skipped.length} skipped`);
    for (const line of failed) log(`  failed ${line}`);
  }
  return Object.values(runs).every(({ ran, failed }) => failed.length === 0 && ran >= SANITY_AT_LEAST);
}

function tellSuite(side: Side, { passed, failed, skipped }: SuiteResult, log: (line: string) => void): boolean {
  const reasons = Object.entries(skipped).toSorted(([, a], [, b]) => b - a);
  const skippedInAll = reasons.reduce((sum, [, count]) => sum + count, 0);
  log(`suite ${side}: ${passed.length + failed.length} run, ${passed.length} passed, ${failed.length} failed, ${skippedInAll} skipped`);
  for (const line of failed) log(`  failed ${line}`);
  for (const [reason, count] of reasons) log(`  skipped ${count}: ${reason}`);
  return passed.length > 0;
}
