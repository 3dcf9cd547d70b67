import { expect, test } from 'vitest';
import { settle } from '../test-cluster.ts';
import { EventQueue } from './event-queue.ts';

async function readAll(queue: EventQueue): Promise<string> {
  let text = '';
  for await (const chunk of queue) text += new TextDecoder().decode(chunk);
  return text;
}

test('what was pushed is read, before the reader came and after', async () => {
  const queue = new EventQueue(() => undefined);
  queue.push('a');
  const text = readAll(queue);
  await settle();
  queue.push('b');
  queue.push('c');
  queue.end();
  expect(await text).toBe('abc');
});

test('a failure loses what was not read and throws', async () => {
  const queue = new EventQueue(() => undefined);
  queue.push('a');
  queue.fail(new Error('cut'));
  await expect(readAll(queue)).rejects.toThrow('cut');
});

test('closing happens once, whoever closes', async () => {
  let closed = 0;
  const queue = new EventQueue(() => {
    closed += 1;
  });
  queue.push('a');
  for await (const _ of queue) break;
  queue.end();
  queue.fail(new Error('late'));
  queue.push('b');
  expect(closed).toBe(1);
});
