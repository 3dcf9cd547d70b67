/**
 * `npm run verify -- leader`: fail-over on a real kube-apiserver, two of ours and ours with a Go program, for all
 * three roles at once. How long it took, and from the audit log that two never led.
 */
import { installCrds, readCrds } from '../../harness/crds.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { realLayerProblem } from '../../harness/real/binaries.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { ContestSpec, Durations } from './leader-contest.ts';
import { CONTEST_USERS, contest, hostNameProblem } from './leader-contest.ts';
import { partOf, type VerificationOptions, type VerificationResult } from './verification.ts';

export const name = 'leader';
export const takesPart = true;

/** The flags' defaults. */
const DEFAULTS: Durations = { leaseSeconds: 15, renewSeconds: 10, retrySeconds: 5 };
const SHORT: Durations = { leaseSeconds: 8, renewSeconds: 6, retrySeconds: 1 };

type Case = Pick<ContestSpec, 'leader' | 'standby' | 'way'>;

const QUICK: readonly Case[] = [
  { leader: 'ours', standby: 'ours', way: 'kill' },
  { leader: 'ours', standby: 'ours', way: 'terminate' },
  { leader: 'ours', standby: 'go', way: 'kill' },
  { leader: 'go', standby: 'ours', way: 'kill' },
];
const FURTHER: readonly Case[] = [
  { leader: 'ours', standby: 'ours', way: 'stop' },
  { leader: 'ours', standby: 'go', way: 'stop' },
  { leader: 'ours', standby: 'go', way: 'terminate' },
  { leader: 'go', standby: 'ours', way: 'terminate' },
];

const RELEASED_MS = 1000;
/** client-go's spread of a retry period, and so ours. */
const SPREAD = 2.2;

/**
 * The longest takeover in milliseconds. A standby of ours watches the lease. A Go standby polls it: it may see the
 * last renewal one period late and the expiry another one, which nothing on our side can change.
 */
export function boundMs({ leader, standby, way }: Case, { leaseSeconds, retrySeconds }: Durations): number {
  const period = SPREAD * retrySeconds * 1000;
  const released = way === 'terminate' && leader === 'ours';
  if (standby === 'ours') return released ? RELEASED_MS : leaseSeconds * 1000 + period;
  return released ? RELEASED_MS + period : leaseSeconds * 1000 + 2 * period;
}

export async function run({ size, log, part }: VerificationOptions): Promise<VerificationResult> {
  const problem = realLayerProblem() ?? hostNameProblem();
  if (problem !== undefined) {
    log(`leader is not verified here: ${problem}`);
    return { ok: false, skipped: problem };
  }
  const durations = size === 'full' ? DEFAULTS : SHORT;
  const cases = partOf(size === 'full' ? [...QUICK, ...FURTHER] : QUICK, part);
  const plane = await startControlPlane({ audit: true, users: CONTEST_USERS, report: log });
  const takeovers: object[] = [];
  const faults: string[] = [];
  try {
    await installCrds(plane.raw, readCrds());
    const driver = await startMockDriver(plane.stage);
    for (const one of cases) {
      const title = `${one.leader}-${one.standby}-${one.way}`;
      const bound = boundMs(one, durations);
      for (const takeover of await contest(plane, driver, { ...one, name: title, durations })) {
        const { role, ms, sinceRenewalMs, writes } = takeover;
        const found = [...takeover.faults, ...(ms > bound ? [`takeover took ${ms} ms, at most ${bound} are allowed`] : [])];
        if (writes.includes(0)) found.push('one of the two wrote nothing, so the contest shows nothing');
        log(
          `${title.padEnd(22)} ${role.padEnd(20)} taken over after ${ms} ms (at most ${bound}), ${sinceRenewalMs} ms after the last renewal; writes ${writes.join(' and ')}${found.length === 0 ? '' : `: ${found.join('; ')}`}`,
        );
        takeovers.push({ case: title, role, ms, boundMs: bound });
        faults.push(...found.map((fault) => `${title}, ${role}: ${fault}`));
      }
    }
  } finally {
    await plane.stop();
  }
  return { ok: faults.length === 0, durations, takeovers, faults };
}
