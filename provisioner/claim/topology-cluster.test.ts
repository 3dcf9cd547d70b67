/** From Nodes and CSINodes to the places that a driver is asked for, under every setting of strict and immediate topology. */
import { describe, expect, test } from 'vitest';
import type { Informer } from '../../lib/controller/informer.ts';
import type { CsiNode, KubeObject, Node, TopologySelectorTerm } from '../../lib/kube/objects.ts';
import type { Topology } from '../../proto/gen/csi.ts';
import { DRIVER } from '../testing/objects.ts';
import { createTopologyBook } from './topology-book.ts';
import { topologyFor } from './topology.ts';

/** Rack and zone, or other labels. */
type Labels = Readonly<Record<string, string>>;

interface Cluster {
  /** Labels of node-0, node-1 and so on. */
  readonly nodes: readonly Labels[];
  /** Topology keys in their CSINodes; `undefined`: the CSINode does not list the driver. */
  readonly keys: readonly (readonly string[] | undefined)[];
}

interface Question {
  readonly name?: string;
  readonly uid?: string;
  readonly allowed?: readonly TopologySelectorTerm[];
  readonly selected?: string;
}

interface Flags {
  readonly strict: boolean;
  readonly immediate: boolean;
}

const FLAGS: readonly Flags[] = [true, false].flatMap((strict) => [true, false].map((immediate) => ({ strict, immediate })));

function informerOf<T extends KubeObject>(objects: readonly T[]): Informer<T> {
  const store = { get: (key: string) => objects.find(({ metadata }) => metadata?.name === key), list: () => objects };
  return { store, onEvent: () => () => undefined } as unknown as Informer<T>;
}

function ask({ nodes, keys }: Cluster, { name = 'data', uid = 'uid-1', allowed, selected }: Question, flags: Flags) {
  const nodeList = nodes.map((labels, index): Node => ({ metadata: { name: `node-${index}`, labels: { ...labels, os: 'linux' } } }));
  const csiNodes = keys.map((topologyKeys, index): CsiNode => {
    const ours = topologyKeys === undefined ? [] : [{ name: DRIVER, topologyKeys: [...topologyKeys] }];
    return { metadata: { name: `node-${index}` }, spec: { drivers: [...ours, { name: 'other', topologyKeys: ['os'] }] } };
  });
  const book = createTopologyBook(DRIVER, { nodes: informerOf(nodeList), csiNodes: informerOf(csiNodes) });
  return topologyFor(book.inputFor({ claim: { name, uid }, selectedNode: selected, allowed, ...flags }));
}

/** `rackA/zone1` for each term: values in the order of their keys. */
function places(...given: Parameters<typeof ask>): unknown {
  const result = ask(...given);
  if (result.kind !== 'terms') return result.kind;
  const { requisite, preferred } = result.requirement.asked;
  const text = (places: readonly Topology[]): string[] => places.map(({ segments }) => Object.values(segments).join('/'));
  return { requisite: text(requisite), preferred: text(preferred) };
}

const zones = (...values: string[]): Labels[] => values.map((zone) => ({ zone }));
const racks = (...values: string[]): Labels[] =>
  values.map((value) => {
    const [rack = '', zone = ''] = value.split('/');
    return { rack, zone };
  });
const everywhere = (nodes: readonly Labels[], keys: readonly string[]): Cluster => ({ nodes, keys: nodes.map(() => keys) });
const allow = (...terms: Readonly<Record<string, string[]>>[]): TopologySelectorTerm[] =>
  terms.map((term) => ({ matchLabelExpressions: Object.entries(term).map(([key, values]) => ({ key, values })) }));

describe.each(FLAGS)('with strict $strict and immediate $immediate', (flags) => {
  const FOUR = everywhere(racks('A/1', 'B/2', 'C/3', 'D/4'), ['zone', 'rack']);

  test.each([
    ['data-testset-1', 0],
    ['log-testset-1', 0],
    ['testset-2', 1],
    ['data-testset-3', 2],
    ['data-testset-4', 3],
  ])('claim %s of a set starts at segment %i', (name, start) => {
    const all = ['A/1', 'B/2', 'C/3', 'D/4'];
    const expected = { requisite: all, preferred: [...all.slice(start), ...all.slice(0, start)] };
    expect(places(FOUR, { name }, flags)).toEqual(flags.immediate ? expected : 'any');
  });

  test.each([
    ['data-testset-1', allow({ zone: ['1'], rack: ['A'] }), ['A/1']],
    ['testset-2', allow({ zone: ['1'], rack: ['A'] }, { zone: ['2'], rack: ['B'] }), ['B/2', 'A/1']],
  ])('claim %s of a set is spread over what its class allows', (name, allowed, preferred) => {
    expect(places(FOUR, { name, allowed }, flags)).toMatchObject({ preferred });
  });

  test.each<[string, TopologySelectorTerm[], string[]]>([
    ['one key, one value', allow({ zone: ['1'] }), ['1']],
    ['one key, several values', allow({ zone: ['1', '2'] }), ['1', '2']],
    ['several keys, one value each', allow({ zone: ['1'], rack: ['A'] }), ['A/1']],
    ['several keys, one of them with several values', allow({ zone: ['1', '2'], rack: ['A'] }), ['A/1', 'A/2']],
    ['several keys with several values', allow({ zone: ['1', '2'], rack: ['A', 'B'] }), ['A/1', 'A/2', 'B/1', 'B/2']],
    ['terms of different keys', allow({ zone: ['1'] }, { rack: ['A'] }), ['A', '1']],
    ['terms of one key, other values', allow({ zone: ['1'] }, { zone: ['2'] }), ['1', '2']],
    ['terms of one key that overlap', allow({ zone: ['1', '2'] }, { zone: ['2', '3'] }), ['1', '2', '3']],
    ['a term that is part of another', allow({ zone: ['1'] }, { zone: ['1', '2'], rack: ['A'] }), ['1', 'A/1', 'A/2']],
    [
      'terms that share a combination',
      allow({ zone: ['1', '2'], rack: ['A', 'B'] }, { zone: ['2'], rack: ['B', 'C'] }),
      ['A/1', 'A/2', 'B/1', 'B/2', 'C/2'],
    ],
  ])('a class that allows %s', (_, allowed, requisite) => {
    expect(places({ nodes: [], keys: [] }, { allowed }, flags)).toMatchObject({ requisite });
  });

  test.each<[string, Cluster, Question, string[] | 'error', string[]?]>([
    ['the same values everywhere', everywhere(zones('1', '1', '1'), ['zone']), {}, ['1']],
    ['the same values everywhere, and a node', everywhere(zones('1', '1', '1'), ['zone']), { selected: 'node-0' }, ['1']],
    ['several values', everywhere(zones('1', '2', '2'), ['zone']), {}, ['1', '2']],
    ['several values, and a node', everywhere(zones('1', '2', '2'), ['zone']), { selected: 'node-0' }, ['1', '2'], ['1']],
    [
      'several key sets',
      { nodes: [{ zone: '1' }, ...racks('A/1', 'A/1')], keys: [['zone'], ['zone', 'rack'], ['zone', 'rack']] },
      {},
      ['1', 'A/1'],
    ],
    [
      'several key sets, and a node of fewer keys elsewhere',
      { nodes: [{ zone: '1' }, ...racks('A/2', 'B/2')], keys: [['zone'], ['zone', 'rack'], ['zone', 'rack']] },
      {},
      ['1', '2', 'A/2', 'B/2'],
    ],
    ['key sets with nothing in common', { nodes: [{ rack: 'A' }, { zone: '1' }], keys: [['rack'], ['zone']] }, {}, ['A', '1']],
    ['such key sets, and labels of both', { nodes: racks('A/1', 'B/2'), keys: [['rack'], ['zone']] }, {}, ['A', '2']],
    [
      'several key sets, and a labelled node without keys',
      { nodes: [{ rack: 'A' }, { zone: '1' }, ...racks('B/2')], keys: [['rack'], ['zone'], []] },
      {},
      ['A', '1'],
    ],
    [
      'a node whose keys are more than those of another',
      { nodes: racks('A/1', 'B/1'), keys: [['zone'], ['zone', 'rack']] },
      {},
      ['1', 'B/1'],
    ],
    [
      'several key sets, and a node of one key',
      { nodes: racks('X/1', 'A/1', 'A/1'), keys: [['zone'], ['zone', 'rack'], ['zone', 'rack']] },
      { selected: 'node-0' },
      ['1'],
    ],
    ['labelled nodes without keys', { nodes: zones('1', '2', '3'), keys: [[], [], ['zone']] }, {}, ['3']],
    ['labelled nodes without the driver', { nodes: zones('1', '2'), keys: [['zone'], undefined] }, {}, ['1']],
    [
      'labelled nodes without keys, and a node with them',
      { nodes: zones('1', '2', '3'), keys: [['zone'], [], ['zone']] },
      { selected: 'node-0' },
      ['1', '3'],
      ['1'],
    ],
    [
      'labelled nodes without the driver, and a node with it',
      { nodes: zones('1', '2'), keys: [['zone'], undefined] },
      { selected: 'node-0' },
      ['1'],
    ],
    [
      'nodes with other keys and with more keys than the node',
      { nodes: [{ rack: 'A' }, ...racks('B/1', 'C/2')], keys: [['rack'], ['zone'], ['rack', 'zone']] },
      { selected: 'node-0' },
      ['A', 'C'],
      ['A'],
    ],
    ['CSINodes without Nodes', { nodes: [], keys: [['zone'], ['zone']] }, {}, 'error'],
    ['Nodes without the labels', everywhere([{ foo: 'bar' }], ['zone']), {}, 'error'],
    ['Nodes without CSINodes', { nodes: zones('1', '2'), keys: [] }, {}, 'error'],
    ['CSINodes without keys', everywhere(zones('1', '2'), []), {}, 'error'],
    ['CSINodes without the driver', { nodes: zones('1', '2'), keys: [undefined, undefined] }, {}, 'error'],
    ['one node whose driver names keys', { nodes: [{ old: '1' }, { old: '2' }, { zone: '3' }], keys: [[], [], ['zone']] }, {}, ['3']],
    ['a node without the labels', everywhere([{ foo: 'bar' }], ['zone']), { selected: 'node-0' }, 'error'],
    ['a node without keys', everywhere(zones('1', '2'), []), { selected: 'node-0' }, 'error'],
  ])('a cluster of %s', (_, cluster, question, expected, strict = expected as string[]) => {
    const loose = !flags.immediate && question.selected === undefined;
    const result = places(cluster, question, flags);
    if (loose) expect(result).toBe('any');
    else if (expected === 'error') expect(result).toBe('error');
    else expect(result).toMatchObject({ requisite: flags.strict ? strict : expected });
  });

  const THREE = everywhere(racks('A/2', 'A/1', 'B/1'), ['zone', 'rack']);
  const disk = (rack: string, zone: string, kind: string): Labels => ({ rack, zone, disk: kind });
  const selected = 'node-0';

  test.each<[string, Cluster, TopologySelectorTerm[] | undefined, string[] | 'error', (string[] | 'error')?]>([
    ['the class allows it among others', THREE, allow({ zone: ['1', '2'], rack: ['A', 'B'] }), ['A/2', 'B/1', 'B/2', 'A/1'], ['A/2']],
    ['its driver has other keys than the class', everywhere(THREE.nodes, ['foo', 'rack']), allow({ zone: ['1'], rack: ['A'] }), 'error'],
    ['nothing is said by the class', THREE, undefined, ['A/2', 'B/1', 'A/1'], ['A/2']],
    ['nothing is known of any node', { nodes: [{}, {}], keys: [undefined, undefined] }, undefined, 'error'],
    ['the class does not allow it', everywhere(zones('2', '1'), ['zone']), allow({ zone: ['1'] }), 'error'],
    [
      'the class names part of its keys',
      everywhere([disk('1', '1', 'ssd'), disk('2', '2', 'ssd'), disk('1', '2', 'nvme')], ['zone', 'rack', 'disk']),
      allow({ disk: ['ssd'], zone: ['1'] }),
      ['ssd/1'],
      ['ssd/1/1'],
    ],
    [
      'the class names part of its keys with another value',
      everywhere(racks('1/10', '2/11'), ['zone', 'rack']),
      allow({ zone: ['1'] }),
      'error',
    ],
  ])('the selected node comes first where %s', (_, cluster, allowed, expected, strict = expected) => {
    const wanted = flags.strict ? strict : expected;
    const result = places(cluster, { selected, ...(allowed === undefined ? {} : { allowed }) }, flags);
    if (wanted === 'error') expect(result).toBe('error');
    else expect(result).toMatchObject({ preferred: wanted });
  });

  test('a selected node without a CSINode has another one chosen', () => {
    const cluster = { nodes: zones('1', '2'), keys: [] };
    expect(places(cluster, { selected }, flags)).toBe('reschedule');
    expect(places(cluster, { selected, allowed: allow({ zone: ['1'] }) }, flags)).toBe('reschedule');
  });
});

test('a selected node that gets its last label is asked for at the next attempt', () => {
  const flags = { strict: false, immediate: false };
  const cluster = (labels: Labels): Cluster => ({ nodes: [labels], keys: [['zone', 'rack', 'type']] });
  expect(places(cluster({ zone: '1', rack: 'A' }), { selected: 'node-0' }, flags)).toBe('error');
  const whole = { requisite: ['A/std/1'], preferred: ['A/std/1'] };
  expect(places(cluster({ zone: '1', rack: 'A', type: 'std' }), { selected: 'node-0' }, flags)).toEqual(whole);
});
