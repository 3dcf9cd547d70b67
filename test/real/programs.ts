import { builtProgram } from '../../harness/mock-driver.ts';
import type { Program, Stage } from '../../harness/stage.ts';
import { binary, type BinaryName } from '../../harness/real/binaries.ts';
import type { ControlPlane, ControlPlaneUser } from '../../harness/real/control-plane.ts';

/** Whose program plays a role: this project's, or the peer of the same name built from its Go module. */
export type Side = 'ours' | 'go';
export type Role = 'snapshot-controller' | 'csi-snapshotter' | 'csi-provisioner';

export const ROLES: readonly Role[] = ['snapshot-controller', 'csi-snapshotter', 'csi-provisioner'];
export type Cast = Readonly<Record<Role, Side>>;

export function castOf(side: Side, others: Partial<Cast> = {}): Cast {
  return { 'snapshot-controller': side, 'csi-snapshotter': side, 'csi-provisioner': side, ...others };
}

/** The token user of a program, so that the audit log tells the sides apart. */
export function userOf(role: Role, side: Side): ControlPlaneUser {
  return { name: `${side}-${role}`, groups: ['system:masters'] };
}

export const PROGRAM_USERS: readonly ControlPlaneUser[] = ROLES.flatMap((role) => [userOf(role, 'ours'), userOf(role, 'go')]);

/** For `kubeconfigOf` of a cast: each program as its own token user. */
export function ownKubeconfigOf(plane: Pick<ControlPlane, 'kubeconfigOf'>): (role: Role, side: Side) => string {
  return (role, side) => plane.kubeconfigOf(userOf(role, side).name);
}

/** The flags that have group snapshots on; csi-provisioner has no such gate. */
export function groupsOn(role: Role): readonly string[] {
  return role === 'csi-provisioner' ? [] : ['--feature-gates=CSIVolumeGroupSnapshot=true'];
}

export interface ProgramOptions {
  readonly role: Role;
  readonly side: Side;
  readonly kubeconfig: string;
  /** The driver's socket; snapshot-controller has none. */
  readonly address: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of ours: flags of Node itself. */
  readonly nodeFlags?: readonly string[];
  /** Of Go: another release than the newest. */
  readonly goProgram?: BinaryName;
  /** Of calls to the API server. Default `lifted`: the peers' own of 5 calls a second measures nothing but itself. */
  readonly limits?: ClientLimits;
}

export type ClientLimits = 'lifted' | 'default';

/** The same flags for either side: that they are taken is part of the test. */
export async function startProgram(stage: Stage, options: ProgramOptions): Promise<Program> {
  const { role, side, kubeconfig, address, args = [], env = {}, nodeFlags = [], goProgram = role, limits = 'lifted' } = options;
  const flags = [
    `--kubeconfig=${kubeconfig}`,
    ...(limits === 'lifted' ? ['--kube-api-qps=1000', '--kube-api-burst=2000'] : []),
    '--v=2',
    ...(role === 'snapshot-controller' ? [] : [`--csi-address=${address}`]),
    ...args,
  ];
  const name = `${side}-${role}`;
  if (side === 'go') return stage.start({ name, file: await binary(goProgram), args: flags, env });
  return stage.start({ name, file: process.execPath, args: [...nodeFlags, builtProgram(role), ...flags], env });
}

export interface CastOptions {
  readonly cast: Cast;
  readonly address: string;
  readonly kubeconfigOf: (role: Role, side: Side) => string | Promise<string>;
  readonly argsOf?: (role: Role) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeFlags?: readonly string[];
  readonly limits?: ClientLimits;
}

/** One program a role, started in the order of the roles. */
export async function startCast(
  stage: Stage,
  { cast, address, kubeconfigOf, argsOf = () => [], env = {}, nodeFlags = [], limits = 'lifted' }: CastOptions,
): Promise<Program[]> {
  const programs: Program[] = [];
  for (const role of ROLES) {
    const side = cast[role];
    const kubeconfig = await kubeconfigOf(role, side);
    programs.push(await startProgram(stage, { role, side, address, kubeconfig, args: argsOf(role), env, nodeFlags, limits }));
  }
  return programs;
}

/** The token user of the one process that plays all roles. */
export const ONE_PROCESS_USER: ControlPlaneUser = { name: 'ours-one-process', groups: ['system:masters'] };

export interface OneProcessOptions {
  readonly kubeconfig: string;
  readonly address: string;
  readonly args?: readonly string[];
  readonly nodeFlags?: readonly string[];
}

/** csi-sidecars with all three roles: one cache per kind, one client. */
export function startOneProcess(stage: Stage, { kubeconfig, address, args = [], nodeFlags = [] }: OneProcessOptions): Program {
  const flags = [`--roles=${ROLES.join(',')}`, `--kubeconfig=${kubeconfig}`, `--csi-address=${address}`, '--v=2', ...args];
  return stage.start({ name: 'ours-one-process', file: process.execPath, args: [...nodeFlags, builtProgram('csi-sidecars'), ...flags] });
}

export async function stopCast(programs: readonly Program[]): Promise<void> {
  await Promise.all(programs.map((program) => program.stop()));
}
