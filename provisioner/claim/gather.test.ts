import { expect, test } from 'vitest';
import type { Informer } from '../../lib/controller/informer.ts';
import type { KubeObject, Lease, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { createLateRecords } from '../late-records.ts';
import { createLedger } from '../ledger.ts';
import { aClaim } from '../testing/objects.ts';
import { anIntent, settings } from '../testing/states.ts';
import { gather } from './gather.ts';
import type { GatherWorld } from './gather.ts';
import { intentLease } from './intent.ts';

const UID = 'uid-1';
const USING = { kind: 'snapshot', namespace: 'default', name: 'nightly', uid: 'snap-uid' } as const;

/** A cache with these objects, found by uid and by key. */
function cache<T extends KubeObject>(objects: readonly T[]): Informer<T> {
  const store = {
    byUid: (uid: string) => objects.find(({ metadata }) => metadata?.uid === uid),
    get: (key: string) => objects.find(({ metadata }) => `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}` === key),
    byIndex: () => [],
    list: () => objects,
  };
  return { store, available: () => true } as unknown as Informer<T>;
}

function aWorld(claims: readonly PersistentVolumeClaim[], records: readonly Lease[] = []): GatherWorld {
  return {
    caches: {
      claims: cache(claims),
      volumes: cache([]),
      classes: cache([]),
      records: cache(records),
      nodes: undefined,
      csiNodes: undefined,
      attachments: undefined,
      snapshots: undefined,
      grants: undefined,
    },
    ledger: createLedger(),
    lateRecords: createLateRecords({ monotonic: () => 0 }, 60_000),
    settings: () => settings(),
    topology: undefined,
    strictTopology: false,
    immediateTopology: true,
    leaseNamespace: 'kube-system',
    crashSafe: true,
    now: () => 0,
  };
}

test('the source of an attempt that came to no record is let go', () => {
  const world = aWorld([aClaim({ metadata: { uid: UID } })]);
  world.ledger.update(UID, { using: USING });
  gather(world, UID);
  expect(world.ledger.usersOf('snapshot', 'default/nightly')).toEqual([]);
});

test.each([
  ['lives', [aClaim({ metadata: { uid: UID } })]],
  ['is gone', []],
])('the source of a record that was sent without an answer is held, whether the claim %s', (_, claims) => {
  const world = aWorld(claims);
  world.ledger.update(UID, { using: USING, recordUnsure: true });
  expect(gather(world, UID)?.memory.recordUnsure).toBe(true);
  expect(world.ledger.usersOf('snapshot', 'default/nightly')).toEqual([UID]);
});

test('a record of which nothing is known stands for a volume that may exist', () => {
  const intent = anIntent();
  const world = aWorld([], [intentLease(intent, { driver: 'mock.csi.example', namespace: 'kube-system' })]);
  expect(gather(world, intent.claim.uid)?.memory.doubt).toEqual({ times: 0, sinceMs: 0 });
});
