import { expect, test } from 'vitest';
import { createFakeDriver, type FakeDriver } from '../../lib/csi/fake-driver.ts';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import type { Host } from '../../lib/doors/host.ts';
import type { HttpAnswer, HttpRequest } from '../../lib/doors/http.ts';
import { ProbeResponse } from '../../proto/gen/csi.ts';
import { runVerb } from '../frame/run-verb.ts';
import { testPlace } from '../frame/testing/place.ts';
import { endpointsOf } from './endpoints.ts';
import { LIVENESSPROBE } from './verb.ts';

/** A running verb, asked as kubelet asks; addresses are what it would listen on. */
async function started(argv: readonly string[] = [], prepare: (driver: FakeDriver) => void = () => undefined) {
  const driver = createFakeDriver();
  prepare(driver);
  const served = new Map<string, (request: HttpRequest) => Promise<HttpAnswer>>();
  const host = {
    usage: () => ({ residentBytes: 1, cpuSeconds: 1, startSeconds: 1 }),
    listen: async (address: string, handle: (request: HttpRequest) => Promise<HttpAnswer>) => {
      served.set(address, handle);
      return { port: Number(address.split(':').at(-1)), close: async () => void served.delete(address) };
    },
  } as unknown as Host;
  const place = testPlace({ doors: { rpc: () => driver, host } });
  const stop = new AbortController();
  const ended = runVerb(LIVENESSPROBE, { ...place, signal: stop.signal }, argv);
  while (!place.err.some((line) => line.includes('is looked at'))) await place.clock.advance(1000);
  const get = async (address: string, path = '/healthz'): Promise<[number, string]> => {
    const answer = await served.get(address)?.({ method: 'GET', path, headers: {} });
    return [answer?.status ?? 0, new TextDecoder().decode(answer?.body)];
  };
  return { driver, place, stop, ended, served, get };
}

const ready = (value: boolean | undefined) => () => ({ response: ProbeResponse.encode({ ready: value }).finish() });

test('a driver that is ready, or says nothing of it, lives', async () => {
  const { driver, get } = await started();
  expect(await get('0.0.0.0:9808')).toEqual([200, 'ok']);
  driver.answers.set('Probe', ready(undefined));
  expect(await get('0.0.0.0:9808')).toEqual([200, 'ok']);
});

test('one that is not ready, refuses or does not answer in time does not, and the reason is told once', async () => {
  const { driver, place, get } = await started(['--probe-timeout=3s']);
  driver.answers.set('Probe', ready(false));
  for (const _ of [1, 2]) expect(await get('0.0.0.0:9808')).toEqual([500, 'the driver answers and is not ready']);
  expect(place.err.filter((line) => line.includes('not ready'))).toEqual(['driver d.example: the driver answers and is not ready']);
  driver.answers.set('Probe', () => ({ code: GrpcCode.FAILED_PRECONDITION, message: 'no disk' }));
  expect(await get('0.0.0.0:9808')).toEqual([500, expect.stringContaining('no disk')]);
  driver.answers.set('Probe', () => 'never');
  const late = get('0.0.0.0:9808');
  await place.clock.advance(2999);
  expect(await Promise.race([late, new Promise((resolve) => setImmediate(() => resolve('waiting')))])).toBe('waiting');
  await place.clock.advance(1);
  expect((await late)[0]).toBe(500);
});

test('a driver that comes late is waited for, and nothing is served after the end', async () => {
  let asked = 0;
  const { place, served, stop, ended } = await started(['--output=json'], (driver) => {
    const answer = driver.answers.get('GetPluginInfo');
    driver.answers.set('GetPluginInfo', (call) => {
      asked += 1;
      return asked < 3 || answer === undefined ? { code: GrpcCode.UNAVAILABLE, message: 'no socket' } : answer(call);
    });
  });
  expect([asked, served.size]).toEqual([3, 1]);
  stop.abort();
  expect(await ended).toBe(0);
  expect(served.size).toBe(0);
  expect(JSON.parse(place.out.join(''))).toEqual({ schema: 'csi-sidecars/livenessprobe.v1', ok: true, driver: 'd.example' });
});

test('metrics count the looks, at an address of their own or beside health', async () => {
  const apart = await started(['--metrics-address=:8080', '--metrics-path=/m']);
  await apart.get('0.0.0.0:9808');
  expect((await apart.get('0.0.0.0:9808', '/m'))[0]).toBe(404);
  expect((await apart.get(':8080'))[0]).toBe(404);
  const [status, text] = await apart.get(':8080', '/m');
  const count =
    'csi_sidecar_operations_seconds_count{driver_name="d.example",method_name="/csi.v1.Identity/Probe",grpc_status_code="OK"} 1';
  expect([status, text]).toEqual([200, expect.stringContaining(count)]);
  const together = await started(['--http-endpoint=:8081']);
  expect([...together.served.keys()]).toEqual([':8081']);
  expect([(await together.get(':8081'))[0], (await together.get(':8081', '/metrics'))[0]]).toEqual([200, 200]);
});

test('flags that exclude each other are refused', () => {
  const options = { healthPort: '9808', httpEndpoint: ':1', metricsAddress: '' };
  expect(() => endpointsOf({ ...options, metricsAddress: ':2' })).toThrow('leave --metrics-address out');
  expect(() => endpointsOf({ ...options, healthPort: '9809' })).toThrow('leave --health-port out');
  expect(endpointsOf({ ...options, httpEndpoint: '', healthPort: '9809' })).toEqual([
    { address: '0.0.0.0:9809', flag: 'health-port', health: true, metrics: false },
  ]);
});
