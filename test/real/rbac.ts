/**
 * The main job under the rights that vendors have given the Go programs: each program is its own
 * ServiceAccount, bound by upstream's manifests byte for byte as they lie in the Go module cache. What the
 * API server forbade is read from its audit log, so that a program that swallows a 403 is seen too.
 */
import { join } from 'node:path';
import type { CsiNode } from '../../harness/csi-node.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { moduleFolder } from '../../harness/real/binaries.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { openScene, runMainJob } from './main-job.ts';
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

function manifests(): string[] {
  const snapshotter = join(moduleFolder('snapshotter', 'github.com/kubernetes-csi/external-snapshotter/v8'), 'deploy/kubernetes');
  const provisioner = join(moduleFolder('provisioner', 'github.com/kubernetes-csi/external-provisioner/v6'), 'deploy/kubernetes');
  return [
    join(snapshotter, 'snapshot-controller/rbac-snapshot-controller.yaml'),
    join(snapshotter, 'csi-snapshotter/rbac-csi-snapshotter.yaml'),
    join(provisioner, 'rbac.yaml'),
  ];
}

/** Applies the ServiceAccounts, roles and bindings of all three programs. */
export async function applyUpstreamRbac(plane: ControlPlane): Promise<void> {
  const { code, stderr } = await plane.kubectl(['apply', ...manifests().flatMap((file) => ['-f', file])]);
  if (code !== 0) throw new Error(`upstream's RBAC could not be applied: ${stderr}`);
}

export interface RbacRun {
  /** Refused with 403, as `verb resource` and how often, per role. */
  readonly forbidden: ReadonlyMap<string, number>;
  /** Calls answered in all, so that an empty list of refusals means something. */
  readonly calls: number;
}

export interface RbacOptions {
  readonly plane: ControlPlane;
  readonly driver: MockDriver;
  readonly node: CsiNode;
  readonly side: Side;
}

/** One main job of that side, with leader election on as the manifests foresee it. */
export async function runUnderRbac({ plane, driver, node, side }: RbacOptions): Promise<RbacRun> {
  const from = plane.audit().length;
  const programs = await startCast(plane.stage, {
    cast: castOf(side),
    address: driver.address,
    kubeconfigOf: (role) => plane.asServiceAccount(ACCOUNTS[role].namespace, ACCOUNTS[role].name),
    argsOf: (role) => ['--leader-election=true', `--leader-election-namespace=${ACCOUNTS[role].namespace}`],
  });
  await runMainJob(await openScene({ plane, driver, name: `rbac-${side}` }), node);
  await stopCast(programs);

  const forbidden = new Map<string, number>();
  let calls = 0;
  const users = new Map(
    Object.entries(ACCOUNTS).map(([role, { namespace, name }]) => [`system:serviceaccount:${namespace}:${name}`, role]),
  );
  for (const { user, verb, resource, code } of plane.audit().slice(from)) {
    const role = users.get(user);
    if (role === undefined) continue;
    calls += 1;
    if (code !== 403) continue;
    const key = `${role}: ${verb} ${resource}`;
    forbidden.set(key, (forbidden.get(key) ?? 0) + 1);
  }
  return { forbidden, calls };
}
