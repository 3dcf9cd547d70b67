import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly description?: string;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}
interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly additionalPrinterColumns: readonly { readonly name: string; readonly type: string; readonly jsonPath: string }[];
  readonly subresources: { readonly status?: object };
  readonly schema: { readonly openAPIV3Schema: Schema };
}
interface Crd {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly shortNames: readonly string[] };
    readonly versions: readonly Version[];
    readonly conversion?: unknown;
  };
}

const folder = new URL('./crds/', import.meta.url);
const files = readdirSync(folder).sort();
const crds = new Map(
  files.map((file) => load(readFileSync(new URL(file, folder), 'utf8')) as Crd).map((crd) => [crd.spec.names.kind, crd]),
);

function crdOf(kind: string): Crd {
  const crd = crds.get(kind);
  if (crd === undefined) throw new Error(`no CRD of ${kind}`);
  return crd;
}
function versionOf(kind: string, name: string): Version {
  const version = crdOf(kind).spec.versions.find((candidate) => candidate.name === name);
  if (version === undefined) throw new Error(`no ${name} of ${kind}`);
  return version;
}
/** Every schema with its path, depth first. */
function* walk(schema: Schema, path: string): Generator<readonly [string, Schema]> {
  yield [path, schema];
  for (const [name, child] of Object.entries(schema.properties ?? {})) yield* walk(child, `${path}.${name}`);
  if (schema.items !== undefined) yield* walk(schema.items, `${path}[]`);
}
function rulesOf(kind: string, version: string): string[] {
  const found = [...walk(versionOf(kind, version).schema.openAPIV3Schema, '')];
  return found.flatMap(([path, schema]) => (schema['x-kubernetes-validations'] ?? []).map(({ rule }) => `${path}: ${rule}`)).sort();
}

const same = 'self == oldSelf';
const once = (field: string): string => `!has(oldSelf.${field}) || has(self.${field})`;
const one = (a: string, b: string): string => `(has(self.${a}) && !has(self.${b})) || (!has(self.${a}) && has(self.${b}))`;
const NAMED = 'has(self.name) && has(self.__namespace__)';

/** Kind → scope, short names, pull request that approved the API, whether status is a subresource. */
const NAMES: Readonly<Record<string, readonly [string, string, number, boolean]>> = {
  VolumeSnapshot: ['Namespaced', 'vs', 814, true],
  VolumeSnapshotContent: ['Cluster', 'vsc vscs', 955, true],
  VolumeSnapshotClass: ['Cluster', 'vsclass vsclasses', 814, false],
  VolumeGroupSnapshot: ['Namespaced', 'vgs', 1337, true],
  VolumeGroupSnapshotContent: ['Cluster', 'vgsc vgscs', 1337, true],
  VolumeGroupSnapshotClass: ['Cluster', 'vgsclass vgsclasses', 1337, false],
};

const COLUMNS: Readonly<Record<string, string>> = {
  VolumeSnapshot:
    'ReadyToUse:boolean SourcePVC:string SourceSnapshotContent:string RestoreSize:string SnapshotClass:string SnapshotContent:string CreationTime:date Age:date',
  VolumeSnapshotContent:
    'ReadyToUse:boolean RestoreSize:integer DeletionPolicy:string Driver:string VolumeSnapshotClass:string VolumeSnapshot:string VolumeSnapshotNamespace:string Age:date',
  VolumeSnapshotClass: 'Driver:string DeletionPolicy:string Age:date',
  VolumeGroupSnapshot: 'ReadyToUse:boolean VolumeGroupSnapshotClass:string VolumeGroupSnapshotContent:string CreationTime:date Age:date',
  VolumeGroupSnapshotContent:
    'ReadyToUse:boolean DeletionPolicy:string Driver:string VolumeGroupSnapshotClass:string VolumeGroupSnapshotNamespace:string VolumeGroupSnapshot:string Age:date',
  VolumeGroupSnapshotClass: 'Driver:string DeletionPolicy:string Age:date',
};

const GROUP_RULES = [
  `.spec.source.selector: ${same}`,
  `.spec.source.volumeGroupSnapshotContentName: ${same}`,
  `.spec.source: ${once('selector')}`,
  `.spec.source: ${once('volumeGroupSnapshotContentName')}`,
  `.spec.source: ${one('selector', 'volumeGroupSnapshotContentName')}`,
  '.spec.volumeGroupSnapshotClassName: size(self) > 0',
];
const GROUP_CONTENT_RULES = [
  `.spec.source.volumeHandles: ${same}`,
  `.spec.source.groupSnapshotHandles: ${same}`,
  `.spec.source: ${once('volumeHandles')}`,
  `.spec.source: ${once('groupSnapshotHandles')}`,
  `.spec.source: ${one('volumeHandles', 'groupSnapshotHandles')}`,
  `.spec.volumeGroupSnapshotRef: ${NAMED}`,
];

/** `Kind/version` → its rules; a version that is not listed has none. */
const RULES: Readonly<Record<string, readonly string[]>> = {
  'VolumeSnapshot/v1': [
    `.spec.source.persistentVolumeClaimName: ${same}`,
    `.spec.source.volumeSnapshotContentName: ${same}`,
    `.spec.source: ${once('persistentVolumeClaimName')}`,
    `.spec.source: ${once('volumeSnapshotContentName')}`,
    `.spec.source: ${one('volumeSnapshotContentName', 'persistentVolumeClaimName')}`,
    '.spec.volumeSnapshotClassName: size(self) > 0',
  ],
  'VolumeSnapshotContent/v1': [
    `.spec: ${once('sourceVolumeMode')}`,
    `.spec.sourceVolumeMode: ${same}`,
    `.spec.source.volumeHandle: ${same}`,
    `.spec.source.snapshotHandle: ${same}`,
    `.spec.source: ${once('volumeHandle')}`,
    `.spec.source: ${once('snapshotHandle')}`,
    `.spec.source: ${one('volumeHandle', 'snapshotHandle')}`,
    `.spec.volumeSnapshotRef: ${NAMED}`,
  ],
  'VolumeGroupSnapshot/v1': [...GROUP_RULES, `.status.boundVolumeGroupSnapshotContentName: ${same}`],
  'VolumeGroupSnapshot/v1beta1': GROUP_RULES,
  'VolumeGroupSnapshotContent/v1': [
    ...GROUP_CONTENT_RULES,
    `.spec.driver: ${same}`,
    `.spec.volumeGroupSnapshotClassName: ${same}`,
    '.spec.volumeGroupSnapshotRef: self.name == oldSelf.name && self.__namespace__ == oldSelf.__namespace__',
    '.spec.volumeGroupSnapshotRef: !has(oldSelf.uid) || (has(self.uid) && self.uid == oldSelf.uid)',
    `.status.volumeGroupSnapshotHandle: ${same}`,
  ],
  'VolumeGroupSnapshotContent/v1beta1': GROUP_CONTENT_RULES,
  'VolumeGroupSnapshotClass/v1': [`.deletionPolicy: ${same}`, `.driver: ${same}`, `.parameters: ${same}`],
};

describe('the CRD files', () => {
  test('are six, one kind each, and nothing else lies beside them', () => {
    const names = [...crds.values()].map(({ metadata, kind }) => `${kind} ${metadata.name}`);
    expect(files).toHaveLength(6);
    expect(new Set(names).size).toBe(6);
    expect(new Set(crds.keys())).toEqual(new Set(Object.keys(NAMES)));
  });

  test('convert nothing: every version is served as it is stored', () => {
    for (const crd of crds.values()) expect(crd.spec.conversion).toBeUndefined();
  });

  test('serve and store the versions that clusters have data in', () => {
    const flags = ({ name, served, storage, deprecated }: Version): string =>
      `${name}${served ? ' served' : ''}${storage ? ' stored' : ''}${deprecated === true ? ' deprecated' : ''}`;
    for (const { spec } of crds.values()) {
      const wanted =
        spec.group === 'snapshot.storage.k8s.io'
          ? ['v1 served stored', 'v1beta1 deprecated']
          : ['v1 served', 'v1beta2 served stored', 'v1beta1 served deprecated'];
      expect(spec.versions.map(flags)).toEqual(wanted);
    }
  });

  test('give v1 and v1beta2 of a group kind one schema', () => {
    for (const kind of ['VolumeGroupSnapshot', 'VolumeGroupSnapshotContent', 'VolumeGroupSnapshotClass'])
      expect(versionOf(kind, 'v1').schema).toEqual(versionOf(kind, 'v1beta2').schema);
  });

  test('describe every field of the served versions for kubectl explain', () => {
    const bare = [...crds.values()].flatMap(({ spec }) =>
      spec.versions.flatMap((version) =>
        [...walk(version.schema.openAPIV3Schema, spec.names.kind)]
          .filter(([path, { description }]) => description === undefined && !path.endsWith('.metadata') && !path.endsWith('[]'))
          .map(([path]) => path),
      ),
    );
    expect(bare).toEqual([]);
  });
});

describe.each(Object.keys(NAMES))('the CRD of %s', (kind) => {
  test('has the scope, short names, approval and status subresource that clients know', () => {
    const { spec, metadata } = crdOf(kind);
    const [scope, shortNames, pull, status] = NAMES[kind] ?? [];
    expect(spec.scope).toBe(scope);
    expect(spec.names.shortNames.join(' ')).toBe(shortNames);
    expect(metadata.annotations['api-approved.kubernetes.io']).toBe(`https://github.com/kubernetes-csi/external-snapshotter/pull/${pull}`);
    for (const version of spec.versions) expect(version.subresources.status !== undefined).toBe(status);
  });

  test('prints the columns that people are used to, in every version', () => {
    for (const version of crdOf(kind).spec.versions)
      expect(version.additionalPrinterColumns.map(({ name, type }) => `${name}:${type}`).join(' ')).toBe(COLUMNS[kind]);
  });

  test('has its validation rules, and no other', () => {
    const versions = crdOf(kind).spec.versions.map(({ name }) => name);
    for (const version of versions) {
      const like = version === 'v1beta2' ? 'v1' : version;
      expect(rulesOf(kind, version)).toEqual([...(RULES[`${kind}/${like}`] ?? [])].sort());
    }
  });
});
