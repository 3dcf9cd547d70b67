/** All steps of a trial, in their order. */
import type { Step } from './step.ts';
import { MAIN_JOB } from './story/main-job.ts';
import { CLEAN_STEP, ORDERS_STEP } from './story/orders.ts';
import { START_STEP } from './story/start.ts';
import { TOPOLOGY_STEP } from './story/topology.ts';
import { TROUBLES } from './story/troubles.ts';
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
  START_STEP,
  ...MAIN_JOB,
  TOPOLOGY_STEP,
  ...TROUBLES,
  ORDERS_STEP,
  CLEAN_STEP,
  DELETE_STEP,
  LEAK_STEP,
];
