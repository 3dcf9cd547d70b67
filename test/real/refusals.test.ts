/**
 * Every verb that the loops use is refused by RBAC once, while a user waits for it: an event of the peer's reason comes on
 * the object where the user looks. Some are refused by an admission policy too, with 422.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CoreEvent, KubeObject } from '../../lib/kube/objects.ts';
import { EVENTS, PERSISTENT_VOLUME_CLAIMS, SECRETS, STORAGE_CLASSES, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { eventually } from '../../harness/wait.ts';
import { type ControlPlane, startControlPlane } from '../../harness/real/control-plane.ts';
import { CLUSTER_ROLES, grant, userSubject } from './grants.ts';
import { createClaim, createSnapshot, openScene, provision, type Scene, takeSnapshot } from './main-job.ts';
import { castOf, type Role, ROLES, startCast } from './programs.ts';

let plane: ControlPlane;
let scene: Scene;
const rows: string[] = [];
const guard = (): { signal: AbortSignal } => ({ signal: plane.stage.broken });

const SECRETIVE = 'refusals-secretive';
const CLUSTER = { version: 'v1', namespaced: false } as const;
const REVIEWS = { ...CLUSTER, group: 'authorization.k8s.io', plural: 'subjectaccessreviews', kind: 'SubjectAccessReview' } as const;
const ADMISSION = { ...CLUSTER, group: 'admissionregistration.k8s.io' } as const;
const POLICIES = { ...ADMISSION, plural: 'validatingadmissionpolicies', kind: 'ValidatingAdmissionPolicy' } as const;
const POLICY_BINDINGS = { ...ADMISSION, plural: 'validatingadmissionpolicybindings', kind: 'ValidatingAdmissionPolicyBinding' } as const;

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const;
const SNAPSHOT_GROUP = 'snapshot.storage.k8s.io';
/** Everything that any of the three programs touches. */
const RESOURCES: Readonly<Record<string, string>> = {
  persistentvolumes: '',
  persistentvolumeclaims: '',
  secrets: '',
  events: '',
  nodes: '',
  storageclasses: 'storage.k8s.io',
  csinodes: 'storage.k8s.io',
  volumeattachments: 'storage.k8s.io',
  volumeattributesclasses: 'storage.k8s.io',
  leases: 'coordination.k8s.io',
  customresourcedefinitions: 'apiextensions.k8s.io',
  volumesnapshots: SNAPSHOT_GROUP,
  'volumesnapshots/status': SNAPSHOT_GROUP,
  volumesnapshotcontents: SNAPSHOT_GROUP,
  'volumesnapshotcontents/status': SNAPSHOT_GROUP,
  volumesnapshotclasses: SNAPSHOT_GROUP,
};

interface Denied {
  readonly role: Role;
  readonly verb: (typeof VERBS)[number];
  readonly resource: string;
}

const userName = (role: Role): string => `granted-${role}`;

function rulesBut(denied?: Denied): object[] {
  return Object.entries(RESOURCES).map(([resource, group]) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: VERBS.filter((verb) => !(denied?.resource === resource && denied.verb === verb)),
  }));
}

async function allow(role: Role, but?: Denied): Promise<void> {
  await plane.kube.mergePatch(CLUSTER_ROLES, { name: userName(role) }, { rules: rulesBut(but) });
}

/** The authorizer learns of a role by a watch. */
async function untilAllowed({ role, verb, resource }: Denied, wanted: boolean): Promise<void> {
  const [plural = '', subresource] = resource.split('/');
  const resourceAttributes = { verb, group: RESOURCES[resource], resource: plural, ...(subresource === undefined ? {} : { subresource }) };
  const ask = async (): Promise<true | undefined> => {
    const review = { spec: { user: userName(role), resourceAttributes } } as KubeObject;
    const { status } = (await plane.kube.create(REVIEWS, review)) as { status?: { allowed?: boolean } };
    return status?.allowed === wanted ? true : undefined;
  };
  await eventually(`${verb} ${resource} of ${role}`, ask, guard());
}

beforeAll(async () => {
  plane = await startControlPlane({ users: ROLES.map((role) => ({ name: userName(role), groups: [] })) });
  await installCrds(plane.raw, readCrds());
  for (const role of ROLES) {
    const name = userName(role);
    await grant(plane.kube, name, { rules: rulesBut(), to: userSubject(name) });
  }
  const driver = await startMockDriver(plane.stage, {
    driverName: 'refusals.csi.example',
    args: [`--control=unix://${join(plane.stage.dir, 'control.sock')}`],
  });
  scene = await openScene({ plane, driver, name: 'refusals' });
  await plane.kube.create(STORAGE_CLASSES, {
    metadata: { name: SECRETIVE },
    provisioner: driver.name,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
    parameters: { 'csi.storage.k8s.io/provisioner-secret-name': 'key', 'csi.storage.k8s.io/provisioner-secret-namespace': scene.namespace },
  });
  await plane.kube.create(SECRETS, { metadata: { name: 'key', namespace: scene.namespace }, stringData: { password: 'x' } } as KubeObject);
  await startCast(plane.stage, {
    cast: castOf('ours'),
    address: driver.address,
    kubeconfigOf: (role) => plane.kubeconfigOf(userName(role)),
  });
});
afterAll(async () => {
  console.log(['refused | event', ...rows].join('\n'));
  await (plane as ControlPlane | undefined)?.stop();
});

interface Case extends Denied {
  /** What the user does, once it is refused. */
  readonly act: (name: string) => Promise<void>;
  /** What has to be there before. */
  readonly prepare?: (name: string) => Promise<void>;
  readonly on: 'PersistentVolumeClaim' | 'PersistentVolume' | 'VolumeSnapshot' | 'VolumeSnapshotContent';
  readonly reason: string;
}

const claimWith = async (name: string, spec: object): Promise<void> => {
  const { namespace, storageClass: storageClassName } = scene;
  const resources = { requests: { storage: '1Mi' } };
  await scene.kube.create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources, ...spec },
  });
};
const volume = async (name: string): Promise<void> => void (await provision(scene, name));
const withSnapshot = async (name: string): Promise<void> => {
  await volume(name);
  await takeSnapshot(scene, `${name}-snap`, name);
};
const cut = (name: string): Promise<void> => createSnapshot(scene, `${name}-snap`, name);
const remove = (name: string): Promise<void> => scene.kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace: scene.namespace, name });
const removeSnapshot = (name: string): Promise<void> =>
  scene.kube.delete(VOLUME_SNAPSHOTS, { namespace: scene.namespace, name: `${name}-snap` });
const claim = (name: string): Promise<void> => createClaim(scene, name);
const restore = (name: string): Promise<void> => createClaim(scene, `${name}-restored`, { fromSnapshot: `${name}-snap` });
const clone = (name: string): Promise<void> => claimWith(`${name}-clone`, { dataSource: { kind: 'PersistentVolumeClaim', name } });

const PROVISIONER = { role: 'csi-provisioner', on: 'PersistentVolumeClaim', reason: 'ProvisioningFailed' } as const;
const DELETER = { role: 'csi-provisioner', on: 'PersistentVolume', reason: 'VolumeFailedDelete', prepare: volume, act: remove } as const;
const CONTROLLER = { role: 'snapshot-controller', on: 'VolumeSnapshot', prepare: volume, act: cut } as const;
const SIDECAR = { role: 'csi-snapshotter', on: 'VolumeSnapshotContent', prepare: volume, act: cut } as const;

const CASES: readonly Case[] = [
  { ...PROVISIONER, verb: 'create', resource: 'persistentvolumes', act: claim },
  { ...PROVISIONER, verb: 'get', resource: 'secrets', act: (name) => claimWith(name, { storageClassName: SECRETIVE }) },
  { ...PROVISIONER, verb: 'get', resource: 'volumesnapshotcontents', prepare: withSnapshot, act: restore },
  { ...PROVISIONER, verb: 'update', resource: 'persistentvolumeclaims', prepare: volume, act: clone },
  { ...DELETER, verb: 'patch', resource: 'persistentvolumes' },
  { ...DELETER, verb: 'delete', resource: 'persistentvolumes' },
  { ...CONTROLLER, verb: 'update', resource: 'persistentvolumeclaims', reason: 'SnapshotContentCreationFailed' },
  { ...CONTROLLER, verb: 'patch', resource: 'volumesnapshots', reason: 'SnapshotFinalizerError' },
  { ...CONTROLLER, verb: 'patch', resource: 'volumesnapshots/status', reason: 'SnapshotStatusUpdateFailed' },
  { ...CONTROLLER, verb: 'create', resource: 'volumesnapshotcontents', reason: 'CreateSnapshotContentFailed' },
  {
    ...CONTROLLER,
    verb: 'patch',
    resource: 'volumesnapshotcontents',
    prepare: withSnapshot,
    act: removeSnapshot,
    reason: 'SnapshotContentObjectDeleteError',
  },
  {
    ...CONTROLLER,
    verb: 'delete',
    resource: 'volumesnapshotcontents',
    prepare: withSnapshot,
    act: removeSnapshot,
    reason: 'SnapshotContentObjectDeleteError',
  },
  { ...SIDECAR, verb: 'patch', resource: 'volumesnapshotcontents', reason: 'SnapshotCreationFailed' },
  { ...SIDECAR, verb: 'patch', resource: 'volumesnapshotcontents/status', reason: 'SnapshotCreationFailed' },
  {
    ...SIDECAR,
    verb: 'patch',
    resource: 'volumesnapshotcontents',
    prepare: withSnapshot,
    act: removeSnapshot,
    reason: 'SnapshotDeleteError',
  },
];

/** Events with these words, first seen or seen again since `before`. */
async function eventWith(
  words: string,
  { kind, reason, before }: { readonly kind: string; readonly reason: string; readonly before: ReadonlySet<string> },
): Promise<CoreEvent> {
  let seen: readonly string[] = [];
  try {
    return await eventually(
      `event ${reason} on a ${kind}`,
      async () => {
        const fresh = (await plane.kube.list(EVENTS)).filter(
          ({ metadata, message = '', type }) => type === 'Warning' && message.includes(words) && !before.has(metadata?.uid ?? ''),
        );
        seen = fresh.map(({ involvedObject, reason: found, message }) => `${involvedObject?.kind ?? ''} ${found ?? ''}: ${message ?? ''}`);
        return fresh.find(({ involvedObject, reason: found }) => involvedObject?.kind === kind && found === reason);
      },
      { ...guard(), timeoutMs: 20_000 },
    );
  } catch (error) {
    throw new Error(`events seen: ${seen.join('\n') || 'none'}`, { cause: error });
  }
}

const uids = async (): Promise<ReadonlySet<string>> => new Set((await plane.kube.list(EVENTS)).map(({ metadata }) => metadata?.uid ?? ''));

test.each(CASES.map((one, index) => [`${one.role}: ${one.verb} ${one.resource}`, one, index] as const))(
  '403 %s',
  async (title, one, index) => {
    const name = `r${index}`;
    await one.prepare?.(name);
    const before = await uids();
    await allow(one.role, one);
    try {
      await untilAllowed(one, false);
      await one.act(name);
      const { involvedObject, reason, message } = await eventWith('forbidden', { kind: one.on, reason: one.reason, before });
      rows.push(`403 ${title} | ${involvedObject?.kind ?? ''} ${reason ?? ''}: ${message ?? ''}`);
      expect(reason).toBe(one.reason);
    } finally {
      await allow(one.role);
      await untilAllowed(one, true);
    }
  },
);

const BY_POLICY: readonly (Case & { readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' })[] = [
  { ...PROVISIONER, operation: 'CREATE', verb: 'create', resource: 'persistentvolumes', act: claim },
  { ...DELETER, operation: 'DELETE', verb: 'delete', resource: 'persistentvolumes' },
  { ...CONTROLLER, operation: 'CREATE', verb: 'create', resource: 'volumesnapshotcontents', reason: 'CreateSnapshotContentFailed' },
];

test.each(BY_POLICY.map((one, index) => [`${one.role}: ${one.verb} ${one.resource}`, one, index] as const))(
  '422 %s',
  async (title, one, index) => {
    const name = `p${index}`;
    const words = `not by policy ${index}`;
    await one.prepare?.(name);
    const before = await uids();
    await plane.kube.create(POLICIES, {
      metadata: { name },
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: [RESOURCES[one.resource]], apiVersions: ['*'], operations: [one.operation], resources: [one.resource] },
          ],
        },
        matchConditions: [{ name: 'program', expression: `request.userInfo.username == '${userName(one.role)}' || request.dryRun` }],
        validations: [{ expression: 'false', message: words, reason: 'Invalid' }],
      },
    } as KubeObject);
    await plane.kube.create(POLICY_BINDINGS, { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } } as KubeObject);
    try {
      await untilPolicy(one, words);
      await one.act(name);
      const { involvedObject, reason, message } = await eventWith(words, { kind: one.on, reason: one.reason, before });
      rows.push(`422 ${title} | ${involvedObject?.kind ?? ''} ${reason ?? ''}: ${message ?? ''}`);
      expect(reason).toBe(one.reason);
    } finally {
      await plane.kube.delete(POLICY_BINDINGS, { name });
      await plane.kube.delete(POLICIES, { name });
    }
  },
);

/** Tried by a dry run, which the policy refuses to everybody: it comes into force a moment after it was made. */
async function untilPolicy({ operation, resource }: { operation: string; resource: string }, words: string): Promise<void> {
  const group = RESOURCES[resource] ?? '';
  const collection = group === '' ? `/api/v1/${resource}` : `/apis/${group}/v1/${resource}`;
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'tried' },
    spec: { capacity: { storage: '1' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tried' } },
  });
  const content = JSON.stringify({
    apiVersion: `${SNAPSHOT_GROUP}/v1`,
    kind: 'VolumeSnapshotContent',
    metadata: { name: 'tried' },
    spec: { deletionPolicy: 'Retain', driver: 'x', source: { snapshotHandle: 'x' }, volumeSnapshotRef: { name: 'x', namespace: 'x' } },
  });
  const { items = [] } = JSON.parse((await plane.raw.request({ method: 'GET', path: collection })).text) as { items?: KubeObject[] };
  const path = operation === 'DELETE' ? `${collection}/${items[0]?.metadata?.name ?? ''}?dryRun=All` : `${collection}?dryRun=All`;
  const ask = async (): Promise<true | undefined> => {
    const request = operation === 'DELETE' ? { method: 'DELETE', path } : { method: 'POST', path, body: group === '' ? body : content };
    const { status, text } = await plane.raw.request(request);
    return status === 422 && text.includes(words) ? true : undefined;
  };
  await eventually(`policy "${words}" to be in force`, ask, guard());
}
