import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStage, type Stage } from '../../harness/stage.ts';
import { CONFIGURATIONS, runSanity } from './sanity.ts';

let stage: Stage;
beforeEach(() => {
  stage = openStage('sanity');
});
afterEach(() => stage.close());

test.each(CONFIGURATIONS)('csi-sanity finds no fault in the driver: $name', async (configuration) => {
  const result = await runSanity(stage, configuration);
  console.log(
    `csi-sanity, ${configuration.name}: ${result.passed} passed, ${result.failed.length} failed, ${result.skipped.length} of ${result.all} skipped`,
  );
  if (configuration.name === 'everything') for (const line of result.skipped) console.log(`  skipped ${line}`);
  expect(result.failed).toEqual([]);
  expect(result.all).toBe(103);
  expect(result.ran).toBeGreaterThanOrEqual(configuration.atLeast);
  if (configuration.restarts) expect(result.restarts).toBeGreaterThanOrEqual(result.ran);
});
