/** A kubelet that is restarted while volumes are in use, mounted and raw, and more of them are asked for. */
import { expect, test } from 'vitest';
import { notReady } from '../../harness/node/ready.ts';
import { playOnNode } from '../verify/node/job.ts';

const problem = notReady();
if (problem !== undefined) console.log(`node: not run: ${problem}`);

test.skipIf(problem !== undefined)('everything becomes as it was asked for, and nothing is left', async () => {
  const { result, leftOnMachine } = await playOnNode(['faults', 'trio', '1'], (line) => void process.stdout.write(`${line}\n`));
  expect(result).toEqual({ faults: [{ name: 'kubelet restarted', settledSeconds: expect.any(Number) }] });
  expect(leftOnMachine).toEqual([]);
});
