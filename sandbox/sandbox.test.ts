import { expect, test } from 'vitest';
import { TestCluster } from './test-cluster.ts';

/** A day in a small cluster, as every byte that a client got to see. */
async function day(seed: number): Promise<string> {
  const cluster = new TestCluster({ parts: ['binder', 'scheduler'], seed });
  const watches = [await cluster.watch('/api/v1/persistentvolumeclaims?watch=true'), await cluster.watch('/api/v1/events?watch=true')];
  cluster.sandbox.faults.add({ share: 0.2, fault: { kind: 'status', code: 500 } });
  const seen: string[] = [];
  await cluster.post('/apis/storage.k8s.io/v1/storageclasses', { metadata: { name: 'k' }, provisioner: 'd.example' });
  for (let count = 0; count < 20; count += 1) {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'k' };
    seen.push((await cluster.post('/api/v1/namespaces/default/persistentvolumeclaims', { metadata: { generateName: 'c-' }, spec })).text);
    cluster.clock.advance(50);
  }
  for (const watch of watches) seen.push(JSON.stringify(await watch.events()));
  return seen.join('\n');
}

test('the same seed gives the same bytes, another seed others', async () => {
  const first = await day(7);
  expect(await day(7)).toBe(first);
  expect(await day(8)).not.toBe(first);
});

test('nothing runs before the start, and nothing after the stop', async () => {
  const cluster = new TestCluster({ parts: ['binder'] });
  const watch = await cluster.watch('/api/v1/namespaces?watch=true&resourceVersion=1');
  await cluster.post('/api/v1/persistentvolumes', {
    metadata: { name: 'v' },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, csi: { driver: 'd', volumeHandle: 'h' } },
  });
  expect(cluster.clock.pending).toBeGreaterThan(0);
  cluster.sandbox.stop();
  expect([await watch.state(), cluster.clock.pending]).toEqual(['ended', 0]);
  const path = '/api/v1/persistentvolumes/v';
  const before = (await cluster.get(path)).text;
  cluster.clock.advance(60_000);
  expect((await cluster.get(path)).text).toBe(before);
});
