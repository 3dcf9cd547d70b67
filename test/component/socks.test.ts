/** An API server behind a SOCKS5 proxy: a proxy of RFC 1928 and 1929, and servers with and without TLS behind it. */
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { listenOnLoopback } from '../../harness/loopback-server.ts';
import { type SocksOptions, type SocksProxy, startSocksProxy } from '../../harness/socks-proxy.ts';
import type { HttpTarget } from '../../lib/doors/http.ts';
import { openHttp } from '../../lib/process/doors/http.ts';
import { TEST_CERTIFICATE } from './test-certificate.ts';

const GET = { method: 'GET', path: '/x', headers: {} } as const;
const USER = { name: 'user', password: 'p@ss' };

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
});

async function listening(server: Server): Promise<number> {
  const { port, close } = await listenOnLoopback(server);
  cleanups.push(close);
  return port;
}

async function startSocks(options?: SocksOptions): Promise<SocksProxy> {
  const proxy = await startSocksProxy(options);
  cleanups.push(() => proxy.close());
  return proxy;
}

const securedPort = (): Promise<number> =>
  listening(createHttpsServer(TEST_CERTIFICATE, (request, response) => response.end(`${request.url} for ${request.headers.host}`)));

async function ask(target: HttpTarget, times = 1): Promise<string> {
  const door = openHttp(target);
  cleanups.push(() => door.close());
  let answer = '';
  for (let time = 0; time < times; time += 1) {
    const { body } = await door.exchange(GET, new AbortController().signal);
    answer = new TextDecoder().decode(body);
  }
  return answer;
}

test.each(['socks5', 'socks5h'])(
  '%s: the name is the proxy’s to resolve, the certificate is the server’s, and the tunnel is kept',
  async (scheme) => {
    const [proxy, port] = [await startSocks(), await securedPort()];
    const target = { baseUrl: `https://api.test:${port}`, ca: TEST_CERTIFICATE.cert, proxyUrl: `${scheme}://127.0.0.1:${proxy.port}` };
    expect(await ask(target, 3)).toBe(`/x for api.test:${port}`);
    expect(proxy.asked).toEqual([`name api.test port ${port}`]);
    await expect(ask({ ...target, serverName: 'other.test' })).rejects.toThrow(/other\.test/);
  },
);

test('a server without TLS, and one with an IPv6 address', async () => {
  const proxy = await startSocks();
  const proxyUrl = `socks5://127.0.0.1:${proxy.port}`;
  const open = await listening(createHttpServer((request, response) => response.end(request.url)));
  expect(await ask({ baseUrl: `http://api.test:${open}/prefix`, proxyUrl })).toBe('/prefix/x');
  const secured = await securedPort();
  const target = { baseUrl: `https://[fd00::1]:${secured}`, ca: TEST_CERTIFICATE.cert, serverName: 'api.test', proxyUrl };
  expect(await ask(target)).toBe(`/x for [fd00::1]:${secured}`);
  expect(proxy.asked).toEqual([`name api.test port ${open}`, `address fd000000000000000000000000000001 port ${secured}`]);
});

test('a user and password are given to a proxy that asks for them; one that refuses, or is not there, is named', async () => {
  const proxy = await startSocks({ user: USER });
  const port = await securedPort();
  const target = { baseUrl: `https://api.test:${port}`, ca: TEST_CERTIFICATE.cert };
  const by = (user: string): HttpTarget => ({ ...target, proxyUrl: `socks5://${user}@127.0.0.1:${proxy.port}` });
  expect(await ask(by(`user:${encodeURIComponent(USER.password)}`))).toBe(`/x for api.test:${port}`);
  const refused = ask(by('user:hunter2'));
  await expect(refused).rejects.toThrow(`proxy 127.0.0.1:${proxy.port}: `);
  await expect(refused).rejects.not.toThrow('hunter2');

  const closed = await startSocks({ reply: 2 });
  await expect(ask({ ...target, proxyUrl: `socks5://127.0.0.1:${closed.port}` })).rejects.toThrow(
    `proxy 127.0.0.1:${closed.port}: Socks5 proxy rejected connection - NotAllowed`,
  );
  await expect(ask({ ...target, proxyUrl: 'socks5://127.0.0.1:1' })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
    message: expect.stringContaining('proxy 127.0.0.1:1: connect ECONNREFUSED'),
  });
});
