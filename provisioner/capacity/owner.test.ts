import { expect, test } from 'vitest';
import { ManualClock } from '../../lib/controller/testing/manual-clock.ts';
import { apiError } from '../../lib/controller/testing/memory-api.ts';
import { memoryLog } from '../../lib/controller/testing/memory-log.ts';
import type { KubeObject, OwnerReference } from '../../lib/kube/objects.ts';
import { findOwner, ownerOf } from './owner.ts';
import type { OwnerDeps } from './owner.ts';

const reference = (kind: string, name: string, change: OwnerReference = {}): OwnerReference => ({
  apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
  kind,
  name,
  uid: `${name}-uid`,
  controller: true,
  ...change,
});

/** A Pod of a ReplicaSet of a Deployment, and what is asked of the server. */
function open(owners: OwnerReference[] = [reference('ReplicaSet', 'csi-5f')]) {
  const calls: string[] = [];
  const objects = new Map<string, KubeObject>([
    ['pods storage/csi-0', { metadata: { uid: 'csi-0-uid', ownerReferences: owners } }],
    ['replicasets elsewhere/csi-6a', { metadata: { uid: 'csi-6a-uid', ownerReferences: [reference('Deployment', 'csi')] } }],
    ['replicasets storage/csi-5f', { metadata: { uid: 'csi-5f-uid', ownerReferences: [reference('Deployment', 'csi')] } }],
  ]);
  const resources = [
    { name: 'deployments', kind: 'Deployment', namespaced: true },
    { name: 'replicasets/status', kind: 'ReplicaSet', namespaced: true },
    { name: 'replicasets', kind: 'ReplicaSet', namespaced: true },
  ];
  const client = {
    get: async (
      { plural }: { readonly plural: string },
      { namespace = '', name }: { readonly namespace?: string; readonly name: string },
    ) => {
      const key = `${plural} ${namespace}/${name}`;
      calls.push(key);
      const object = objects.get(key);
      if (object === undefined) throw apiError(404, 'NotFound', { message: `${key} not found` });
      return object;
    },
    raw: async (path: string) => {
      calls.push(path);
      return { resources };
    },
  } as unknown as OwnerDeps['client'];
  return { calls, objects, client };
}

const pod = { namespace: 'storage', name: 'csi-0' };
const { signal } = new AbortController();

test('the Pod itself', async () => {
  const { client, calls } = open();
  expect(await ownerOf(client, { pod, level: 0 }, signal)).toEqual(reference('Pod', 'csi-0'));
  expect(calls).toEqual(['pods storage/csi-0']);
});

test('its controller, which is not read', async () => {
  const { client, calls } = open([reference('Node', 'n', { controller: false }), reference('StatefulSet', 'csi')]);
  expect(await ownerOf(client, { pod, level: 1 }, signal)).toEqual(reference('StatefulSet', 'csi'));
  expect(calls).toEqual(['pods storage/csi-0']);
});

test('the controller of its controller, by the path that the server names', async () => {
  const { client, calls } = open();
  expect(await ownerOf(client, { pod, level: 2 }, signal)).toEqual(reference('Deployment', 'csi'));
  expect(calls).toEqual(['pods storage/csi-0', '/apis/apps/v1', 'replicasets storage/csi-5f']);
});

test.each([
  ['a Pod that is not there', { namespace: 'storage', name: 'other' }, 0, undefined, 'not found'],
  ['a Pod that nothing controls', pod, 1, [reference('ReplicaSet', 'csi-5f', { controller: false })], 'nothing controls Pod storage/csi-0'],
  ['a controller that is not there', pod, 2, [reference('ReplicaSet', 'gone')], 'not found'],
  ['a controller that has a namesake elsewhere only', pod, 2, [reference('ReplicaSet', 'csi-6a')], 'not found'],
  ['a kind that is not served', pod, 2, [reference('CloneSet', 'csi')], 'does not serve the kind CloneSet of apps/v1'],
])('%s is said', async (_, place, level, owners, message) => {
  const { client } = open(owners);
  await expect(ownerOf(client, { pod: place, level }, signal)).rejects.toThrow(message);
});

test('the search goes on after growing pauses, says what is missing each time, and ends with the program', async () => {
  const clock = new ManualClock();
  const log = memoryLog();
  const { client, calls, objects } = open();
  const present = objects.get('pods storage/csi-0') ?? {};
  objects.delete('pods storage/csi-0');
  const deps = { client, clock, log, retryStartMs: 1_000, retryMaxMs: 4_000 };
  const found = findOwner(deps, { pod, level: 1 }, signal);
  await clock.advance(1_000 + 2_000 + 4_000 + 4_000 - 1);
  expect(calls).toHaveLength(4);
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(4);
  objects.set('pods storage/csi-0', present);
  await clock.advance(1);
  expect(await found).toEqual(reference('ReplicaSet', 'csi-5f'));

  objects.delete('pods storage/csi-0');
  const stop = new AbortController();
  const unfound = findOwner(deps, { pod, level: 1 }, stop.signal);
  await clock.advance(500);
  stop.abort();
  expect(await unfound).toBeUndefined();
  expect(clock.timers).toBe(0);
});
