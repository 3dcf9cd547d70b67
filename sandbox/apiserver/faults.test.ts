import { describe, expect, test } from 'vitest';
import { HttpDoorError } from '../../lib/doors/http.ts';
import { settle, TestCluster } from '../test-cluster.ts';
import type { JsonObject } from './json.ts';
import { at } from './json.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

describe('faults', () => {
  test('refuse with the status asked for, 429 with a time to come back', async () => {
    const cluster = new TestCluster();
    const stop = cluster.sandbox.faults.add({
      match: { methods: ['POST'], path: '/configmaps' },
      fault: { kind: 'status', code: 429, retryAfterSeconds: 7 },
    });
    const refused = await cluster.post(MAPS, { metadata: { name: 'a' } });
    expect([refused.status, refused.headers['retry-after'], at(refused.body, 'details', 'retryAfterSeconds')]).toEqual([429, '7', 7]);
    expect((await cluster.get(MAPS)).status).toBe(200);
    stop();
    cluster.sandbox.faults.add({ fault: { kind: 'status', code: 429 }, times: 1 });
    expect((await cluster.get(MAPS)).headers['retry-after']).toBe('1');
    expect((await cluster.post(MAPS, { metadata: { name: 'a' } })).status).toBe(201);
  });

  test('hit the chosen share, as the seed decides', async () => {
    const outcomes = async (seed: number): Promise<string> => {
      const cluster = new TestCluster({ seed });
      cluster.sandbox.faults.add({ share: 0.3, fault: { kind: 'status', code: 500 } });
      let text = '';
      for (let count = 0; count < 300; count += 1) text += (await cluster.get(MAPS)).status === 500 ? 'x' : '.';
      return text;
    };
    const first = await outcomes(1);
    expect(await outcomes(1)).toBe(first);
    expect(await outcomes(2)).not.toBe(first);
    const hits = first.split('x').length - 1;
    expect(hits).toBeGreaterThan(60);
    expect(hits).toBeLessThan(120);
  });

  test('end after their number of hits', async () => {
    const cluster = new TestCluster();
    cluster.sandbox.faults.add({ times: 2, fault: { kind: 'status', code: 503 } });
    const statuses = [await cluster.get(MAPS), await cluster.get(MAPS), await cluster.get(MAPS)].map((reply) => reply.status);
    expect(statuses).toEqual([503, 503, 200]);
  });

  test('break the connection before or after the request took effect', async () => {
    const cluster = new TestCluster();
    cluster.sandbox.faults.add({ times: 1, fault: { kind: 'reset', applied: false } });
    cluster.sandbox.faults.add({ times: 1, fault: { kind: 'reset', applied: true } });
    await expect(cluster.post(MAPS, { metadata: { name: 'a' } })).rejects.toThrow(HttpDoorError);
    await expect(cluster.post(MAPS, { metadata: { name: 'b' } })).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect([(await cluster.get(`${MAPS}/a`)).status, (await cluster.get(`${MAPS}/b`)).status]).toEqual([404, 200]);
  });

  test('delay a request by the clock', async () => {
    const cluster = new TestCluster();
    cluster.sandbox.faults.add({ fault: { kind: 'slow', delayMs: 500 }, times: 1 });
    let status = 0;
    const asked = cluster.get(MAPS).then((reply) => {
      status = reply.status;
    });
    cluster.clock.advance(499);
    await settle();
    expect(status).toBe(0);
    cluster.clock.advance(1);
    await asked;
    expect(status).toBe(200);
  });

  test('cut watches: broken off or ended, all or of one resource', async () => {
    const cluster = new TestCluster();
    const maps = await cluster.watch(`${MAPS}?watch=true`);
    const secrets = await cluster.watch('/api/v1/secrets?watch=true');
    expect(cluster.sandbox.faults.cutWatches({ resource: 'configmaps.' })).toBe(1);
    expect([await maps.state(), await secrets.state()]).toEqual(['broken', 'open']);
    expect(cluster.sandbox.faults.cutWatches({ how: 'end' })).toBe(1);
    expect(await secrets.state()).toBe('ended');
  });

  test('restart the server with a backup: watches break, lists know neither what was written since nor its versions', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, { metadata: { name: 'kept' } });
    const restore = cluster.sandbox.faults.backup();
    const before = await cluster.get(MAPS);
    await cluster.patch(`${MAPS}/kept`, { data: { since: 'then' } });
    await cluster.post(MAPS, { metadata: { name: 'undone' } });
    const after = String(at((await cluster.get(MAPS)).body, 'metadata', 'resourceVersion'));
    const watch = await cluster.watch(`${MAPS}?watch=true`);
    restore();
    expect(await watch.state()).toBe('broken');
    expect((await cluster.get(MAPS)).body).toEqual(before.body);
    const tooLarge = await cluster.get(`${MAPS}?resourceVersion=${after}&resourceVersionMatch=NotOlderThan`);
    expect([tooLarge.status, at(tooLarge.body, 'details', 'causes')]).toEqual([
      504,
      [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    ]);
    expect((await cluster.patch(`${MAPS}/kept`, { data: { since: 'now' } })).status).toBe(200);
  });

  test('serve the custom resources and empty the namespaces of the restored state, and bind as before', async () => {
    const cluster = new TestCluster({ parts: ['binder'] });
    const early = cluster.sandbox.faults.backup();
    await cluster.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd());
    await cluster.post('/api/v1/namespaces', { metadata: { name: 'team' } });
    await cluster.delete('/api/v1/namespaces/team');
    const late = cluster.sandbox.faults.backup();
    cluster.clock.advance(10);
    expect((await cluster.get('/api/v1/namespaces/team')).status).toBe(404);
    early();
    expect((await cluster.get('/apis/example.com/v1/widgets')).status).toBe(404);
    late();
    expect((await cluster.get('/apis/example.com/v1/widgets')).status).toBe(200);
    expect((await cluster.get('/api/v1/namespaces/team')).status).toBe(200);
    cluster.clock.advance(10);
    expect((await cluster.get('/api/v1/namespaces/team')).status).toBe(404);
    const claim = {
      metadata: { name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: '' },
    };
    await cluster.post('/api/v1/namespaces/default/persistentvolumeclaims', claim);
    await cluster.post('/api/v1/persistentvolumes', {
      metadata: { name: 'v' },
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/v' } },
    });
    cluster.clock.advance(5000);
    const bound = await cluster.get('/api/v1/namespaces/default/persistentvolumeclaims/c');
    expect(at(bound.body, 'status', 'phase')).toBe('Bound');
  });

  test('let a hook answer in the place of the server', async () => {
    const cluster = new TestCluster();
    cluster.sandbox.faults.intercept((request) =>
      request.method === 'DELETE' ? { status: 418, headers: {}, body: new Uint8Array() } : undefined,
    );
    expect((await cluster.delete(`${MAPS}/a`)).status).toBe(418);
    expect((await cluster.get(MAPS)).status).toBe(200);
    cluster.sandbox.faults.clear();
    expect((await cluster.delete(`${MAPS}/a`)).status).toBe(404);
  });
});

function crd(): JsonObject {
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: { group: 'example.com', scope: 'Cluster', names: { plural: 'widgets', kind: 'Widget' }, versions: [version] },
  };
}
