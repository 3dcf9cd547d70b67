/** Who holds a claim that is cloned, from the caches as they are in production. */
import { expect, test } from 'vitest';
import { createInformerSet } from '../../lib/controller/informer-set.ts';
import { fixedRandom } from '../../lib/controller/testing/fixed-random.ts';
import { ManualClock } from '../../lib/controller/testing/manual-clock.ts';
import { MemoryApi } from '../../lib/controller/testing/memory-api.ts';
import { memoryLog } from '../../lib/controller/testing/memory-log.ts';
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS } from '../../lib/kube/resources.ts';
import { openCaches } from '../caches.ts';
import { createClaimsInProgress } from '../intent/claims-in-progress.ts';
import { aClaim, DRIVER } from '../testing/objects.ts';
import { decide } from './decide.ts';
import { gather } from './gather.ts';

const SOURCE = aClaim({
  metadata: { finalizers: ['provisioner.storage.kubernetes.io/cloning-protection'], deletionTimestamp: '2026-01-01T00:00:00Z' },
});

function aClone(phase: string, metadata: { readonly name: string; readonly namespace?: string }): PersistentVolumeClaim {
  const claim = aClaim({
    metadata: { uid: `${metadata.name}-uid`, ...metadata },
    dataSource: { kind: 'PersistentVolumeClaim', name: 'data' },
  });
  return { ...claim, status: { phase } };
}

/** What becomes of the source beside these claims. */
async function beside(...claims: readonly PersistentVolumeClaim[]): Promise<string | undefined> {
  const api = new MemoryApi();
  for (const claim of [SOURCE, ...claims]) api.put(PERSISTENT_VOLUME_CLAIMS, claim);
  const clock = new ManualClock();
  const informers = createInformerSet({ client: api.client(), doors: { clock, random: fixedRandom(0) }, log: memoryLog(), resyncMs: 0 });
  const caches = openCaches(informers, {
    driver: DRIVER,
    leaseNamespace: 'storage',
    nodes: false,
    affinities: false,
    capacity: undefined,
    attachments: false,
    snapshots: false,
    crossNamespace: false,
    journals: false,
  });
  const stop = new AbortController();
  informers.start(stop.signal);
  await clock.settle();
  await informers.waitSynced(stop.signal);
  const accounts = { usersElsewhere: () => [] };
  const state = gather({ caches, progress: createClaimsInProgress(), accounts, driverName: () => DRIVER }, 'shop/data');
  stop.abort();
  return state === undefined ? undefined : decide(state).kind;
}

test('one pending clone holds its source, though others are finished', async () => {
  const [done, pending] = [aClone('Bound', { name: 'done' }), aClone('Pending', { name: 'pending' })];
  expect([await beside(done), await beside(done, pending)]).toEqual(['release', 'done']);
});

test('a pending clone of a namesake in another namespace holds nothing here', async () => {
  expect(await beside(aClone('Pending', { name: 'pending', namespace: 'elsewhere' }))).toBe('release');
});
