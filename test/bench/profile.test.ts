import { expect, test } from 'vitest';
import { type CpuProfile, profilePage, summaryOf } from './profile.ts';

const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: { functionName: '(idle)', url: '' } },
    { id: 2, callFrame: { functionName: '(garbage collector)', url: '' } },
    { id: 3, callFrame: { functionName: 'parse', url: 'file:///somewhere/dist/chunks/a.mjs' } },
    { id: 4, callFrame: { functionName: '', url: 'file:///somewhere/dist/chunks/a.mjs' } },
  ],
  samples: [1, 2, 3, 3, 4],
  timeDeltas: [9_000_000, 1_000, 2_000, 4_000, 1_000],
};

test('shares are of the time that was not idle', () => {
  const { busyMs, functions, files } = summaryOf(profile);
  expect(busyMs).toBe(8);
  expect(functions).toEqual([
    { name: 'parse in chunks/a.mjs', ms: 6, share: 0.75 },
    { name: '(garbage collector)', ms: 1, share: 0.125 },
    { name: '(anonymous) in chunks/a.mjs', ms: 1, share: 0.125 },
  ]);
  expect(files[0]).toEqual({ name: 'chunks/a.mjs', ms: 7, share: 0.875 });
});

test('the page has a row for each', () => {
  expect(profilePage('x.cpuprofile', summaryOf(profile))).toContain('| parse in chunks/a.mjs | 6 | 75.0 % |');
});
