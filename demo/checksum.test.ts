import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checksumOf } from './checksum.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'checksum-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function volume(name: string, files: Readonly<Record<string, string>>): string {
  const root = join(dir, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test('the checksum is of names and bytes, not of the folder or of the order of writing', async () => {
  const one = await checksumOf(volume('one', { a: '1', 'sub/b': '2' }));
  expect(one).toMatch(/^[0-9a-f]{16}$/);
  expect(await checksumOf(volume('two', { 'sub/b': '2', a: '1' }))).toBe(one);
  expect(await checksumOf(volume('three', { a: '1', 'sub/c': '2' }))).not.toBe(one);
  expect(await checksumOf(volume('four', { a: '2', 'sub/b': '2' }))).not.toBe(one);
});

test('one file whose bytes look like two files is not taken for them', async () => {
  expect(await checksumOf(volume('one', { a: '1/b\n2' }))).not.toBe(await checksumOf(volume('two', { a: '1', b: '2' })));
});

test('a published volume that is a link counts as the folder it leads to', async () => {
  const root = volume('real', { a: '1' });
  symlinkSync(root, join(dir, 'link'));
  expect(await checksumOf(join(dir, 'link'))).toBe(await checksumOf(root));
  renameSync(root, join(dir, 'moved'));
  expect(await checksumOf(join(dir, 'moved'))).toBe(await checksumOf(volume('again', { a: '1' })));
});
