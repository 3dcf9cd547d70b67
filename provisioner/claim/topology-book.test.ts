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
    tell: (changed: boolean) => {
      for (const handler of handlers) handler({ key: '', old: undefined, object: undefined, changed });
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

test('nodes are walked once for any number of claims, and again only after a label changed', () => {
  const { nodes, ask } = open([node('a', '1'), node('b', '2'), node('c', '2')], [csiNode('a', [ZONE])]);
  for (let index = 0; index < 50; index += 1) expect(ask(`claim-${index}`).clusterTerms).toHaveLength(2);
  nodes.tell(false);
  ask('claim');
  expect(nodes.walks()).toBe(1);
  nodes.tell(true);
  ask('claim');
  expect(nodes.walks()).toBe(2);
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
  const list: CsiNode[] = [];
  const { csiNodes, ask } = open([node('a', '1')], list);
  expect(ask('u').clusterKeys).toBeUndefined();
  list.push(csiNode('a', [ZONE]));
  csiNodes.tell(true);
  expect(ask('u').clusterKeys).toEqual([ZONE]);
});
