/**
 * What a program's caches keep of an object is enough for all that it decides, and no more than that: steps on the
 * kept fields are the steps on whole objects, and without any one of the declared fields some step is another.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { controllerSteps, worlds as controllerWorlds } from './controller-worlds.ts';
import type { FixedInformers, Keeping } from './fixed-informers.ts';
import { provisionerSteps, worlds as provisionerWorlds } from './provisioner-worlds.ts';
import { sidecarSteps, worlds as sidecarWorlds } from './sidecar-worlds.ts';
import { textOf } from './steps-text.ts';

const SEED = { numRuns: 600, seed: 7 };

type Steps = (keeping: Keeping) => { readonly steps: unknown; readonly informers: FixedInformers };

function sampled<W>(worlds: fc.Arbitrary<W>, steps: (world: W, keeping: Keeping) => ReturnType<Steps>): readonly Steps[] {
  return fc.sample(worlds, SEED).map((world) => (keeping) => steps(world, keeping));
}

describe.each([
  ['csi-provisioner', sampled(provisionerWorlds, provisionerSteps)],
  ['snapshot-controller', sampled(controllerWorlds, controllerSteps)],
  ['csi-snapshotter', sampled(sidecarWorlds, sidecarSteps)],
])('%s', (_, worlds) => {
  it('takes the same steps on what its caches keep as on whole objects', () => {
    for (const steps of worlds) expect(textOf(steps('declared').steps)).toBe(textOf(steps('whole').steps));
  });

  it.each(worlds[0]?.('whole').informers.declared ?? [])(
    'keeps $path of $plural for a reason: without it, a step is another',
    (without) => {
      expect(worlds.some((steps) => textOf(steps({ without }).steps) !== textOf(steps('whole').steps))).toBe(true);
    },
  );
});
