/** The program csi-provisioner. */
import { runMain } from '../lib/process/main.ts';
import { planRole } from '../lib/process/role-plan.ts';
import { CSI_PROVISIONER } from './role.ts';

await runMain({ program: 'csi-provisioner', syntax: 'pflag', plans: [planRole(CSI_PROVISIONER)] });
