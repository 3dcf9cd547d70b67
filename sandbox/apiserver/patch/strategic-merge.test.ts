import { describe, expect, test } from 'vitest';
import { strategicMerge } from './strategic-merge.ts';

describe('a strategic merge patch', () => {
  test('merges finalizers as a set, new ones first, as kube-apiserver orders them', () => {
    const target = { metadata: { finalizers: ['a', 'b'] } };
    expect(strategicMerge(target, { metadata: { finalizers: ['c', 'a'] } })).toEqual({ metadata: { finalizers: ['c', 'a', 'b'] } });
  });

  test('takes finalizers away by the delete directive', () => {
    const target = { metadata: { finalizers: ['a', 'b'] } };
    expect(strategicMerge(target, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toEqual({
      metadata: { finalizers: ['b'] },
    });
  });

  test('drops a list that lost its last element', () => {
    const target = { metadata: { finalizers: ['a'] } };
    expect(strategicMerge(target, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toEqual({ metadata: {} });
  });

  test('merges containers and volumes by name and keeps the others', () => {
    const target = { spec: { containers: [{ name: 'a', image: '1' }, { name: 'b' }], volumes: [{ name: 'v', emptyDir: {} }] } };
    const patch = {
      spec: {
        containers: [{ name: 'a', image: '2' }],
        volumes: [
          { name: 'v', $patch: 'delete' },
          { name: 'w', emptyDir: {} },
        ],
      },
    };
    expect(strategicMerge(target, patch)).toEqual({
      spec: { containers: [{ name: 'a', image: '2' }, { name: 'b' }], volumes: [{ name: 'w', emptyDir: {} }] },
    });
  });

  test('merges owner references by uid', () => {
    const target = { metadata: { ownerReferences: [{ uid: '1', name: 'x' }] } };
    const patch = { metadata: { ownerReferences: [{ uid: '1', controller: true }, { uid: '2' }] } };
    expect(strategicMerge(target, patch).metadata).toEqual({ ownerReferences: [{ uid: '1', name: 'x', controller: true }, { uid: '2' }] });
  });

  test('orders elements as the order directive says', () => {
    const target = { spec: { containers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] } };
    const patch = { spec: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }], containers: [{ name: 'a', image: 'i' }] } };
    expect(strategicMerge(target, patch).spec).toEqual({ containers: [{ name: 'b' }, { name: 'c' }, { name: 'a', image: 'i' }] });
  });

  test('keeps only the members that retainKeys names', () => {
    const target = { spec: { volumes: [{ name: 'v', emptyDir: {} }] } };
    const patch = { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] } };
    expect(strategicMerge(target, patch).spec).toEqual({ volumes: [{ name: 'v', hostPath: { path: '/x' } }] });
  });

  test('replaces lists that have no merge rule, and whole objects on demand', () => {
    expect(strategicMerge({ spec: { accessModes: ['a', 'b'] } }, { spec: { accessModes: ['c'] } })).toEqual({
      spec: { accessModes: ['c'] },
    });
    expect(strategicMerge({ data: { a: '1' } }, { data: { $patch: 'replace', b: '2' } })).toEqual({ data: { b: '2' } });
    expect(strategicMerge({ data: { a: '1', b: '2' } }, { data: { a: null } })).toEqual({ data: { b: '2' } });
  });

  test('refuses an element without its merge key', () => {
    expect(() => strategicMerge({}, { spec: { volumes: [{ emptyDir: {} }] } })).toThrow(expect.objectContaining({ status: 400 }));
  });
});
