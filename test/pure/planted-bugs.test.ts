import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../harness/repository.ts';
import { killers, plantedNames, plantedPatch } from '../verify/planted-tests.ts';

const run = promisify(execFile);

/** That each is found is `npm run verify -- mutants`; that the tests are there, test/component/planted-bugs.test.ts. */
describe('every bug that is planted for a test of its own', () => {
  it('is in the table of what must find it', () => {
    expect(Object.keys(killers()).sort()).toEqual(plantedNames());
  });

  it.each(plantedNames())('%s still applies, and the file of its test is there', async (name) => {
    await run('git', ['apply', '--check', '-p1', plantedPatch(name)], { cwd: repositoryRoot() });
    expect(existsSync(join(repositoryRoot(), killers()[name]?.file ?? ''))).toBe(true);
  });
});
