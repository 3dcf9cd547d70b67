import { describe, expect, test } from 'vitest';
import type { Informer, InformerEvent } from '../../lib/controller/informer.ts';
import type { CsiNode, KubeObject, Node } from '../../lib/kube/objects.ts';
import { DRIVER } from '../testing/objects.ts';
import { createSegmentIndex } from './segment-index.ts';
import { segmentId, segmentOfTerm } from './segment.ts';
import { fixedSegment } from './segments.ts';

/** A cache that counts look-ups, and fails a test that walks it. */
function cache<T extends KubeObject>() {
  const objects = new Map<string, T>();
  const handlers: ((event: InformerEvent<T>) => void)[] = [];
  const counted = { reads: 0 };
  const informer = {
    store: {
      get: (key: string) => {
        counted.reads += 1;
        return objects.get(key);
      },
      list: () => {
        throw new Error('the cache was walked');
      },
    },
    onEvent: (handler: (event: InformerEvent<T>) => void) => void handlers.push(handler),
  } as unknown as Informer<T>;
  const tell = (key: string, old: T | undefined, changed: boolean): void => {
    for (const handler of handlers) handler({ key, old, object: objects.get(key), changed });
  };
  return {
    informer,
    counted,
    put: (object: T, changed = true) => {
      const key = object.metadata?.name ?? '';
      const old = objects.get(key);
      objects.set(key, object);
      tell(key, old, changed);
    },
    remove: (key: string) => {
      const old = objects.get(key);
      objects.delete(key);
      tell(key, old, true);
    },
  };
}

const node = (name: string, labels: Record<string, string> = {}): Node => ({ metadata: { name, labels } });
const csiNode = (name: string, topologyKeys?: string[], driver = DRIVER): CsiNode => ({
  metadata: { name },
  spec: {
    drivers: [
      { name: 'other', topologyKeys: ['rack'] },
      { name: driver, ...(topologyKeys === undefined ? {} : { topologyKeys }) },
    ],
  },
});

function open() {
  const nodes = cache<Node>();
  const csiNodes = cache<CsiNode>();
  const index = createSegmentIndex({ driver: DRIVER, nodes: nodes.informer, csiNodes: csiNodes.informer });
  const told: string[] = [];
  index.onChange((id) => told.push(`${index.get(id) === undefined ? 'gone' : 'new'} ${id}`));
  return { nodes, csiNodes, index, told };
}

describe('the segments of a cluster', () => {
  test.each<[string, Node[], CsiNode[], string[]]>([
    ['none without nodes', [], [], []],
    ['one without labels where the driver names no key', [node('a')], [csiNode('a')], ['{}']],
    ['one without labels where its list of keys is empty', [node('a')], [csiNode('a', [])], ['{}']],
    ['one for a node', [node('a', { zone: 'z1' })], [csiNode('a', ['zone'])], ['{"zone":"z1"}']],
    ['none for a Node without its CSINode', [node('a', { zone: 'z1' })], [], []],
    ['none for a CSINode without its Node', [], [csiNode('a', ['zone'])], []],
    ['none for a node that lacks the label', [node('a', { rack: 'r1' })], [csiNode('a', ['zone'])], []],
    ['none for a node that lacks one of the labels', [node('a', { zone: 'z1' })], [csiNode('a', ['zone', 'rack'])], []],
    ['one for a label without a value', [node('a', { zone: '' })], [csiNode('a', ['zone'])], ['{"zone":""}']],
    ['none for another driver', [node('a', { zone: 'z1' })], [csiNode('a', ['zone'], 'foreign')], []],
    [
      'one for nodes of one zone',
      [node('a', { zone: 'z1' }), node('b', { zone: 'z1' })],
      [csiNode('a', ['zone']), csiNode('b', ['zone'])],
      ['{"zone":"z1"}'],
    ],
    [
      'one whatever the order of the keys',
      [node('a', { zone: 'z1', rack: 'r1' }), node('b', { zone: 'z1', rack: 'r1' })],
      [csiNode('a', ['zone', 'rack']), csiNode('b', ['rack', 'zone'])],
      ['{"rack":"r1","zone":"z1"}'],
    ],
    [
      'several for mixed keys',
      [node('a', { zone: 'z1', rack: 'r1' }), node('b', { zone: 'z1', rack: 'r1' })],
      [csiNode('a', ['zone']), csiNode('b', ['rack'])],
      ['{"zone":"z1"}', '{"rack":"r1"}'],
    ],
  ])('%s', (_, nodeList, csiNodeList, expected) => {
    const { nodes, csiNodes, index } = open();
    for (const each of csiNodeList) csiNodes.put(each);
    for (const each of nodeList) nodes.put(each);
    expect(index.ids()).toEqual(expected);
    expect(index.ids().map((id) => segmentId(index.get(id) ?? {}))).toEqual(expected);
  });

  test('a segment goes with its last node, and whoever listens hears of it once', () => {
    const { nodes, csiNodes, index, told } = open();
    for (const name of ['a', 'b']) {
      nodes.put(node(name, { zone: 'z1' }));
      csiNodes.put(csiNode(name, ['zone']));
    }
    nodes.remove('a');
    csiNodes.remove('a');
    expect(index.ids()).toEqual(['{"zone":"z1"}']);
    csiNodes.remove('b');
    expect(index.ids()).toEqual([]);
    expect(told).toEqual(['new {"zone":"z1"}', 'gone {"zone":"z1"}']);
  });

  test('a node that moves leaves its old segment and enters the new one', () => {
    const { nodes, csiNodes, index, told } = open();
    nodes.put(node('a', { zone: 'z1' }));
    csiNodes.put(csiNode('a', ['zone']));
    nodes.put(node('a', { zone: 'z2' }));
    expect(index.ids()).toEqual(['{"zone":"z2"}']);
    csiNodes.put(csiNode('a', []));
    expect(index.ids()).toEqual(['{}']);
    expect(told).toEqual(['new {"zone":"z1"}', 'new {"zone":"z2"}', 'gone {"zone":"z1"}', 'new {}', 'gone {"zone":"z2"}']);
  });

  test('among 12,000 nodes heartbeats and other labels cost nothing, and a topology label one look at that node', () => {
    const { nodes, csiNodes, index, told } = open();
    for (let i = 0; i < 12_000; i += 1) {
      nodes.put(node(`n${i}`, { zone: `z${i % 120}` }));
      csiNodes.put(csiNode(`n${i}`, ['zone']));
    }
    expect(index.ids()).toHaveLength(120);
    told.length = 0;
    nodes.counted.reads = 0;
    nodes.put(node('n7', { zone: 'z7' }), false);
    expect(nodes.counted.reads).toBe(0);
    nodes.put(node('n7', { zone: 'z7', team: 'blue' }));
    expect(nodes.counted.reads).toBe(0);
    nodes.put(node('n7', { zone: 'z8', team: 'blue' }));
    expect(nodes.counted.reads).toBe(1);
    expect(told).toEqual([]);
  });
});

test('the segment of one node stays', () => {
  const segments = fixedSegment({ zone: 'z1' });
  expect(segments.ids()).toEqual(['{"zone":"z1"}']);
  expect(segments.get('{"zone":"z1"}')).toEqual({ zone: 'z1' });
  expect(segments.get('{"zone":"z2"}')).toBeUndefined();
});

test.each([
  ['one value for each key', { matchExpressions: [{ key: 'zone', operator: 'In', values: ['z1'] }] }, { zone: 'z1' }],
  ['no key at all', {}, {}],
  ['fields', { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }, undefined],
  ['another operator', { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['z1'] }] }, undefined],
  ['two values', { matchExpressions: [{ key: 'zone', operator: 'In', values: ['z1', 'z2'] }] }, undefined],
  ['no value', { matchExpressions: [{ key: 'zone', operator: 'In', values: [] }] }, undefined],
  ['no list of values', { matchExpressions: [{ key: 'zone', operator: 'In' }] }, undefined],
])('a term of a node affinity with %s', (_, term, segment) => {
  expect(segmentOfTerm(term)).toEqual(segment);
});
