import { expect, test } from 'vitest';
import { lineQueue } from './raw-http.ts';

const GUARD_MS = 5000;

test('lines come whole, wherever the chunks were cut', async () => {
  const queue = lineQueue();
  for (const chunk of ['{"a', '":1}\n{"b":2}\n{"c"', ':3}\n']) queue.push(chunk);
  expect([await queue.next(GUARD_MS), await queue.next(GUARD_MS), await queue.next(GUARD_MS)]).toEqual(['{"a":1}', '{"b":2}', '{"c":3}']);
});

test('a reader that waits is woken by the next line, and by the end', async () => {
  const queue = lineQueue();
  const first = queue.next(GUARD_MS);
  queue.push('one\n');
  expect(await first).toBe('one');
  const second = queue.next(GUARD_MS);
  queue.end();
  expect(await second).toBeUndefined();
});

test('a last line without a newline is not lost', async () => {
  const queue = lineQueue();
  queue.push('rest');
  queue.end();
  expect([await queue.next(GUARD_MS), await queue.next(GUARD_MS)]).toEqual(['rest', undefined]);
});
