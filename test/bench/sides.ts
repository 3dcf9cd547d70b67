/** Who is measured: the Go trio, ours as one process, ours as three. */
import { readFileSync } from 'node:fs';
import { builtProgram } from '../../harness/mock-driver.ts';
import type { ControlPlane, ControlPlaneUser } from '../../harness/real/control-plane.ts';
import type { Program } from '../../harness/stage.ts';
import {
  castOf,
  type ClientLimits,
  ONE_PROCESS_USER,
  PROGRAM_USERS,
  type Role,
  ROLES,
  type Side as Author,
  startCast,
  startOneProcess,
  userOf,
} from '../real/programs.ts';

export const SIDES = ['go', 'one', 'three'] as const;
export type SideName = (typeof SIDES)[number];

export const SIDE_TITLES: Readonly<Record<SideName, string>> = {
  go: 'Go trio',
  one: 'ours, one process',
  three: 'ours, three processes',
};

/** Node's flags, as the first line of the built programs has them. */
const asShipped = (): readonly string[] =>
  (readFileSync(builtProgram('csi-sidecars'), 'utf8').split('\n', 1)[0] ?? '').split(' ').filter((word) => word.startsWith('--'));

export const BENCH_USERS: readonly ControlPlaneUser[] = [...PROGRAM_USERS, ONE_PROCESS_USER];

/** Users of the audit log whose calls are the side's. */
export function usersOf(side: SideName): readonly string[] {
  if (side === 'one') return [ONE_PROCESS_USER.name];
  return ROLES.map((role) => userOf(role, authorOf(side)).name);
}

export interface SideFlags {
  /** Of a program, or of the one process. */
  readonly argsOf?: (program: Role | 'csi-sidecars') => readonly string[];
  readonly limits?: ClientLimits;
  /** The kubeconfig file of a user. Default: the control plane's own. */
  readonly kubeconfigOf?: (user: string) => string;
}

/** For `argsOf`: a crash may leave a volume that no object names. */
export function withoutJournal(program: Role | 'csi-sidecars'): readonly string[] {
  return program === 'csi-provisioner' || program === 'csi-sidecars' ? ['--crash-safe-provisioning=false'] : [];
}

export interface SideInput extends SideFlags {
  readonly plane: ControlPlane;
  /** `unix:///…` of the driver. */
  readonly address: string;
  /** A folder for CPU profiles of ours. */
  readonly profiles: string | undefined;
}

export async function startSide(side: SideName, { plane, address, profiles, ...flags }: SideInput): Promise<Program[]> {
  const { argsOf = () => [], limits = 'lifted', kubeconfigOf = plane.kubeconfigOf } = flags;
  const nodeFlags = [...asShipped(), ...(profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`])];
  if (side === 'one') {
    const kubeconfig = kubeconfigOf(ONE_PROCESS_USER.name);
    return [startOneProcess(plane.stage, { kubeconfig, address, args: argsOf('csi-sidecars'), nodeFlags })];
  }
  return startCast(plane.stage, {
    cast: castOf(authorOf(side)),
    address,
    kubeconfigOf: (role, author) => kubeconfigOf(userOf(role, author).name),
    argsOf,
    limits,
    nodeFlags,
  });
}

function authorOf(side: 'go' | 'three'): Author {
  return side === 'go' ? 'go' : 'ours';
}
