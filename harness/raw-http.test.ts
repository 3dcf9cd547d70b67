import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { listenOnLoopback } from './loopback-server.ts';
import { lineQueue, openRawClient } from './raw-http.ts';

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

test('a kept connection that the server closes meanwhile fails no reader, and a write is not sent twice', async () => {
  const seen = new Set<Socket>();
  // Each connection answers once, and is reset when it is used again.
  const handler = createServer(({ socket }, answer) => {
    if (seen.has(socket)) socket.resetAndDestroy();
    else answer.end('fresh');
    seen.add(socket);
  });
  const server = await listenOnLoopback(handler);
  const client = openRawClient({ server: `http://127.0.0.1:${server.port}` });
  try {
    for (const _ of [1, 2, 3]) expect((await client.request({ method: 'GET', path: '/' })).text).toBe('fresh');
    expect(seen.size).toBe(3);
    await expect(client.request({ method: 'POST', path: '/', body: '{}' })).rejects.toThrow(/socket hang up|ECONNRESET/);
  } finally {
    client.close();
    server.close();
  }
});
