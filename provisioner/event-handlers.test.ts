import { expect, test } from 'vitest';
import type { Informer, InformerEvent } from '../lib/controller/informer.ts';
import type { CsiNode, KubeObject, Node, PersistentVolumeClaim, ReferenceGrant } from '../lib/kube/objects.ts';
import type { Caches } from './caches.ts';
import { wireEvents } from './event-handlers.ts';
import { createClaimsInProgress } from './intent/claims-in-progress.ts';
import { createSourceProtections } from './source-protections.ts';
import { aClaim, DRIVER } from './testing/objects.ts';

const WAITING = 100;

function cache<T extends KubeObject>() {
  const objects = new Map<string, T>();
  const handlers: ((event: InformerEvent<T>) => void)[] = [];
  const informer = {
    store: { get: (key: string) => objects.get(key), list: () => [...objects.values()], byIndex: () => [] },
    onEvent: (handler: (typeof handlers)[number]) => void handlers.push(handler),
  };
  return {
    informer: informer as unknown as Informer<T>,
    put: (object: T, changed = true) => {
      const key = object.metadata?.name ?? '';
      const old = objects.get(key);
      objects.set(key, object);
      for (const handler of handlers) handler({ key, old, object, changed });
    },
    remove: (key: string) => {
      const old = objects.get(key);
      objects.delete(key);
      for (const handler of handlers) handler({ key, old, object: undefined, changed: true });
    },
  };
}

/** A hundred claims wait for a place, beside the nodes of a cluster. */
function open() {
  const [nodes, csiNodes, claims, grants] = [cache<Node>(), cache<CsiNode>(), cache<PersistentVolumeClaim>(), cache<ReferenceGrant>()];
  const others = cache().informer;
  const progress = createClaimsInProgress();
  const woken: string[] = [];
  const lane = { enqueue: (key: string) => void woken.push(key) };
  const snapshots: string[] = [];
  wireEvents(DRIVER, {
    caches: {
      claims: claims.informer,
      volumes: others,
      classes: others,
      grants: grants.informer,
      nodes: nodes.informer,
      csiNodes: csiNodes.informer,
    } as unknown as Caches,
    remembered: { progress, protections: createSourceProtections(), volumes: new Map() },
    lanes: { claims: lane, volumes: lane, clones: undefined, snapshots: { enqueue: (key) => void snapshots.push(key) } },
  });
  for (let index = 0; index < WAITING; index += 1) progress.update(`claim-${index}`, { awaits: 'topology' });
  const wakes = (): number => woken.splice(0).length;
  return { nodes, csiNodes, claims, grants, wakes, snapshots };
}

const node = (labels: Record<string, string>): Node => ({ metadata: { name: 'a', labels } });
const csiNode = (keys: string[], others: string[] = []): CsiNode => ({
  metadata: { name: 'a' },
  spec: { drivers: [{ name: DRIVER, topologyKeys: keys }, ...others.map((name) => ({ name }))] },
});

test('heartbeats, labels that are no topology keys and other drivers of a node wake no claim', () => {
  const { nodes, csiNodes, wakes } = open();
  csiNodes.put(csiNode(['zone']));
  nodes.put(node({ zone: '1' }));
  expect(wakes()).toBe(2 * WAITING);
  for (let beat = 0; beat < 1_000; beat += 1) {
    nodes.put(node({ zone: '1' }), false);
    nodes.put(node({ zone: '1', team: `t${beat}` }));
    csiNodes.put(csiNode(['zone'], [`other-${beat}`]));
  }
  expect(wakes()).toBe(0);
});

test('a place that changes wakes each claim that waits for one', () => {
  const { nodes, csiNodes, wakes } = open();
  nodes.put(node({}));
  csiNodes.put(csiNode(['zone']));
  wakes();
  nodes.put(node({ zone: '1' }));
  expect(wakes()).toBe(WAITING);
  nodes.put(node({ zone: '2' }));
  expect(wakes()).toBe(WAITING);
  csiNodes.put(csiNode(['zone', 'rack']));
  expect(wakes()).toBe(WAITING);
});

test('a grant that goes wakes the source of another namespace: who waited for it may not any more, and keeps it no longer', () => {
  const { claims, grants, snapshots } = open();
  const reference = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'monday', namespace: 'vault' };
  claims.put(aClaim({ dataSourceRef: reference }));
  grants.put({ metadata: { name: 'grant', namespace: 'vault' } });
  snapshots.splice(0);
  grants.remove('grant');
  expect(snapshots).toEqual(['vault/monday']);
});
