import { readFile } from 'node:fs/promises';
import { loadAll } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../../lib/kube/api-error.ts';
import { openRights } from './access-review.ts';
import type { AccessQuestion } from './check.ts';
import { RBAC } from './checks/rbac.ts';
import { electionRight, RIGHTS } from './rights.ts';
import { ROLE_NAMES, sidecarsOf, type Pod } from './sidecar-pods.ts';
import { caseOf } from './testing/case.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const pod = (image: string, args: readonly string[] = []): Pod => ({
  metadata: { name: 'p', namespace: 'storage', uid: 'u' },
  spec: { serviceAccountName: 'vendor', containers: [{ name: 'c', image, args }] },
});
const ask = (mayDo: (question: AccessQuestion) => Promise<boolean | undefined>, one: Pod) => RBAC.run(caseOf({ pods: [one] }, { mayDo }));

describe('rights of the accounts that sidecars run as', () => {
  test('are asked for verb by verb, and those that lack are told as a rule', async () => {
    const mayDo = async ({ verb, resource }: AccessQuestion): Promise<boolean> =>
      !(resource === 'persistentvolumes' && ['create', 'delete'].includes(verb));
    const { findings } = await ask(mayDo, pod('vendor/csi-provisioner:v6.3.0'));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      where: { kind: 'ServiceAccount', name: 'vendor', namespace: 'storage' },
      what: 'csi-provisioner runs as this account, which may not create, delete persistentvolumes',
      fix: expect.stringContaining('- {apiGroups: [""], resources: [persistentvolumes], verbs: [create, delete]}'),
    });
  });

  test('include those of the election, in the own namespace, only where a leader is elected', async () => {
    const asked: AccessQuestion[] = [];
    const mayDo = async (question: AccessQuestion): Promise<boolean> => asked.push(question) > 0;
    await ask(mayDo, pod('csi-snapshotter:v8'));
    expect(asked.filter(({ resource }) => resource === 'leases')).toEqual([]);
    await ask(mayDo, pod('csi-snapshotter:v8', ['--leader-election']));
    expect(
      asked.filter(({ resource }) => resource === 'leases').map(({ verb, namespace, user }) => `${user} ${verb} ${namespace}`),
    ).toEqual(['get', 'create', 'update'].map((verb) => `system:serviceaccount:storage:vendor ${verb} storage`));
  });

  test('are asked for the one lease that snapshot-controller takes: a rule may grant no other', async () => {
    const asked: AccessQuestion[] = [];
    await ask(async (question) => asked.push(question) > 0, pod('snapshot-controller:v8', ['--leader-election']));
    expect(asked.flatMap(({ resource, verb, name }) => (resource === 'leases' ? [`${verb} ${name ?? 'any'}`] : []))).toEqual([
      'get snapshot-controller-leader',
      'create any',
      'update snapshot-controller-leader',
    ]);
  });

  test('that the server does not tell are said to be unchecked', async () => {
    const { findings, unchecked } = await ask(async () => undefined, pod('csi-sidecars:1', ['--roles=snapshot-controller']));
    expect(findings).toEqual([]);
    expect(unchecked).toEqual([
      { what: 'rights of storage/vendor (snapshot-controller)', why: expect.stringContaining('SubjectAccessReview') },
    ]);
  });

  test('are all granted by the manifests of this release', async () => {
    for (const role of ROLE_NAMES) {
      const text = await readFile(new URL(`../../deploy/${role}/rbac.yaml`, import.meta.url), 'utf8');
      const rules = (loadAll(text) as { rules?: Rule[] }[]).flatMap(({ rules: own = [] }) => own);
      for (const { group, resource, subresource, verbs, name: only } of [...RIGHTS[role], electionRight(role)]) {
        const name = subresource === undefined ? resource : `${resource}/${subresource}`;
        const granted = rules
          .filter((rule) => rule.apiGroups.includes(group) && rule.resources.includes(name))
          .filter(({ resourceNames }) => resourceNames === undefined || (only !== undefined && resourceNames.includes(only)))
          .flatMap((rule) => rule.verbs);
        expect(granted, `${role}: ${name}`).toEqual(expect.arrayContaining([...verbs]));
      }
    }
  });
});

describe('the review of rights', () => {
  const question: AccessQuestion = { user: 'system:serviceaccount:storage:vendor', group: '', resource: 'pods', verb: 'get' };
  const signal = new AbortController().signal;
  const answer = (create: (body: unknown) => unknown) =>
    openRights({ create: async (_resource, body) => create(body) as typeof body }, signal).mayDo(question);

  test('is asked with the groups that a token of the account brings', async () => {
    const bodies: unknown[] = [];
    expect(await answer((body) => (bodies.push(body), { status: { allowed: true } }))).toBe(true);
    expect(bodies).toEqual([
      expect.objectContaining({
        spec: {
          user: 'system:serviceaccount:storage:vendor',
          groups: ['system:serviceaccounts', 'system:serviceaccounts:storage', 'system:authenticated'],
          resourceAttributes: expect.objectContaining({ group: '', resource: 'pods', verb: 'get' }),
        },
      }),
    ]);
    expect(await answer(() => ({ status: { allowed: false } }))).toBe(false);
  });

  test('that the server does not know, or does not allow, answers nothing; any other failure is one', async () => {
    const fail = (status: number) =>
      answer(() => {
        throw new ApiError({ status, reason: 'x', message: 'x', request: 'POST /' });
      });
    expect([await fail(404), await fail(403)]).toEqual([undefined, undefined]);
    await expect(fail(500)).rejects.toThrow(ApiError);
  });
});

describe('a container is a sidecar', () => {
  const rolesOf = (one: Pod): string[] => sidecarsOf({ items: [one] }).map(({ role }) => role);

  test('by its image, whatever the registry, tag and digest', () => {
    expect(rolesOf(pod('registry.k8s.io/sig-storage/csi-provisioner:v6.3.0@sha256:abc'))).toEqual(['csi-provisioner']);
    expect(rolesOf(pod('localhost:5000/csi-snapshotter'))).toEqual(['csi-snapshotter']);
    expect(rolesOf(pod('vendor/my-csi-provisioner-fork:1'))).toEqual([]);
    expect(sidecarsOf({ items: [pod('localhost:5000/csi-snapshotter:v8.2.0@sha256:abc')] })[0]?.version).toBe('8.2.0');
  });

  test('by its command', () => {
    const one: Pod = {
      ...pod('vendor/everything:1'),
      spec: { containers: [{ name: 'c', image: 'vendor/everything:1', command: ['/csi-snapshotter'] }] },
    };
    expect(rolesOf(one)).toEqual(['csi-snapshotter']);
  });

  test('or several, in the combined program', () => {
    expect(rolesOf(pod('csi-sidecars:1'))).toEqual(['csi-snapshotter', 'csi-provisioner']);
    expect(rolesOf(pod('csi-sidecars:1', ['--roles=snapshot-controller,csi-snapshotter']))).toEqual([
      'snapshot-controller',
      'csi-snapshotter',
    ]);
  });

  test('but none where the combined program only stands beside a driver', () => {
    for (const verb of ['node-driver-registrar', 'livenessprobe'])
      expect(rolesOf(pod('csi-sidecars:1', [verb, '--csi-address=/csi/csi.sock']))).toEqual([]);
  });
});
