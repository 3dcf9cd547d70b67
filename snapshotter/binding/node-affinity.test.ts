import { expect, test } from 'vitest';
import type { NodeSelectorTerm, PersistentVolume } from '../../lib/kube/objects.ts';
import { aVolume } from '../testing/objects.ts';
import { commonNode } from './node-affinity.ts';

const nodes = [
  { metadata: { name: 'b', labels: { zone: 'y', rank: '5' } } },
  { metadata: { name: 'a', labels: { zone: 'x', rank: '10' } } },
  { metadata: { name: 'c' } },
];
const nodeOf = (...volumes: readonly PersistentVolume[]) => {
  const node = commonNode(
    volumes.map((volume) => ({ volume })),
    nodes,
  );
  return node.ok ? node.name : 'none';
};
const find = (...terms: NodeSelectorTerm[]) => nodeOf(aVolume({ nodeAffinity: { required: { nodeSelectorTerms: terms } } }));
const label = (key: string, operator: string, ...values: string[]): NodeSelectorTerm => ({ matchExpressions: [{ key, operator, values }] });

test.each([
  ['In', label('zone', 'In', 'y', 'z'), 'b'],
  ['NotIn, which also matches nodes without the label', label('zone', 'NotIn', 'x'), 'b'],
  ['Exists', label('zone', 'Exists'), 'a'],
  ['DoesNotExist', label('zone', 'DoesNotExist'), 'c'],
  ['Gt', label('rank', 'Gt', '7'), 'a'],
  ['Lt', label('rank', 'Lt', '7'), 'b'],
  ['a field', { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['c'] }] }, 'c'],
  ['an unknown operator', label('zone', 'Near', 'x'), undefined],
  ['a term without requirements', {}, undefined],
])('%s', (_, term, expected) => {
  expect(find(term)).toBe(expected);
});

test('one of several terms is enough, and the first node by name is taken', () => {
  expect(find(label('zone', 'In', 'y'), label('zone', 'In', 'x'))).toBe('a');
  expect(nodeOf(aVolume())).toBeUndefined();
});

test('of several volumes, a node that reaches all is taken, and none is said to be none', () => {
  const at = (...names: string[]) =>
    aVolume({
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: names }] }] } },
    });
  expect(nodeOf(at('a', 'b'), at('b', 'c'))).toBe('b');
  expect(nodeOf(at('a', 'b'), aVolume())).toBe('a');
  expect(nodeOf(aVolume(), aVolume())).toBeUndefined();
  expect(nodeOf(at('a'), at('c'))).toBe('none');
});
