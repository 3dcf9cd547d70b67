/** May the accounts of the running sidecars do what the sidecars do? The server is asked, verb by verb. */
import { type Case, type Check } from '../check.ts';
import type { Finding, Unchecked } from '../finding.ts';
import { electionRight, type Right, RIGHTS } from '../rights.ts';
import { type Sidecar, sidecarsOf } from '../sidecar-pods.ts';

export const RBAC: Check = {
  name: 'rbac',
  run: async (given) => {
    const findings: Finding[] = [];
    const unchecked: Unchecked[] = [];
    const accounts = new Map(sidecarsOf(given.survey.pods).map((sidecar) => [`${sidecar.role} ${sidecar.account}`, sidecar]));
    for (const sidecar of accounts.values()) {
      const missing = await missingRights(given, sidecar);
      if (missing === undefined)
        unchecked.push({
          what: `rights of ${sidecar.account} (${sidecar.role})`,
          why: 'the server answers no SubjectAccessReview, or not to you',
        });
      else findings.push(...missing.map((right) => finding(sidecar, right)));
    }
    return { findings, unchecked };
  },
};

const NAMED: ReadonlySet<string> = new Set(['get', 'patch', 'update', 'delete']);

/** Undefined where the server does not say. */
async function missingRights({ mayDo }: Case, { role, account, elects }: Sidecar): Promise<Right[] | undefined> {
  const [namespace = '', name = ''] = account.split('/');
  const missing: Right[] = [];
  for (const right of [...RIGHTS[role], ...(elects ? [electionRight(role)] : [])]) {
    const { group, resource, subresource, verbs, own, name: only } = right;
    const lacking: string[] = [];
    for (const verb of verbs) {
      const allowed = await mayDo({
        user: `system:serviceaccount:${namespace}:${name}`,
        group,
        resource,
        verb,
        ...(subresource === undefined ? {} : { subresource }),
        ...(own === true ? { namespace } : {}),
        // What is created or listed has no name for the server to judge by.
        ...(only !== undefined && NAMED.has(verb) ? { name: only } : {}),
      });
      if (allowed === undefined) return undefined;
      if (!allowed) lacking.push(verb);
    }
    if (lacking.length > 0) missing.push({ ...right, verbs: lacking });
  }
  return missing;
}

function finding({ role, account, pod }: Sidecar, { group, resource, subresource, verbs, own }: Right): Finding {
  const [namespace = '', name = ''] = account.split('/');
  const what = `${resource}${subresource === undefined ? '' : `/${subresource}`}`;
  const rule = `{apiGroups: ["${group}"], resources: [${what}], verbs: [${verbs.join(', ')}]}`;
  return {
    severity: 'error',
    what: `${role} runs as this account, which may not ${verbs.join(', ')} ${what}${own === true ? ` in ${namespace}` : ''}`,
    where: { kind: 'ServiceAccount', name, namespace },
    since: pod.metadata?.creationTimestamp,
    breaks: `${role} is refused, again and again, and what needs it stands still`,
    fix: `- ${rule} # into the ${own === true ? 'Role' : 'ClusterRole'} of the account; deploy/${role}/rbac.yaml has them all`,
  };
}
