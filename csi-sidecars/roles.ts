/** The roles that one process can have. */
import { planRole, type RolePlan } from '../lib/process/role-plan.ts';
import { CSI_PROVISIONER } from '../provisioner/role.ts';
import { SNAPSHOT_CONTROLLER } from '../snapshotter/controller-role.ts';
import { CSI_SNAPSHOTTER } from '../snapshotter/sidecar-role.ts';

export const ROLES: readonly RolePlan[] = [planRole(SNAPSHOT_CONTROLLER), planRole(CSI_SNAPSHOTTER), planRole(CSI_PROVISIONER)];
