import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../../harness/repository.ts';

const run = promisify(execFile);

async function simulate(workers: number): Promise<string> {
  const args = ['--scenario=retained-volume,retain-flip', '--seed=5', '--runs=12', `--workers=${workers}`];
  const { stdout } = await run(process.execPath, [join(repositoryRoot(), 'dist/simulate.mjs'), ...args]);
  return stdout.replace(/[\d.]+ (s|seeds per second)\b/g, 'N $1');
}

it('finds the same, in the same order, with two threads as with one', async () => {
  const alone = await simulate(1);
  expect(alone).toMatch(/^retained-volume: 12 runs, 0 failed, N s\nretain-flip: 12 runs, 0 failed, N s\n24 runs, 0 violations/);
  expect(await simulate(2)).toBe(alone);
});
