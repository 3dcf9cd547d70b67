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
  const { nodes, ask } = open([node('a', '1'), node('b', '2'), node('c', '2')], [csiNode('a', [ZONE])]);
  const zones = (): string =>
    ask('claim')
      .clusterTerms.map(([segment]) => segment?.value)
      .join();
  for (let index = 0; index < 50; index += 1) expect(ask(`claim-${index}`).clusterTerms).toHaveLength(2);
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
  expect(nodes.walks()).toBe(1);
});

test('terms stay as they are while labels change that are no topology keys', () => {
  const { nodes, ask } = open([node('a', '1'), node('b', '2')], [csiNode('a', [ZONE])]);
  const before = ask('claim').clusterTerms;
  nodes.put({ metadata: { name: 'a', labels: { [ZONE]: '1', team: 'blue' } } });
  expect(ask('claim').clusterTerms).toBe(before);
});

test('CSINodes are walked again only where the keys of the driver change', () => {
  const { csiNodes, ask } = open([node('a', '1')], [csiNode('a', [ZONE])]);
  ask('claim');
  csiNodes.put({
    metadata: { name: 'a' },
    spec: {
      drivers: [
        { name: DRIVER, topologyKeys: [ZONE] },
        { name: 'other', topologyKeys: ['x'] },
      ],
    },
  });
  ask('claim');
  expect(csiNodes.walks()).toBe(1);
  csiNodes.put(csiNode('a', ['rack']));
  expect(ask('claim').clusterKeys).toEqual(['rack']);
});

test('a claim draws the same keys at every attempt, and all claims together draw all', () => {
  const { ask } = open([node('a', '1')], [csiNode('a', ['x']), csiNode('b', ['y']), csiNode('c', undefined), csiNode('d', ['z'], 'other')]);
  const drawn = (uid: string): string => ask(uid).clusterKeys?.join() ?? '';
  expect(drawn('claim-1')).toBe(drawn('claim-1'));
  expect(new Set(Array.from({ length: 50 }, (_, index) => drawn(`claim-${index}`)))).toEqual(new Set(['x', 'y']));
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
  expect(ask('u').clusterKeys).toBeUndefined();
  csiNodes.put(csiNode('a', [ZONE]));
  expect(ask('u').clusterKeys).toEqual([ZONE]);
});
