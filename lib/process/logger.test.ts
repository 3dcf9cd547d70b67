import { expect, test } from 'vitest';
import { ConfigError } from '../errors/config-error.ts';
import { createLogger, type LoggerOptions } from './logger.ts';

const NOON = Date.UTC(2026, 10, 22, 5, 56, 38, 123);

function bench(overrides: Partial<LoggerOptions> = {}): { readonly log: ReturnType<typeof createLogger>; readonly lines: string[] } {
  const lines: string[] = [];
  const clock = { now: () => NOON, monotonic: () => 0, setTimer: () => () => undefined };
  const log = createLogger({
    format: 'text',
    verbosity: 0,
    clock,
    host: { pid: 4711, writeLog: (line) => lines.push(line) },
    ...overrides,
  });
  return { log, lines };
}

test('text lines have the shape of klog', () => {
  const { log, lines } = bench();
  log.at?.('csi/connection.ts:126').info('Driver connected', { driver: 'mock.csi.example', attempts: 2 });
  log.warn('Say "hello"\nto all');
  expect(lines).toEqual([
    'I1122 05:56:38.123000    4711 connection.ts:126] "Driver connected" driver="mock.csi.example" attempts=2\n',
    'W1122 05:56:38.123000    4711 ???:1] "Say \\"hello\\"\\nto all"\n',
  ]);
});

test('JSON lines are one record each', () => {
  const { log, lines } = bench({ format: 'json' });
  log.child({ controller: 'claims' }).error('Failed', new ConfigError(['no such file']), { claim: 'ns/a' });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'error',
    ts: NOON,
    controller: 'claims',
    err: 'no such file',
    code: 'CONFIG_ERROR',
    claim: 'ns/a',
    msg: 'Failed',
  });
});

test('JSON lines have the keys of component-base', () => {
  const { log, lines } = bench({ format: 'json', verbosity: 5 });
  log.at?.('csi/connection.ts:126').info('one');
  log.at?.('csi/rpc-call.ts:7').debug(5, 'two');
  log.child({ role: 'a' }).at?.('csi/x.ts:1').warn('three');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: 'info', ts: NOON, caller: 'csi/connection.ts:126', v: 0, msg: 'one' },
    { level: 'debug', ts: NOON, caller: 'csi/rpc-call.ts:7', v: 5, msg: 'two' },
    { level: 'warn', ts: NOON, role: 'a', caller: 'csi/x.ts:1', v: 0, msg: 'three' },
  ]);
});

test('lines have microseconds where the monotonic clock has them, and follow a wall clock that was set', () => {
  let [wall, monotonic] = [NOON, 50.25];
  const { log, lines } = bench({ clock: { now: () => wall, monotonic: () => monotonic, setTimer: () => () => undefined } });
  log.info('first');
  monotonic += 0.125;
  log.info('an eighth of a millisecond later');
  [wall, monotonic] = [NOON + 3_600_000, monotonic + 1];
  log.info('the clock was set');
  expect(lines.map((line) => line.slice(6, 21))).toEqual(['05:56:38.123000', '05:56:38.123125', '06:56:38.123000']);
});

test('debug lines appear from their level on', () => {
  const { log, lines } = bench({ verbosity: 4 });
  log.debug(4, 'shown');
  log.debug(5, 'hidden');
  log.child({ a: 1 }).debug(5, 'hidden too');
  expect(lines.map((line) => line.split('] ')[1])).toEqual(['"shown"\n']);
});

test('a bug shows its stack, an error of ours does not', () => {
  const { log, lines } = bench();
  log.error('Oops', new TypeError('x is not a function'));
  log.error('Oops', new ConfigError(['bad']));
  expect(lines[0]).toContain('TypeError: x is not a function\n    at ');
  expect(lines[1]).toBe('E1122 05:56:38.123000    4711 ???:1] "Oops" err="bad" code="CONFIG_ERROR"\n');
});

test('bigints, maps, sets, bytes and cycles can be logged', () => {
  const { log, lines } = bench({ format: 'json' });
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  log.info('x', {
    big: 9_007_199_254_740_993n,
    nested: { deep: [1n] },
    map: new Map([['k', 1]]),
    set: new Set(['a']),
    bytes: new Uint8Array(3),
    cycle,
  });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    big: '9007199254740993',
    nested: { deep: ['1'] },
    map: { k: 1 },
    set: ['a'],
    bytes: '3 bytes',
  });
});

test('whatever bears the name of a secret is struck out, at any depth', () => {
  const { log, lines } = bench({ format: 'json' });
  log.info('x', {
    request: { secrets: { password: 'hunter22' } },
    headers: { authorization: 'Bearer abc' },
    token: 'abc',
    secretName: 'ns/provisioner',
  });
  log.child({ token: 'abc' }).info('y');
  expect(lines.join('')).not.toMatch(/hunter22|abc/);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ request: { secrets: { password: '***stripped***' } }, secretName: 'ns/provisioner' });
});
