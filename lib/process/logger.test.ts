import { expect, test } from 'vitest';
import { ConfigError } from '../errors/config-error.ts';
import { createLogger, type LoggerOptions } from './logger.ts';

const NOON = Date.UTC(2026, 10, 22, 5, 56, 38, 123);

function bench(overrides: Partial<LoggerOptions> = {}): { readonly log: ReturnType<typeof createLogger>; readonly lines: string[] } {
  const lines: string[] = [];
  const clock = { now: () => NOON, monotonic: () => 0, setTimer: () => () => undefined };
  const log = createLogger({
    program: 'csi-snapshotter',
    format: 'text',
    verbosity: 0,
    clock,
    host: { writeLog: (line) => lines.push(line) },
    ...overrides,
  });
  return { log, lines };
}

test('text lines have the shape of klog', () => {
  const { log, lines } = bench();
  log.info('Driver connected', { driver: 'mock.csi.example', attempts: 2 });
  log.warn('Say "hello"\nto all');
  expect(lines).toEqual([
    'I1122 05:56:38.123000       1 csi-snapshotter] "Driver connected" driver="mock.csi.example" attempts=2\n',
    'W1122 05:56:38.123000       1 csi-snapshotter] "Say \\"hello\\"\\nto all"\n',
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
  expect(lines[1]).toBe('E1122 05:56:38.123000       1 csi-snapshotter] "Oops" err="bad" code="CONFIG_ERROR"\n');
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
