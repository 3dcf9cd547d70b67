/**
 * The rights that deploy/ grants, one verb on one resource at a time, and which of them the calls of an audit log cannot do
 * without.
 */
import { join } from 'node:path';
import type { AuditCall } from '../../harness/real/audit.ts';
import { readManifests } from '../../harness/manifests.ts';
import { repositoryRoot } from '../../harness/repository.ts';

/** One verb on one resource, for the account that its role is bound to. */
export interface Right {
  readonly role: string;
  /** `system:serviceaccount:NAMESPACE:NAME`. */
  readonly user: string;
  /** Undefined: in every namespace, and on what has none. */
  readonly namespace: string | undefined;
  readonly group: string;
  /** With its subresource. */
  readonly resource: string;
  readonly verb: string;
  /** Undefined: whatever its name. */
  readonly name: string | undefined;
}

export type RightsCall = Pick<AuditCall, 'user' | 'verb' | 'group' | 'resource' | 'namespace' | 'name' | 'code'>;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface RoleManifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
}

/** What an administrator applies for programs with everything switched on. */
export const RIGHTS_FILES: readonly string[] = [
  'snapshot-controller/rbac.yaml',
  'csi-snapshotter/rbac.yaml',
  'csi-snapshotter/rbac-secrets.yaml',
  'csi-provisioner/rbac.yaml',
  'csi-provisioner/rbac-secrets.yaml',
].map((file) => join(repositoryRoot(), 'deploy', file));

/** What they hold. */
export function readRights(): RoleManifest[] {
  return RIGHTS_FILES.flatMap((file) => readManifests<RoleManifest>(file));
}

export function rightsIn(manifests: readonly RoleManifest[]): Right[] {
  const bound = manifests.flatMap(({ roleRef, subjects = [] }) => subjects.map((subject) => ({ roleRef, subject })));
  return manifests.flatMap(({ kind, metadata, rules = [] }) =>
    bound
      .filter(({ roleRef }) => roleRef?.kind === kind && roleRef.name === metadata.name)
      .flatMap(({ subject }) =>
        rules.flatMap((rule) =>
          pairsOf(rule).map((pair) => ({
            role: metadata.name,
            user: `system:serviceaccount:${subject.namespace}:${subject.name}`,
            namespace: metadata.namespace,
            ...pair,
          })),
        ),
      ),
  );
}

function pairsOf({ apiGroups, resources, verbs, resourceNames = [] }: Rule): Pick<Right, 'group' | 'resource' | 'verb' | 'name'>[] {
  const names: readonly (string | undefined)[] = resourceNames.length === 0 ? [undefined] : resourceNames;
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.flatMap((verb) => names.map((name) => ({ group, resource, verb, name })))),
  );
}

/** As the RBAC authoriser judges it. */
export function allows(right: Right, { user, verb, group, resource, namespace, name }: RightsCall): boolean {
  return (
    right.user === user &&
    right.verb === verb &&
    right.group === group &&
    right.resource === resource &&
    (right.namespace === undefined || right.namespace === namespace) &&
    (right.name === undefined || right.name === name)
  );
}

export interface Needed {
  readonly right: Right;
  /** Allowed by this right and by no other: without it, it is answered 403. */
  readonly witness: RightsCall;
}

/** The rights that have a witness, and those that no call needs. */
export function needs(rights: readonly Right[], calls: readonly RightsCall[]): { readonly needed: Needed[]; readonly unneeded: Right[] } {
  const witnesses = new Map<Right, RightsCall>();
  for (const call of calls) {
    if (call.code === 403) continue;
    const allowing = rights.filter((right) => allows(right, call));
    const [only] = allowing;
    if (only !== undefined && allowing.length === 1 && !witnesses.has(only)) witnesses.set(only, call);
  }
  const needed = [...witnesses].map(([right, witness]) => ({ right, witness }));
  return { needed, unneeded: rights.filter((right) => !witnesses.has(right)) };
}

export function describeRight({ role, verb, group, resource, name }: Right): string {
  return `${role}: ${verb} ${group === '' ? '' : `${group}/`}${resource}${name === undefined ? '' : ` ${name}`}`;
}
