import { expect, test } from 'vitest';
import { CLAIM_UID, VOLUME_NAME } from '../testing/objects.ts';
import { anIntent, anOpen } from '../testing/states.ts';
import type { ClaimProgress } from './claims-in-progress.ts';
import { createClaimsInProgress, NO_PROGRESS, sourcesOf } from './claims-in-progress.ts';
import { opening, NO_OPERATION } from './operation.ts';

const MONDAY = { kind: 'snapshot', namespace: 'shop', name: 'monday', uid: 'snap-1' } as const;
const ORIGINAL = { kind: 'claim', namespace: 'shop', name: 'original', uid: 'source-1' } as const;
const restoring = anIntent({ source: MONDAY });

test('nothing is known of a claim that nobody wrote about', () => {
  expect(createClaimsInProgress().of(CLAIM_UID)).toBe(NO_PROGRESS);
});

test('a change leaves the rest as it is', () => {
  const claims = createClaimsInProgress();
  claims.update(CLAIM_UID, { provisionedBefore: 'seen' });
  expect(claims.update(CLAIM_UID, { awaits: 'secret' })).toEqual({ ...NO_PROGRESS, provisionedBefore: 'seen', awaits: 'secret' });
  expect([...claims.entries()].map(([uid]) => uid)).toEqual([CLAIM_UID]);
});

test('what is open is not forgotten, what is over is', () => {
  const claims = createClaimsInProgress();
  for (const operation of [anOpen(), { phase: 'closing', name: VOLUME_NAME } as const]) {
    claims.update(CLAIM_UID, { operation });
    claims.forget(CLAIM_UID);
    expect(claims.of(CLAIM_UID).operation).toEqual(operation);
  }
  claims.update(CLAIM_UID, { operation: NO_OPERATION });
  claims.forget(CLAIM_UID);
  expect([claims.of(CLAIM_UID), [...claims.entries()]]).toEqual([NO_PROGRESS, []]);
});

test('a claim that goes while its source is being protected is not forgotten: the attempt goes on, and reads from it', () => {
  const claims = createClaimsInProgress();
  claims.update(CLAIM_UID, { protecting: MONDAY });
  claims.forget(CLAIM_UID);
  expect(claims.usersOf('snapshot', 'shop/monday')).toEqual([CLAIM_UID]);
});

test('a volume is being made under its own name alone, from the intent to the end of its entry', () => {
  const claims = createClaimsInProgress();
  expect(claims.isOpen(CLAIM_UID, VOLUME_NAME)).toBe(false);
  for (const operation of [opening(NO_OPERATION, anIntent()), anOpen(), { phase: 'closing', name: VOLUME_NAME } as const]) {
    claims.update(CLAIM_UID, { operation });
    expect([claims.isOpen(CLAIM_UID, VOLUME_NAME), claims.isOpen(CLAIM_UID, 'other'), claims.isOpen('other', VOLUME_NAME)]).toEqual([
      true,
      false,
      false,
    ]);
  }
});

test('a source has its users from the moment in which it is being protected until the last call is answered', () => {
  const claims = createClaimsInProgress();
  const users = (): readonly string[] => [...claims.usersOf('snapshot', 'shop/monday')].sort();
  claims.update('first', { protecting: MONDAY });
  claims.update('second', { operation: opening(NO_OPERATION, restoring), protecting: MONDAY });
  claims.update('first', { protecting: undefined, operation: anOpen({ intent: restoring, call: 'running' }) });
  expect(users()).toEqual(['first', 'second']);
  claims.update('first', { operation: { phase: 'closing', name: VOLUME_NAME } });
  expect(users()).toEqual(['second']);
  claims.update('second', { operation: NO_OPERATION });
  expect(users()).toEqual(['second']);
  claims.update('second', { protecting: undefined });
  expect(users()).toEqual([]);
});

test('a snapshot and a claim of one name are two sources', () => {
  const claims = createClaimsInProgress();
  claims.update(CLAIM_UID, { protecting: { ...ORIGINAL, name: 'monday' } });
  expect([claims.usersOf('snapshot', 'shop/monday'), claims.usersOf('claim', 'shop/monday')]).toEqual([[], [CLAIM_UID]]);
});

test('an attempt with another source than the one before it holds both until the first is answered', () => {
  const progress: ClaimProgress = { ...NO_PROGRESS, operation: anOpen({ intent: restoring, call: 'unknown' }), protecting: ORIGINAL };
  expect(sourcesOf(progress)).toEqual(['snapshot shop/monday', 'claim shop/original']);
});

test('who listens is told after the change, with both sides of it', () => {
  const claims = createClaimsInProgress();
  const told: unknown[] = [];
  claims.listen((uid, before, after) => told.push([uid, before.operation.phase, after.operation.phase, claims.of(uid) === after]));
  claims.update(CLAIM_UID, { operation: anOpen() });
  claims.update(CLAIM_UID, { operation: NO_OPERATION });
  claims.forget(CLAIM_UID);
  claims.forget(CLAIM_UID);
  expect(told).toEqual([
    [CLAIM_UID, 'none', 'open', true],
    [CLAIM_UID, 'open', 'none', true],
    [CLAIM_UID, 'none', 'none', true],
  ]);
});
