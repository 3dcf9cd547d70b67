/** One trial: every step in its order, then the verdict on every clause. */
import { expectManyListeners } from '../../lib/controller/shared-signal.ts';
import { deadline } from '../../lib/doors/sleep.ts';
import { errorText } from '../../lib/errors/error-text.ts';
import { judgeClauses } from './clauses/table.ts';
import type { StepResult, StepVerdict, TryReport } from './record.ts';
import type { Step } from './step.ts';
import { NotTried } from './step.ts';
import { STEPS } from './steps.ts';
import { sweep } from './talk/sweep.ts';
import type { OpenOptions, OpenWorld } from './world/open.ts';
import { openWorld } from './world/open.ts';

export interface TryOptions extends Omit<OpenOptions, 'callLimitMs' | 'startedMs'> {
  readonly profile: 'basic' | 'full';
  readonly stepLimitMs: number;
  /** Called as each step begins. */
  readonly begun: (step: Step) => void;
}

/** Resolves with the report, whatever the driver did. Rejects with ConfigError where there is no driver to try. */
export async function runTry(options: TryOptions): Promise<TryReport> {
  const { clock } = options.doors;
  const startedAt = new Date(clock.now()).toISOString();
  const started = clock.monotonic();
  const open = await openWorld({ ...options, startedMs: started, callLimitMs: options.stepLimitMs });
  const results: StepResult[] = [];
  try {
    for (const step of STEPS) {
      if (step.fullOnly === true && options.profile === 'basic') continue;
      options.begun(step);
      results.push(await runStep(step, { options, open, results, started }));
    }
    const left = await sweep(open);
    return report({ left, options, open, results, startedAt, tookMs: Math.round(clock.monotonic() - started) });
  } finally {
    await open.close();
  }
}

interface Running {
  readonly options: TryOptions;
  readonly open: OpenWorld;
  readonly results: readonly StepResult[];
  readonly started: number;
}

async function runStep(step: Step, { options, open, results, started }: Running): Promise<StepResult> {
  const { clock } = options.doors;
  const { calls } = open.world.journal;
  const began = clock.monotonic();
  const from = calls.length + 1;
  const end = (verdict: StepVerdict, detail: string): StepResult => ({
    id: step.id,
    title: step.title,
    verdict,
    detail,
    startedMs: Math.round(began - started),
    tookMs: Math.round(clock.monotonic() - began),
    ...(calls.length >= from ? { calls: { from, to: calls.length } } : {}),
  });
  if (options.signal.aborted) return end('skipped', 'the trial was stopped');
  const lacking = (step.needs ?? []).find((id) => results.find((result) => result.id === id)?.verdict !== 'ok');
  if (lacking !== undefined) return end('skipped', `needs the step ${lacking}`);
  const offered = open.world.notes.driver?.identity.controller;
  const missing = (step.offers ?? []).find((capability) => offered?.has(capability) !== true);
  if (missing !== undefined) return end('skipped', `the driver does not offer ${missing}`);
  const limit = deadline(clock, options.stepLimitMs, options.signal);
  expectManyListeners(limit.signal);
  try {
    return end('ok', await step.run({ ...open.world, signal: limit.signal }));
  } catch (error) {
    return end(error instanceof NotTried ? 'skipped' : 'failed', errorText(error));
  } finally {
    limit.clear();
    open.world.trap.clear();
    open.world.proxy.delay(0);
  }
}

function report(input: {
  readonly left: readonly string[];
  readonly options: TryOptions;
  readonly open: OpenWorld;
  readonly results: readonly StepResult[];
  readonly startedAt: string;
  readonly tookMs: number;
}): TryReport {
  const { left, options, open, results, startedAt, tookMs } = input;
  const { calls } = open.world.journal;
  const clauses = judgeClauses(calls, open.observations);
  const driver = open.world.notes.driver;
  return {
    ok:
      results.every(({ verdict }) => verdict !== 'failed') &&
      clauses.every(({ verdict }) => verdict !== 'broken') &&
      !options.signal.aborted,
    driver:
      driver === undefined
        ? undefined
        : {
            name: driver.identity.name,
            version: driver.identity.vendorVersion,
            plugin: [...driver.identity.plugin].sort(),
            controller: [...driver.identity.controller].sort(),
            groupController: [...driver.identity.groupController].sort(),
            node: [...(driver.node?.capabilities ?? [])].sort(),
          },
    address: open.address,
    profile: options.profile,
    startedAt,
    tookMs,
    steps: results,
    left,
    clauses,
    calls,
  };
}
