/**
 * Fail-over on a real kube-apiserver, the small part of `npm run verify -- leader`: what holds whatever the
 * machine's speed. How fast it is, in milliseconds, is for the verification to say.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { actsAfterLease, judge } from '../verify/leader-audit.ts';
import type { ContestSpec, Takeover } from '../verify/leader-contest.ts';
import { CONTEST_USERS, contest, hostNameProblem } from '../verify/leader-contest.ts';
import type { AuditCall } from '../../harness/real/audit.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { ROLES } from './programs.ts';

describe('from the audit log', () => {
  const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000Z`;
  const call = (user: string, second: number, other: Partial<AuditCall> = {}): AuditCall => ({
    ...{
      user,
      agent: 'program',
      verb: 'update',
      group: 'coordination.k8s.io',
      resource: 'leases',
      namespace: 'kube-system',
      name: 'the-lease',
      code: 200,
      path: '',
    },
    ...{ at: at(second), bodyBytes: 0 },
    ...other,
  });
  const work = { verb: 'create', resource: 'persistentvolumes', name: 'pv', code: 201 };
  const rivalry = (calls: readonly AuditCall[]) => ({ lease: 'the-lease', users: ['a', 'b'], calls });

  test('who wrote the lease last leads, and its writes are counted', () => {
    const { reigns, usurpations } = judge(rivalry([call('a', 1), call('a', 2, work), call('a', 3), call('b', 9), call('b', 10, work)]));
    expect(reigns.map(({ user, renewedMs, fromMs, writes }) => [user, renewedMs - fromMs, writes])).toEqual([
      ['a', 2000, 1],
      ['b', 0, 1],
    ]);
    expect(usurpations).toEqual([]);
  });

  test('a write of an old leader, or of one that never led, is found, in whatever order the log has it', () => {
    const { usurpations } = judge(rivalry([call('b', 9), call('b', 0, work), call('a', 1), call('a', 10, work)]));
    expect(usurpations).toEqual([
      `b: create persistentvolumes pv at ${at(0)} while nobody led`,
      `a: create persistentvolumes pv at ${at(10)} while b led`,
    ]);
  });

  test('refused writes, reads, events, other leases and strangers change nothing', () => {
    const { reigns, usurpations } = judge(
      rivalry([
        call('a', 1),
        call('b', 2, { code: 409 }),
        call('b', 3, { ...work, verb: 'list' }),
        call('b', 4, { ...work, resource: 'events' }),
        call('stranger', 5, work),
        call('a', 6, { name: 'csi-journal-mock' }),
      ]),
    );
    expect(reigns.map(({ user, writes }) => [user, writes])).toEqual([['a', 1]]);
    expect(usurpations).toEqual([]);
  });

  test('what a leader writes after it gave the lease back is found', () => {
    const calls = [call('a', 1), call('a', 2, work), call('a', 3), call('a', 4, { ...work, resource: 'events' })];
    expect(actsAfterLease(rivalry(calls), 'a')).toEqual([]);
    expect(actsAfterLease(rivalry([...calls, call('a', 5, work)]), 'a')).toHaveLength(1);
  });
});

const problem = hostNameProblem();

describe('on a real API server', () => {
  let plane: ControlPlane;
  let driver: MockDriver;

  beforeAll(async () => {
    if (problem !== undefined) return;
    plane = await startControlPlane({ audit: true, users: CONTEST_USERS });
    await installCrds(plane.raw, readCrds());
    driver = await startMockDriver(plane.stage);
  });
  afterAll(() => plane?.stop());

  const short = { leaseSeconds: 8, renewSeconds: 6, retrySeconds: 1 };
  // Nobody waits for this one to expire: who takes it over was told that it is free.
  const endless = { leaseSeconds: 600, renewSeconds: 540, retrySeconds: 400 };

  const expectOneLeader = (takeovers: readonly Takeover[]): void => {
    expect(takeovers.map(({ role, faults }) => [role, faults])).toEqual(ROLES.map((role) => [role, []]));
    for (const { writes } of takeovers) expect(Math.min(...writes)).toBeGreaterThan(0);
    for (const { role, ms } of takeovers) process.stdout.write(`${role}: taken over after ${ms} ms\n`);
  };

  const cases: readonly (readonly [string, ContestSpec])[] = [
    [
      'a leader that is told to end gives the lease back, and a standby takes it without polling or waiting',
      { name: 'given-back', leader: 'ours', standby: 'ours', way: 'terminate', durations: endless },
    ],
    [
      'a Go program takes over from one of ours that was killed, and two never lead',
      { name: 'ours-killed', leader: 'ours', standby: 'go', way: 'kill', durations: short },
    ],
    [
      'one of ours takes over from a Go program that was killed, and two never lead',
      { name: 'go-killed', leader: 'go', standby: 'ours', way: 'kill', durations: short },
    ],
  ];
  test.for(cases)('%s', async ([, spec], context) => {
    context.skip(problem !== undefined, problem);
    expectOneLeader(await contest(plane, driver, spec));
  });
});
