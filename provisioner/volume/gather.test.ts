import { expect, test } from 'vitest';
import { createClaimsInProgress } from '../intent/claims-in-progress.ts';
import type { Operation } from '../intent/operation.ts';
import { opening, NO_OPERATION } from '../intent/operation.ts';
import { cacheOf } from '../testing/claim-world.ts';
import { aClass, aVolume, CLAIM_UID, VOLUME_NAME } from '../testing/objects.ts';
import { anIntent, anOpen, settings } from '../testing/states.ts';
import type { VolumeMemory } from './gather.ts';
import { gather, remember } from './gather.ts';

interface WorldChange {
  readonly operation?: Operation;
  readonly volume?: ReturnType<typeof aVolume>;
  readonly memory?: VolumeMemory;
}

function gathered({ operation, volume = aVolume(), memory }: WorldChange = {}) {
  const progress = createClaimsInProgress();
  if (operation !== undefined) progress.update(CLAIM_UID, { operation });
  const before = progress.of(CLAIM_UID);
  const memories = new Map(memory === undefined ? [] : [[VOLUME_NAME, Object.freeze(memory)]]);
  const caches = { volumes: cacheOf(new Map([[volume.metadata?.name ?? '', volume]])), classes: cacheOf(new Map([['fast', aClass()]])) };
  const state = gather({ caches: { ...caches, attachments: undefined }, settings: () => settings(), progress, memories }, VOLUME_NAME);
  // Only read.
  expect([progress.of(CLAIM_UID), [...memories.values()]]).toEqual([before, memory === undefined ? [] : [memory]]);
  return state;
}

test.each<[string, Operation, string]>([
  ['nothing is in work', NO_OPERATION, 'over'],
  ['its intent is being written', opening(NO_OPERATION, anIntent()), 'open'],
  ['its call is undecided', anOpen({ uncertain: [anIntent()] }), 'open'],
  ['its PV is not saved yet', { phase: 'created', intent: anIntent(), volume: aVolume(), startedMs: undefined }, 'open'],
  ['its entry goes', { phase: 'closing', name: VOLUME_NAME }, 'closing'],
  ['another volume of its claim is made', { phase: 'closing', name: 'pvc-of-an-earlier-prefix' }, 'over'],
])('where %s the making of a volume is told so', (_, operation, making) => {
  expect(gathered({ operation })?.making).toBe(making);
});

test('a PV that is not of the claim in work is deleted whatever that claim does', () => {
  const volume = aVolume({ claimRef: { namespace: 'shop', name: 'other', uid: 'other' } });
  expect(gathered({ operation: anOpen(), volume })?.making).toBe('over');
});

test('what was done to a PV counts for that object alone, and an older view of it is not decided on', () => {
  const memory = { uid: 'pv-1', deleted: true, minVersion: 201n };
  expect(gathered({ memory })).toMatchObject({ deleted: true, behind: true });
  expect(gathered({ memory, volume: aVolume({ metadata: { name: VOLUME_NAME, uid: 'pv-1', resourceVersion: '201' } }) })).toMatchObject({
    behind: false,
  });
  expect(gathered({ memory, volume: aVolume({ metadata: { name: VOLUME_NAME, uid: 'pv-2' } }) })).toMatchObject({
    deleted: false,
    behind: false,
  });
  expect(gathered({ memory: { ...memory, minVersion: 'gone' } })).toMatchObject({ behind: true });
});

test('what is remembered adds up for one object and begins anew for the next', () => {
  const memories = new Map<string, VolumeMemory>();
  remember(memories, aVolume(), { deleted: true });
  remember(memories, aVolume(), { minVersion: 'gone' });
  expect(memories.get(VOLUME_NAME)).toEqual({ uid: 'pv-1', deleted: true, minVersion: 'gone' });
  remember(memories, aVolume({ metadata: { name: VOLUME_NAME, uid: 'pv-2' } }), { minVersion: 7n });
  expect(memories.get(VOLUME_NAME)).toEqual({ uid: 'pv-2', deleted: false, minVersion: 7n });
});
