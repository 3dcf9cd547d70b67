import type { KeyInspection } from './inspection.ts';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../kube/api-error.ts';
import type { Controller } from './controller.ts';
import { createController } from './controller.ts';
import { MAX_STEPS } from './reconcile.ts';
import type { Effect, EventNote, Reconciler, Rest } from './step.ts';
import { TerminalError } from '../errors/terminal-error.ts';
import { fixedRandom } from './testing/fixed-random.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { memoryLog } from './testing/memory-log.ts';
import { eventReason } from './testing/event-reason.ts';

interface State {
  readonly key: string;
  /** Answers absorbed in this run, by effect. */
  readonly answers: Readonly<Record<string, string>>;
}

type Decide = (state: State) => Effect | Rest;

const conflict = (): ApiError => new ApiError({ status: 409, reason: 'Conflict', message: 'x', request: 'x' });
const broken = (retryAfterMs?: number): ApiError =>
  new ApiError({ status: 500, reason: 'x', message: 'x', request: 'x', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
const DONE: Rest = { kind: 'done', reason: 'finished' };
const effect = (kind: string, inputs = 'i'): Effect => ({ kind, backoff: kind, inputs });

/** A world of one reconciler: what it decides and does is given, what it did is recorded with its time. */
class World {
  readonly clock = new ManualClock();
  readonly log = memoryLog();
  readonly executed: string[] = [];
  readonly gathered: string[] = [];
  readonly events: EventNote[] = [];
  readonly fatal: unknown[] = [];
  readonly stop = new AbortController();
  leaseFresh = true;
  decide: Decide = () => DONE;
  gather: Reconciler<State, Effect, string>['gather'] = (key) => ({ key, answers: {} });
  execute: (step: Effect, signal: AbortSignal) => Promise<string> = () => Promise.resolve('ok');
  readonly controller: Controller;
  inspect: () => readonly KeyInspection[] = () => [];

  constructor(workers = 1) {
    this.controller = createController<State, Effect, string>({
      name: 'things',
      workers,
      retryStartMs: 1_000,
      retryMaxMs: 60_000,
      doors: { clock: this.clock, random: fixedRandom(0) },
      log: this.log,
      events: { record: (note) => this.events.push(note) },
      metrics: { opened: () => {}, added: () => {}, started: () => {}, finished: () => {}, retried: () => {} },
      inspected: ({ inspect }) => {
        this.inspect = inspect;
      },
      leaseIsFresh: () => this.leaseFresh,
      fatal: (error) => this.fatal.push(error),
      reconciler: {
        gather: (key, signal) => {
          this.gathered.push(key);
          return this.gather(key, signal);
        },
        decide: (state) => this.decide(state),
        execute: (step, state, signal) => {
          this.executed.push(`${step.kind}(${state.key}) at ${this.clock.monotonic()}`);
          return this.execute(step, signal);
        },
        absorb: (state, step, answer) => ({ ...state, answers: { ...state.answers, [step.kind]: answer } }),
      },
    });
  }

  async run(key = 'a'): Promise<void> {
    this.controller.enqueue(key);
    this.controller.start(this.stop.signal);
    await this.clock.settle();
  }

  async poke(key = 'a'): Promise<void> {
    this.controller.enqueue(key);
    await this.clock.settle();
  }

  times(): readonly number[] {
    return this.executed.map((line) => Number(line.split(' at ')[1]));
  }

  held(key = 'a') {
    return this.controller.pending().held.get(key) ?? [];
  }
}

describe('whoever asks', () => {
  test('is told what is under way and since when, then what is held back and until when, and nothing at rest', async () => {
    const world = new World();
    let fail: (error: Error) => void = () => undefined;
    world.execute = () =>
      new Promise((_, reject) => {
        fail = reject;
      });
    world.decide = ({ answers }) => (answers['one'] === undefined ? effect('one') : DONE);
    await world.run();
    await world.clock.advance(500);
    expect(world.inspect()).toEqual([{ key: 'a', underWay: { effect: 'one', sinceMs: 0 }, heldBack: [] }]);
    fail(new Error('no'));
    await world.clock.settle();
    expect(world.inspect()).toEqual([{ key: 'a', underWay: undefined, heldBack: [{ effect: 'one', failures: 1, untilMs: 1500 }] }]);
    world.execute = () => Promise.resolve('ok');
    await world.clock.advance(1000);
    expect(world.inspect()).toEqual([]);
  });
});

describe('one run', () => {
  test('gathers once, then executes and absorbs until decide rests', async () => {
    const world = new World();
    world.decide = ({ answers }) => (answers['one'] === undefined ? effect('one') : answers['two'] === undefined ? effect('two') : DONE);
    await world.run();
    expect(world.executed).toEqual(['one(a) at 0', 'two(a) at 0']);
    expect(world.gathered).toEqual(['a']);
    await world.clock.advance(1_000_000);
    expect(world.gathered).toEqual(['a']);
  });

  test('records events before and after an effect, and those of a rest', async () => {
    const world = new World();
    const note = (reason: string): EventNote => ({ type: 'Normal', reason: eventReason(reason), message: '', regarding: {} });
    world.execute = () => {
      world.events.push(note('executed'));
      return Promise.resolve('ok');
    };
    world.decide = ({ answers }) =>
      answers['one'] === undefined
        ? { ...effect('one'), before: [note('before')], after: [note('after')] }
        : { ...DONE, kind: 'done', reason: '', events: [note('rest')] };
    await world.run();
    expect(world.events.map(({ reason }) => reason)).toEqual(['before', 'executed', 'after', 'rest']);
  });

  test('executes nothing, and says nothing, while the lease is not fresh; goes on once it is', async () => {
    const world = new World();
    world.leaseFresh = false;
    world.decide = ({ answers }) =>
      answers['one'] === undefined
        ? { ...effect('one'), before: [{ type: 'Normal', reason: eventReason('before'), message: '', regarding: {} }] }
        : DONE;
    await world.run();
    await world.clock.advance(10_000);
    expect([world.executed, world.events]).toEqual([[], []]);
    world.leaseFresh = true;
    await world.clock.advance(1_000);
    expect(world.executed).toHaveLength(1);
  });

  test('a key that is gone is forgotten', async () => {
    const world = new World();
    world.decide = () => ({ kind: 'retry', backoff: 'one', reason: '' });
    await world.run();
    expect(world.held()).toHaveLength(1);
    world.gather = () => undefined;
    await world.clock.advance(1_000);
    expect(world.controller.pending()).toEqual({ queued: 0, working: 0, held: new Map() });
  });

  test('keys enqueued before the start wait for it', async () => {
    const world = new World();
    world.controller.enqueue('a');
    await world.clock.settle();
    expect(world.gathered).toEqual([]);
    expect(world.controller.pending().queued).toBe(1);
    world.controller.start(world.stop.signal);
    await world.clock.settle();
    expect(world.gathered).toEqual(['a']);
  });

  test('a key changed while in work is gathered again, never twice at a time; others run beside it', async () => {
    const world = new World(2);
    const ends: (() => void)[] = [];
    world.execute = () => new Promise((resolve) => ends.push(() => resolve('ok')));
    world.decide = ({ answers }) => (answers['one'] === undefined ? effect('one') : DONE);
    await world.run('a');
    await world.poke('a');
    await world.poke('b');
    await world.poke('c');
    expect(world.executed).toEqual(['one(a) at 0', 'one(b) at 0']);
    ends[0]?.();
    await world.clock.settle();
    expect(world.executed).toEqual(['one(a) at 0', 'one(b) at 0', 'one(c) at 0']);
    ends[1]?.();
    await world.clock.settle();
    expect(world.executed.at(-1)).toBe('one(a) at 0');
  });
});

describe('not-before times', () => {
  test('a poll comes again at its steady pace, and events bring nothing forward', async () => {
    const world = new World();
    world.decide = ({ answers }) =>
      answers['check'] === undefined ? effect('check') : { kind: 'poll', backoff: 'check', afterMs: 5_000, reason: 'not ready' };
    await world.run();
    for (let second = 0; second < 20; second += 1) {
      await world.clock.advance(1_000);
      await world.poke();
    }
    expect(world.times()).toEqual([0, 5_000, 10_000, 15_000, 20_000]);
    expect(world.gathered.length).toBeGreaterThan(20);
  });

  test('errors follow the exponential curve to its limit, whatever events come', async () => {
    const world = new World();
    world.decide = ({ answers }) =>
      answers['call'] === undefined ? effect('call') : { kind: 'retry', backoff: 'call', reason: 'driver said no' };
    await world.run();
    for (let second = 0; second < 200; second += 1) {
      await world.clock.advance(1_000);
      await world.poke();
    }
    expect(world.times()).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 123_000, 183_000]);
    expect(world.held()[0]?.failures).toBe(9);
  });

  test('a step on the way that succeeds does not forget that the next one fails', async () => {
    const world = new World();
    const step = (action: string): Effect => ({ kind: 'make', action, backoff: 'make', inputs: 'i' });
    let next = 'read';
    world.gather = (key) => {
      next = 'read';
      return { key, answers: {} };
    };
    world.decide = () => step(next);
    world.execute = () => {
      if (next === 'write') return Promise.reject(broken());
      next = 'write';
      return Promise.resolve('ok');
    };
    await world.run();
    await world.clock.advance(20_000);
    expect(world.times()).toEqual([0, 0, 1_000, 1_000, 3_000, 3_000, 7_000, 7_000, 15_000, 15_000]);
  });

  test('other inputs clear the time and the count', async () => {
    const world = new World();
    let inputs = 'old';
    world.decide = ({ answers }) =>
      answers['call'] === undefined ? effect('call', inputs) : { kind: 'retry', backoff: 'call', reason: '' };
    await world.run();
    await world.clock.advance(1_000);
    inputs = 'new';
    await world.poke();
    expect(world.times()).toEqual([0, 1_000, 1_000]);
    expect(world.held()[0]?.failures).toBe(1);
  });

  test('a floor holds a retry longer than its curve', async () => {
    const world = new World();
    world.decide = ({ answers }) =>
      answers['call'] === undefined ? effect('call') : { kind: 'retry', backoff: 'call', reason: '', atLeastMs: 8_000 };
    await world.run();
    await world.clock.advance(8_000);
    expect(world.times()).toEqual([0, 8_000]);
  });

  test('a poll clears the failures, and a failure does not change the pace of the poll', async () => {
    const world = new World();
    const script = ['retry', 'retry', 'poll', 'poll', 'retry', 'poll'];
    let turn = 0;
    world.decide = ({ answers }) => {
      if (answers['call'] === undefined) return effect('call');
      const kind = script[turn];
      turn += 1;
      return kind === 'poll' ? { kind: 'poll', backoff: 'call', afterMs: 500, reason: '' } : { kind: 'retry', backoff: 'call', reason: '' };
    };
    await world.run();
    await world.clock.advance(5_500);
    expect(world.times()).toEqual([0, 1_000, 3_000, 3_500, 4_000, 5_000, 5_500]);
  });

  test('done forgets the count: a later failure starts the curve again', async () => {
    const world = new World();
    let answer: Rest = { kind: 'retry', backoff: 'call', reason: '' };
    world.decide = ({ answers }) => (answers['call'] === undefined ? effect('call') : answer);
    await world.run();
    await world.clock.advance(1_000);
    expect(world.held()[0]?.failures).toBe(2);
    answer = DONE;
    await world.clock.advance(2_000);
    expect(world.held()).toEqual([]);
    answer = { kind: 'retry', backoff: 'call', reason: '' };
    await world.poke();
    expect(world.held()[0]?.failures).toBe(1);
  });

  test('one effect held back does not hold another', async () => {
    const world = new World();
    let deleting = false;
    world.decide = ({ answers }) => {
      if (deleting) return answers['delete'] === undefined ? effect('delete') : DONE;
      return answers['create'] === undefined ? effect('create') : { kind: 'retry', backoff: 'create', reason: '' };
    };
    await world.run();
    deleting = true;
    await world.poke();
    expect(world.executed).toEqual(['create(a) at 0', 'delete(a) at 0']);
  });

  test('a retry or poll without an attempt keeps its time when events come, and counts nothing', async () => {
    for (const kind of ['retry', 'poll'] as const) {
      const world = new World();
      world.decide = () =>
        kind === 'poll' ? { kind, backoff: 'call', afterMs: 1_000, reason: '' } : { kind, backoff: 'call', reason: '' };
      await world.run();
      const first = world.held();
      await world.clock.advance(900);
      await world.poke();
      await world.poke();
      expect(world.held()).toEqual(first);
      const before = world.gathered.length;
      await world.clock.advance(100);
      expect(world.gathered.length).toBe(before + 1);
    }
  });

  test('an effect that becomes possible after such a rest is executed at once', async () => {
    const world = new World();
    let present = false;
    world.decide = ({ answers }) =>
      present ? (answers['call'] === undefined ? effect('call') : DONE) : { kind: 'retry', backoff: 'call', reason: 'class is missing' };
    await world.run();
    present = true;
    await world.poke();
    expect(world.executed).toEqual(['call(a) at 0']);
  });
});

describe('exceptions', () => {
  test('a precondition is a silent requeue that grows, and no failure', async () => {
    const world = new World();
    let conflicts = 0;
    world.execute = () => {
      conflicts += 1;
      return conflicts <= 9 ? Promise.reject(conflict()) : Promise.resolve('ok');
    };
    world.decide = ({ answers }) => (answers['write'] === undefined ? effect('write') : DONE);
    await world.run();
    await world.clock.advance(60_000);
    // Half of 50, 100, 200 … 5000 ms: the chance is zero here.
    expect(world.times().map((time, index, all) => time - (all[index - 1] ?? 0))).toEqual([
      0, 25, 50, 100, 200, 400, 800, 1_600, 2_500, 2_500,
    ]);
    expect(world.log.messages('error')).toEqual([]);
    expect(world.log.messages('warn')).toEqual([]);
    expect(world.held()).toEqual([]);
  });

  test('an event ends the wait after a conflict: it may carry what was missing', async () => {
    const world = new World();
    world.execute = () => (world.executed.length === 1 ? Promise.reject(conflict()) : Promise.resolve('ok'));
    world.decide = ({ answers }) => (answers['write'] === undefined ? effect('write') : DONE);
    await world.run();
    await world.poke();
    expect(world.times()).toEqual([0, 0]);
  });

  test('any other error of an effect backs off and is logged with its object, events or not', async () => {
    const world = new World();
    world.execute = () => Promise.reject(broken());
    world.decide = () => effect('write');
    await world.run('ns/a');
    await world.poke('ns/a');
    await world.clock.advance(3_000);
    expect(world.times()).toEqual([0, 1_000, 3_000]);
    const errors = world.log.lines.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(3);
    expect(errors[0]?.fields).toMatchObject({ object: 'ns/a', effect: 'write', controller: 'things', retryInMs: 1_000 });
  });

  test('a wait that the server asked for is a floor', async () => {
    const world = new World();
    world.execute = () => Promise.reject(broken(7_000));
    world.decide = () => effect('write');
    await world.run();
    await world.clock.advance(7_000);
    expect(world.times()).toEqual([0, 7_000]);
  });

  test('an effect that works again starts its curve afresh', async () => {
    const world = new World();
    world.execute = () => ([1, 2, 4].includes(world.executed.length) ? Promise.reject(broken()) : Promise.resolve('ok'));
    world.decide = ({ answers }) => (answers['write'] === undefined ? effect('write') : { kind: 'retry', backoff: 'other', reason: '' });
    await world.run();
    await world.clock.advance(3_000);
    expect(world.held().map(({ backoff: name, failures }) => [name, failures])).toEqual([['other', 1]]);
  });

  test('one bad object never stops the others, in gather or in decide', async () => {
    const world = new World();
    world.gather = (key) => {
      if (key === 'bad') throw new TypeError('no metadata');
      return { key, answers: {} };
    };
    world.decide = (state) => {
      if (state.key === 'worse') throw new TypeError('no spec');
      return state.answers['one'] === undefined ? effect('one') : DONE;
    };
    await world.run('bad');
    await world.poke('worse');
    await world.poke('good');
    expect(world.executed).toEqual(['one(good) at 0']);
    expect(world.log.messages('error')).toHaveLength(2);
    await world.clock.advance(1_000);
    expect(world.log.messages('error')).toHaveLength(4);
  });

  test('an object that is mended after an exception is looked at with its next event', async () => {
    const world = new World();
    let bad = true;
    world.decide = ({ answers }) => {
      if (bad) throw new TypeError('no spec');
      return answers['one'] === undefined ? effect('one') : DONE;
    };
    await world.run();
    bad = false;
    await world.poke();
    expect(world.executed).toHaveLength(1);
    expect(world.controller.pending().held.size).toBe(0);
  });

  test('a reconciler that never rests is stopped, said, and backs off', async () => {
    const world = new World();
    world.decide = () => effect('again');
    await world.run();
    expect(world.executed).toHaveLength(MAX_STEPS);
    expect(world.log.messages('error')).toHaveLength(1);
    await world.clock.advance(1_000);
    expect(world.executed).toHaveLength(2 * MAX_STEPS);
  });

  test('a terminal error ends the process and is not tried again', async () => {
    const world = new World();
    const error = new TerminalError('LEASE_LOST', 'lease lost');
    world.execute = () => Promise.reject(error);
    world.decide = () => effect('one');
    await world.run();
    await world.clock.advance(100_000);
    expect(world.fatal).toEqual([error]);
    expect(world.executed).toHaveLength(1);
  });
});

describe('the end', () => {
  test('after the signal nothing further is executed; the present effect ends and drain says when', async () => {
    const world = new World();
    let end = (): void => {};
    world.execute = () =>
      new Promise((resolve) => {
        end = () => resolve('ok');
      });
    world.decide = ({ answers }) => (answers['one'] === undefined ? effect('one') : answers['two'] === undefined ? effect('two') : DONE);
    await world.run('a');
    await world.poke('b');
    world.stop.abort();
    let drained = false;
    const draining = world.controller.drain().then(() => {
      drained = true;
    });
    await world.clock.settle();
    expect(drained).toBe(false);
    end();
    await draining;
    await world.clock.advance(100_000);
    expect(world.executed).toEqual(['one(a) at 0']);
  });

  test('what finishes an effect is executed after the signal, too, while the lease is fresh', async () => {
    for (const leaseFresh of [true, false]) {
      const world = new World();
      let end = (): void => {};
      world.execute = ({ kind }) =>
        kind === 'one'
          ? new Promise((resolve) => {
              end = () => resolve('ok');
            })
          : Promise.resolve('ok');
      const finishing: Effect = { ...effect('two'), finishes: true };
      world.decide = ({ answers }) =>
        answers['one'] === undefined ? effect('one') : answers['two'] === undefined ? finishing : effect('three');
      await world.run('a');
      await world.poke('b');
      world.stop.abort();
      world.leaseFresh = leaseFresh;
      const draining = world.controller.drain();
      end();
      await draining;
      await world.clock.advance(100_000);
      expect(world.executed).toEqual(leaseFresh ? ['one(a) at 0', 'two(a) at 0'] : ['one(a) at 0']);
    }
  });

  test('cancelling the drain gives up the present effect without a word', async () => {
    const world = new World();
    world.execute = (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(broken())));
    world.decide = () => effect('one');
    await world.run();
    world.stop.abort();
    const cancel = new AbortController();
    const draining = world.controller.drain(cancel.signal);
    cancel.abort();
    await draining;
    expect(world.log.messages('error')).toEqual([]);
    expect(world.clock.timers).toBe(0);
  });

  test('drain of an idle controller resolves at once', async () => {
    const world = new World();
    await world.run();
    world.stop.abort();
    await world.controller.drain();
    expect(world.clock.timers).toBe(0);
  });
});

test('a hundred keys in work at once make Node warn of no leak', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on('warning', listen);
  const world = new World(100);
  world.execute = (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(broken())));
  world.decide = () => effect('one');
  world.controller.start(world.stop.signal);
  for (let key = 0; key < 100; key += 1) world.controller.enqueue(String(key));
  await world.clock.settle();
  expect(world.controller.pending().working).toBe(100);
  world.stop.abort();
  await world.controller.drain(AbortSignal.abort());
  await world.clock.settle();
  process.off('warning', listen);
  expect(warnings).toEqual([]);
});
