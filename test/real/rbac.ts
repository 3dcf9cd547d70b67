/**
 * Jobs under the rights that an administrator grants: each program is its own ServiceAccount, and what the API server forbade
 * is read from its audit log, so that a program that swallows a 403 is seen too.
 */
import type { AuditCall } from '../../harness/real/audit.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import type { Role, Side } from './programs.ts';
import { castOf, startCast, stopCast } from './programs.ts';

interface Account {
  readonly namespace: string;
  readonly name: string;
}

export const ACCOUNTS: Readonly<Record<Role, Account>> = {
  'snapshot-controller': { namespace: 'kube-system', name: 'snapshot-controller' },
  'csi-snapshotter': { namespace: 'default', name: 'csi-snapshotter' },
  'csi-provisioner': { namespace: 'default', name: 'csi-provisioner' },
};

export async function applyRbac(plane: ControlPlane, files: readonly string[]): Promise<void> {
  const { code, stderr } = await plane.kubectl(['apply', ...files.flatMap((file) => ['-f', file])]);
  if (code !== 0) throw new Error(`the roles could not be applied: ${stderr}`);
}

const ROLE_OF_USER: ReadonlyMap<string, string> = new Map(
  Object.entries(ACCOUNTS).map(([role, { namespace, name }]) => [`system:serviceaccount:${namespace}:${name}`, role]),
);

export interface RbacOptions {
  readonly plane: ControlPlane;
  readonly driver: MockDriver;
  readonly side: Side;
  readonly argsOf?: (role: Role) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The job with the programs of that side, with leader election on as the manifests foresee it. Answers what the programs
 * called, in the log's order.
 */
export async function runUnderRbac(
  { plane, driver, side, argsOf = () => [], env = {} }: RbacOptions,
  job: () => Promise<void>,
): Promise<readonly AuditCall[]> {
  const from = plane.audit().length;
  const programs = await startCast(plane.stage, {
    cast: castOf(side),
    address: driver.address,
    kubeconfigOf: (role) => plane.asServiceAccount(ACCOUNTS[role].namespace, ACCOUNTS[role].name),
    argsOf: (role) => ['--leader-election=true', `--leader-election-namespace=${ACCOUNTS[role].namespace}`, ...argsOf(role)],
    env,
  });
  try {
    await job();
  } finally {
    await stopCast(programs);
  }
  return plane
    .audit()
    .slice(from)
    .filter(({ user }) => ROLE_OF_USER.has(user));
}

/** Refused with 403, as `role: verb resource` and how often. */
export function forbiddenIn(calls: readonly AuditCall[]): ReadonlyMap<string, number> {
  const forbidden = new Map<string, number>();
  for (const { user, verb, resource, code } of calls) {
    if (code !== 403) continue;
    const key = `${ROLE_OF_USER.get(user)}: ${verb} ${resource}`;
    forbidden.set(key, (forbidden.get(key) ?? 0) + 1);
  }
  return forbidden;
}

export function told(side: string, calls: readonly AuditCall[]): string {
  const list = [...forbiddenIn(calls)].map(([key, count]) => `${key} ×${count}`).join('; ');
  return `${side}: ${calls.length} calls, forbidden: ${list === '' ? 'none' : list}`;
}
