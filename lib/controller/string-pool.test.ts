import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heapBytes } from '../kube/testing/heap-bytes.ts';
import { StringPool } from './string-pool.ts';

test('says of every object what it said before', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 4 }), { maxLength: 20 }), (values) => {
      const pool = new StringPool();
      const before = JSON.stringify(values);
      pool.share(values);
      expect(JSON.stringify(values)).toBe(before);
    }),
  );
});

test('what objects have in common is kept once', () => {
  const volume = (n: number) => ({
    metadata: { name: `pvc-${n}`, finalizers: ['external-provisioner.volume.kubernetes.io/finalizer'.padEnd(100, '.')] },
    spec: { csi: { driver: 'storage.csi.vendor.example'.padEnd(100, '.') }, accessModes: ['ReadWriteOnce'.padEnd(100, '.')] },
  });
  const read = (pool: StringPool | undefined): number => {
    const before = heapBytes();
    const kept = Array.from({ length: 3_000 }, (_, n) => {
      const object = JSON.parse(JSON.stringify(volume(n))) as ReturnType<typeof volume>;
      pool?.share(object);
      return object;
    });
    const bytes = heapBytes() - before;
    expect(kept).toHaveLength(3_000);
    return bytes;
  };
  // Each copy is 112 bytes, and there are 9,000.
  expect(read(undefined) - read(new StringPool())).toBeGreaterThan(800_000);
});

test('a pool that is full begins anew, and forgets what few have', () => {
  const before = heapBytes();
  const pool = new StringPool();
  for (let n = 0; n < 50_000; n += 1) pool.share({ note: `${n}`.padStart(100, '.') });
  // 2,000 of them are 0.3 MB, all are 8.
  expect(heapBytes() - before).toBeLessThan(2_000_000);
  pool.share({ note: 'the last one' });
});
