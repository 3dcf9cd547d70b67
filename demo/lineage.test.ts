import { expect, test } from 'vitest';
import { drawLineage } from './lineage.ts';

test('the lineage is one line an object, each indented below what it came from', () => {
  const lines = drawLineage({
    source: { metadata: { namespace: 'default', name: 'data' }, status: { phase: 'Bound' } },
    sourceVolume: { metadata: { name: 'pvc-1' }, spec: { csi: { volumeHandle: 'vol-1' } } },
    snapshot: { metadata: { namespace: 'default', name: 'shot' }, status: { readyToUse: true } },
    content: {
      metadata: { name: 'snapcontent-1' },
      spec: { deletionPolicy: 'Delete' },
      status: { snapshotHandle: 'snap-1', restoreSize: 5n },
    },
    restored: { metadata: { namespace: 'default', name: 'copy' }, status: { phase: 'Bound' } },
    restoredVolume: { metadata: { name: 'pvc-2' }, spec: { csi: { volumeHandle: 'vol-2' } } },
  });
  expect(lines).toHaveLength(7);
  expect(lines.map((line) => line.search(/\S/))).toEqual([2, 2, 5, 8, 11, 14, 17]);
  expect(lines[4]).toMatch(/└─ snapshot of the driver snap-1 +size 5$/);
  // Facts stand in one column.
  expect(new Set([0, 1, 6].map((row) => lines[row]?.search(/(Bound|volume id)/))).size).toBe(1);
});
