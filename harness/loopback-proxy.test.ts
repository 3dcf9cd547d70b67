import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LoopbackProxy, startLoopbackProxy } from './loopback-proxy.ts';

let server: Server;
let proxy: LoopbackProxy;

beforeEach(async () => {
  server = createServer((_asked, answer) => answer.end('y'.repeat(1000)));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  proxy = await startLoopbackProxy((server.address() as AddressInfo).port);
});
afterEach(() => {
  proxy.close();
  server.close();
});

const ask = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const call = request({ port: proxy.port, host: '127.0.0.1', agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      answer.on('end', () => resolve(text));
    });
    call.on('error', reject);
    call.end();
  });

test('counts connections and bytes of both ways', async () => {
  expect(await ask()).toHaveLength(1000);
  expect(await ask()).toHaveLength(1000);
  expect(proxy.connections()).toBe(2);
  expect(proxy.bytes()).toBeGreaterThan(2000);
});

test('holds answers back', async () => {
  proxy.delay(60);
  const began = performance.now();
  expect(await ask()).toHaveLength(1000);
  // A timer may fire within the millisecond before.
  expect(performance.now() - began).toBeGreaterThanOrEqual(59);
});
