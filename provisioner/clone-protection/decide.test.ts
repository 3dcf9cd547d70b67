import { expect, test } from 'vitest';
import { aClaim } from '../testing/objects.ts';
import { decide } from './decide.ts';
import type { CloneProtectionState } from './state.ts';

const finalizers = ['provisioner.storage.kubernetes.io/cloning-protection'];
const going = aClaim({ metadata: { finalizers, deletionTimestamp: 'now' } });
const kind = (change: Partial<CloneProtectionState>): string =>
  decide({ claim: going, ours: true, awaited: false, users: [], ...change }).kind;

test('a source that is being deleted is let go once nothing is cloned from it', () => {
  expect(kind({})).toBe('release');
});

test.each<[string, Partial<CloneProtectionState>]>([
  ['it is not protected', { claim: aClaim({ metadata: { deletionTimestamp: 'now' } }) }],
  ['it is not being deleted', { claim: aClaim({ metadata: { finalizers } }) }],
  ['a pending claim names it', { awaited: true }],
  ['a clone of it is undecided, even if that claim is gone', { users: ['uid'] }],
  ['its volume is of another driver', { ours: false }],
])('it is left as it is while %s', (_, change) => {
  expect(kind(change)).toBe('done');
});
