import { expect, test } from 'vitest';
import { TestCluster } from '../test-cluster.ts';
import { at, listAt } from './json.ts';

const NAMESPACES = '/api/v1/namespaces';

test('a namespace that is deleted takes its contents along', async () => {
  const cluster = new TestCluster();
  await cluster.post(NAMESPACES, { metadata: { name: 'n' } });
  for (const plural of ['configmaps', 'secrets']) await cluster.post(`${NAMESPACES}/n/${plural}`, { metadata: { name: 'a' } });
  await cluster.post(`${NAMESPACES}/default/configmaps`, { metadata: { name: 'kept' } });
  const marked = await cluster.delete(`${NAMESPACES}/n`);
  expect(at(marked.body, 'status', 'phase')).toBe('Terminating');
  cluster.clock.advance(1000);
  expect((await cluster.get(`${NAMESPACES}/n`)).status).toBe(404);
  expect(listAt((await cluster.get('/api/v1/configmaps')).body, 'items')).toHaveLength(1);
  expect(cluster.clock.pending).toBe(0);
});

test('it stays while a finalizer holds something in it, and takes nothing new', async () => {
  const cluster = new TestCluster();
  await cluster.post(NAMESPACES, { metadata: { name: 'n' } });
  await cluster.post(`${NAMESPACES}/n/configmaps`, { metadata: { name: 'a', finalizers: ['x.y/z'] } });
  await cluster.delete(`${NAMESPACES}/n`);
  cluster.clock.advance(60_000);
  expect((await cluster.get(`${NAMESPACES}/n`)).status).toBe(200);
  const late = await cluster.post(`${NAMESPACES}/n/configmaps`, { metadata: { name: 'b' } });
  expect([late.status, at(listAt(late.body, 'details', 'causes')[0], 'reason')]).toEqual([403, 'NamespaceTerminating']);
  await cluster.patch(`${NAMESPACES}/n/configmaps/a`, { metadata: { finalizers: null } });
  cluster.clock.advance(1000);
  expect((await cluster.get(`${NAMESPACES}/n`)).status).toBe(404);
});

test('namespaces of the system stay', async () => {
  const cluster = new TestCluster();
  for (const name of ['default', 'kube-system', 'kube-public']) expect((await cluster.delete(`${NAMESPACES}/${name}`)).status).toBe(403);
});

test('an Event goes an hour after it was last written, when the next one comes', async () => {
  const cluster = new TestCluster();
  const events = `${NAMESPACES}/default/events`;
  const tell = (name: string) =>
    cluster.post(events, { metadata: { name }, involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' } });
  await tell('once');
  await tell('again');
  cluster.clock.advance(1_800_000);
  await cluster.patch(`${events}/again`, { count: 2 });
  cluster.clock.advance(1_800_000);
  await tell('new');
  expect(listAt((await cluster.get(events)).body, 'items').map((item) => at(item, 'metadata', 'name'))).toEqual(['again', 'new']);
});
