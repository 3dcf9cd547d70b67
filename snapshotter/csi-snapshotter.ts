/** The program csi-snapshotter. */
import { runMain } from '../lib/process/main.ts';
import { planRole } from '../lib/process/role-plan.ts';
import { CSI_SNAPSHOTTER } from './sidecar-role.ts';

await runMain({ program: 'csi-snapshotter', syntax: 'go', plans: [planRole(CSI_SNAPSHOTTER)] });
