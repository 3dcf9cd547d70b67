import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { type Entry, tar } from './tar.ts';

const archive = (entries: readonly Entry[]): Buffer => Buffer.concat([...tar(entries)]);
const file = (path: string, text: string, mode = 0o644): Entry => ({ kind: 'file', path, mode, read: () => Buffer.from(text) });
/** As the system's tar sees it. */
const asked = (words: readonly string[], entries: readonly Entry[]): string =>
  execFileSync('tar', words, { input: archive(entries), encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } });

/** Other kinds of tar list in other words. */
const isGnuTar = /GNU tar/.test(spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout ?? '');
if (!isGnuTar) console.log('not run: a listing in the words of GNU tar, which is not here');

test.skipIf(!isGnuTar)('another tar reads kinds, modes, owners, sizes, times and targets', () => {
  const entries: Entry[] = [
    { kind: 'folder', path: 'tmp', mode: 0o1777 },
    file('bin/sh', 'x'.repeat(513), 0o755),
    file('etc/empty', ''),
    { kind: 'link', path: 'sh', target: '/bin/sh' },
  ];
  const listed = asked(['--list', '--verbose', '--numeric-owner', '--full-time', '-f', '-'], entries);
  expect(
    listed
      .trimEnd()
      .split('\n')
      .map((line) => line.replaceAll(/ +/g, ' ')),
  ).toEqual([
    'drwxrwxrwt 0/0 0 1970-01-01 00:00:00 tmp/',
    '-rwxr-xr-x 0/0 513 1970-01-01 00:00:00 bin/sh',
    '-rw-r--r-- 0/0 0 1970-01-01 00:00:00 etc/empty',
    'lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 sh -> /bin/sh',
  ]);
});

test('another tar reads what files say, whatever is left of their last block', () => {
  for (const size of [1, 511, 512, 513, 1024])
    expect(asked(['-xOf', '-'], [file('first', 'a'.repeat(size)), file('second', 'b')])).toBe(`${'a'.repeat(size)}b`);
});

test('another tar reads paths that are longer than the field for them, up to the longest that fit', () => {
  const paths = ['n'.repeat(100), `${'f'.repeat(90)}/${'n'.repeat(100)}`, `${'a/'.repeat(77)}a/${'n'.repeat(100)}`];
  expect(
    asked(
      ['-tf', '-'],
      paths.map((path) => file(path, '')),
    )
      .trimEnd()
      .split('\n'),
  ).toEqual(paths);
});

test('what does not fit is refused, never cut', () => {
  expect(() => archive([file('n'.repeat(101), '')])).toThrow('is too long');
  expect(() => archive([file(`${'f'.repeat(156)}/n`, '')])).toThrow('is too long');
  expect(() => archive([{ kind: 'link', path: 'a', target: 't'.repeat(101) }])).toThrow('is longer than 100 bytes');
});
