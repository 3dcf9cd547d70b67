import { startMockDriver } from '../../harness/mock-driver.ts';
import { onControlPlane } from '../../harness/real/on-control-plane.ts';
import { drawJourney, type JourneyResult, openHandOvers, runJourney } from '../real/hand-over.ts';
import { PROGRAM_USERS } from '../real/programs.ts';
import { partOf, type VerificationOptions, type VerificationResult } from './verification.ts';
import { errorText } from '../../lib/errors/error-text.ts';

export const name = 'handover';
export const takesPart = true;

const JOURNEYS = { ci: 4, full: 100 } as const;
const SLICE = 10;

/** Two swaps a journey, between the Go programs' and ours, in the middle of work: it ends as without them, and with nothing left. */
export async function run({ size, log, part }: VerificationOptions): Promise<VerificationResult> {
  const seeds = partOf(
    Array.from({ length: JOURNEYS[size] }, (_, index) => index),
    part,
  );
  const faults: string[] = [];
  let midFlight = 0;
  let lostByGo = 0;
  for (let at = 0; at < seeds.length; at += SLICE) {
    const found = await runSlice(seeds.slice(at, at + SLICE), log);
    midFlight += found.midFlight;
    lostByGo += found.lostByGo;
    faults.push(...found.faults);
  }
  return { ok: faults.length === 0, points: 2 * seeds.length, midFlight, lostByGo, faults };
}

/** On a control plane of their own, until one fails: what it left behind would be counted as another's. */
function runSlice(seeds: readonly number[], log: (line: string) => void): Promise<JourneyResult & { readonly faults: readonly string[] }> {
  return onControlPlane({ audit: true, users: PROGRAM_USERS, report: log }, async (plane) => {
    let midFlight = 0;
    let lostByGo = 0;
    const world = await openHandOvers(plane, await startMockDriver(plane.stage));
    for (const seed of seeds) {
      const journey = drawJourney(seed);
      try {
        const result = await runJourney(world, journey);
        midFlight += result.midFlight;
        lostByGo += result.lostByGo;
        log(`journey ${seed}: ok, ${result.midFlight} of 2 in the middle of work`);
      } catch (error) {
        const fault = `journey ${seed} ${JSON.stringify(journey)}: ${errorText(error)}`;
        log(fault);
        const notMade = seeds.filter((later) => later > seed).map((later) => `journey ${later} was not made`);
        return { midFlight, lostByGo, faults: [fault, ...notMade] };
      }
    }
    return { midFlight, lostByGo, faults: [] };
  });
}
