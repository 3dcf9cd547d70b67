/** deploy/ as it is published, on a real node: our images as Pods, volumes mounted by kubelet, bytes of containers; `doctor` finds nothing there. */
import { expect, test } from 'vitest';
import { notReady } from '../../harness/node/ready.ts';
import { demoOnNode } from '../../demo/node.ts';

const problem = notReady();
if (problem !== undefined) console.log(`node: not run: ${problem}`);

test.skipIf(problem !== undefined)('the main job runs in Pods, and the machine is afterwards as it was before', async () => {
  const result = await demoOnNode((line) => void process.stdout.write(`${line}\n`));
  expect(result.error).toBeUndefined();
  expect(result.written).not.toBe('');
  expect(result.restored).toBe(result.written);
  expect(result.diagnosed).toBe('');
  expect(result.left).toEqual({ volumes: 0, snapshots: 0 });
  expect(result.leftOnMachine).toEqual([]);
});
