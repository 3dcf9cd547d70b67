import { expect, test } from 'vitest';
import { volumeNameFor } from './names.ts';

const uid = '6bb7b8a2-4c2d-4a3a-9a2e-0f7b8f6d1c11';

test('the whole uid with its dashes, or so many digits without', () => {
  expect(volumeNameFor(uid, { prefix: 'pvc', uuidLength: -1 })).toBe(`pvc-${uid}`);
  expect(volumeNameFor(uid, { prefix: 'vol', uuidLength: 10 })).toBe('vol-6bb7b8a24c');
  expect(volumeNameFor(uid, { prefix: 'vol', uuidLength: 32 })).toBe('vol-6bb7b8a24c2d4a3a9a2e0f7b8f6d1c11');
});
