/**
 * `npm run verify -- sanity`: csi-sanity on every way of being this driver, then SIGKILL inside every
 * mutating call (`--size=full`: at every step of its commit), then csi-sanity on the state that is left.
 */
import { join } from 'node:path';
import { killSweep } from '../component/mock-driver-kills.ts';
import { openStage, type Stage } from '../../harness/stage.ts';
import { CONFIGURATIONS, judgeSanity, runSanity, type SanityConfiguration } from '../real/sanity.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'sanity';

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const stage = openStage('sanity');
  try {
    const runs: Record<string, unknown> = {};
    let ok = true;
    for (const configuration of CONFIGURATIONS) {
      const { good, summary } = await judge(stage, configuration, { log });
      runs[configuration.name] = summary;
      ok &&= good;
    }
    const sweep = await killSweep(stage, { steps: size === 'full' ? 'all' : 'one', log });
    for (const fault of sweep.faults) log(`  ${fault}`);
    log(`${sweep.kills} kills inside ${sweep.rpcs.length} RPCs, ${sweep.faults.length} faults`);
    await sweep.driver.program.stop();
    // The state of the sweep, under the judge's eyes: it lies where the last run will look for it.
    const afterwards = { name: 'after the kills', driver: [], sanity: [], restarts: false, atLeast: 94 };
    const { good, summary } = await judge(stage, afterwards, { log, stateDir: join(stage.dir, 'state') });
    runs[afterwards.name] = summary;
    return { ok: ok && good && sweep.faults.length === 0, runs, kills: sweep.kills, rpcs: sweep.rpcs.length, faults: sweep.faults };
  } finally {
    await stage.close();
  }
}

interface JudgeOptions {
  readonly log: (line: string) => void;
  readonly stateDir?: string;
}

async function judge(
  stage: Stage,
  configuration: SanityConfiguration,
  { log, stateDir }: JudgeOptions,
): Promise<{ good: boolean; summary: object }> {
  const result = await runSanity(stage, configuration, stateDir);
  const { passed, failed, skipped, all, restarts } = result;
  const good = judgeSanity(configuration, result, log);
  // Where little is offered much is skipped: there the reasons are what is of interest.
  for (const line of skipped.length < 20 ? skipped : byReason(skipped)) log(`  skipped ${line}`);
  return { good, summary: { passed, failed: failed.length, skipped: skipped.length, all, restarts } };
}

/** `spec: reason` lines as reasons with how many specs each has. */
function byReason(skipped: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of skipped) {
    const reason = line.slice(line.lastIndexOf(': ') + 2);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${count} specs: ${reason}`);
}
