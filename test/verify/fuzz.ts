import { runShapes, SHAPES_A_WORLD } from '../component/odd-shapes.ts';
import { partOf, type VerificationOptions, type VerificationResult } from './verification.ts';

export const name = 'fuzz';
export const takesPart = true;

const WORLDS = { ci: 4, full: 100 } as const;

/** Random shapes of the six kinds, half of them on a server that looks at no schema: no program ends, and healthy objects are served. */
export async function run({ size, log, part }: VerificationOptions): Promise<VerificationResult> {
  let stored = 0;
  const faults: string[] = [];
  const seeds = partOf(
    Array.from({ length: WORLDS[size] }, (_, index) => index + 1),
    part,
  );
  for (const seed of seeds) {
    const result = await runShapes(seed);
    stored += result.stored;
    faults.push(...result.faults.map((fault) => `world ${seed}: ${fault}`));
    log(`world ${seed}: ${result.stored} stored, ${result.refused} refused, ${result.faults.length} faults`);
  }
  return { ok: faults.length === 0, shapes: seeds.length * SHAPES_A_WORLD, stored, faults };
}
