/** The program snapshot-controller. */
import { runMain } from '../lib/process/main.ts';
import { planRole } from '../lib/process/role-plan.ts';
import { SNAPSHOT_CONTROLLER } from './controller-role.ts';

await runMain({ program: 'snapshot-controller', syntax: 'go', plans: [planRole(SNAPSHOT_CONTROLLER)] });
