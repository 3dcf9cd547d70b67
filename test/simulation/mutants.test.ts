import { describe, expect, it } from 'vitest';
import { foundTable, mutantNames, plantMutant } from './hunt.ts';

describe('every planted bug', () => {
  it('is in the table of what found it, and there are at least twelve', () => {
    expect(Object.keys(foundTable()).sort()).toEqual(mutantNames());
    expect(mutantNames().length).toBeGreaterThanOrEqual(12);
  });

  it.each(mutantNames())('%s still applies and is found by its seed', async (name) => {
    const known = foundTable()[name];
    if (known === undefined) throw new Error(`${name} has no line in found.json: run npm run verify -- mutants --size=full`);
    const planted = await plantMutant(name);
    try {
      expect(await planted.seek(known.scenario, { from: known.seed, count: 1 })).toEqual(known);
    } finally {
      planted.close();
    }
  });
});
