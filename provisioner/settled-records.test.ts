import { expect, test } from 'vitest';
import type { Informer } from '../lib/controller/informer.ts';
import type { KubeObject, Lease, PersistentVolume } from '../lib/kube/objects.ts';
import type { Logger } from '../lib/doors/log.ts';
import { intentLease } from './claim/intent.ts';
import { createLedger } from './ledger.ts';
import { dropSettledRecords } from './settled-records.ts';
import { aVolume } from './testing/objects.ts';
import { anIntent } from './testing/states.ts';

const intent = anIntent();
const saved = aVolume();

function cache<T extends KubeObject>(objects: readonly T[]): Informer<T> {
  const get = (key: string): T | undefined => objects.find(({ metadata }) => metadata?.name === key);
  return { store: { list: () => objects, get } } as unknown as Informer<T>;
}

function aWorld(volumes: readonly PersistentVolume[], refusal?: Error) {
  const lease: Lease = intentLease(intent, { driver: 'mock.csi.example', namespace: 'kube-system' });
  const record = { ...lease, metadata: { ...lease.metadata, uid: 'lease-1', resourceVersion: '5' } };
  const deleted: unknown[] = [];
  const told: string[] = [];
  const ledger = createLedger();
  const world = {
    caches: { records: cache([record]), volumes: cache(volumes) },
    ledger,
    client: {
      delete: async (
        _: unknown,
        target: unknown,
        { uid, resourceVersion }: { readonly uid?: string; readonly resourceVersion?: string },
      ) => {
        if (refusal !== undefined) throw refusal;
        deleted.push([target, uid, resourceVersion]);
        return undefined;
      },
    },
    log: { info: (message: string) => told.push(message) } as unknown as Logger,
  };
  return { deleted, told, ledger, drop: () => dropSettledRecords(world, new AbortController().signal) };
}

test('the record of a volume that is saved goes, as the very object that was seen', async () => {
  const { deleted, drop } = aWorld([saved]);
  await drop();
  expect(deleted).toEqual([[{ namespace: 'kube-system', name: `csi-intent-${intent.claim.uid}` }, 'lease-1', '5']]);
});

test('a record without its volume, with a call under way or of another claim’s volume stays', async () => {
  const bare = aWorld([]);
  const foreign = aWorld([aVolume({ claimRef: { uid: 'another' } })]);
  const busy = aWorld([saved]);
  busy.ledger.update(intent.claim.uid, { calling: true });
  const unsaved = aWorld([saved]);
  unsaved.ledger.update(intent.claim.uid, { unsaved: saved });
  for (const { drop, deleted } of [bare, foreign, busy, unsaved]) {
    await drop();
    expect(deleted).toEqual([]);
  }
});

test('one that cannot be deleted is told, and hinders nobody', async () => {
  const { told, drop } = aWorld([saved], new Error('the server is gone'));
  await drop();
  expect(told).toEqual(['a record is left for the next start']);
});
