/** Few runs that reach what many runs reach. */
export interface Run {
  readonly scenario: string;
  readonly seed: number;
  /** What it costs; the number of its events is a good measure. */
  readonly price: number;
  readonly reached: ReadonlySet<number>;
}

/**
 * Takes one run after another, always the one that reaches most for its price of what `reached` does not hold yet, until
 * nothing is left or `most` were taken. `reached` is brought up to date.
 */
export function cover(runs: readonly Run[], reached: Set<number>, most = Number.POSITIVE_INFINITY): readonly Run[] {
  const taken: Run[] = [];
  while (taken.length < most) {
    let best: Run | undefined;
    let mostWorth = 0;
    for (const run of runs) {
      const worth = newIn(run, reached) / run.price;
      if (worth > mostWorth) [best, mostWorth] = [run, worth];
    }
    if (best === undefined) break;
    taken.push(best);
    for (const item of best.reached) reached.add(item);
  }
  return taken;
}

function newIn(run: Run, reached: ReadonlySet<number>): number {
  let found = 0;
  for (const item of run.reached) if (!reached.has(item)) found += 1;
  return found;
}
