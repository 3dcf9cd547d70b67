import { expect, test } from 'vitest';
import { createClaimsInProgress } from './intent/claims-in-progress.ts';
import { aVolume, VOLUME_NAME } from './testing/objects.ts';
import { anIntent } from './testing/states.ts';
import { reportUnsaved } from './unsaved-volumes.ts';

test('a volume is counted from its making until its PV is saved, once each', () => {
  const seen: (string | number)[] = [];
  const progress = createClaimsInProgress();
  reportUnsaved(progress, { depth: (name, value) => void seen.push(name, value), added: () => void seen.push('added') });
  const created = { phase: 'created', intent: anIntent(), volume: aVolume(), startedMs: undefined } as const;
  progress.update('a', { operation: created });
  progress.update('a', { awaits: 'secret' });
  progress.update('b', { operation: created });
  progress.update('a', { operation: { phase: 'closing', name: VOLUME_NAME } });
  expect(seen.filter((entry) => entry !== 'unsavedpvs')).toEqual([0, 'added', 1, 'added', 2, 1]);
});
