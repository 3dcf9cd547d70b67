/** What an object costs does not grow with how many there are: none of the kinds that users have thousands of is walked through for one. */
import { afterEach, expect, it, vi } from 'vitest';
import { Cache } from '../../lib/controller/cache.ts';
import type { KubeObject } from '../../lib/kube/objects.ts';
import { runScenario } from './run.ts';
import { GROUP_JOB } from './scenarios/groups.ts';
import { MAIN_JOB } from './scenarios/main-job.ts';

afterEach(() => vi.restoreAllMocks());

it.each([MAIN_JOB, GROUP_JOB])('$name walks through no cache of claims, volumes, snapshots or contents', async (scenario) => {
  const walked = new Set<string>();
  const list = Object.getOwnPropertyDescriptor(Cache.prototype, 'list')?.value as () => readonly KubeObject[];
  vi.spyOn(Cache.prototype, 'list').mockImplementation(function (this: Cache<KubeObject>) {
    const objects = list.call(this);
    for (const { kind } of objects) walked.add(kind ?? 'an object without a kind');
    return objects;
  });
  const { violations } = await runScenario({ scenario, seed: 1 });
  expect(violations).toEqual([]);
  // The journals of other processes are.
  expect([...walked]).toContain('Lease');
  expect([...walked].filter((kind) => kind !== 'Lease' && !kind.endsWith('Class'))).toEqual([]);
});
