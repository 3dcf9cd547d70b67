import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStage, type Stage } from '../../harness/stage.ts';
import { killSweep } from './mock-driver-kills.ts';

let stage: Stage;
beforeEach(() => {
  stage = openStage('mock-driver-kill');
});
afterEach(() => stage.close());

test('SIGKILL inside each mutating call leaves no half object, and the call succeeds afterwards', async () => {
  const { kills, rpcs, faults } = await killSweep(stage, { steps: 'one', log: () => undefined });
  expect(faults).toEqual([]);
  expect([kills, rpcs.length]).toEqual([17, 14]);
});
