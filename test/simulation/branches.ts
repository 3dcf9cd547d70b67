/**
 * Blocks of code that runs reached, as numbers that mean the same for all of them. V8 names the ranges of a function that
 * did not run; where such a range of any run begins or ends, a block does.
 */
import type { Reached } from './reach.ts';

interface Missed {
  readonly from: number;
  readonly to: number;
}

/** Texts are told apart once and are numbers from then on. */
class Names {
  private readonly numbers = new Map<string, number>();
  readonly all: string[] = [];

  of(name: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    this.numbers.set(name, this.all.length);
    this.all.push(name);
    return this.all.length - 1;
  }
}

/** Takes the reports of all runs first, and then says what each of them reached. */
export class Branches {
  private readonly reports = new Names();
  private readonly blocks = new Names();

  /** To be handed to `reached` once every run was added. */
  add(reached: readonly Reached[]): readonly number[] {
    return reached.map(({ place, missed }) => this.reports.of(`${place}|${missed}`));
  }

  /** Blocks of each report, by its number. */
  resolve(): readonly (readonly number[])[] {
    const reports = this.reports.all.map(parsed);
    const edges = new Map<string, Set<number>>();
    for (const { place, missed } of reports) {
      const [from = 0, to = 0] = place
        .slice(place.lastIndexOf(' ') + 1)
        .split('-')
        .map(Number);
      const known = edges.get(place) ?? new Set([from, to]);
      edges.set(place, known);
      for (const range of missed) known.add(range.from).add(range.to);
    }
    const sorted = new Map([...edges].map(([place, found]) => [place, [...found].sort((a, b) => a - b).slice(0, -1)]));
    return reports.map(({ place, missed }) =>
      (sorted.get(place) ?? [])
        .filter((at) => !missed.some(({ from, to }) => from <= at && at < to))
        .map((at) => this.blocks.of(`${place} ${at}`)),
    );
  }
}

function parsed(report: string): { readonly place: string; readonly missed: readonly Missed[] } {
  const [place = '', ranges = ''] = report.split('|');
  const missed = ranges.split(',').flatMap((range) => {
    const [from, to] = range.split('-').map(Number);
    return from === undefined || to === undefined ? [] : [{ from, to }];
  });
  return { place, missed };
}
