/** A kubelet that is restarted while volumes are in use, mounted and raw, and more of them are asked for. */
import { expect, test } from 'vitest';
import { playOnNode } from '../verify/node/job.ts';

test('everything becomes as it was asked for, and nothing is left', async () => {
  const { result, leftOnMachine } = await playOnNode(['faults', 'trio', '1'], (line) => void process.stdout.write(`${line}\n`));
  expect(result).toEqual({ faults: [{ name: 'kubelet restarted', settledSeconds: expect.any(Number) }] });
  expect(leftOnMachine).toEqual([]);
});
