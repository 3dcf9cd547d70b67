import { describe, expect, test } from 'vitest';
import { ManualClock } from './testing/manual-clock.ts';
import { startWatchdog } from './watchdog.ts';

function setUp(silenceMs = 1_000) {
  const clock = new ManualClock();
  const parent = new AbortController();
  return { clock, parent, watchdog: startWatchdog(clock, silenceMs, parent.signal) };
}

describe('a watchdog', () => {
  test('ends what was silent for its limit, counted from the last sign of life', async () => {
    const { clock, watchdog } = setUp();
    await clock.advance(900);
    watchdog.heard();
    await clock.advance(999);
    expect([watchdog.signal.aborted, watchdog.barked()]).toEqual([false, false]);
    await clock.advance(1);
    expect([watchdog.signal.aborted, watchdog.barked()]).toEqual([true, true]);
    expect(clock.timers).toBe(0);
  });

  test('takes a new limit, shorter or longer, from the moment it is given', async () => {
    for (const limitMs of [300, 5_000]) {
      const { clock, watchdog } = setUp();
      await clock.advance(500);
      watchdog.heard(limitMs);
      expect(clock.timers).toBe(1);
      await clock.advance(limitMs - 1);
      expect(watchdog.barked()).toBe(false);
      await clock.advance(1);
      expect(watchdog.barked()).toBe(true);
    }
  });

  test('sets one timer for many signs of life', async () => {
    const { clock, watchdog } = setUp();
    for (let sign = 0; sign < 100; sign += 1) watchdog.heard(1_000);
    expect(clock.timers).toBe(1);
    await clock.advance(1_000);
    expect(watchdog.barked()).toBe(true);
  });

  test('follows its parent without barking, and leaves nothing behind when stopped', async () => {
    const { clock, parent, watchdog } = setUp();
    parent.abort();
    expect([watchdog.signal.aborted, watchdog.barked()]).toEqual([true, false]);
    watchdog.stop();
    await clock.advance(5_000);
    expect([watchdog.barked(), clock.timers]).toEqual([false, 0]);
    const late = startWatchdog(clock, 1_000, parent.signal);
    expect(late.signal.aborted).toBe(true);
    late.stop();
  });
});
