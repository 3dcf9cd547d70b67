import { describe, expect, test } from 'vitest';
import { ApiError } from '../kube/api-error.ts';
import type { KubeObject } from '../kube/objects.ts';
import type { Moment, Turn, WatcherAction, WatcherInput, WatcherOutput, WatcherState } from './watcher.ts';
import { initialState, stepWatcher } from './watcher.ts';

const volume = (name: string, resourceVersion: string): KubeObject => ({ metadata: { name, resourceVersion } });
const fault = (status: number, more: Partial<ConstructorParameters<typeof ApiError>[0]> = {}): ApiError =>
  new ApiError({ status, reason: 'x', message: 'x', request: 'x', ...more });
const whole = (version: string, ...items: KubeObject[]): WatcherInput<KubeObject> => ({
  kind: 'page',
  page: { items, resourceVersion: version, continueToken: undefined },
});

/** Feeds inputs one after the other and keeps what came out. */
class Run {
  state: WatcherState;
  action: WatcherAction = { kind: 'read' };
  readonly outputs: WatcherOutput<KubeObject>[] = [];
  now = 0;
  chance = 0;

  constructor(optional = false) {
    this.state = initialState(optional);
    this.feed({ kind: 'start' });
  }

  feed(...inputs: readonly WatcherInput<KubeObject>[]): WatcherAction {
    for (const input of inputs) {
      const moment: Moment = { now: this.now, chance: this.chance };
      const turn: Turn<KubeObject> = stepWatcher(this.state, input, moment);
      this.state = turn.state;
      this.action = turn.action;
      this.outputs.push(...turn.outputs);
    }
    return this.action;
  }

  /** Milliseconds that the present action waits. */
  get waitMs(): number {
    return this.action.kind === 'wait' ? this.action.ms : -1;
  }
}

const list = (version: string | undefined, continueToken?: string): WatcherAction => ({ kind: 'list', version, continueToken });

describe('listing', () => {
  test('the first list is a quorum read, and pages are followed to their end before the watch opens', () => {
    const run = new Run();
    expect(run.action).toEqual(list(undefined));
    run.feed({ kind: 'page', page: { items: [volume('a', '1')], resourceVersion: '10', continueToken: 'next' } });
    expect(run.action).toEqual(list(undefined, 'next'));
    run.feed(whole('10', volume('b', '2')));
    expect(run.outputs.map((output) => output.kind)).toEqual(['asked', 'init', 'initApply', 'initApply', 'initDone']);
    expect(run.action).toMatchObject({ kind: 'watch', version: '10' });
  });

  test('an expired page starts the list again from the front, from a quorum', () => {
    const run = new Run();
    run.feed({ kind: 'page', page: { items: [volume('a', '1')], resourceVersion: '10', continueToken: 'next' } });
    run.feed({ kind: 'failed', error: fault(410) });
    expect(run.action.kind).toBe('wait');
    expect(run.feed({ kind: 'waited' })).toEqual(list(undefined));
    run.feed(whole('12', volume('b', '2')));
    expect(run.outputs.map((output) => output.kind)).toEqual(['asked', 'init', 'initApply', 'asked', 'init', 'initApply', 'initDone']);
  });

  test('a failed list waits longer each time, up to a limit, and jitters', () => {
    const run = new Run();
    const waits: number[] = [];
    for (let index = 0; index < 8; index += 1) {
      run.feed({ kind: 'failed', error: fault(500) });
      waits.push(run.waitMs);
      run.feed({ kind: 'waited' });
    }
    expect(waits).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    run.chance = 0.5;
    run.feed({ kind: 'failed', error: fault(500) });
    expect(run.waitMs).toBe(45_000);
  });

  test('the wait that a server asks for is a floor', () => {
    const run = new Run();
    run.feed({ kind: 'failed', error: fault(429, { retryAfterMs: 20_000 }) });
    expect(run.waitMs).toBe(20_000);
  });
});

describe('watching', () => {
  const watching = (): Run => {
    const run = new Run();
    run.feed(whole('10'));
    run.outputs.length = 0;
    return run;
  };

  test('the server is asked to end it after 5 to 10 minutes, and silence is endured a little longer', () => {
    const run = watching();
    expect(run.action).toEqual({ kind: 'watch', version: '10', timeoutSeconds: 300, silenceMs: 315_000 });
    run.chance = 0.999;
    run.now = 400_000;
    run.feed({ kind: 'event', event: { type: 'ADDED', object: volume('a', '11') } });
    expect(run.feed({ kind: 'ended' })).toMatchObject({ kind: 'watch', timeoutSeconds: 599, silenceMs: 614_000 });
  });

  test('a server that has sent bookmarks may be silent for three minutes, from the opening of the next watch on', () => {
    const run = watching();
    run.now = 60_000;
    run.feed({ kind: 'event', event: { type: 'BOOKMARK', resourceVersion: '20' } });
    expect(run.feed({ kind: 'ended' })).toMatchObject({ kind: 'watch', silenceMs: 180_000 });
  });

  test('a watch on which nothing was ever heard leads to a quorum list: a version from the future is silent, too', () => {
    const run = watching();
    run.now = 300_000;
    expect(run.feed({ kind: 'ended' })).toEqual(list(undefined));
  });

  test('so does one that is ended again and again without a word', () => {
    const run = watching();
    const kinds: string[] = [];
    for (let minute = 1; minute <= 3; minute += 1) {
      run.now = minute * 60_000;
      kinds.push(run.feed({ kind: 'ended' }).kind);
    }
    expect(kinds).toEqual(['watch', 'watch', 'list']);
  });

  test.each([
    ['refused', fault(0, { reason: 'Unreachable' }), 10],
    ['not answered', fault(0, { reason: 'Timeout' }), 30_000],
    ['answered by a proxy alone', fault(503), 10],
  ])('a watch that is %s where it is opened again leads to a quorum list: the server was gone', (_, error, afterMs) => {
    const run = watching();
    run.now = 60_000;
    run.feed({ kind: 'failed', error: fault(0) }, { kind: 'waited' });
    expect(run.action).toMatchObject({ kind: 'watch', version: '10' });
    run.now += afterMs;
    run.feed({ kind: 'failed', error }, { kind: 'waited' });
    expect(run.action).toEqual(list(undefined));
    expect(run.outputs).toEqual([{ kind: 'asked', quorum: true }]);
  });

  test('events and bookmarks move the version that the next watch starts from', () => {
    const run = watching();
    run.feed({ kind: 'event', event: { type: 'ADDED', object: volume('a', '11') } });
    run.feed({ kind: 'event', event: { type: 'DELETED', object: volume('a', '12') } });
    expect(run.feed({ kind: 'event', event: { type: 'BOOKMARK', resourceVersion: '20' } })).toEqual({ kind: 'read', silenceMs: 180_000 });
    expect(run.outputs.map((output) => output.kind)).toEqual(['apply', 'delete', 'bookmark']);
    run.now = 60_000;
    expect(run.feed({ kind: 'ended' })).toMatchObject({ kind: 'watch', version: '20' });
  });

  test('versions are compared as integers, beyond 2^53 too, and never go back', () => {
    const run = watching();
    run.feed({ kind: 'event', event: { type: 'ADDED', object: volume('a', '9007199254740993') } });
    run.feed({ kind: 'event', event: { type: 'ADDED', object: volume('b', '9007199254740992') } });
    expect(run.state.version).toBe('9007199254740993');
  });

  test('a cut watch is opened again where it stopped, without a list', () => {
    const run = watching();
    run.feed({ kind: 'event', event: { type: 'ADDED', object: volume('a', '11') } }, { kind: 'failed', error: fault(0) });
    expect(run.waitMs).toBe(800);
    expect(run.feed({ kind: 'waited' })).toMatchObject({ kind: 'watch', version: '11' });
  });

  test('an expired version leads to a list that is not older than it', () => {
    const run = watching();
    run.feed({ kind: 'failed', error: fault(410) });
    expect(run.feed({ kind: 'waited' })).toEqual(list('10'));
  });

  test('a list after a refused watch is not older than what was seen either', () => {
    const run = watching();
    run.feed({ kind: 'event', event: { type: 'BOOKMARK', resourceVersion: '17' } }, { kind: 'failed', error: fault(403) });
    expect(run.feed({ kind: 'waited' })).toEqual(list('17'));
  });

  test('a server that has not reached the version, or lost it, is asked for a quorum', () => {
    for (const error of [fault(410), fault(504, { causes: [{ reason: 'ResourceVersionTooLarge' }] })]) {
      const run = watching();
      run.feed({ kind: 'failed', error: fault(410) }, { kind: 'waited' }, { kind: 'failed', error }, { kind: 'waited' });
      expect(run.action).toEqual(list(undefined));
    }
  });

  test('a server that closes at once is asked ever more slowly, until a watch lives again', () => {
    const run = watching();
    const waits: number[] = [];
    for (let index = 0; index < 4; index += 1) {
      run.feed({ kind: 'event', event: { type: 'BOOKMARK', resourceVersion: '11' } }, { kind: 'ended' });
      waits.push(run.waitMs);
      run.feed({ kind: 'waited' });
    }
    expect(waits).toEqual([800, 1600, 3200, 6400]);
    run.now += 5_000;
    expect(run.feed({ kind: 'ended' }).kind).toBe('watch');
    run.feed({ kind: 'failed', error: fault(0) });
    expect(run.waitMs).toBe(800);
  });

  test('a server that lists but refuses watches is listed ever more slowly, too', () => {
    const run = new Run();
    const waits: number[] = [];
    for (let index = 0; index < 8; index += 1) {
      run.feed(whole('10'));
      expect(run.action.kind).toBe('watch');
      run.feed({ kind: 'failed', error: fault(503) });
      waits.push(run.waitMs);
      run.feed({ kind: 'waited' });
      if (run.action.kind === 'watch') run.feed({ kind: 'failed', error: fault(410) });
      if (run.action.kind === 'wait') run.feed({ kind: 'waited' });
    }
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(20_000);
  });

  test('a silent watch is given up after a short wait for a quorum list', () => {
    const run = watching();
    run.now = 320_000;
    run.feed({ kind: 'silent' });
    expect(run.waitMs).toBe(800);
    expect(run.feed({ kind: 'waited' })).toEqual(list(undefined));
  });
});

describe('a kind that is missing or forbidden', () => {
  test.each([403, 404])('%i is reported, and the list tried again', (status) => {
    const run = new Run();
    run.feed({ kind: 'failed', error: fault(status) });
    expect(run.outputs.map((output) => output.kind)).toEqual(['asked', 'refused']);
    expect(run.waitMs).toBe(800);
    expect(run.feed({ kind: 'waited' })).toEqual(list(undefined));
  });

  test('an optional one is tried again at a slow pace only', () => {
    const run = new Run(true);
    run.feed({ kind: 'failed', error: fault(404) });
    expect(run.waitMs).toBe(60_000);
  });
});
