import { expect, test } from 'vitest';
import { aContent, aSnapshot, DRIVER } from '../testing/objects.ts';
import { decide } from './decide.ts';
import type { SnapshotProtectionState } from './state.ts';

const kind = (change: Partial<SnapshotProtectionState>): string =>
  decide({
    key: 'shop/monday',
    driver: DRIVER,
    snapshot: aSnapshot(),
    cached: true,
    users: [],
    own: true,
    readLive: false,
    content: undefined,
    ...change,
  }).kind;

test('the last restore that is decided lets the snapshot go, and no earlier one', () => {
  expect(kind({ users: ['first', 'second'] })).toBe('done');
  expect(kind({ users: ['second'] })).toBe('done');
  expect(kind({ users: [] })).toBe('release');
});

test('what is not protected is not touched', () => {
  expect(kind({ snapshot: aSnapshot({ metadata: { finalizers: ['other'] } }) })).toBe('done');
  expect(kind({ snapshot: undefined })).toBe('done');
});

test('a protection from before a restart is checked by its content', () => {
  expect(kind({ own: false })).toBe('read-content');
  expect(kind({ own: false, content: { object: aContent() } })).toBe('release');
  expect(kind({ own: false, content: { object: undefined } })).toBe('release');
});

test('another driver’s protection is never taken away', () => {
  expect(kind({ own: false, content: { object: aContent({ driver: 'other' }) } })).toBe('done');
});

test('where snapshots cannot be listed, those that we protected are read live', () => {
  expect(kind({ cached: false, snapshot: undefined })).toBe('read-snapshot');
  expect(kind({ cached: false, snapshot: undefined, own: false })).toBe('done');
  expect(kind({ cached: false, readLive: true })).toBe('release');
});
