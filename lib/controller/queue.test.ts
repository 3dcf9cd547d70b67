import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DelayHeap } from './delay-heap.ts';
import type { QueueMetrics } from './queue.ts';
import { createQueue } from './queue.ts';
import { ManualClock } from './testing/manual-clock.ts';

function setUp(workers = 5, groupOf?: (key: string) => string) {
  const clock = new ManualClock();
  const told: string[] = [];
  let look = (): { depth: number; since: readonly number[] } => ({ depth: -1, since: [] });
  const metrics: QueueMetrics = {
    opened: (_queue, { depth, startsOfWork }) => {
      look = () => ({ depth: depth(), since: startsOfWork() });
    },
    added: (queue) => told.push(`added ${queue}`),
    started: (_queue, waitedMs) => told.push(`started after ${waitedMs}`),
    finished: (_queue, workedMs) => told.push(`finished after ${workedMs}`),
    retried: () => told.push('retried'),
  };
  let readies = 0;
  const queue = createQueue({
    name: 'q',
    clock,
    metrics,
    workers,
    ...(groupOf === undefined ? {} : { groupOf }),
    ready: () => {
      readies += 1;
    },
  });
  const takeAll = (): string[] => {
    const keys: string[] = [];
    for (let key = queue.take(); key !== undefined; key = queue.take()) keys.push(key);
    return keys;
  };
  return { clock, queue, told, takeAll, readies: () => readies, look: () => look() };
}

describe('the queue', () => {
  test('serves keys once, in the order in which they came', () => {
    const { queue, takeAll } = setUp();
    for (const key of ['b', 'a', 'b', 'c']) queue.add(key);
    expect(takeAll()).toEqual(['b', 'a', 'c']);
  });

  test('serves them so however many wait, come back or come anew', () => {
    const { queue, clock, takeAll } = setUp(3);
    const all = Array.from({ length: 50 }, (_, index) => `key ${index}`);
    for (const key of all) queue.add(key);
    const served: string[] = [];
    for (let keys = takeAll(); keys.length > 0; keys = takeAll()) {
      served.push(...keys);
      for (const key of keys) queue.finish(key);
      if (served.length === 30) queue.add('key 0');
    }
    expect(served).toEqual([...all, 'key 0']);
    expect(queue.depth).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test('never hands out a key that is in work, and hands it out again when it ended', () => {
    const { queue, takeAll, readies } = setUp();
    queue.add('a');
    expect(takeAll()).toEqual(['a']);
    queue.add('a');
    queue.add('a');
    expect(takeAll()).toEqual([]);
    expect(queue.depth).toBe(1);
    const before = readies();
    queue.finish('a');
    expect(readies()).toBe(before + 1);
    expect(takeAll()).toEqual(['a']);
    queue.finish('a');
    expect(takeAll()).toEqual([]);
  });

  test('a delayed key comes at its time, the soonest one', async () => {
    const { queue, clock, takeAll } = setUp();
    queue.addAfter('a', 1000);
    queue.addAfter('a', 500);
    queue.addAfter('a', 800);
    queue.addAfter('b', 600);
    await clock.advance(499);
    expect(takeAll()).toEqual([]);
    await clock.advance(1);
    expect(takeAll()).toEqual(['a']);
    queue.finish('a');
    await clock.advance(10_000);
    expect(takeAll()).toEqual(['b']);
    expect(clock.timers).toBe(0);
  });

  test('taking a key forgets its delayed time, and setting it while in work holds', async () => {
    const { queue, clock, takeAll } = setUp();
    queue.addAfter('a', 1000);
    queue.add('a');
    expect(takeAll()).toEqual(['a']);
    expect(queue.delayed).toBe(0);
    queue.addAfter('a', 300);
    queue.finish('a');
    await clock.advance(300);
    expect(takeAll()).toEqual(['a']);
    await clock.advance(5_000);
    expect(takeAll()).toEqual([]);
  });

  test('a delayed key that becomes due while in work is due again afterwards', async () => {
    const { queue, clock, takeAll } = setUp();
    queue.add('a');
    expect(takeAll()).toEqual(['a']);
    queue.addAfter('a', 100);
    await clock.advance(200);
    expect(takeAll()).toEqual([]);
    queue.finish('a');
    expect(takeAll()).toEqual(['a']);
  });

  test('reports depth, waiting and work as the peers do', async () => {
    const { queue, clock, told, look } = setUp();
    expect(look()).toEqual({ depth: 0, since: [] });
    queue.add('a');
    queue.add('a');
    expect(look()).toEqual({ depth: 1, since: [] });
    await clock.advance(30);
    queue.take();
    expect(look()).toEqual({ depth: 0, since: [clock.monotonic()] });
    await clock.advance(70);
    queue.finish('a');
    queue.addAfter('a', 10);
    expect(look()).toEqual({ depth: 0, since: [] });
    expect(told).toEqual(['added q', 'started after 30', 'finished after 70', 'retried']);
  });

  test('hands out no more keys than there are workers', () => {
    const { queue, takeAll } = setUp(2);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    expect(takeAll()).toEqual(['a', 'b']);
    queue.finish('b');
    expect(takeAll()).toEqual(['c']);
  });

  test('of a crowd of keys that come back some are taken in each turn, and what else comes is taken between', async () => {
    const { queue, clock, takeAll } = setUp(100);
    const keys = Array.from({ length: 25 }, (_, index) => `retry-${index}`);
    for (const key of keys) queue.addAfter(key, 100);
    await clock.advance(100);
    expect(takeAll()).toEqual(keys.slice(0, 10));
    queue.add('new');
    expect(takeAll()).toEqual(['new']);
    await clock.advance(0);
    expect(takeAll()).toEqual(keys.slice(10, 20));
    await clock.advance(0);
    expect(takeAll()).toEqual(keys.slice(20));
    expect(clock.timers).toBe(0);
  });

  test('keys that come back leave one worker in ten to others, however many they are', async () => {
    const { queue, clock, takeAll } = setUp(20);
    const keys = Array.from({ length: 30 }, (_, index) => `retry-${index}`);
    for (const key of keys) queue.addAfter(key, 100);
    await clock.advance(100);
    const taken = takeAll();
    await clock.advance(0);
    expect([...taken, ...takeAll()]).toEqual(keys.slice(0, 18));
    for (const key of ['new-0', 'new-1', 'new-2']) queue.add(key);
    expect(takeAll()).toEqual(['new-0', 'new-1']);
    queue.finish('new-0');
    expect(takeAll()).toEqual(['new-2']);
    queue.finish('retry-0');
    expect(takeAll()).toEqual(['retry-18']);
  });

  test('keys that come back wait for their turn only, where there are workers enough', async () => {
    const { queue, clock, takeAll } = setUp(10);
    queue.add('a');
    queue.addAfter('b', 50);
    await clock.advance(50);
    queue.add('c');
    expect(takeAll()).toEqual(['a', 'b', 'c']);
  });

  test('few workers have none to spare: keys that come back get them all', async () => {
    const { queue, clock, takeAll } = setUp(9);
    for (let index = 0; index < 9; index += 1) queue.addAfter(`retry-${index}`, 100);
    await clock.advance(100);
    expect(takeAll()).toHaveLength(9);
  });

  test('where thousands of one group hang, one of another waits for one of them and not for all', async () => {
    const { queue, clock, takeAll } = setUp(20, (key) => key.split('-')[0] ?? '');
    for (let index = 0; index < 1000; index += 1) queue.add(`hanging-${index}`);
    expect(takeAll(), 'one group alone has all workers').toHaveLength(20);
    queue.add('other-0');
    queue.addAfter('other-1', 5);
    for (let index = 1000; index < 1100; index += 1) queue.addAfter(`hanging-${index}`, 4);
    await clock.advance(10);
    expect(takeAll()).toEqual([]);
    queue.finish('hanging-0');
    expect(takeAll()).toEqual(['other-0']);
    queue.finish('hanging-1');
    queue.finish('other-0');
    expect(takeAll(), 'who comes back, too').toEqual(['other-1', 'hanging-20']);
    queue.finish('other-1');
    expect(takeAll()).toEqual(['hanging-21']);
  });

  test('groups that both have much to do share the workers, each in its own order', () => {
    const { queue, takeAll } = setUp(4, (key) => key.slice(0, 1));
    for (const key of ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2', 'b3']) queue.add(key);
    expect(takeAll()).toEqual(['a1', 'b1', 'a2', 'b2']);
    queue.finish('b1');
    expect(takeAll()).toEqual(['b3']);
  });

  test('a closed queue hands out nothing and leaves no timer', async () => {
    const { queue, clock, takeAll } = setUp();
    queue.add('a');
    queue.addAfter('b', 100);
    queue.close();
    expect(clock.timers).toBe(0);
    await clock.advance(200);
    queue.add('c');
    expect(takeAll()).toEqual([]);
  });
});

test('the heap answers what a sorted list would, for any order of settings and deletions', () => {
  const command = fc.oneof(
    { weight: 12, arbitrary: fc.record({ kind: fc.constant('set' as const), key: fc.nat(200), at: fc.nat(500) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), key: fc.nat(200) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('take' as const), at: fc.nat(300) }) },
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300, size: 'max' }), (commands) => {
      const heap = new DelayHeap();
      const model = new Map<string, { at: number; sequence: number }>();
      commands.forEach((one, sequence) => {
        if (one.kind === 'set') {
          const key = String(one.key);
          heap.set(key, one.at);
          const present = model.get(key);
          if (present === undefined || present.at > one.at) model.set(key, { at: one.at, sequence });
        } else if (one.kind === 'delete') {
          heap.delete(String(one.key));
          model.delete(String(one.key));
        } else {
          const due = [...model].filter(([, { at }]) => at <= one.at).sort(([, a], [, b]) => a.at - b.at || a.sequence - b.sequence);
          for (const [key] of due) model.delete(key);
          expect(heap.takeDue(one.at)).toEqual(due.map(([key]) => key));
        }
        expect(heap.size).toBe(model.size);
        expect(heap.next()).toBe(Math.min(Number.POSITIVE_INFINITY, ...[...model.values()].map(({ at }) => at)));
      });
    }),
    { seed: 7, numRuns: 40 },
  );
});
