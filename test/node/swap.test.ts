/** The Go programs' images and ours set in turn in the driver's Pod, while volumes are in use and others come and go. */
import { expect, test } from 'vitest';
import { playOnNode } from '../verify/node/job.ts';

const POINTS = '4';

test('what each side began the other finishes, and nothing is left', async () => {
  const { result, leftOnMachine } = await playOnNode(['swap', 'go', POINTS], (line) => void process.stdout.write(`${line}\n`));
  expect(result).toMatchObject({ points: Number(POINTS) });
  expect(leftOnMachine).toEqual([]);
});
