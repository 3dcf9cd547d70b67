/** The programs of a world, started as their mains start them, over the doors of one incarnation. */
import { runProgram } from '../../lib/process/program.ts';
import { planRole } from '../../lib/process/role-plan.ts';
import type { RolePlan } from '../../lib/process/role-plan.ts';
import { CSI_PROVISIONER } from '../../provisioner/role.ts';
import { SNAPSHOT_CONTROLLER } from '../../snapshotter/controller-role.ts';
import { CSI_SNAPSHOTTER } from '../../snapshotter/sidecar-role.ts';
import type { Scenario } from './scenario.ts';
import type { StartProgram } from './world.ts';

const PLANS: readonly RolePlan[] = [planRole(SNAPSHOT_CONTROLLER), planRole(CSI_SNAPSHOTTER), planRole(CSI_PROVISIONER)];
const ALL_ROLES = '--roles=snapshot-controller,csi-snapshotter,csi-provisioner';

/** Replicas are named `csi-provisioner-1`, `csi-provisioner-2`; `csi-sidecars` is all roles in one process. */
export function startPrograms(scenario: Scenario, seed: number): { readonly names: readonly string[]; readonly start: StartProgram } {
  const alone = PLANS.map((plan) => plan.name);
  const names =
    scenario.election === true
      ? alone.flatMap((name) => [`${name}-1`, `${name}-2`])
      : seed % 4 === 0 && scenario.apart !== true
        ? ['csi-sidecars']
        : alone;
  return {
    names,
    start: (doors, name) => {
      const plan = PLANS.find((candidate) => name.startsWith(candidate.name));
      const program = plan?.name ?? 'csi-sidecars';
      const plans = plan === undefined ? PLANS : [plan];
      const argv = ['--http-endpoint=:8080'];
      if (program !== 'snapshot-controller') argv.push('--csi-address=/sim/csi.sock');
      if (plan === undefined) argv.push(ALL_ROLES);
      if (scenario.publishesCapacity === true && (plan === undefined || plan.name === 'csi-provisioner')) argv.push('--enable-capacity');
      if (scenario.election === true) argv.push('--leader-election=true', '--leader-election-namespace=kube-system');
      argv.push(...(scenario.flags?.[program] ?? []));
      void runProgram({
        program: name,
        version: 'simulated',
        syntax: plan?.syntax ?? 'pflag',
        plans,
        doors,
        argv,
        print: () => undefined,
        ...(hasResync(seed) ? {} : { resyncMs: 0 }),
      }).then((code) => doors.host.exit(code));
    },
  };
}

/** Half of the seeds, of those with one process as of those with three: a resync heals what a lost wake-up left. */
function hasResync(seed: number): boolean {
  return ((seed >> 2) + seed) % 2 === 0;
}
