/** All steps of a trial, in their order. */
import type { Step } from './step.ts';
import { BEFORE_STEP, DELETE_STEP, LEAK_STEP } from './talk/ends.ts';
import { IDENTITY_STEP } from './talk/identity.ts';
import { LIST_STEPS } from './talk/lists.ts';
import { PUBLISH_STEP } from './talk/publish.ts';
import { SNAPSHOT_STEPS } from './talk/snapshots.ts';
import { VOLUME_STEPS } from './talk/volumes.ts';

export const STEPS: readonly Step[] = [
  IDENTITY_STEP,
  BEFORE_STEP,
  ...VOLUME_STEPS,
  PUBLISH_STEP,
  ...SNAPSHOT_STEPS,
  ...LIST_STEPS,
  DELETE_STEP,
  LEAK_STEP,
];
