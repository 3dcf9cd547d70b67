import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../kube/objects.ts';
import { compileDiffers, compileTrim, sameValue } from './trim.ts';

const object = {
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: {
    name: 'a',
    namespace: 'n',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: 't',
    deletionTimestamp: 'd',
    finalizers: ['f'],
    ownerReferences: [{ name: 'o' }],
    labels: { x: '1' },
    annotations: { 'snapshot.storage.kubernetes.io/a': '1', 'other.io/b': '2' },
  },
  spec: { source: { name: 's', deep: { er: 1 } }, drivers: [{ name: 'd', nodeID: 'n' }], unused: 1 },
  status: { phase: 'Bound' },
} satisfies KubeObject & { spec: object; status: object };

const { labels: _labels, annotations: _annotations, ...identity } = object.metadata;

describe('compileTrim', () => {
  test('always keeps what identifies an object, and nothing else that was not declared', () => {
    expect(compileTrim([[]])(object)).toEqual({ apiVersion: 'v1', kind: 'Thing', metadata: identity });
  });

  test('keeps declared paths whole, through arrays, and annotations by prefix', () => {
    const fields = ['spec.source', 'spec.drivers.name', 'metadata.annotations[snapshot.storage.kubernetes.io/]'];
    expect(compileTrim([fields])(object)).toEqual({
      apiVersion: 'v1',
      kind: 'Thing',
      metadata: { ...identity, annotations: { 'snapshot.storage.kubernetes.io/a': '1' } },
      spec: { source: { name: 's', deep: { er: 1 } }, drivers: [{ name: 'd' }] },
    });
  });

  test('keeps the union of all interests, a parent path covering its children', () => {
    const trimmed = compileTrim([['spec.source.name'], ['spec.source'], ['status.phase', 'metadata.labels']])(object);
    expect(trimmed).toMatchObject({ spec: { source: object.spec.source }, status: { phase: 'Bound' }, metadata: { labels: { x: '1' } } });
  });

  test('whole wins over paths', () => {
    expect(compileTrim([['spec.source'], 'whole'])(object)).toEqual(object);
  });

  test('never changes the object it is given', () => {
    const before = structuredClone(object);
    compileTrim(['whole'])(object);
    compileTrim([['spec']])(object);
    expect(object).toEqual(before);
  });

  test('bears fields of an unexpected shape', () => {
    const odd = { metadata: { name: 'a', annotations: 'x' }, spec: null, status: [] } as unknown as KubeObject;
    expect(compileTrim([['spec.source', 'status.phase', 'metadata.annotations[a]']])(odd)).toEqual(odd);
  });
});

describe('compileDiffers', () => {
  const differs = compileDiffers(['spec.source']);

  test('a new resourceVersion or an undeclared field is no difference', () => {
    expect(differs(object, { ...object, metadata: { ...object.metadata, resourceVersion: '2', labels: {} } })).toBe(false);
  });

  test('a declared field, a finalizer and a deletion are', () => {
    expect(differs(object, { ...object, spec: { source: {} } } as KubeObject)).toBe(true);
    expect(differs(object, { ...object, metadata: { ...object.metadata, finalizers: [] } })).toBe(true);
    const { deletionTimestamp: _, ...alive } = object.metadata;
    expect(differs(object, { ...object, metadata: alive })).toBe(true);
  });

  test('agrees with a comparison of what the trim leaves, whatever the objects look like', () => {
    const leaf = fc.constantFrom('x', 'y', 1, 1n, null, undefined);
    const names = fc.constantFrom('a', 'b', 'c.io/d', 'source');
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(leaf, fc.array(tie('node'), { maxLength: 2 }), fc.dictionary(names, tie('node'), { maxKeys: 3 })),
    })).node;
    const metadata = fc.record({ name: fc.constantFrom('a', 'b'), resourceVersion: fc.constantFrom('1', '2'), annotations: tree });
    const objects = fc.record({ metadata, spec: tree }) as fc.Arbitrary<KubeObject>;
    const fields = ['spec.a', 'spec.source.b', 'metadata.annotations[c.io/]'];
    const trim = compileTrim([fields]);
    const sameVersion = (value: KubeObject): KubeObject => ({ ...value, metadata: { ...value.metadata, resourceVersion: '' } });
    fc.assert(
      fc.property(objects, objects, (a, b) => {
        expect(compileDiffers(fields)(a, b)).toBe(!sameValue(trim(sameVersion(a)), trim(sameVersion(b))));
      }),
      { numRuns: 3_000, seed: 1 },
    );
  });
});

test('values are the same whatever the order of their fields, and bigints by value', () => {
  expect(sameValue({ a: 1, b: [1n, { c: null }] }, { b: [1n, { c: null }], a: 1, d: undefined })).toBe(true);
  expect(sameValue([1, 2], [2, 1])).toBe(false);
  expect(sameValue({ a: [] }, { a: {} })).toBe(false);
  expect(sameValue({ a: 1 }, { a: 1, b: 0 })).toBe(false);
});
