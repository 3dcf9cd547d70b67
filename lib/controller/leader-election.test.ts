import { afterEach, describe, expect, test } from 'vitest';
import { sleep } from '../doors/sleep.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Lease } from '../kube/objects.ts';
import { LEASES } from '../kube/resources.ts';
import type { LeaderElection, LeaderElectionOptions } from './leader-election.ts';
import { createLeaderElection } from './leader-election.ts';
import { sanitiseLeaseName } from './lease-name.ts';
import type { EventNote } from './step.ts';
import { fixedRandom } from './testing/fixed-random.ts';
import { ManualClock } from './testing/manual-clock.ts';
import type { Fault } from './testing/memory-api.ts';
import { apiError, MemoryApi } from './testing/memory-api.ts';
import { memoryLog } from './testing/memory-log.ts';

const NAME = { name: 'snapshot-controller-leader', namespace: 'kube-system' };

/** One server and one clock, and replicas whose connection and wall clock can be spoilt. */
class World {
  readonly clock = new ManualClock();
  readonly api = new MemoryApi();
  readonly log = memoryLog();
  readonly lost: string[] = [];
  readonly events: EventNote[] = [];
  readonly running: LeaderElection[] = [];

  replica(identity: string, fault: Fault = () => undefined, more: Partial<LeaderElectionOptions> = {}): LeaderElection {
    const election = createLeaderElection({
      ...NAME,
      identity,
      client: this.api.client(fault),
      doors: { clock: this.clock, random: fixedRandom(0) },
      log: this.log,
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 5_000,
      events: { record: (note) => this.events.push(note) },
      eventComponent: `lock/${identity}`,
      onLost: (error) => this.lost.push(error.message),
      ...more,
    });
    this.running.push(election);
    election.start();
    return election;
  }

  lease(): Lease {
    return [...this.api.objects.values()][0] as Lease;
  }

  /** Another program writes the lease, as a Go replica does. */
  write(spec: NonNullable<Lease['spec']>): void {
    this.api.put(LEASES, { metadata: NAME, spec });
  }
}

const worlds: World[] = [];
function world(): World {
  const made = new World();
  worlds.push(made);
  return made;
}

afterEach(async () => {
  const gone = AbortSignal.abort();
  for (const one of worlds.splice(0)) {
    await Promise.all(one.running.map((election) => election.stop(gone)));
    await one.clock.settle();
    expect(one.clock.timers, 'timers left behind').toBe(0);
    expect(one.api.openWatches, 'watches left behind').toBe(0);
  }
});

const never = new AbortController().signal;

describe('a single replica', () => {
  test("creates the lease in client-go's form, with labels, and tells who leads", async () => {
    const w = world();
    const a = w.replica('a', undefined, { labels: { team: 'storage' } });
    await a.elected(never);
    expect(w.lease()).toMatchObject({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...NAME, labels: { team: 'storage' } },
      spec: {
        holderIdentity: 'a',
        leaseDurationSeconds: 15,
        acquireTime: '2026-01-01T00:00:00.000000Z',
        renewTime: '2026-01-01T00:00:00.000000Z',
        leaseTransitions: 0,
      },
    });
    expect([a.isLeader(), a.isFresh(), a.holder()]).toEqual([true, true, 'a']);
    expect(w.events).toMatchObject([{ reason: 'LeaderElection', message: 'a became leader', component: 'lock/a' }]);
  });

  test('renews every retry period by one PUT, and keeps when it was acquired', async () => {
    const w = world();
    const a = w.replica('a');
    await w.clock.advance(20_000);
    expect(w.api.calls.map(({ verb }) => verb)).toEqual(['get', 'create', 'replace', 'replace', 'replace', 'replace']);
    expect(w.lease().spec).toMatchObject({
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:20.000000Z',
      leaseTransitions: 0,
    });
    expect(a.isFresh()).toBe(true);
  });

  test('is not fresh since a moment until it was renewed after it', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    await w.clock.advance(1_000);
    const since = w.clock.monotonic();
    expect([a.isFresh(), a.isFresh(since)]).toEqual([true, false]);
    await w.clock.advance(5_000);
    expect(a.isFresh(since)).toBe(true);
  });

  test('takes a lease that is its own again after a restart, without waiting', async () => {
    const w = world();
    w.write({ holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: 'old', acquireTime: 'then', leaseTransitions: 3 });
    await w.replica('a').elected(never);
    expect(w.lease().spec).toMatchObject({ leaseTransitions: 3, acquireTime: 'then' });
  });

  test('keeps what others wrote into the lease', async () => {
    const w = world();
    w.api.put(LEASES, {
      metadata: { ...NAME, annotations: { a: 'b' } },
      spec: { holderIdentity: '', leaseTransitions: 4, strategy: 'x' } as Lease['spec'] & object,
    });
    await w.replica('a').elected(never);
    expect(w.lease()).toMatchObject({ metadata: { annotations: { a: 'b' } }, spec: { strategy: 'x', leaseTransitions: 5 } });
  });

  test('a label changed by a user costs one more read, not the lease', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    w.api.put(LEASES, { ...w.lease(), metadata: { ...w.lease().metadata, labels: { x: 'y' } } });
    await w.clock.advance(5_000);
    expect(w.lost).toEqual([]);
    expect(w.lease().metadata?.labels).toEqual({ x: 'y' });
    expect(a.isFresh()).toBe(true);
  });

  test('durations that would allow two leaders are refused, naming the flags', () => {
    const bad = (more: Partial<LeaderElectionOptions>) => () => new World().replica('a', undefined, more);
    expect(bad({ renewDeadlineMs: 15_000 })).toThrow('--leader-election-renew-deadline');
    expect(bad({ retryPeriodMs: 9_000 })).toThrow('--leader-election-retry-period');
  });
});

describe('takeover', () => {
  test('after a release the standby leads at once: it watches', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    const b = w.replica('b');
    await w.clock.advance(12_000);
    expect(b.isLeader()).toBe(false);
    w.api.calls.length = 0;
    await a.stop(never);
    expect(w.api.calls.map(({ verb }) => verb)).toEqual(['get', 'replace']);
    expect(w.lease().spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await w.clock.advance(1_000);
    expect([a.isLeader(), b.isLeader()]).toEqual([false, true]);
    expect(w.lease().spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1, leaseDurationSeconds: 15 });
  });

  test('after a deletion the standby leads at once', async () => {
    const w = world();
    w.write({ holderIdentity: 'other', leaseDurationSeconds: 15, renewTime: '1' });
    const b = w.replica('b');
    await w.clock.settle();
    w.api.remove(LEASES, NAME.name, NAME.namespace);
    await w.clock.settle();
    expect(b.isLeader()).toBe(true);
  });

  test('from a dead holder not before its lease ran out since it was last seen to change, and soon after', async () => {
    const w = world();
    w.write({ holderIdentity: 'go', leaseDurationSeconds: 15, renewTime: '1' });
    const b = w.replica('b');
    for (let beat = 2; beat < 6; beat += 1) {
      await w.clock.advance(10_000);
      w.write({ holderIdentity: 'go', leaseDurationSeconds: 15, renewTime: String(beat) });
    }
    await w.clock.advance(14_999);
    expect(b.isLeader()).toBe(false);
    await w.clock.advance(2);
    expect(b.isLeader()).toBe(true);
  });

  test('a slow answer is waited for as client-go waits: who gave up would see the record a retry period later', async () => {
    const w = world();
    w.write({ holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: 'old' });
    const client = w.api.client();
    const slow: KubeClient = {
      ...client,
      get: async (resource, target, signal) => {
        await sleep(w.clock, 4_000, signal ?? never);
        return client.get(resource, target, signal);
      },
    };
    const b = w.replica('b', undefined, { client: slow });
    await w.clock.advance(18_000);
    expect(b.isLeader()).toBe(false);
    await w.clock.advance(6_000);
    expect(b.isLeader()).toBe(true);
  });

  test('the clock of the holder is never trusted, be it years off', async () => {
    for (const renewTime of ['1999-01-01T00:00:00.000000Z', '2099-01-01T00:00:00.000000Z']) {
      const w = world();
      w.write({ holderIdentity: 'go', leaseDurationSeconds: 15, renewTime });
      const b = w.replica('b');
      await w.clock.advance(14_999);
      expect(b.isLeader()).toBe(false);
      await w.clock.advance(2);
      expect(b.isLeader()).toBe(true);
    }
  });

  test('a duration that the holder chose counts, not our own', async () => {
    const w = world();
    w.write({ holderIdentity: 'go', leaseDurationSeconds: 60, renewTime: '1' });
    const b = w.replica('b');
    await w.clock.advance(59_000);
    expect(b.isLeader()).toBe(false);
    await w.clock.advance(1_001);
    expect(b.isLeader()).toBe(true);
  });

  test('where watching is forbidden it polls, within 2.2 retry periods of the expiry, and says so once', async () => {
    const w = world();
    w.write({ holderIdentity: 'go', leaseDurationSeconds: 15, renewTime: '1' });
    const b = w.replica('b', ({ verb }) => (verb === 'watch' ? apiError(403) : undefined));
    await w.clock.advance(26_000);
    expect(b.isLeader()).toBe(true);
    expect(w.api.count('watch')).toBe(1);
    expect(w.log.messages('info').filter((message) => message.includes('cannot be watched'))).toHaveLength(1);
  });

  test('a half-open watch does not make a living leader lose: taking over begins with a read', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    const b = w.replica('b', ({ verb }) => (verb === 'watch' ? 'never' : undefined));
    await w.clock.advance(120_000);
    expect([a.isLeader(), b.isLeader()]).toEqual([true, false]);
    expect(w.lost).toEqual([]);
  });

  test('of many standbys exactly one wins a released lease', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    const others = ['b', 'c', 'd', 'e'].map((name) => w.replica(name));
    await w.clock.settle();
    await a.stop(never);
    await w.clock.advance(5_000);
    expect(others.filter((one) => one.isLeader())).toHaveLength(1);
    expect(w.lost).toEqual([]);
  });

  test('a standby that lost a race looks again within a second, not a retry period later', async () => {
    const w = world();
    w.write({ holderIdentity: '', leaseDurationSeconds: 1, renewTime: '1' });
    let races = 0;
    const b = w.replica('b', ({ verb }) => {
      if (verb !== 'replace' || races > 0) return undefined;
      races += 1;
      return apiError(409, 'Conflict');
    });
    await w.clock.advance(1_000);
    expect(b.isLeader()).toBe(true);
  });

  test('a server that ends watches at once is not asked in a hot loop', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    const closing: Partial<LeaderElectionOptions> = {
      client: {
        ...w.api.client(),
        watch: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) }),
      },
    };
    w.api.calls.length = 0;
    w.replica('b', undefined, closing);
    await w.clock.advance(60_000);
    expect(w.api.count('get')).toBeLessThan(14);
  });

  test('a standby asks little while the holder lives', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    w.api.calls.length = 0;
    w.replica('b');
    await w.clock.advance(300_000);
    expect(w.api.calls.filter(({ verb }) => verb !== 'replace').map(({ verb }) => verb)).toEqual(['get', 'watch']);
  });
});

describe('losing', () => {
  test('a leader that cannot renew has lost at the renew deadline, before anybody can have won', async () => {
    const w = world();
    let cut = false;
    const a = w.replica('a', () => (cut ? apiError(0, 'Unreachable') : undefined));
    await a.elected(never);
    const b = w.replica('b');
    await w.clock.settle();
    cut = true;
    await w.clock.advance(9_999);
    expect([w.lost, a.isFresh()]).toEqual([[], true]);
    await w.clock.advance(1);
    expect(a.isFresh()).toBe(false);
    expect(w.lost).toEqual(['lease kube-system/snapshot-controller-leader is lost: it could not be renewed within the renew deadline']);
    expect([a.isLeader(), b.isLeader()]).toEqual([false, false]);
    await w.clock.advance(5_001);
    expect(b.isLeader()).toBe(true);
  });

  test('a half-open connection is given up in time for another try', async () => {
    const w = world();
    let silent = 0;
    const a = w.replica('a', ({ verb }) => {
      if (verb !== 'replace' || silent >= 1) return undefined;
      silent += 1;
      return 'never';
    });
    await a.elected(never);
    await w.clock.advance(60_000);
    expect([w.lost, a.isFresh()]).toEqual([[], true]);
  });

  test('a few refused renewals cost nothing', async () => {
    const w = world();
    let refusals = 0;
    const a = w.replica('a', ({ verb }) => {
      if (verb === 'get' || refusals >= 2) return undefined;
      if (verb === 'replace') refusals += 1;
      return verb === 'replace' ? apiError(500) : undefined;
    });
    await a.elected(never);
    await w.clock.advance(60_000);
    expect([w.lost, a.isFresh()]).toEqual([[], true]);
  });

  test('a leader that sees another holder has lost at once', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    w.write({ holderIdentity: 'thief', leaseDurationSeconds: 15, renewTime: '1' });
    await w.clock.advance(5_000);
    expect(w.lost).toEqual(['lease kube-system/snapshot-controller-leader is lost: thief took it']);
    expect([a.isLeader(), a.isFresh(), a.holder()]).toEqual([false, false, 'thief']);
  });

  test('a lease that another held and gave back is not taken again unseen: the other has acted', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    w.write({ holderIdentity: '', leaseDurationSeconds: 1, renewTime: '1', leaseTransitions: 2 });
    await w.clock.advance(5_000);
    expect(w.lost).toHaveLength(1);
    expect(w.lease().spec?.holderIdentity).toBe('');
  });

  test('a process that was suspended knows by its wall clock that it is not fresh, until it renewed', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    w.clock.wallOffset += 10_000;
    expect([a.isLeader(), a.isFresh()]).toEqual([true, false]);
    await w.clock.advance(5_000);
    expect(a.isFresh()).toBe(true);
    w.clock.wallOffset -= 3_600_000;
    expect(a.isFresh()).toBe(true);
  });

  test('a process that stood still knows so by its monotonic clock, too, if its wall clock was set back meanwhile', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    w.clock.wallOffset -= 3_600_000;
    w.clock.passUnseen(9_999);
    expect([a.isLeader(), a.isFresh()]).toEqual([true, true]);
    w.clock.passUnseen(1);
    expect([a.isLeader(), a.isFresh()]).toEqual([true, false]);
    await w.clock.advance(5_000);
    expect(a.isFresh()).toBe(true);
  });

  test('freshness counts from the sending of a renewal, not from its answer', async () => {
    const w = world();
    const a = w.replica('a');
    await a.elected(never);
    const client = w.api.client(({ verb }) => (verb === 'replace' ? apiError(0, 'Unreachable') : undefined));
    const slow = w.replica('s', undefined, {
      name: 'slow',
      retryPeriodMs: 1_000,
      client: {
        ...client,
        create: async (resource, body, options) => {
          await new Promise<void>((resolve) => w.clock.setTimer(4_000, resolve));
          return client.create(resource, body, options);
        },
      },
    });
    await w.clock.advance(4_000);
    expect(slow.isFresh()).toBe(true);
    await w.clock.advance(5_999);
    expect(slow.isFresh()).toBe(true);
    await w.clock.advance(1);
    expect(slow.isFresh()).toBe(false);
  });

  test('the health check fails only for a leader whose record is old', async () => {
    const w = world();
    let cut = false;
    // Silence without an end: the loop hangs, as a stalled process would.
    const a = w.replica('a', () => (cut ? 'never' : undefined));
    await a.elected(never);
    cut = true;
    expect(a.isHealthy(20_000)).toBe(true);
    const standby = w.replica('b');
    expect(standby.isHealthy(0)).toBe(true);
  });
});

describe('stopping', () => {
  test('a renewal that was cut short does not keep the lease from being given back', async () => {
    const w = world();
    let lostAnswer = false;
    const a = w.replica('a', ({ verb }) => {
      if (!lostAnswer || verb !== 'replace') return undefined;
      lostAnswer = false;
      // Applied on the server; the answer never comes.
      w.api.put(LEASES, w.lease());
      return 'never';
    });
    await a.elected(never);
    lostAnswer = true;
    await w.clock.advance(5_000);
    await a.stop(never);
    expect(w.lease().spec?.holderIdentity).toBe('');
  });

  test('a renewal that overtakes the giving back does not keep the lease', async () => {
    const w = world();
    let underWay = false;
    const a = w.replica('a', ({ verb }) => {
      if (underWay && verb === 'replace') w.api.put(LEASES, w.lease());
      if (verb === 'replace') underWay = false;
      return undefined;
    });
    await a.elected(never);
    underWay = true;
    await a.stop(never);
    expect(w.lease().spec?.holderIdentity).toBe('');
    expect(w.log.messages('warn')).toEqual([]);
  });

  test('a claim whose answer never came is given back, too', async () => {
    const w = world();
    const a = w.replica('a', ({ verb }) => {
      if (verb !== 'create') return undefined;
      w.write({ holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '1' });
      return 'never';
    });
    await w.clock.settle();
    expect(a.isLeader()).toBe(false);
    await a.stop(never);
    expect(w.lease().spec?.holderIdentity).toBe('');
  });

  test('a standby that stops leaves the lease alone and fails whoever waits', async () => {
    const w = world();
    w.write({ holderIdentity: 'go', leaseDurationSeconds: 15, renewTime: '1' });
    const b = w.replica('b');
    const refused = expect(b.elected(never)).rejects.toThrow('was not acquired');
    await w.clock.settle();
    const asked = w.api.calls.length;
    await b.stop(never);
    await refused;
    expect(w.api.calls).toHaveLength(asked);
    expect(w.lease().spec?.holderIdentity).toBe('go');
  });

  test('a server that does not answer cannot hold up the end for longer than the signal', async () => {
    const w = world();
    let cut = false;
    const a = w.replica('a', () => (cut ? 'never' : undefined));
    await a.elected(never);
    cut = true;
    const limit = new AbortController();
    const stopping = a.stop(limit.signal);
    await w.clock.settle();
    limit.abort();
    await stopping;
    expect(w.log.messages('warn')).toEqual(['lease could not be given back']);
  });

  test('a lease that is refused is said with the remedy, and tried again', async () => {
    const w = world();
    let allowed = false;
    const a = w.replica('a', () => (allowed ? undefined : apiError(403, 'Forbidden')));
    await w.clock.advance(1);
    expect(w.log.lines.find(({ level }) => level === 'warn')?.fields['remedy']).toBe('grant get, create and update on leases');
    expect(a.refusal()).toMatch(/^403 Forbidden/);
    allowed = true;
    await w.clock.advance(12_000);
    expect(a.isLeader()).toBe(true);
    expect(a.refusal()).toBeUndefined();
  });

  test('a namespace, a name or a body that is refused is told at once, then once a minute for as long as it lasts', async () => {
    for (const [status, remedy] of [
      [400, /^mend /],
      [404, /namespace kube-system/],
      [422, /^mend /],
    ] as const) {
      const w = world();
      const a = w.replica('a', ({ verb }) => (verb === 'create' ? apiError(status, 'Refused') : undefined));
      await w.clock.advance(150_000);
      const told = w.log.lines.filter(({ level, message }) => level === 'warn' && message === 'lease is refused');
      expect(told, String(status)).toHaveLength(3);
      expect(told[0]?.fields['remedy']).toMatch(remedy);
      expect(a.refusal()).toMatch(new RegExp(`^${status} `));
    }
  });

  test('a lease that is deleted while it is taken over is made anew, without an alarm', async () => {
    const w = world();
    w.write({ holderIdentity: '', leaseDurationSeconds: 1, renewTime: '1' });
    const b = w.replica('b', ({ verb }) => {
      if (verb === 'replace') w.api.remove(LEASES, NAME.name, NAME.namespace);
      return undefined;
    });
    await b.elected(never);
    expect(w.lease().spec?.holderIdentity).toBe('b');
    expect(w.log.messages('warn')).toEqual([]);
  });
});

test('lease names are made from driver names as the Go programs make them', () => {
  expect(['hostpath.csi.k8s.io', 'a_b/c', 'ends-', 'ends.', 'ok'].map(sanitiseLeaseName)).toEqual([
    'hostpath-csi-k8s-io',
    'a-b-c',
    'ends-X',
    'ends-X',
    'ok',
  ]);
});
