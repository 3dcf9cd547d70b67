import { expect, test } from 'vitest';
import { copiesOf, type StoredSet } from './in-place.ts';
import { totalsOf } from './slow-server.ts';
import { quietFrom } from './start.ts';
import { inFlight } from './table.ts';

test('a start is quiet at the first sample that nothing follows', () => {
  const samples = [0, 300, 300, 900, 910, 920, 920].map((cpuMs, index) => ({ atMs: index * 1000, cpuMs, serversMs: index * 50 }));
  expect(quietFrom(samples, { quietMs: 2000 })).toMatchObject({ atMs: 3000, cpuMs: 900 });
  expect(quietFrom(samples, { quietMs: 1000 })).toMatchObject({ atMs: 1000, cpuMs: 300 });
});

test('what has not begun yet is not quiet, nor what was not watched for long enough', () => {
  const samples = [0, 0, 0, 400, 400].map((cpuMs, index) => ({ atMs: index * 1000, cpuMs, serversMs: 0 }));
  expect(quietFrom(samples, { quietMs: 2000 })).toBeUndefined();
});

test('who waits for a list that the servers are at work on is not quiet', () => {
  const working = [0, 900, 1800, 2700, 2750, 2800].map((serversMs, index) => ({ atMs: index * 1000, cpuMs: 100, serversMs }));
  expect(quietFrom(working, { quietMs: 2000 })).toMatchObject({ atMs: 3000 });
});

test('connections beyond watches are those of the program with most of them', () => {
  const opened = [
    { user: 'a', connections: 9 },
    { user: 'b', connections: 4 },
  ];
  expect(totalsOf(opened, new Map([['a', 3]]))).toEqual({ connections: 13, watches: 3, connectionsBeyondWatches: 6 });
});

test('copies have their own names, uids and handles, and name each other', () => {
  const set: StoredSet = [
    ['claims/ns', { metadata: { name: 'claim', uid: 'u-1', resourceVersion: '7' }, spec: { volumeName: 'pvc-u-1' } } as object],
    ['volumes', { metadata: { name: 'pvc-u-1', uid: 'u-2' }, spec: { claimRef: { name: 'claim', uid: 'u-1' }, handle: 'h-1' } } as object],
  ];
  let fresh = 0;
  const copies = [...copiesOf(set, { count: 2, handles: ['h-1'], fresh: () => `new${(fresh += 1)}` })];
  expect(copies.slice(2)).toEqual([
    ['/registry/claims/ns/claim-1', { metadata: { name: 'claim-1', uid: 'new4' }, spec: { volumeName: 'pvc-new4' } }],
    [
      '/registry/volumes/pvc-new4',
      { metadata: { name: 'pvc-new4', uid: 'new5' }, spec: { claimRef: { name: 'claim-1', uid: 'new4' }, handle: 'new6' } },
    ],
  ]);
});

test('no more than so many are in flight, and each comes once', async () => {
  let now = 0;
  let most = 0;
  const done = await inFlight([1, 2, 3, 4, 5, 6, 7], 3, async (value) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, 1));
    now -= 1;
    return value;
  });
  expect(done.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(3);
});
