import { expect, it } from 'vitest';
import { Scheduler } from './scheduler.ts';

it('runs events in the order of their times and lets microtasks end before the next one', async () => {
  const scheduler = new Scheduler(1, { keepTrace: true });
  const seen: string[] = [];
  scheduler.after(20, 'b', () => seen.push('b'));
  scheduler.after(10, 'a', () => {
    seen.push('a');
    void Promise.resolve().then(() => seen.push('a, later'));
  });
  const cancel = scheduler.after(15, 'c', () => seen.push('c'));
  cancel();
  await scheduler.run(100, () => false, 10);
  expect(seen).toEqual(['a', 'a, later', 'b']);
  expect(scheduler.elapsedMs).toBe(100);
  expect(scheduler.trace).toEqual(['10000 a', '20000 b']);
});

it('stops a run that does not end', async () => {
  const scheduler = new Scheduler(1, { keepTrace: false });
  const again = (): void => void scheduler.after(1, 'again', again);
  again();
  await expect(scheduler.run(1_000_000, () => false, 100)).rejects.toThrow(/did not end within 100 events; last: again/);
});
