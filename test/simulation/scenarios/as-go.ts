/** What the stories about waits have in common: the driver's part, and a clock for what a user sees. */
import type { CodeName } from '../../../mock-driver/model/status.ts';
import { LATER_THAN_GO_MS, SLOWEST_MS } from '../waits.ts';
import { Violation } from '../invariants.ts';
import type { LoggedRpc } from '../call-log.ts';
import type { World } from '../world.ts';

const LIMIT_MS = 30 * 60_000;

/** From now until `condition`; longer than the Go programs would take, by more than a second, is a violation. */
export async function takesAtMost(
  world: World,
  { what, goMs }: { readonly what: string; readonly goMs: number },
  condition: () => boolean,
): Promise<void> {
  const from = world.scheduler.elapsedMs;
  const came = await world.user.until(condition, LIMIT_MS);
  const tookMs = world.scheduler.elapsedMs - from;
  const slowMs = world.calm.delaysSince(from - SLOWEST_MS);
  if (came && tookMs <= goMs + LATER_THAN_GO_MS + slowMs) return;
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const took = came ? `took ${seconds(tookMs)}` : `did not come within ${seconds(tookMs)}`;
  world.fail(new Violation('no-longer-than-go', `${what} ${took}, with the Go programs ${seconds(goMs)}`));
}

/** The driver answers the calls of one kind with these codes, the last of them from then on; undefined: truly. */
export function answersWith(world: World, rpc: LoggedRpc, codes: readonly (CodeName | undefined)[]): void {
  let calls = 0;
  world.driverScript = (call) => {
    if (call.rpc !== rpc) return undefined;
    const code = codes[Math.min(calls, codes.length - 1)];
    calls += 1;
    return code === undefined ? undefined : { code, message: 'as the story has it' };
  };
}

/** From now on the driver does as it is asked. */
export function mended(world: World): void {
  world.driverScript = undefined;
}

/** Answers that have reached the program, of all objects. */
export function answers(world: World, rpc: LoggedRpc): readonly { readonly atMs: number; readonly code: number }[] {
  return world.calls.all.flatMap((call) => (call.rpc === rpc && call.answer !== undefined ? [call.answer] : []));
}
