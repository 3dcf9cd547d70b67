import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import type { Kube } from '../../harness/kube.ts';

type ClusterRole = KubeObject & { rules: readonly object[] };
type ClusterRoleBinding = KubeObject & { subjects: readonly object[]; roleRef: object };

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: false } as const;
export const CLUSTER_ROLES: Resource<ClusterRole> = { ...RBAC, plural: 'clusterroles', kind: 'ClusterRole' };
const CLUSTER_ROLE_BINDINGS: Resource<ClusterRoleBinding> = { ...RBAC, plural: 'clusterrolebindings', kind: 'ClusterRoleBinding' };

export interface Grant {
  readonly rules: readonly object[];
  /** A subject as a ClusterRoleBinding has it. */
  readonly to: object;
}

export const userSubject = (name: string): object => ({ kind: 'User', name, apiGroup: RBAC.group });

/** A ClusterRole and its binding, both of that name. */
export async function grant(kube: Kube, name: string, { rules, to }: Grant): Promise<void> {
  await kube.create(CLUSTER_ROLES, { metadata: { name }, rules });
  const roleRef = { kind: CLUSTER_ROLES.kind, name, apiGroup: RBAC.group };
  await kube.create(CLUSTER_ROLE_BINDINGS, { metadata: { name }, subjects: [to], roleRef });
}
