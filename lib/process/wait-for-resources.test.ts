import { expect, test } from 'vitest';
import { createHandClock, createLogList } from '../csi/fake-driver.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import { type RequiredResource, waitForResources } from './wait-for-resources.ts';

const SNAPSHOTS = { group: 'snapshot.storage.k8s.io', version: 'v1', plural: 'volumesnapshots' };
const CLASSES = { ...SNAPSHOTS, plural: 'volumesnapshotclasses' };

/** A server that answers lists of the served kinds, and `status` for the others. */
function server(served: Set<string>, status: () => number): Pick<KubeClient, 'list' | 'raw'> & { asked: number } {
  const bench = {
    asked: 0,
    raw: () => {
      bench.asked += 1;
      if (served.has('/version')) return Promise.resolve({});
      return Promise.reject(new ApiError({ status: status(), reason: 'x', message: 'refused', request: 'GET /version' }));
    },
    list: (resource: { readonly plural: string }) => {
      bench.asked += 1;
      if (served.has(resource.plural)) return Promise.resolve({ items: [], resourceVersion: '1', continueToken: undefined });
      return Promise.reject(
        new ApiError({ status: status(), reason: 'NotFound', message: 'connect ECONNREFUSED 10.0.0.1:443', request: 'GET' }),
      );
    },
  };
  return bench;
}

const wait = (client: Pick<KubeClient, 'list' | 'raw'>, resources: readonly RequiredResource[] = [SNAPSHOTS, CLASSES]) => {
  const [clock, log] = [createHandClock(), createLogList()];
  const abort = new AbortController();
  const end = waitForResources({ client, clock, log, resources, limitMs: 30_000, signal: abort.signal });
  end.catch(() => undefined);
  return { end, clock, log, abort };
};

test('served resources are not waited for', async () => {
  const client = server(new Set(['volumesnapshots', 'volumesnapshotclasses']), () => 404);
  await wait(client).end;
  expect(client.asked).toBe(2);
});

test('resources that appear end the waiting', async () => {
  const served = new Set(['volumesnapshots']);
  const { end, clock, log } = wait(server(served, () => 404));
  await clock.advance(5000);
  served.add('volumesnapshotclasses');
  await clock.advance(5000);
  await end;
  expect(log.lines).toMatchObject([{ fields: { problem: expect.stringContaining('volumesnapshotclasses.snapshot.storage.k8s.io (v1)') } }]);
});

test('after the limit the error names what is missing and how to get it', async () => {
  const { end, clock } = wait(server(new Set(['volumesnapshots']), () => 404));
  await clock.advance(30_000);
  await expect(end).rejects.toMatchObject({
    reason: 'RESOURCES_MISSING',
    message:
      'the API server does not serve volumesnapshotclasses.snapshot.storage.k8s.io (v1): install the custom resources with `csi-sidecars install-crds` or `kubectl apply -f deploy/crds`',
  });
});

test('an API server that cannot be reached is told from one that lacks resources', async () => {
  const { end, clock } = wait(server(new Set(), () => 0));
  await clock.advance(30_000);
  await expect(end).rejects.toMatchObject({ reason: 'API_UNUSABLE', message: expect.stringMatching(/ECONNREFUSED.*--kubeconfig/) });
});

test('a forbidden list names the remedy', async () => {
  const { end, clock } = wait(server(new Set(), () => 403));
  await clock.advance(30_000);
  await expect(end).rejects.toMatchObject({ message: expect.stringContaining('grant list and watch') });
});

test('an aborted signal ends the waiting quietly', async () => {
  const asked = server(new Set(), () => 404);
  const { end, clock, abort, log } = wait(asked);
  await clock.advance(1000);
  abort.abort();
  await end;
  const [{ length: said }, { asked: before }] = [log.lines, asked];
  await clock.advance(60_000);
  expect([log.lines.length, asked.asked]).toEqual([said, before]);
  expect(log.lines.map(({ message }) => message)).not.toContainEqual(expect.stringContaining('abort'));
});

test('a role that needs no custom resources waits for the server alone, which may refuse to tell its version', async () => {
  const served = new Set<string>();
  let status = 0;
  const { end, clock, log } = wait(
    server(served, () => status),
    [],
  );
  await clock.advance(5000);
  expect(log.lines).toMatchObject([{ fields: { problem: expect.stringContaining('--kubeconfig') } }]);
  status = 403;
  await clock.advance(5000);
  await end;
});
