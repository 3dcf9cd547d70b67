/** Rights taken away one at a time on a real API server, each beside a call that was made by it. */
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { nameOf } from '../../harness/kube.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { eventually } from '../../harness/wait.ts';
import type { Needed, Right, RightsCall, RoleManifest } from './rights.ts';

export interface RemovalOptions {
  readonly plane: ControlPlane;
  /** As they are applied. */
  readonly manifests: readonly RoleManifest[];
  readonly rights: readonly Right[];
  readonly needed: readonly Needed[];
}

/**
 * The server answers for each witness: allowed while the right is there, denied once it is gone, allowed once it is back.
 * Fails with the right for which it is not so. The roles are then as they were.
 */
export async function removeOneByOne({ plane, manifests, rights, needed }: RemovalOptions): Promise<void> {
  for (const { right, witness } of needed) {
    const role = manifests.find(({ kind, metadata }) => kind.endsWith('Role') && metadata.name === right.role);
    if (role === undefined) throw new Error(`no role ${right.role}`);
    const write = (kept: readonly Right[]): Promise<KubeObject> =>
      plane.kube.mergePatch(resourceOf(role), nameOf(role), { rules: kept.map(ruleOf) });
    const ofRole = rights.filter((other) => other.role === right.role);
    const told = `${witness.verb} ${witness.resource} of ${witness.user}`;
    const until = (allowed: boolean): Promise<true> =>
      eventually(
        `${told} to be ${allowed ? 'allowed' : 'denied'}`,
        async () => ((await isAllowed(plane, witness)) === allowed ? true : undefined),
        { signal: plane.stage.broken, timeoutMs: 10_000, everyMs: 5 },
      );
    await until(true);
    await write(ofRole.filter((other) => other !== right));
    await until(false);
    await write(ofRole);
    await until(true);
  }
}

function resourceOf({ kind }: RoleManifest): Resource<KubeObject> {
  return {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    plural: kind === 'Role' ? 'roles' : 'clusterroles',
    kind,
    namespaced: kind === 'Role',
  };
}

function ruleOf({ group, resource, verb, name }: Right): object {
  return { apiGroups: [group], resources: [resource], verbs: [verb], ...(name === undefined ? {} : { resourceNames: [name] }) };
}

async function isAllowed({ raw }: ControlPlane, { user, verb, group, resource, namespace, name }: RightsCall): Promise<boolean> {
  const [plain = '', subresource] = resource.split('/');
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${user.split(':')[2] ?? ''}`, 'system:authenticated'];
  const resourceAttributes = { verb, group, resource: plain, namespace, name, ...(subresource === undefined ? {} : { subresource }) };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user, groups, resourceAttributes } };
  const answer = await raw.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: JSON.stringify(body),
  });
  if (answer.status !== 201) throw new Error(`SubjectAccessReview: ${answer.status} ${answer.text}`);
  return (JSON.parse(answer.text) as { status: { allowed: boolean } }).status.allowed;
}
