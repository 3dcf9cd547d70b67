import { expect, test } from 'vitest';
import type { Informer, InformerEvent } from '../../lib/controller/informer.ts';
import type { CsiNode, KubeObject, Node } from '../../lib/kube/objects.ts';
import { DRIVER } from '../testing/objects.ts';
import { createTopologyBook } from './topology-book.ts';

const ZONE = 'zone';

/** A cache that counts how often all of it is walked. */
function cache<T extends KubeObject>(objects: T[]) {
  const handlers: ((event: InformerEvent<T>) => void)[] = [];
  let walks = 0;
  const informer = {
    store: {
      get: (key: string) => objects.find(({ metadata }) => metadata?.name === key),
      list: () => {
        walks += 1;
        return objects;
      },
    },
    onEvent: (handler: (event: InformerEvent<T>) => void) => {
      handlers.push(handler);
      return () => undefined;
    },
  } as unknown as Informer<T>;
  return {
    informer,
    walks: () => walks,
    /** Puts it there in place of one of the same name. */
    put: (object: T, changed = true) => {
      const at = objects.findIndex(({ metadata }) => metadata?.name === object.metadata?.name);
      const [old] = at < 0 ? [undefined] : objects.splice(at, 1);
      objects.push(object);
      for (const handler of handlers) handler({ key: object.metadata?.name ?? '', old, object, changed });
    },
    remove: (name: string) => {
      const at = objects.findIndex(({ metadata }) => metadata?.name === name);
      const [old] = objects.splice(at, 1);
      for (const handler of handlers) handler({ key: name, old, object: undefined, changed: true });
    },
  };
}

const node = (name: string, zone: string): Node => ({ metadata: { name, labels: { [ZONE]: zone } } });
const csiNode = (name: string, keys: string[] | undefined, driver = DRIVER): CsiNode => ({
  metadata: { name },
  spec: { drivers: [{ name: driver, ...(keys === undefined ? {} : { topologyKeys: keys }) }] },
});

function open(nodeList: Node[], csiNodeList: CsiNode[]) {
  const nodes = cache(nodeList);
  const csiNodes = cache(csiNodeList);
  const book = createTopologyBook(DRIVER, { nodes: nodes.informer, csiNodes: csiNodes.informer });
  const ask = (uid: string, selectedNode?: string) =>
    book.inputFor({ claim: { name: 'data', uid }, selectedNode, allowed: undefined, strict: false, immediate: true });
  return { nodes, csiNodes, ask };
}

test('nodes are walked once for any number of claims, and never again', () => {
  const registered = ['a', 'b', 'c', 'd'].map((name) => csiNode(name, [ZONE]));
  const { nodes, csiNodes, ask } = open([node('a', '1'), node('b', '2'), node('c', '2')], registered);
  const zones = (): string =>
    ask('claim')
      .cluster.terms.map(([segment]) => segment?.value)
      .join();
  for (let index = 0; index < 50; index += 1) expect(ask(`claim-${index}`).cluster.terms).toHaveLength(2);
  nodes.put(node('d', '3'));
  expect(zones()).toBe('1,2,3');
  nodes.put(node('a', '4'));
  expect(zones()).toBe('2,3,4');
  nodes.remove('b');
  expect(zones()).toBe('2,3,4');
  nodes.remove('c');
  expect(zones()).toBe('3,4');
  nodes.put({ metadata: { name: 'd', labels: {} } });
  expect(zones()).toBe('4');
  expect([nodes.walks(), csiNodes.walks()]).toEqual([1, 1]);
});

test('heartbeats and labels that are no topology keys change nothing, and nothing is walked or sorted for them', () => {
  const { nodes, csiNodes, ask } = open([node('a', '1'), node('b', '2')], [csiNode('a', [ZONE]), csiNode('b', [ZONE])]);
  const before = [ask('claim').cluster, ask('claim', 'a').cluster];
  for (let beat = 0; beat < 100; beat += 1) {
    nodes.put(node('a', '1'), false);
    nodes.put({ metadata: { name: 'a', labels: { [ZONE]: '1', team: `t${beat}` } } });
    const other = { name: 'other', nodeID: 'a', topologyKeys: [`x${beat}`] };
    csiNodes.put({ metadata: { name: 'a' }, spec: { drivers: [{ name: DRIVER, nodeID: 'a', topologyKeys: [ZONE] }, other] } });
  }
  const after = [ask('claim').cluster, ask('claim', 'a').cluster];
  expect(after.map((places, index) => places === before[index])).toEqual([true, true]);
  expect([nodes.walks(), csiNodes.walks()]).toEqual([1, 1]);
});

test('every set of keys that the driver has registered is asked for, at each attempt the same', () => {
  const { ask } = open(
    [node('a', '1')],
    [csiNode('a', ['y', 'x']), csiNode('b', ['x', 'y']), csiNode('c', undefined), csiNode('d', ['z'], 'other'), csiNode('e', ['x'])],
  );
  for (const uid of ['claim-1', 'claim-2']) expect(ask(uid).clusterKeys).toEqual([['x'], ['x', 'y']]);
});

test('what a node registers anew, and what none registers any more, is seen', () => {
  const racked = (name: string, zone: string, rack: string): Node => ({ metadata: { name, labels: { [ZONE]: zone, rack } } });
  const { csiNodes, nodes, ask } = open([racked('a', '1', 'x'), racked('b', '2', 'y')], [csiNode('a', [ZONE])]);
  const terms = (selected?: string): string =>
    ask('claim', selected)
      .cluster.terms.map((term) => term.map(({ value }) => value).join('/'))
      .join(' ');
  expect(terms()).toBe('1');
  csiNodes.put(csiNode('b', [ZONE, 'rack']));
  expect([terms(), terms('a'), terms('b')]).toEqual(['1 2 y/2', '1 2', 'y/2']);
  csiNodes.put(csiNode('a', [ZONE, 'rack']));
  expect([terms(), terms('a')]).toEqual(['x/1 y/2', 'x/1 y/2']);
  nodes.put(racked('a', '3', 'x'));
  expect(terms()).toBe('x/3 y/2');
  csiNodes.remove('b');
  expect(terms()).toBe('x/3');
  csiNodes.put(csiNode('a', undefined));
  expect([terms(), ask('claim').clusterKeys]).toEqual(['', []]);
});

test('what is known of a selected node, in all its gaps', () => {
  const { ask } = open([node('a', '1'), node('c', '3')], [csiNode('a', [ZONE]), csiNode('b', [ZONE]), csiNode('c', ['x'], 'other')]);
  expect(ask('u', 'a').selected).toEqual({ name: 'a', keys: [ZONE], labels: { [ZONE]: '1' } });
  expect(ask('u', 'b').selected).toEqual({ name: 'b', keys: [ZONE], labels: undefined });
  expect(ask('u', 'c').selected).toMatchObject({ keys: 'no-driver' });
  expect(ask('u', 'd').selected).toMatchObject({ keys: 'no-csinode' });
});

test('a new CSINode is seen', () => {
  const { csiNodes, ask } = open([node('a', '1')], []);
  expect(ask('u').clusterKeys).toEqual([]);
  csiNodes.put(csiNode('a', [ZONE]));
  expect(ask('u').clusterKeys).toEqual([[ZONE]]);
});
