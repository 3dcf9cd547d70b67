import { expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../doors/http.ts';
import { ConfigError } from '../errors/config-error.ts';
import { type HttpServerOptions, startHttpServer } from './http-server.ts';

type Get = (path: string, method?: HttpRequest['method']) => Promise<{ readonly status: number; readonly text: string }>;

async function serve(overrides: Partial<HttpServerOptions> = {}): Promise<Get> {
  let handle: (request: HttpRequest) => Promise<HttpAnswer> = () => Promise.reject(new Error('not listening'));
  await startHttpServer({
    host: {
      listen: (_address, handler) => {
        handle = handler;
        return Promise.resolve({ port: 1, close: () => Promise.resolve() });
      },
    },
    address: ':1',
    flag: 'http-endpoint',
    metricsPath: '/metrics',
    metrics: { contentType: 'text/plain; version=0.0.4', expose: () => Promise.resolve('up 1\n') },
    leaderElection: undefined,
    waitingFor: () => [],
    ...overrides,
  });
  return async (path, method = 'GET') => {
    const { status, body } = await handle({ method, path, headers: {} });
    return { status, text: new TextDecoder().decode(body) };
  };
}

test('metrics are served at their path', async () => {
  const get = await serve({ metricsPath: '/m' });
  expect(await get('/m?x=1')).toEqual({ status: 200, text: 'up 1\n' });
  expect(await get('/metrics')).toMatchObject({ status: 404 });
});

test('leader election health is served with election only, and tells a lease that ran out', async () => {
  expect(await (await serve())('/healthz/leader-election')).toMatchObject({ status: 404 });
  const lease: { trouble?: string } = {};
  const get = await serve({ leaderElection: () => lease.trouble });
  expect(await get('/healthz/leader-election')).toEqual({ status: 200, text: 'ok' });
  lease.trouble = 'failed election to renew leadership on lease x';
  expect(await get('/healthz/leader-election')).toEqual({ status: 500, text: lease.trouble });
});

test('a process that waits is healthy and not ready, and says for what', async () => {
  const get = await serve({ waitingFor: () => ['the CSI driver', 'the lease'] });
  expect(await get('/healthz')).toMatchObject({ status: 200 });
  expect(await get('/readyz')).toEqual({ status: 503, text: 'waiting for the CSI driver, the lease' });
  expect(await (await serve())('/readyz')).toMatchObject({ status: 200 });
});

test('only GET is answered', async () => {
  expect(await (await serve())('/metrics', 'POST')).toMatchObject({ status: 405 });
});

test('an address that cannot be bound is a ConfigError naming the flag', async () => {
  const failing = serve({ host: { listen: () => Promise.reject(new Error('EADDRINUSE')) }, flag: 'metrics-address', address: ':80' });
  await expect(failing).rejects.toBeInstanceOf(ConfigError);
  await expect(failing).rejects.toThrow('--metrics-address=:80: cannot listen (EADDRINUSE)');
});
