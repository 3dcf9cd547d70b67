import { expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { decideVolume } from './decide-volume.ts';
import type { World } from './step.ts';
import { REST } from './step.ts';

function volume(phase: string): PersistentVolume {
  return {
    metadata: { name: 'v' },
    spec: { claimRef: { name: 'c', namespace: 'n', uid: 'first' } },
    status: { phase, message: 'old news' },
  };
}

/** A world with nothing in it but the claim `n/c`. */
function worldWith(claim: PersistentVolumeClaim | undefined): World {
  const nothing = (): undefined => undefined;
  return { volume: nothing, claim: () => claim, class: nothing, defaultClass: nothing, candidates: () => [], podsOf: () => [] };
}

function claim(uid: string, volumeName: string): PersistentVolumeClaim {
  return { metadata: { name: 'c', namespace: 'n', uid }, spec: { volumeName } };
}

test('a volume is released when its claim is gone, or another of its name has come', () => {
  const released = { kind: 'volume-status', volume: { ...volume('Bound'), status: { phase: 'Released' } } };
  expect(decideVolume(volume('Bound'), worldWith(undefined))).toEqual(released);
  expect(decideVolume(volume('Bound'), worldWith(claim('second', '')))).toEqual(released);
});

test('a volume that failed stays failed for all to see', () => {
  expect(decideVolume(volume('Failed'), worldWith(undefined))).toBe(REST);
});

test('a volume whose claim is not bound yet waits for the claim', () => {
  expect(decideVolume(volume('Pending'), worldWith(claim('first', '')))).toBe(REST);
});

test('a volume that its claim names is bound', () => {
  expect(decideVolume(volume('Pending'), worldWith(claim('first', 'v')))).toMatchObject({
    kind: 'volume-status',
    volume: { status: { phase: 'Bound' } },
  });
  expect(decideVolume(volume('Bound'), worldWith(claim('first', 'v')))).toBe(REST);
});
