import { expect, test } from 'vitest';
import type { NodeSelectorTerm } from '../../lib/kube/objects.ts';
import { aVolume } from '../testing/objects.ts';
import { nodeOf } from './node-affinity.ts';

const nodes = [
  { metadata: { name: 'b', labels: { zone: 'y', rank: '5' } } },
  { metadata: { name: 'a', labels: { zone: 'x', rank: '10' } } },
  { metadata: { name: 'c' } },
];
const find = (...terms: NodeSelectorTerm[]) => nodeOf(aVolume({ nodeAffinity: { required: { nodeSelectorTerms: terms } } }), nodes);
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
  expect(nodeOf(aVolume(), nodes)).toBeUndefined();
});
