import { expect, test } from 'vitest';
import { createClaimsInProgress } from './intent/claims-in-progress.ts';
import { aVolume, VOLUME_NAME } from './testing/objects.ts';
import { anIntent } from './testing/states.ts';
import { reportUnsaved } from './unsaved-volumes.ts';

test('a volume is counted from its making until its PV is saved, once each', () => {
  let depth = (): number => -1;
  const seen: number[] = [];
  const progress = createClaimsInProgress();
  let added = 0;
  reportUnsaved(progress, {
    opened: (name, look) => {
      expect(name).toBe('unsavedpvs');
      ({ depth } = look);
    },
    added: () => void (added += 1),
  });
  const update = (...change: Parameters<typeof progress.update>): void => {
    progress.update(...change);
    seen.push(depth());
  };
  const created = { phase: 'created', intent: anIntent(), volume: aVolume(), startedMs: undefined } as const;
  update('a', { operation: created });
  update('a', { awaits: 'secret' });
  update('b', { operation: created });
  update('a', { operation: { phase: 'closing', name: VOLUME_NAME } });
  expect(seen).toEqual([1, 1, 2, 1]);
  expect(added).toBe(2);
});
