import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from './causes.ts';
import { readFirstSeen, writeFirstSeen } from './first-seen.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'first-seen-'));
});
afterEach(() => rm(dir, { recursive: true }));

const leak = (id: string): Finding => ({ cause: 'volume-of-nobody', kind: 'volume', id, detail: '' });

test('the first time stays, what is gone is forgotten, and objects of the cluster are not kept', async () => {
  const path = join(dir, 'seen');
  expect(await readFirstSeen(path, 'd')).toEqual(new Map());
  await writeFirstSeen(path, 'd', { findings: [leak('a'), leak('b')], known: new Map(), nowMs: 1 });
  const known = await readFirstSeen(path, 'd');
  await writeFirstSeen(path, 'd', { findings: [leak('a'), { ...leak('c'), object: 'PersistentVolume/c' }], known, nowMs: 2 });
  expect(await readFirstSeen(path, 'd')).toEqual(new Map([['volume a', 1]]));
});

test('a file of another driver, or of something else, is refused', async () => {
  const path = join(dir, 'seen');
  await writeFirstSeen(path, 'other', { findings: [], known: new Map(), nowMs: 1 });
  await expect(readFirstSeen(path, 'd')).rejects.toThrow('is of the driver other');
  await writeFile(path, 'no JSON');
  await expect(readFirstSeen(path, 'd')).rejects.toThrow('is no file of an audit');
});
