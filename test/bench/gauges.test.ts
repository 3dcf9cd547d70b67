import { expect, test } from 'vitest';
import { memoryIn } from './gauges.ts';

/** Of smaps_rollup. */
const rollup = (sizes: Readonly<Record<string, number>>): string =>
  ['55d0-7ffe ---p 00000000 00:00 0 [rollup]', ...Object.entries(sizes).map(([name, kib]) => `${name}: ${kib} kB`)].join('\n');
const program = (own: number, shared: number): string =>
  rollup({ Rss: own + shared, Pss: own, Shared_Clean: shared - 1024, Shared_Dirty: 1024, Private_Clean: 0, Private_Dirty: own });

test('what several programs have mapped is counted once in their memory together', () => {
  expect(memoryIn([program(60 * 1024, 40 * 1024), program(50 * 1024, 44 * 1024), program(70 * 1024, 41 * 1024)])).toEqual({
    residentMiB: 305,
    togetherMiB: 224,
  });
  expect(memoryIn([program(60 * 1024, 40 * 1024)])).toEqual({ residentMiB: 100, togetherMiB: 100 });
});

test('a kernel that does not say it is named, not taken for nothing', () => {
  expect(() => memoryIn([rollup({ Rss: 1 })])).toThrow('the kernel does not say Shared_Clean of a process');
});
