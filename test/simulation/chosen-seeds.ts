/** The seeds that every test run takes, by scenario. `npm run verify -- reach --size=full` chooses them anew. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../harness/repository.ts';

export interface Figures {
  readonly runs: number;
  /** Events of virtual time, which cost about the same. */
  readonly events: number;
  /** Distinct points at which a program could have died, those at which one did, and blocks of code that ran. */
  readonly crashPoints: number;
  readonly deaths: number;
  readonly branches: number;
}

export interface ChosenSeeds {
  /** What all seeds came to that were looked at, and what those come to that were chosen. */
  readonly of: Figures;
  readonly chosen: Figures;
  readonly seeds: Readonly<Record<string, readonly number[]>>;
}

export const chosenSeedsFile = (): string => join(repositoryRoot(), 'test/simulation/chosen-seeds.json');

export function chosenSeeds(): ChosenSeeds {
  return JSON.parse(readFileSync(chosenSeedsFile(), 'utf8')) as ChosenSeeds;
}
