import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import type { Crd, CrdSchema, CrdVersion } from './crd.ts';
import { judgeCrd } from './judge.ts';

const folder = new URL('../../deploy/crds/', import.meta.url);
const shipped = readdirSync(folder).map((file) => load(readFileSync(new URL(file, folder), 'utf8')) as Crd);

function crdOf(plural: string): Crd {
  const crd = shipped.find(({ spec }) => spec?.names?.plural === plural);
  if (crd === undefined) throw new Error(`no ${plural}`);
  return structuredClone(crd);
}

type Writable<T> = T extends object ? { -readonly [K in keyof T]: Writable<T[K]> } : T;

/** A copy of the shipped CRD, edited. */
function edited(plural: string, edit: (crd: Writable<Crd>, version: (name: string) => Writable<CrdVersion>) => void): Crd {
  const crd = crdOf(plural) as Writable<Crd>;
  edit(crd, (name) => {
    const version = crd.spec?.versions?.find((candidate) => candidate.name === name);
    if (version === undefined) throw new Error(`no version ${name}`);
    return version;
  });
  return crd;
}

function schemaAt(version: Writable<CrdVersion>, path: string): Writable<CrdSchema> {
  let schema = version.schema?.openAPIV3Schema;
  for (const name of path.split('.').filter((part) => part !== '')) schema = schema?.properties?.[name];
  if (schema === undefined) throw new Error(`no ${path}`);
  return schema;
}

describe('a CRD of the cluster', () => {
  test.each(shipped.map((crd) => [crd.metadata?.name ?? '', crd] as const))('%s as shipped is good', (_, crd) => {
    expect(judgeCrd(crd, crd)).toEqual({ state: 'good', gaps: [], blockers: [] });
  });

  test('that does not exist is missing', () => {
    expect(judgeCrd(crdOf('volumesnapshots'), undefined).state).toBe('missing');
  });

  test('with other columns, short names and descriptions is good', () => {
    const theirs = edited('volumesnapshots', (crd, version) => {
      Object.assign(crd.spec?.names ?? {}, { shortNames: [] });
      Object.assign(version('v1'), { additionalPrinterColumns: [] });
      Object.assign(schemaAt(version('v1'), 'spec'), { description: 'something else' });
    });
    expect(judgeCrd(crdOf('volumesnapshots'), theirs).state).toBe('good');
  });

  test('whose rule is wrapped differently is good', () => {
    const theirs = edited('volumesnapshots', (_, version) => {
      for (const rule of schemaAt(version('v1'), 'spec.source')['x-kubernetes-validations'] ?? [])
        rule.rule = rule.rule?.replaceAll(' && ', '\n  && ') ?? '';
    });
    expect(judgeCrd(crdOf('volumesnapshots'), theirs).state).toBe('good');
  });

  test('of a time before a field lacks that field', () => {
    const theirs = edited('volumesnapshotcontents', (_, version) => {
      delete schemaAt(version('v1'), 'status').properties?.['volumeGroupSnapshotHandle'];
      delete schemaAt(version('v1'), 'spec').properties?.['sourceVolumeMode'];
    });
    expect(judgeCrd(crdOf('volumesnapshotcontents'), theirs)).toEqual({
      state: 'lacking',
      gaps: ['v1 spec.sourceVolumeMode is not a field', 'v1 status.volumeGroupSnapshotHandle is not a field'],
      blockers: [],
    });
  });

  test('of a time before rules lacks them, each by its message', () => {
    const theirs = edited('volumesnapshots', (_, version) => {
      delete schemaAt(version('v1'), 'spec.source')['x-kubernetes-validations'];
    });
    const { state, gaps } = judgeCrd(crdOf('volumesnapshots'), theirs);
    expect(state).toBe('lacking');
    expect(gaps).toContain('v1 spec.source lacks the rule "persistentVolumeClaimName is required once set"');
    expect(gaps).toHaveLength(3);
  });

  test('that keeps unknown fields needs no field of its own', () => {
    const theirs = edited('volumesnapshotclasses', (_, version) => {
      Object.assign(version('v1'), { schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } });
    });
    expect(judgeCrd(crdOf('volumesnapshotclasses'), theirs).state).toBe('good');
  });

  test('that serves v1 no longer, or not yet, is lacking', () => {
    const off = edited('volumesnapshots', (_, version) => {
      version('v1').served = false;
    });
    const beta = edited('volumegroupsnapshots', (crd) => {
      if (crd.spec?.versions !== undefined) crd.spec.versions = crd.spec.versions.filter(({ name }) => name !== 'v1');
    });
    expect(judgeCrd(crdOf('volumesnapshots'), off).gaps).toEqual(['version v1 is not served']);
    expect(judgeCrd(crdOf('volumegroupsnapshots'), beta)).toEqual({ state: 'lacking', gaps: ['version v1 does not exist'], blockers: [] });
  });

  test('without an old version of ours is enough, and older', () => {
    const theirs = edited('volumegroupsnapshots', (crd) => {
      if (crd.spec?.versions !== undefined) crd.spec.versions = crd.spec.versions.filter(({ name }) => name === 'v1');
    });
    expect(judgeCrd(crdOf('volumegroupsnapshots'), theirs).state).toBe('older');
  });

  test('without the status subresource, or with another type or enum, is lacking', () => {
    const theirs = edited('volumesnapshotcontents', (_, version) => {
      Object.assign(version('v1'), { subresources: {} });
      schemaAt(version('v1'), 'status.restoreSize').type = 'string';
      schemaAt(version('v1'), 'spec.deletionPolicy').enum = ['Delete'];
    });
    expect(judgeCrd(crdOf('volumesnapshotcontents'), theirs).gaps).toEqual([
      'version v1 has no status subresource',
      'v1 spec.deletionPolicy refuses the value Retain',
      'v1 status.restoreSize has type string, not integer',
    ]);
  });
});

describe('a CRD of the cluster is left alone', () => {
  test('if it has a version that this release does not know', () => {
    const theirs = edited('volumesnapshots', (crd, version) => {
      crd.spec?.versions?.push({ ...structuredClone(version('v1')), name: 'v2', storage: false });
    });
    expect(judgeCrd(crdOf('volumesnapshots'), theirs).blockers).toEqual([
      "it is newer or somebody's own: version v2 is unknown to this release",
    ]);
  });

  test('if it has a field or a rule that this release does not know', () => {
    const theirs = edited('volumesnapshotclasses', (_, version) => {
      const schema = schemaAt(version('v1'), '');
      Object.assign(schema.properties ?? {}, { tier: { type: 'string' } });
      Object.assign(schemaAt(version('v1'), 'driver'), { 'x-kubernetes-validations': [{ rule: 'size(self) > 3', message: 'too short' }] });
    });
    expect(judgeCrd(crdOf('volumesnapshotclasses'), theirs).blockers).toEqual([
      'it is newer or somebody\'s own: v1 driver has the rule "too short"',
      "it is newer or somebody's own: v1 tier is a field",
    ]);
  });

  test('if objects were stored in a version that ours does not list', () => {
    const theirs = edited('volumegroupsnapshots', (crd) => {
      crd.status = { storedVersions: ['v1alpha1', 'v1beta1'] };
    });
    expect(judgeCrd(crdOf('volumegroupsnapshots'), theirs).blockers).toEqual([
      'objects were stored as v1alpha1: migrate them and take v1alpha1 out of status.storedVersions',
    ]);
  });

  test('if its scope differs, which no update can change', () => {
    const theirs = edited('volumesnapshots', (crd) => Object.assign(crd.spec ?? {}, { scope: 'Cluster' }));
    const verdict = judgeCrd(crdOf('volumesnapshots'), theirs);
    expect(verdict.state).toBe('lacking');
    expect(verdict.blockers).toHaveLength(1);
  });

  test('but not for an alpha that this release has dropped', () => {
    const theirs = edited('volumegroupsnapshots', (crd, version) => {
      crd.spec?.versions?.push({ ...structuredClone(version('v1beta1')), name: 'v1alpha1', storage: false });
    });
    expect(judgeCrd(crdOf('volumegroupsnapshots'), theirs).blockers).toEqual([]);
  });
});
