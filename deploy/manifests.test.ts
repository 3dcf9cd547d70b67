import { readdirSync, readFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import { describe, expect, test } from 'vitest';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly fsGroup?: number;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly capabilities?: { readonly drop?: readonly string[] };
}
interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly securityContext?: SecurityContext;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly spec?: {
    readonly template?: { readonly spec: { readonly securityContext?: SecurityContext; readonly containers: readonly Container[] } };
  };
}

function read(path: string): Manifest[] {
  return loadAll(readFileSync(new URL(path, import.meta.url), 'utf8')) as Manifest[];
}

const folders = ['snapshot-controller', 'csi-snapshotter', 'csi-provisioner', 'mock-driver'];
const all = folders.flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url))
    .filter((file) => file !== 'kustomization.yaml')
    .flatMap((file) => read(`${folder}/${file}`)),
);
function named(kind: string, name: string): Manifest {
  const found = all.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}
/** `group/resource` → verbs. */
function granted(kind: string, name: string): Map<string, readonly string[]> {
  const pairs = (named(kind, name).rules ?? []).flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.map((resource): [string, readonly string[]] => [`${group}/${resource}`, verbs])),
  );
  const merged = new Map<string, readonly string[]>();
  for (const [key, verbs] of pairs) merged.set(key, [...(merged.get(key) ?? []), ...verbs]);
  return merged;
}

const S = 'snapshot.storage.k8s.io';
const G = 'groupsnapshot.storage.k8s.io';

/** What the manifests that clusters already have grant to the Go program: ours may ask for less, never for more. */
const ALREADY_GRANTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'csi-sidecars-snapshot-controller': {
    '/persistentvolumes': 'get list watch',
    '/persistentvolumeclaims': 'get list watch update',
    '/events': 'list watch create update patch',
    [`${S}/volumesnapshotclasses`]: 'get list watch',
    [`${S}/volumesnapshotcontents`]: 'create get list watch update delete patch',
    [`${S}/volumesnapshotcontents/status`]: 'patch',
    [`${S}/volumesnapshots`]: 'create get list watch update patch delete',
    [`${S}/volumesnapshots/status`]: 'update patch',
    [`${G}/volumegroupsnapshotclasses`]: 'get list watch',
    [`${G}/volumegroupsnapshotcontents`]: 'create get list watch update delete patch',
    [`${G}/volumegroupsnapshotcontents/status`]: 'patch',
    [`${G}/volumegroupsnapshots`]: 'get list watch update patch',
    [`${G}/volumegroupsnapshots/status`]: 'update patch',
  },
  'csi-sidecars-snapshotter': {
    '/events': 'list watch create update patch',
    [`${S}/volumesnapshotclasses`]: 'get list watch',
    [`${S}/volumesnapshotcontents`]: 'get list watch update patch',
    [`${S}/volumesnapshotcontents/status`]: 'update patch',
    [`${G}/volumegroupsnapshotclasses`]: 'get list watch',
    [`${G}/volumegroupsnapshotcontents`]: 'get list watch update patch',
    [`${G}/volumegroupsnapshotcontents/status`]: 'update patch',
  },
  'csi-sidecars-provisioner': {
    '/persistentvolumes': 'get list watch create patch delete',
    '/persistentvolumeclaims': 'get list watch update',
    '/events': 'list watch create update patch',
    'storage.k8s.io/storageclasses': 'get list watch',
    'storage.k8s.io/csinodes': 'get list watch',
    'storage.k8s.io/volumeattachments': 'get list watch',
    '/nodes': 'get list watch',
    [`${S}/volumesnapshots`]: 'get list watch update',
    [`${S}/volumesnapshotcontents`]: 'get list',
    // Missing there although claims may name such a class: the peer then fails with Forbidden.
    'storage.k8s.io/volumeattributesclasses': 'get',
  },
};
/** Roles and bindings of external-snapshotter and external-provisioner. */
const OF_THE_GO_PROGRAMS = [
  'snapshot-controller-runner',
  'snapshot-controller-role',
  'snapshot-controller-leaderelection',
  'external-snapshotter-runner',
  'csi-snapshotter-role',
  'external-snapshotter-leaderelection',
  'csi-snapshotter-provisioner-role',
  'external-provisioner-runner',
  'csi-provisioner-role',
  'external-provisioner-cfg',
  'csi-provisioner-role-cfg',
];
const LEASES = 'get watch list delete update create';
const ALREADY_GRANTED_IN_NAMESPACE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'csi-sidecars-snapshot-controller-leases': { 'coordination.k8s.io/leases': LEASES },
  'csi-sidecars-snapshotter-leases': { 'coordination.k8s.io/leases': LEASES },
  'csi-sidecars-provisioner-leases': {
    'coordination.k8s.io/leases': LEASES,
    'storage.k8s.io/csistoragecapacities': 'get list watch create update patch delete',
    '/pods': 'get',
    'apps/replicasets': 'get',
  },
};

function beyond(kind: string, name: string, limit: Readonly<Record<string, string>>): string[] {
  return [...granted(kind, name)].flatMap(([resource, verbs]) =>
    verbs.filter((verb) => !(limit[resource] ?? '').split(' ').includes(verb)).map((verb) => `${verb} ${resource}`),
  );
}

describe('the rights of the programs', () => {
  test.each(Object.entries(ALREADY_GRANTED))('%s asks for nothing beyond what clusters grant to the Go program', (name, limit) => {
    expect(beyond('ClusterRole', name, limit)).toEqual([]);
  });
  test.each(Object.entries(ALREADY_GRANTED_IN_NAMESPACE))(
    '%s asks for nothing beyond what namespaces grant to the Go program',
    (name, limit) => {
      expect(beyond('Role', name, limit)).toEqual([]);
    },
  );
  test('stand under names of our own, so that applying them takes no right from a Go program', () => {
    const rights = all.filter(({ kind }) => /^(?:Cluster)?Role(?:Binding)?$/.test(kind));
    expect(rights).toHaveLength(20);
    for (const { kind, metadata } of rights) {
      expect(metadata.name, kind).toMatch(/^(?:csi-sidecars|mock-driver)-/);
      expect(OF_THE_GO_PROGRAMS).not.toContain(metadata.name);
    }
  });
  test('are bound under the names that they have', () => {
    const names = new Set(all.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    for (const { roleRef } of all) if (roleRef !== undefined) expect(names).toContain(`${roleRef.kind} ${roleRef.name}`);
  });
  test('on Secrets are get alone, and in a file of their own', () => {
    const rules = all.flatMap(({ metadata, rules: list }) => (list ?? []).map((rule) => ({ role: metadata.name, rule })));
    const secret = rules.filter(({ rule }) => rule.resources.includes('secrets'));
    expect(secret.map(({ role, rule }) => `${role}: ${rule.verbs.join(' ')}`).sort()).toEqual([
      'csi-sidecars-provisioner-secrets: get',
      'csi-sidecars-snapshotter-secrets: get',
    ]);
  });
  test('hold no wildcard and nothing that widens them', () => {
    const words = all.flatMap(({ rules }) => (rules ?? []).flatMap((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs]));
    for (const word of ['*', 'bind', 'escalate', 'impersonate', 'deletecollection']) expect(words).not.toContain(word);
  });
});

describe('the Pods of the programs', () => {
  const pods = all.flatMap(({ kind, spec }) => (kind === 'Deployment' && spec?.template !== undefined ? [spec.template.spec] : []));

  test('run as nobody, without capabilities, on a read-only root', () => {
    expect(pods).toHaveLength(2);
    for (const pod of pods) {
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } });
      for (const { securityContext } of pod.containers)
        expect(securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    }
  });
  test('share the socket through a folder that belongs to their group', () => {
    const pod = pods.find(({ containers }) => containers.length > 1);
    expect(pod?.securityContext?.fsGroup).toBe(65532);
    for (const { name, args, volumeMounts } of pod?.containers ?? []) {
      expect(volumeMounts).toContainEqual({ name: 'socket', mountPath: '/run/csi' });
      expect(args?.join(' '), name).toContain('/run/csi/socket');
    }
  });
});

describe('the examples', () => {
  const files = readdirSync(new URL('examples', import.meta.url))
    .filter((file) => file.endsWith('.yaml'))
    .sort();

  test('are numbered in the order in which they are applied', () => {
    for (const file of files) expect(file).toMatch(/^[1-9]0-[a-z-]+\.yaml$/);
    expect(files.flatMap((file) => read(`examples/${file}`)).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'StorageClass csi-mock',
      'VolumeSnapshotClass csi-mock',
      'PersistentVolumeClaim data',
      'Pod writer',
      'VolumeSnapshot data-snapshot',
      'PersistentVolumeClaim data-restored',
      'Pod reader',
    ]);
  });
  test('are named, each one, by their README', () => {
    const readme = readFileSync(new URL('examples/README.md', import.meta.url), 'utf8');
    for (const file of files) expect(readme).toContain(`-f ${file}`);
  });
});

test('every binding of the example drivers names a role that is applied with it', () => {
  const roles = new Set(
    ['csi-provisioner', 'csi-snapshotter'].flatMap((folder) => read(`${folder}/rbac.yaml`)).map(({ metadata }) => metadata.name),
  );
  for (const folder of ['mock-driver', 'mock-driver-node']) {
    const bindings = read(`${folder}/driver.yaml`).filter(({ kind }) => kind.endsWith('Binding'));
    expect(bindings).toHaveLength(4);
    for (const binding of bindings) expect(roles).toContain((binding as Manifest & { roleRef: { name: string } }).roleRef.name);
  }
});
