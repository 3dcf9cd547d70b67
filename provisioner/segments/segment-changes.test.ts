/** Segments of several keys, and what Nodes and CSINodes do to them one change after the other. */
import { expect, test } from 'vitest';
import type { Informer, InformerEvent } from '../../lib/controller/informer.ts';
import type { CsiNode, KubeObject, Node } from '../../lib/kube/objects.ts';
import { DRIVER } from '../testing/objects.ts';
import { createSegmentIndex } from './segment-index.ts';
import { segmentOfTerm } from './segment.ts';

function cache<T extends KubeObject>() {
  const objects = new Map<string, T>();
  const handlers: ((event: InformerEvent<T>) => void)[] = [];
  const store = { get: (key: string) => objects.get(key), list: () => [...objects.values()] };
  const informer = {
    store,
    onEvent: (handler: (event: InformerEvent<T>) => void) => void handlers.push(handler),
  } as unknown as Informer<T>;
  const change = (key: string, object: T | undefined): void => {
    const old = objects.get(key);
    if (object === undefined) objects.delete(key);
    else objects.set(key, object);
    for (const handler of handlers) handler({ key, old, object, changed: true });
  };
  return { informer, put: (object: T) => change(object.metadata?.name ?? '', object), remove: (key: string) => change(key, undefined) };
}

const node = (name: string, labels: Record<string, string>): Node => ({ metadata: { name, labels } });
const csiNode = (name: string, keys: string[], driver = DRIVER): CsiNode => ({
  metadata: { name },
  spec: { drivers: [{ name: driver, topologyKeys: keys }] },
});

/** Two nodes of two zones. */
function open() {
  const nodes = cache<Node>();
  const csiNodes = cache<CsiNode>();
  const index = createSegmentIndex({ driver: DRIVER, nodes: nodes.informer, csiNodes: csiNodes.informer });
  for (const [name, zone] of [
    ['a', 'z1'],
    ['b', 'z2'],
  ] as const) {
    nodes.put(node(name, { zone }));
    csiNodes.put(csiNode(name, ['zone']));
  }
  return { nodes, csiNodes, ids: () => [...index.ids()].sort() };
}

const [Z1, Z2] = ['{"zone":"z1"}', '{"zone":"z2"}'];

test('nodes of two zones are two segments', () => {
  expect(open().ids()).toEqual([Z1, Z2]);
});

test('nodes that share part of their values have segments of their own', () => {
  const { nodes, csiNodes, ids } = open();
  for (const [name, rack] of [
    ['a', 'r1'],
    ['b', 'r2'],
  ] as const) {
    nodes.put(node(name, { zone: 'z1', rack }));
    csiNodes.put(csiNode(name, ['zone', 'rack']));
  }
  expect(ids()).toEqual(['{"rack":"r1","zone":"z1"}', '{"rack":"r2","zone":"z1"}']);
});

test('a Node that goes takes its segment along, and brings it back', () => {
  const { nodes, ids } = open();
  nodes.remove('b');
  expect(ids()).toEqual([Z1]);
  nodes.put(node('b', { zone: 'z2' }));
  expect(ids()).toEqual([Z1, Z2]);
});

test('a CSINode that goes takes its segment along, and brings it back', () => {
  const { csiNodes, ids } = open();
  csiNodes.remove('b');
  expect(ids()).toEqual([Z1]);
  csiNodes.put(csiNode('b', ['zone']));
  expect(ids()).toEqual([Z1, Z2]);
});

test('a driver that leaves its CSINode takes the segment along, and brings it back', () => {
  const { csiNodes, ids } = open();
  csiNodes.put(csiNode('b', ['zone'], 'other'));
  expect(ids()).toEqual([Z1]);
  csiNodes.put(csiNode('b', ['zone']));
  expect(ids()).toEqual([Z1, Z2]);
});

test('nodes that change places leave the same segments, and new labels make new ones', () => {
  const { nodes, ids } = open();
  nodes.put(node('a', { zone: 'z2' }));
  nodes.put(node('b', { zone: 'z1' }));
  expect(ids()).toEqual([Z1, Z2]);
  nodes.put(node('a', { zone: 'z3' }));
  nodes.put(node('b', { zone: 'z4' }));
  expect(ids()).toEqual(['{"zone":"z3"}', '{"zone":"z4"}']);
});

test('a term of several keys is one segment, in whatever order they come', () => {
  const [zone, rack] = [
    { key: 'zone', operator: 'In', values: ['z1'] },
    { key: 'rack', operator: 'In', values: ['r1'] },
  ];
  for (const matchExpressions of [
    [zone, rack],
    [rack, zone],
  ])
    expect(segmentOfTerm({ matchExpressions })).toEqual({ zone: 'z1', rack: 'r1' });
});
