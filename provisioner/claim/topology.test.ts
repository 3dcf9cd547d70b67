import { expect, test } from 'vitest';
import { fnv1 } from './fnv.ts';
import { createAllowedBook, placesOf } from './places.ts';
import type { Term } from './terms.ts';
import { affinityTerms, flatten, isSubset, sortTerms, termOf } from './terms.ts';
import { spread, topologyFor } from './topology.ts';
import type { TopologyInput, TopologyResult } from './topology.ts';

const ZONE = 'topology.example/zone';
const RACK = 'topology.example/rack';

const zones = (...values: string[]): Term[] => values.map((value) => [{ key: ZONE, value }]);
const allow = (...values: string[]): TopologyInput['allowed'] => createAllowedBook()([{ matchLabelExpressions: [{ key: ZONE, values }] }]);
const node = (zone: string): NonNullable<TopologyInput['selected']> => ({
  name: `node-${zone}`,
  keys: [ZONE],
  labels: { [ZONE]: zone, other: 'x' },
});

const NOWHERE = placesOf([]);

function ask(change: Partial<TopologyInput>): TopologyResult {
  return topologyFor({
    driver: 'mock.csi.example',
    claim: { name: 'data', uid: 'u' },
    strict: false,
    immediate: true,
    allowed: undefined,
    selected: undefined,
    clusterKeys: [[ZONE]],
    cluster: placesOf(zones('a', 'b', 'c')),
    ...change,
  });
}

const shown = (result: TopologyResult): unknown =>
  result.kind === 'terms'
    ? {
        requisite: result.requirement.asked.requisite.map(({ segments }) => segments[ZONE]),
        preferred: result.requirement.asked.preferred.map(({ segments }) => segments[ZONE]),
      }
    : result;

test('strict: the selected node alone is asked for', () => {
  expect(shown(ask({ strict: true, selected: node('b') }))).toEqual({ requisite: ['b'], preferred: ['b'] });
});

test('strict with allowed topologies: the selected node must lie in one of them', () => {
  expect(shown(ask({ strict: true, selected: node('b'), allowed: allow('b', 'c') }))).toEqual({ requisite: ['b'], preferred: ['b'] });
  expect(ask({ strict: true, selected: node('a'), allowed: allow('b', 'c') }).kind).toBe('error');
});

test("late binding: the whole cluster is asked for, the selected node's topology first", () => {
  expect(shown(ask({ selected: node('b') }))).toEqual({ requisite: ['a', 'b', 'c'], preferred: ['b', 'c', 'a'] });
});

test('late binding with allowed topologies: their list as it is, also what no node has, the selected one first', () => {
  expect(shown(ask({ selected: node('c'), allowed: allow('z', 'c') }))).toEqual({ requisite: ['c', 'z'], preferred: ['c', 'z'] });
  expect(ask({ selected: node('a'), allowed: allow('b', 'c') }).kind).toBe('error');
});

test('immediate binding with allowed topologies needs no node at all', () => {
  const result = ask({ allowed: allow('b', 'a'), clusterKeys: [], cluster: NOWHERE, immediate: false });
  expect(shown(result)).toMatchObject({ requisite: ['a', 'b'] });
});

test('immediate binding without allowed topologies asks for the cluster, or for nothing if the flag is off', () => {
  expect(shown(ask({}))).toMatchObject({ requisite: ['a', 'b', 'c'] });
  expect(ask({ immediate: false })).toEqual({ kind: 'any' });
});

test('immediate binding before any node plugin is registered, or with no labelled node, is an error that says so', () => {
  expect(ask({ clusterKeys: [], cluster: NOWHERE })).toMatchObject({
    kind: 'error',
    message: expect.stringContaining('no available topology found'),
  });
  const keySets = [[RACK, ZONE], [ZONE]];
  expect(ask({ clusterKeys: keySets, cluster: NOWHERE })).toMatchObject({
    kind: 'error',
    message: expect.stringContaining(`topologyKeys [[${RACK} ${ZONE}] [${ZONE}]] were not found on any nodes`),
  });
});

test('allowed topologies without any value ask for nothing', () => {
  expect(ask({ allowed: createAllowedBook()([{ matchLabelExpressions: [] }]) })).toEqual({ kind: 'any' });
});

test('a CSINode that is gone asks for another node; every other gap of the selected node is an error', () => {
  expect(ask({ selected: { ...node('a'), keys: 'no-csinode' } }).kind).toBe('reschedule');
  expect(ask({ selected: { ...node('a'), keys: 'no-driver' } }).kind).toBe('error');
  expect(ask({ selected: { ...node('a'), keys: [] } }).kind).toBe('error');
  expect(ask({ selected: { ...node('a'), labels: undefined } }).kind).toBe('error');
  expect(ask({ selected: { ...node('a'), labels: {} } })).toMatchObject({ kind: 'error', message: expect.stringContaining(ZONE) });
});

test('a term has all keys, sorted, or is none', () => {
  expect(termOf([ZONE, RACK], { [ZONE]: 'a', [RACK]: '1', os: 'linux' })).toEqual([
    { key: RACK, value: '1' },
    { key: ZONE, value: 'a' },
  ]);
  expect(termOf([ZONE, RACK], { [ZONE]: 'a' })).toBeUndefined();
});

test('allowed topologies multiply inside a term and add up between terms', () => {
  const flat = flatten([
    {
      matchLabelExpressions: [
        { key: ZONE, values: ['a', 'b'] },
        { key: RACK, values: ['1', '2'] },
      ],
    },
    { matchLabelExpressions: [{ key: ZONE, values: ['c'] }] },
  ]);
  expect(flat.map((term) => term.map(({ value }) => value).join('/'))).toEqual(['1/a', '1/b', '2/a', '2/b', 'c']);
});

test('an expression without values forgets those before it, as in the peer', () => {
  expect(
    flatten([
      {
        matchLabelExpressions: [
          { key: ZONE, values: ['a'] },
          { key: 'x', values: [] },
          { key: RACK, values: ['1'] },
        ],
      },
    ]),
  ).toEqual([[{ key: RACK, value: '1' }]]);
});

test('terms are sorted by length, then key and value; exact duplicates go, subsets stay', () => {
  const both: Term = [
    { key: RACK, value: '1' },
    { key: ZONE, value: 'a' },
  ];
  expect(sortTerms([both, ...zones('b', 'a', 'a'), [{ key: RACK, value: '9' }]])).toEqual([
    [{ key: RACK, value: '9' }],
    ...zones('a', 'b'),
    both,
  ]);
});

test('a subset is found whatever the other segments are', () => {
  const whole: Term = [
    { key: RACK, value: '1' },
    { key: ZONE, value: 'a' },
  ];
  expect(isSubset(zones('a')[0] ?? [], whole)).toBe(true);
  expect(isSubset(zones('b')[0] ?? [], whole)).toBe(false);
  expect(isSubset([], whole)).toBe(true);
});

test('the hash is FNV-1 of 32 bits, by its published vectors', () => {
  expect(fnv1('')).toBe(0x811c9dc5);
  expect(fnv1('a')).toBe(0x050c5d7e);
  expect(fnv1('foobar')).toBe(0x31f0b262);
});

test('claims of a StatefulSet land on consecutive segments, and all claims of one replica on the same', () => {
  const at = (name: string): number => spread({ name, uid: 'u' }, 3);
  expect((at('data-web-1') - at('data-web-0') + 3) % 3).toBe(1);
  expect((at('data-web-2') - at('data-web-0') + 3) % 3).toBe(2);
  expect(at('log-web-1')).toBe(at('data-web-1'));
  expect(at('data-web-0')).toBe(fnv1('web') % 3);
});

test('names that only look like replicas are hashed whole', () => {
  expect(spread({ name: 'data', uid: 'u' }, 7)).toBe(fnv1('data') % 7);
  expect(spread({ name: 'data-99999999999', uid: 'u' }, 7)).toBe(fnv1('data-99999999999') % 7);
  expect(spread({ name: 'data-1x', uid: 'u' }, 7)).toBe(fnv1('data-1x') % 7);
  expect(spread({ name: 'web-2', uid: 'u' }, 7)).toBe(((fnv1('web') + 2) >>> 0) % 7);
});

test('the same claim asks for the same list each time, and shared terms are left as they were', () => {
  const shared = zones('a', 'b', 'c');
  const before = JSON.stringify(shared);
  const cluster = placesOf(shared);
  expect(ask({ cluster })).toEqual(ask({ cluster }));
  expect(JSON.stringify(shared)).toBe(before);
});

test('a requirement carries segments as the driver reads them', () => {
  const result = ask({ strict: true, selected: node('b') });
  expect(result.kind === 'terms' && result.requirement.asked).toEqual({
    requisite: [{ segments: { [ZONE]: 'b' } }],
    preferred: [{ segments: { [ZONE]: 'b' } }],
  });
});

test('an accessible topology without segments makes no affinity term, so that no affinity without terms is written', () => {
  expect(affinityTerms([{ segments: {} }, { segments: { [ZONE]: 'a', [RACK]: '1' } }])).toEqual([
    {
      matchExpressions: [
        { key: RACK, operator: 'In', values: ['1'] },
        { key: ZONE, operator: 'In', values: ['a'] },
      ],
    },
  ]);
  expect(affinityTerms([{ segments: {} }])).toEqual([]);
});
