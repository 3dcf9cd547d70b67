import { expect, test } from 'vitest';
import { GetPluginInfoResponse, NodeGetInfoResponse, ProbeResponse } from '../../proto/gen/csi.ts';
import type { TerminalError } from '../errors/terminal-error.ts';
import { connectDriver, type ConnectOptions, type DriverConnection } from './connection.ts';
import { createFakeDriver, createHandClock, createLogList, type FakeDriver, type HandClock, settled } from './fake-driver.ts';
import { GrpcCode } from './grpc-code.ts';

interface Bench {
  readonly door: FakeDriver;
  readonly clock: HandClock;
  readonly log: ReturnType<typeof createLogList>;
  readonly fatal: TerminalError[];
  readonly abort: AbortController;
  readonly driver: Promise<DriverConnection>;
}

function bench({
  refused,
  ...overrides
}: Partial<Pick<ConnectOptions, 'observe' | 'asks' | 'lostTimeoutMs'>> & { readonly refused?: string } = {}): Bench {
  const [door, clock, abort, log] = [createFakeDriver(), createHandClock(), new AbortController(), createLogList()];
  door.refused = refused;
  const fatal: TerminalError[] = [];
  const driver = connectDriver({
    door,
    clock,
    log,
    address: '/csi.sock',
    timeoutMs: 5000,
    asks: ['plugin', 'groupController'],
    lostTimeoutMs: 15_000,
    observe: () => undefined,
    fatal: (error) => fatal.push(error),
    signal: abort.signal,
    ...overrides,
  });
  driver.catch(() => undefined);
  return { door, clock, log, fatal, abort, driver };
}

const named = (name: string) => () => ({ response: GetPluginInfoResponse.encode({ name, vendorVersion: '2', manifest: {} }).finish() });
const remove = (driver: DriverConnection): Promise<unknown> =>
  driver.client(5000).deleteVolume({ volumeId: 'v', secrets: {} }, new AbortController().signal);
const deletes = (door: FakeDriver): number => door.calls.filter((call) => call.endsWith('DeleteVolume')).length;

test('a driver is named, probed and asked for its capabilities before it is used', async () => {
  const { door, driver } = bench();
  door.say('connected');
  const { identity } = await driver;
  expect(identity()).toMatchObject({
    name: 'd.example',
    plugin: new Set(['CONTROLLER_SERVICE']),
    controller: new Set(['CREATE_DELETE_VOLUME']),
    groupController: new Set(),
  });
  expect(door.calls.slice(0, 2)).toEqual(['/csi.v1.Identity/GetPluginInfo', '/csi.v1.Identity/Probe']);
});

test('a driver is asked for its node where somebody wants to know, and after every reconnect', async () => {
  const { door, driver } = bench({ asks: ['node'] });
  const info = { nodeId: 'n-1', maxVolumesPerNode: 0n, accessibleTopology: { segments: { node: 'a' } } };
  door.answers.set('NodeGetInfo', () => ({ response: NodeGetInfoResponse.encode(info).finish() }));
  door.say('connected');
  const { identity } = await driver;
  expect(identity().node).toEqual({ id: 'n-1', segments: { node: 'a' } });
  door.answers.set('NodeGetInfo', () => ({ response: NodeGetInfoResponse.encode({ ...info, accessibleTopology: undefined }).finish() }));
  door.say('lost');
  door.say('connected');
  await settled();
  expect(identity().node).toEqual({ id: 'n-1', segments: undefined });
});

test('a driver that does not say its node cannot serve one, and nobody else asks', async () => {
  const { door, driver } = bench({ asks: ['node'] });
  door.say('connected');
  await expect(driver).rejects.toMatchObject({ reason: 'DRIVER_UNUSABLE', message: expect.stringContaining('NodeGetInfo') });
  const other = bench();
  other.door.say('connected');
  expect((await other.driver).identity().node).toBeUndefined();
});

test('a driver that is not ready, or too slow to say so, is probed again every second', async () => {
  const { door, clock, driver } = bench();
  const answers: (() => 'never' | { response: Uint8Array })[] = [
    () => ({ response: ProbeResponse.encode({ ready: false }).finish() }),
    () => 'never',
  ];
  const ready = door.answers.get('Probe');
  door.answers.set('Probe', (call) => answers.shift()?.() ?? ready?.(call) ?? {});
  door.say('connected');
  await clock.advance(1000 + 5000 + 1000);
  expect((await driver).identity().name).toBe('d.example');
  expect(door.calls.filter((call) => call.endsWith('Probe'))).toHaveLength(3);
});

test('a missing socket is waited for, up to 30 seconds', async () => {
  const { clock, driver } = bench();
  await clock.advance(29_999);
  let ended = false;
  driver.catch(() => {
    ended = true;
  });
  await settled();
  expect(ended).toBe(false);
  await clock.advance(1);
  await expect(driver).rejects.toMatchObject({
    code: 'TERMINAL_ERROR',
    reason: 'DRIVER_LOST',
    message: expect.stringContaining('--csi-address'),
  });
});

test('what is in the way of a first connection is said at once, every ten seconds, and in the end', async () => {
  const { door, clock, driver, log } = bench({ refused: 'EACCES' });
  const reasons = (): unknown[] => log.lines.filter(({ message }) => message.startsWith('Waiting')).map(({ fields }) => fields?.['reason']);
  await settled();
  expect(reasons()).toEqual([expect.stringContaining('EACCES')]);
  door.refused = 'ENOENT';
  await clock.advance(10_000);
  door.refused = undefined;
  await clock.advance(10_000);
  expect(reasons().slice(1)).toEqual([expect.stringContaining('ENOENT'), 'it does not answer']);
  door.refused = 'ENOENT';
  await clock.advance(10_000);
  await expect(driver).rejects.toMatchObject({ message: expect.stringMatching(/after 30 s: there is no such socket \(ENOENT\)/) });
});

test('an error of Probe that is not about time is the end', async () => {
  const { door, driver } = bench();
  door.answers.set('Probe', () => ({ code: GrpcCode.FAILED_PRECONDITION, message: 'no licence' }));
  door.say('connected');
  await expect(driver).rejects.toMatchObject({ reason: 'DRIVER_UNUSABLE', message: expect.stringContaining('no licence') });
});

test.each([GrpcCode.INTERNAL, GrpcCode.UNAVAILABLE, GrpcCode.UNIMPLEMENTED])(
  'a group controller that answers with code %s counts as none, and the rest works',
  async (code) => {
    const { door, driver } = bench();
    door.answers.set('GroupControllerGetCapabilities', () => ({ code, message: 'no' }));
    door.say('connected');
    expect((await driver).identity()).toMatchObject({ controller: new Set(['CREATE_DELETE_VOLUME']), groupController: new Set() });
  },
);

test('a question that no role needs answered is not asked: its failure would stop what works', async () => {
  const { door, driver } = bench({ asks: [] });
  for (const rpc of ['GetPluginCapabilities', 'GroupControllerGetCapabilities']) door.answers.set(rpc, () => ({ code: GrpcCode.INTERNAL }));
  door.say('connected');
  expect((await driver).identity()).toMatchObject({ name: 'd.example', plugin: new Set(), controller: new Set(['CREATE_DELETE_VOLUME']) });
  expect(door.calls.filter((call) => /PluginCap|Group/.test(call))).toEqual([]);
});

test('calls are observed under the name of the driver from the moment it is known', async () => {
  const seen: string[] = [];
  const { door, driver } = bench({
    observe: ({ method, driverName }) => seen.push(`${method.split('/').at(-1) ?? ''} ${driverName}`),
  });
  door.say('connected');
  await driver;
  expect(seen).toEqual([
    'GetPluginInfo ',
    'Probe d.example',
    'GetPluginCapabilities d.example',
    'ControllerGetCapabilities d.example',
    'GroupControllerGetCapabilities d.example',
  ]);
});

test('an empty name is the end', async () => {
  const { door, driver } = bench();
  door.answers.set('GetPluginInfo', named(''));
  door.say('connected');
  await expect(driver).rejects.toMatchObject({ reason: 'DRIVER_UNUSABLE' });
});

test('a driver that does not tell its name is the end', async () => {
  const { door, driver } = bench();
  door.answers.set('GetPluginInfo', () => ({ code: GrpcCode.INTERNAL, message: 'no idea' }));
  door.say('connected');
  await expect(driver).rejects.toMatchObject({ reason: 'DRIVER_UNUSABLE', message: expect.stringContaining('no idea') });
});

test('calls wait while the connection is lost, and reach the driver only after it was introduced again', async () => {
  const { door, clock, driver } = bench();
  door.say('connected');
  const connected = await driver;
  door.answers.set('DeleteVolume', () => ({}));
  door.say('lost');
  const call = remove(connected);
  await clock.advance(2000);
  expect(deletes(door)).toBe(0);
  const before = door.calls.length;
  door.say('connected');
  await call;
  expect(door.calls.slice(before).map((path) => path.split('/').at(-1))).toEqual([
    'GetPluginInfo',
    'Probe',
    'GetPluginCapabilities',
    'ControllerGetCapabilities',
    'GroupControllerGetCapabilities',
    'DeleteVolume',
  ]);
});

test('a call that waits in vain ends with UNAVAILABLE at its own limit', async () => {
  const { door, clock, driver } = bench();
  door.say('connected');
  const connected = await driver;
  door.say('lost');
  const call = remove(connected);
  call.catch(() => undefined);
  await clock.advance(5000);
  await expect(call).rejects.toMatchObject({ code: 'CSI_ERROR', grpcCode: GrpcCode.UNAVAILABLE });
});

test('new capabilities are seen after a reconnect', async () => {
  const { door, driver } = bench();
  door.say('connected');
  const connected = await driver;
  door.answers.set('GetPluginInfo', named('d.example'));
  door.answers.delete('ControllerGetCapabilities');
  door.say('lost');
  door.say('connected');
  await settled();
  expect(connected.identity()).toMatchObject({ vendorVersion: '2', controller: new Set() });
});

test('another driver behind the socket ends the process before any call reaches it', async () => {
  const { door, fatal, driver } = bench();
  door.say('connected');
  const connected = await driver;
  door.say('lost');
  door.answers.set('GetPluginInfo', named('other.example'));
  remove(connected).catch(() => undefined);
  door.say('connected');
  await settled();
  expect(fatal).toMatchObject([{ reason: 'DRIVER_CHANGED', message: expect.stringContaining('other.example') }]);
  expect(deletes(door)).toBe(0);
});

test('a connection that stays lost for the limit ends the process, once', async () => {
  const { door, clock, fatal, driver } = bench();
  door.say('connected');
  await driver;
  door.say('lost');
  await clock.advance(14_999);
  expect(fatal).toEqual([]);
  await clock.advance(60_000);
  expect(fatal).toMatchObject([{ reason: 'DRIVER_LOST' }]);
});

test('calls that wait for a driver that is given up are given up with it', async () => {
  const { door, clock, fatal, driver } = bench({ lostTimeoutMs: 4000 });
  door.say('connected');
  const connected = await driver;
  door.say('lost');
  const call = remove(connected);
  call.catch(() => undefined);
  await clock.advance(4000);
  expect(fatal).toMatchObject([{ reason: 'DRIVER_LOST' }]);
  await expect(call).rejects.toMatchObject({ code: 'CSI_ERROR', grpcCode: GrpcCode.CANCELLED });
});

test('a driver that comes back in time stops the clock, one that flaps without introducing itself does not', async () => {
  const { door, clock, fatal, driver } = bench();
  door.say('connected');
  await driver;
  door.say('lost');
  await clock.advance(10_000);
  door.say('connected');
  await clock.advance(60_000);
  expect(fatal).toEqual([]);
  door.answers.set('Probe', () => 'never');
  door.say('lost');
  for (let flap = 0; flap < 8; flap += 1) {
    await clock.advance(1000);
    door.say('connected');
    await clock.advance(1000);
    door.say('lost');
  }
  expect(fatal).toMatchObject([{ reason: 'DRIVER_LOST' }]);
});

test('at the end of the program the calls under way are cancelled, and no later one is sent', async () => {
  const { door, driver } = bench();
  door.say('connected');
  const connected = await driver;
  door.answers.set('DeleteVolume', () => 'never');
  const call = remove(connected);
  call.catch(() => undefined);
  await settled();
  connected.cancelCalls();
  await expect(call).rejects.toMatchObject({ grpcCode: GrpcCode.CANCELLED });
  await expect(remove(connected)).rejects.toMatchObject({ grpcCode: GrpcCode.CANCELLED });
  expect(deletes(door)).toBe(1);
});

test('an aborted signal ends the waiting', async () => {
  const { abort, driver } = bench();
  abort.abort(new Error('stopped'));
  await expect(driver).rejects.toThrow('stopped');
});

test('calls under way cost no signal of all of them a listener each, and are cancelled together', async () => {
  const { door, driver } = bench();
  door.say('connected');
  const connection = await driver;
  door.answers.set('DeleteVolume', () => 'never');
  const calls = Array.from({ length: 40 }, () => remove(connection).catch((error: unknown) => error));
  await settled();
  connection.cancelCalls();
  for (const error of await Promise.all(calls)) expect(error).toMatchObject({ grpcCode: GrpcCode.CANCELLED });
});
