import { expect, test } from 'vitest';
import { driverLabel } from './driver-label.ts';

test('a driver name that is no label value is told by its digest', () => {
  expect(driverLabel('mock.csi.example')).toBe('mock.csi.example');
  for (const name of ['a'.repeat(64), '-x', 'x-', 'a/b', '']) expect(driverLabel(name)).toMatch(/^sha256-[0-9a-f]{40}$/);
});
