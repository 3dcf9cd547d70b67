import { expect, test } from 'vitest';
import type { Informer } from '../../lib/controller/informer.ts';
import type { KubeObject } from '../../lib/kube/objects.ts';
import { createLedger } from '../ledger.ts';
import { aClaim } from '../testing/objects.ts';
import { settings } from '../testing/states.ts';
import { gather } from './gather.ts';
import type { GatherWorld } from './gather.ts';

const UID = 'uid-1';
const USING = { kind: 'snapshot', namespace: 'default', name: 'nightly', uid: 'snap-uid' } as const;

/** A cache with these objects, found by uid. */
function cache<T extends KubeObject>(objects: readonly T[]): Informer<T> {
  const store = {
    byUid: (uid: string) => objects.find(({ metadata }) => metadata?.uid === uid),
    get: () => undefined,
    byIndex: () => [],
    list: () => objects,
  };
  return { store, available: () => true } as unknown as Informer<T>;
}

function aWorld(claims: Parameters<typeof cache>[0]): GatherWorld {
  return {
    caches: {
      claims: cache(claims),
      volumes: cache([]),
      classes: cache([]),
      records: cache([]),
      nodes: undefined,
      csiNodes: undefined,
      attachments: undefined,
      snapshots: undefined,
      grants: undefined,
    },
    ledger: createLedger(),
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
