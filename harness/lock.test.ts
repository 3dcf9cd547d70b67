import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { lock } from './lock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'csi-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('who comes second says so once, and waits until it is given back', async () => {
  const file = join(folder, 'lock');
  const release = await lock(file, () => undefined);
  const waits = vi.fn<() => void>();
  const order: string[] = [];
  const second = lock(file, waits).then((give) => {
    order.push('second');
    give();
  });
  await vi.waitFor(() => expect(waits).toHaveBeenCalled());
  order.push('given back');
  release();
  await second;
  expect(order).toEqual(['given back', 'second']);
  expect(waits).toHaveBeenCalledTimes(1);
  expect(existsSync(file)).toBe(false);
});

test('the lock of a process that has died is taken over', async () => {
  const file = join(folder, 'lock');
  const { pid } = spawnSync('true');
  writeFileSync(file, String(pid));
  const waits = vi.fn<() => void>();
  const release = await lock(file, waits);
  expect(readFileSync(file, 'utf8')).toBe(String(process.pid));
  expect(waits).not.toHaveBeenCalled();
  release();
});
