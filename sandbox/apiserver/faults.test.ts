import { describe, expect, test } from 'vitest';
import { HttpDoorError } from '../../lib/doors/http.ts';
import { settle, TestCluster } from '../test-cluster.ts';
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
