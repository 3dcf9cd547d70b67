import { describe, expect, test } from 'vitest';
import type { CoreEvent, KubeObject } from '../kube/objects.ts';
import { EVENTS } from '../kube/resources.ts';
import { type Correlation, createEventCorrelator, type EventCorrelator } from './event-correlator.ts';
import type { EventRecorderOptions } from './event-recorder.ts';
import { createEventRecorder } from './event-recorder.ts';
import { fixedRandom } from './testing/fixed-random.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { apiError, MemoryApi } from './testing/memory-api.ts';
import { memoryLog } from './testing/memory-log.ts';
import { eventReason } from './testing/event-reason.ts';

const claim = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: '7' },
});

function setUp(more: Partial<EventRecorderOptions> = {}) {
  const api = new MemoryApi();
  const clock = new ManualClock();
  const log = memoryLog();
  const recorder = createEventRecorder({
    client: api.client(),
    doors: { clock, random: fixedRandom() },
    component: 'csi-snapshotter d',
    log,
    ...more,
  });
  const note = (message: string, name = 'data', reason = 'CreatingSnapshot'): void =>
    recorder.record({ type: 'Normal', reason: eventReason(reason), message, regarding: claim(name) });
  const written = (): readonly CoreEvent[] => [...api.objects.values()] as CoreEvent[];
  return { api, clock, log, recorder, note, written };
}

describe('an event', () => {
  test('may come from another than the role, and is then another event', async () => {
    const { clock, recorder, note, written } = setUp();
    note('Waiting');
    const reason = eventReason('CreatingSnapshot');
    recorder.record({ type: 'Normal', reason, message: 'Waiting', regarding: claim('data'), component: 'somebody' });
    await clock.settle();
    expect(written().map(({ source, reportingComponent, count }) => [source?.component, reportingComponent, count])).toEqual([
      ['csi-snapshotter d', 'csi-snapshotter d', 1],
      ['somebody', 'somebody', 1],
    ]);
  });

  test('is a core/v1 Event about the object, in its namespace', async () => {
    const { clock, note, written } = setUp();
    note('Waiting');
    await clock.settle();
    expect(written()).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'data.18867251edfa0001', namespace: 'shop', uid: 'uid-101', resourceVersion: '101' },
        involvedObject: {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          name: 'data',
          namespace: 'shop',
          uid: 'uid-data',
          resourceVersion: '7',
        },
        reason: 'CreatingSnapshot',
        message: 'Waiting',
        type: 'Normal',
        source: { component: 'csi-snapshotter d' },
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:00Z',
        count: 1,
        reportingComponent: 'csi-snapshotter d',
        reportingInstance: '',
      },
    ]);
  });

  test('of a cluster-scoped object goes to the default namespace, with a name that fits', async () => {
    const { clock, recorder, written } = setUp({ host: 'node-1' });
    recorder.record({
      type: 'Warning',
      reason: eventReason('R'),
      message: 'm',
      regarding: { kind: 'X', metadata: { name: 'x'.repeat(253) } },
    });
    await clock.settle();
    expect(written()[0]).toMatchObject({
      metadata: { namespace: 'default' },
      source: { component: 'csi-snapshotter d', host: 'node-1' },
      reportingInstance: 'node-1',
    });
    expect(written()[0]?.metadata?.name).toHaveLength(253);
  });

  test('that repeats is counted by patch, with its first time kept', async () => {
    const { api, clock, note, written } = setUp();
    note('Waiting');
    await clock.advance(5_000);
    note('Waiting');
    note('Waiting');
    await clock.settle();
    expect(written()).toHaveLength(1);
    expect(written()[0]).toMatchObject({ count: 3, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:05Z' });
    expect([api.count('create'), api.count('patch')]).toEqual([1, 2]);
  });

  test('whose first one was deleted starts anew', async () => {
    const { api, clock, note, written } = setUp();
    note('Waiting');
    await clock.settle();
    api.remove(EVENTS, written()[0]?.metadata?.name ?? '', 'shop');
    note('Waiting');
    await clock.settle();
    expect(written()).toHaveLength(1);
  });

  test('whose repeat fails is repeated, not written a second time', async () => {
    const { api, clock, note, written } = setUp();
    note('Waiting');
    await clock.settle();
    let failures = 0;
    api.fault = ({ verb }) => {
      failures += 1;
      return verb === 'patch' && failures < 3 ? apiError(500) : undefined;
    };
    note('Waiting');
    await clock.advance(10_000);
    expect(written().map(({ count }) => count)).toEqual([2]);
    expect([api.count('create'), api.count('patch')]).toEqual([1, 3]);
  });

  test('message beyond the limit of the API is cut', async () => {
    const { clock, note, written } = setUp();
    note('m'.repeat(5_000));
    await clock.settle();
    expect(written()[0]?.message).toHaveLength(1024);
  });
});

describe('many events', () => {
  test('more than ten different messages of one reason become one combined event', async () => {
    const { clock, note, written } = setUp();
    for (let index = 0; index < 14; index += 1) note(`try ${index}`);
    await clock.settle();
    expect(written()).toHaveLength(11);
    expect(written().at(-1)).toMatchObject({ message: '(combined from similar events): try 13', count: 4 });
  });

  test('after ten quiet minutes the messages stand alone again', async () => {
    const { clock, note, written } = setUp({ burst: 100 });
    for (let index = 0; index < 12; index += 1) note(`try ${index}`);
    await clock.advance(600_001);
    note('fresh');
    await clock.settle();
    expect(written().at(-1)?.message).toBe('fresh');
  });

  test('one object may not spam: 24 at once, then one in five minutes; others are not held', async () => {
    const { clock, note, recorder, api } = setUp();
    for (let index = 0; index < 40; index += 1) note('same');
    note('other object', 'else');
    await clock.settle();
    expect(api.calls).toHaveLength(25);
    expect(recorder.dropped()).toBe(16);
    await clock.advance(300_000);
    note('same');
    note('same');
    await clock.settle();
    expect(api.calls).toHaveLength(26);
  });

  test('who begins an attempt every five minutes is told how each one ends', () => {
    const correlator = createEventCorrelator({});
    const kindsAt = (nowMs: number) =>
      (['Normal', 'Warning'] as const).map(
        (type) =>
          correlator.correlate(
            { regarding: { name: 'data' }, type, reason: type, message: `${nowMs}`, component: 'c' },
            { nowMs, name: 'e' },
          ).kind,
      );
    for (let attempt = 0; attempt < 60; attempt += 1) {
      const [, warning] = kindsAt(attempt * 300_000);
      expect(warning, `attempt ${attempt}`).not.toBe('spam');
    }
  });

  const correlated = (correlator: EventCorrelator, message: string, nowMs: number): Correlation =>
    correlator.correlate({ regarding: { name: 'data' }, type: 'Warning', reason: 'R', message, component: 'c' }, { nowMs, name: 'e' });

  test('a message of another kind every five minutes is combined: ten minutes are counted from the last one', () => {
    const correlator = createEventCorrelator({});
    const told = Array.from({ length: 12 }, (_, at) => correlated(correlator, `try ${at}`, at * 300_000));
    const messages = told.map((each) => (each.kind === 'spam' ? 'spam' : each.event.message));
    expect(messages.slice(9)).toEqual(['try 9', '(combined from similar events): try 10', '(combined from similar events): try 11']);
  });

  test('a clock that is set back takes no event away', () => {
    const correlator = createEventCorrelator({});
    const kinds = [86_400_000, 0, 1_000].map((nowMs) => correlated(correlator, `at ${nowMs}`, nowMs).kind);
    expect(kinds).toEqual(['create', 'create', 'create']);
  });

  test('a repeat whose first event is gone is made with the time of the first one', () => {
    const correlator = createEventCorrelator({});
    correlated(correlator, 'same', 0);
    const repeat = correlated(correlator, 'same', 60_000);
    if (repeat.kind !== 'repeat') expect.unreachable(repeat.kind);
    expect(repeat.event).toMatchObject({ count: 2, firstTimestamp: '1970-01-01T00:00:00Z', lastTimestamp: '1970-01-01T00:01:00Z' });
  });

  test('the memory of objects is bounded', () => {
    const correlator = createEventCorrelator({ memorySize: 2 });
    const kinds = ['a', 'b', 'c', 'a', 'c'].map(
      (name) =>
        correlator.correlate({ regarding: { name }, type: 'Normal', reason: 'R', message: 'm', component: 'c' }, { nowMs: 0, name: 'e' })
          .kind,
    );
    expect(kinds).toEqual(['create', 'create', 'create', 'create', 'repeat']);
  });
});

describe('a slow or refusing server', () => {
  test('holds nobody up: record returns, two objects are written at a time, the rest waits or is dropped', async () => {
    const { api, clock, note, recorder } = setUp({ maxQueue: 10 });
    api.fault = () => 'never';
    for (let index = 0; index < 30; index += 1) note('m', `claim-${index}`);
    await clock.settle();
    expect(api.calls).toHaveLength(2);
    expect(recorder.dropped()).toBe(20);
  });

  test('an unknown outcome is tried again under the same name, so that it is never there twice', async () => {
    const { api, clock, note, written } = setUp();
    let tries = 0;
    const put = api.put.bind(api);
    api.fault = () => {
      tries += 1;
      if (tries === 1) {
        // Applied, and the answer lost.
        put(EVENTS, { metadata: { name: 'data.18867251edfa0001', namespace: 'shop' } });
        return apiError(0, 'Unreachable');
      }
      return undefined;
    };
    note('Waiting');
    await clock.advance(10_000);
    expect(written()).toHaveLength(1);
    expect(tries).toBe(2);
  });

  test('a server that stays away costs six tries and the event', async () => {
    const { api, clock, note, recorder } = setUp();
    api.fault = () => apiError(503);
    note('Waiting');
    await clock.advance(1_000);
    expect(api.calls).toHaveLength(2);
    await clock.advance(24_999);
    expect(api.calls).toHaveLength(6);
    await clock.advance(120_000);
    expect(api.calls).toHaveLength(6);
    expect(recorder.dropped()).toBe(1);
    api.fault = () => undefined;
    note('Waiting');
    await clock.settle();
    expect(api.count('create')).toBe(7);
  });

  test('forbidden is said once, with the remedy; a dying namespace is no news', async () => {
    const { api, clock, note, log } = setUp();
    api.fault = () => apiError(403, 'Forbidden', { causes: [{ reason: 'NamespaceTerminating' }] });
    note('one');
    await clock.settle();
    expect(log.messages('warn')).toEqual([]);
    api.fault = () => apiError(403, 'Forbidden');
    note('two');
    note('three');
    await clock.settle();
    expect(log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields['remedy'])).toEqual([
      'grant create and patch on events',
    ]);
  });

  test('flush waits for what was recorded, and not beyond its signal', async () => {
    const { api, clock, note, recorder, written } = setUp();
    await recorder.flush(new AbortController().signal);
    note('one');
    await recorder.flush(new AbortController().signal);
    expect(written()).toHaveLength(1);
    api.fault = () => 'never';
    for (const name of ['a', 'b', 'c']) note('two', name);
    await clock.settle();
    const limit = new AbortController();
    const flushing = recorder.flush(limit.signal);
    limit.abort();
    await flushing;
    await clock.settle();
    expect(clock.timers).toBe(0);
    note('after the end');
    await clock.settle();
    expect(recorder.dropped()).toBe(2);
  });
});
