import { expect, test } from 'vitest';
import type { NodeSelectorRequirement } from '../../lib/kube/objects.ts';
import { aVolume } from '../testing/objects.ts';
import { aNode } from '../testing/states.ts';
import { isReachable } from './node.ts';

const HERE = aNode({ segments: { node: 'a', number: '5' } });
const within = (...matchExpressions: NodeSelectorRequirement[]) =>
  aVolume({ nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } } });

test.each<[NodeSelectorRequirement, boolean]>([
  [{ key: 'node', operator: 'In', values: ['b', 'a'] }, true],
  [{ key: 'node', operator: 'In', values: ['b'] }, false],
  [{ key: 'zone', operator: 'In', values: ['a'] }, false],
  [{ key: 'node', operator: 'NotIn', values: ['a'] }, false],
  [{ key: 'zone', operator: 'NotIn', values: ['a'] }, true],
  [{ key: 'node', operator: 'Exists' }, true],
  [{ key: 'zone', operator: 'Exists' }, false],
  [{ key: 'zone', operator: 'DoesNotExist' }, true],
  [{ key: 'number', operator: 'Gt', values: ['4'] }, true],
  [{ key: 'number', operator: 'Lt', values: ['4'] }, false],
  [{ key: 'node', operator: 'Like', values: ['a'] }, false],
])('a volume within %j can be reached: %s', (expression, reachable) => {
  expect(isReachable(within(expression), HERE)).toBe(reachable);
});

test('every expression of a term counts, and one term is enough', () => {
  const [yes, no] = [
    { key: 'node', operator: 'In', values: ['a'] },
    { key: 'node', operator: 'In', values: ['b'] },
  ];
  expect(isReachable(within(yes, no), HERE)).toBe(false);
  const either = [{ matchExpressions: [no] }, { matchExpressions: [yes] }];
  expect(isReachable(aVolume({ nodeAffinity: { required: { nodeSelectorTerms: either } } }), HERE)).toBe(true);
  const empty = [{}, { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }];
  expect(isReachable(aVolume({ nodeAffinity: { required: { nodeSelectorTerms: empty } } }), HERE)).toBe(false);
});

test('where nobody says a place every volume can be reached', () => {
  expect(isReachable(aVolume(), HERE)).toBe(true);
  expect(isReachable(within({ key: 'node', operator: 'In', values: ['b'] }), aNode({ segments: undefined }))).toBe(true);
  expect(isReachable(within({ key: 'node', operator: 'In', values: ['b'] }), undefined)).toBe(true);
});
