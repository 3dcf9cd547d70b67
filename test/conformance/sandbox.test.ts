import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { RawAnswer } from '../../harness/raw-http.ts';
import { conformanceCases } from './cases.ts';
import type { ServerUnderTest } from './lab.ts';
import { openLab } from './lab.ts';
import type { SandboxServer } from './sandbox-server.ts';
import { startSandboxServer } from './sandbox-server.ts';

const numbered = conformanceCases.map((entry, index) => ({ ...entry, index }));

async function freshServer(): Promise<SandboxServer> {
  const server = startSandboxServer();
  await installCrds(server, readCrds());
  return server;
}

describe('the sandbox answers as kube-apiserver does', () => {
  let server: SandboxServer;
  beforeAll(async () => {
    server = await freshServer();
  });
  afterAll(() => server.stop());

  // A loop, not test.each: that one shortens the names.
  for (const { name, run, index } of numbered) {
    test(name, async () => run(await openLab({ server, index })));
  }
});

test('the names of the cases are unique', () => {
  const names = numbered.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

/** The sandbox with one answer changed: the suite must find it, and only it. */
describe('a planted difference is found', () => {
  async function red(area: string, plant: (answer: RawAnswer) => RawAnswer): Promise<string[]> {
    const honest = await freshServer();
    const server: ServerUnderTest = { ...honest, request: async (request) => plant(await honest.request(request)) };
    const failed: string[] = [];
    for (const { name, run, index } of numbered.filter((entry) => entry.name.startsWith(area))) {
      await run(await openLab({ server, index })).catch(() => failed.push(name));
    }
    honest.stop();
    return failed;
  }

  test('a stale version refused as 412 instead of 409', async () => {
    const plant = (answer: RawAnswer): RawAnswer => {
      const stale = answer.status === 409 && answer.text.includes('the object has been modified');
      return stale ? { ...answer, status: 412, text: answer.text.replace('"code":409', '"code":412') } : answer;
    };
    expect(await red('locking: ', plant)).toEqual([
      'locking: a PUT of a stale version is a Conflict that names the object',
      'locking: a merge patch with a stale version is a Conflict',
      'locking: a merge patch with another uid is Invalid, with a stale version beside it a Conflict',
      'locking: a status PUT and a status patch of a stale version are Conflicts',
    ]);
  });

  test('a failed JSON-patch test that names causes', async () => {
    const plant = (answer: RawAnswer): RawAnswer => {
      if (answer.status !== 422 || answer.text.includes('"causes"')) return answer;
      const status = JSON.parse(answer.text) as { details?: object };
      return {
        ...answer,
        text: JSON.stringify({ ...status, details: { ...status.details, causes: [{ reason: 'FieldValueInvalid', field: 'metadata' }] } }),
      };
    };
    expect(await red('finalizers ', plant)).toEqual([
      'finalizers 2: a test that fails answers 422 Invalid without causes and changes nothing',
      'finalizers 3: add to the end of an absent list answers 422 Invalid without causes',
    ]);
  });
});
