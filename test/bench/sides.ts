/** Who is measured: the Go trio, ours as one process, ours as three. Limits of clients are lifted for all. */
import type { ControlPlane, ControlPlaneUser } from '../../harness/real/control-plane.ts';
import type { Program } from '../../harness/stage.ts';
import {
  castOf,
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

/** The programs' first lines say so, too; see tools/build.mjs. */
const AS_SHIPPED = ['--max-semi-space-size=2'];

export const BENCH_USERS: readonly ControlPlaneUser[] = [...PROGRAM_USERS, ONE_PROCESS_USER];

/** Users of the audit log whose calls are the side's. */
export function usersOf(side: SideName): readonly string[] {
  if (side === 'one') return [ONE_PROCESS_USER.name];
  return ROLES.map((role) => userOf(role, authorOf(side)).name);
}

export interface SideInput {
  readonly plane: ControlPlane;
  /** `unix:///…` of the driver. */
  readonly address: string;
  /** A folder for CPU profiles of ours. */
  readonly profiles: string | undefined;
}

export function startSide(side: SideName, { plane, address, profiles }: SideInput): Promise<Program[]> {
  const nodeFlags = [...AS_SHIPPED, ...(profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`])];
  if (side === 'one') {
    const kubeconfig = plane.kubeconfigOf(ONE_PROCESS_USER.name);
    return Promise.resolve([startOneProcess(plane.stage, { kubeconfig, address, nodeFlags })]);
  }
  const kubeconfigOf = (role: Role, author: Author): string => plane.kubeconfigOf(userOf(role, author).name);
  return startCast(plane.stage, { cast: castOf(authorOf(side)), address, kubeconfigOf, nodeFlags });
}

function authorOf(side: 'go' | 'three'): Author {
  return side === 'go' ? 'go' : 'ours';
}
