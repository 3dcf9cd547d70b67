/**
 * Nobody waits for our accounts: on the same answers of the driver a user waits no longer with ours than with the Go
 * programs. Asserted is what does not depend on the machine: that what is waited for came, and came without more calls
 * of the driver than with Go, which wait for a back-off each. The seconds are printed.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { PROGRAM_USERS } from './programs.ts';
import { STORIES, tellStory, type Wait } from './waits.ts';

let plane: ControlPlane;
const rows: string[] = [];

beforeAll(async () => {
  plane = await startControlPlane({ users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
});
afterAll(async () => {
  console.log(['Go | ours, seconds (calls)', ...rows].join('\n'));
  await plane.stop();
});

const told = ({ seconds, calls }: Wait): string => `${seconds === undefined ? 'given up' : `${seconds.toFixed(1)} s`} (${calls})`;

test.each(STORIES.map((story, index) => [story.title, story, index] as const))('%s', async (_title, story, index) => {
  const go = await tellStory(plane, 'go', story, `wait-${index}-go`);
  const ours = await tellStory(plane, 'ours', story, `wait-${index}-ours`);
  rows.push(`${told(go).padStart(18)} | ${told(ours).padStart(18)} | ${story.title} (${story.counted})`);
  expect(go.seconds, 'the Go programs serve the user').toBeDefined();
  expect(ours.seconds, 'ours serve the user').toBeDefined();
  expect(ours.calls, story.counted).toBeLessThanOrEqual(go.calls);
});
