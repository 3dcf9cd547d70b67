/** The programs of a world, started as their mains start them, over the doors of one incarnation. */
import { runProgram } from '../../lib/process/program.ts';
import { planRole } from '../../lib/process/role-plan.ts';
import type { RolePlan } from '../../lib/process/role-plan.ts';
import { CSI_PROVISIONER } from '../../provisioner/role.ts';
import { SNAPSHOT_CONTROLLER } from '../../snapshotter/controller-role.ts';
import { CSI_SNAPSHOTTER } from '../../snapshotter/sidecar-role.ts';
import type { Scenario } from './scenario.ts';
import type { ProgramOfWorld, StartProgram } from './world.ts';

const PLANS: readonly RolePlan[] = [planRole(SNAPSHOT_CONTROLLER), planRole(CSI_SNAPSHOTTER), planRole(CSI_PROVISIONER)];
const ALL_ROLES = '--roles=snapshot-controller,csi-snapshotter,csi-provisioner';

/** Whose work on a node's volumes is done on that node, where each has a driver of its own. */
const ON_NODES: readonly RolePlan[] = PLANS.filter(({ name }) => name !== 'snapshot-controller');
const PER_NODE = ['--node-deployment'];
const DISTRIBUTED = ['--enable-distributed-snapshotting'];

/** Replicas are named `csi-provisioner-1`, `csi-provisioner-2`; `csi-sidecars` is all roles in one process; `csi-provisioner-NODE` serves a node. */
export function startPrograms(
  scenario: Scenario,
  { seed, nodes }: { readonly seed: number; readonly nodes: readonly string[] | undefined },
): { readonly programs: readonly ProgramOfWorld[]; readonly start: StartProgram } {
  const isPerNode = nodes !== undefined;
  return {
    programs: programsOf(scenario, { seed, nodes }),
    start: (doors, name) => {
      const plan = PLANS.find((candidate) => name.startsWith(candidate.name));
      const program = plan?.name ?? 'csi-sidecars';
      const plans = plan === undefined ? PLANS : [plan];
      const argv = ['--http-endpoint=:8080'];
      if (program !== 'snapshot-controller') argv.push('--csi-address=/sim/csi.sock');
      if (plan === undefined) argv.push(ALL_ROLES);
      if (scenario.publishesCapacity === true && (plan === undefined || plan.name === 'csi-provisioner')) argv.push('--enable-capacity');
      if (scenario.election === true) argv.push('--leader-election=true', '--leader-election-namespace=kube-system');
      if (isPerNode) argv.push(...(program === 'snapshot-controller' ? DISTRIBUTED : PER_NODE));
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

function programsOf(
  scenario: Scenario,
  { seed, nodes }: { readonly seed: number; readonly nodes: readonly string[] | undefined },
): readonly ProgramOfWorld[] {
  const names = PLANS.map(({ name }) => name);
  if (nodes !== undefined)
    return [{ name: 'snapshot-controller' }, ...nodes.flatMap((node) => ON_NODES.map(({ name }) => ({ name: `${name}-${node}`, node })))];
  if (scenario.election === true) return names.flatMap((name) => [{ name: `${name}-1` }, { name: `${name}-2` }]);
  return seed % 4 === 0 && scenario.apart !== true ? [{ name: 'csi-sidecars' }] : names.map((name) => ({ name }));
}

/** Half of the seeds, of those with one process as of those with three: a resync heals what a lost wake-up left. */
function hasResync(seed: number): boolean {
  return ((seed >> 2) + seed) % 2 === 0;
}
