import { expect, test } from 'vitest';
import { createHandClock, createLogList } from '../csi/fake-driver.ts';
import { ApiError } from '../kube/api-error.ts';
import { type OptionalKinds, servedVersions } from './served-versions.ts';

const KINDS: OptionalKinds = { purpose: 'group things', group: 'g.example', versions: ['v1', 'v1beta2'], plurals: ['things', 'classes'] };

/** `answers` by `version/plural`: the status of the refusal; the others are served. */
function ask(answers: ReadonlyMap<string, number>) {
  const [clock, log] = [createHandClock(), createLogList()];
  const asked: string[] = [];
  const abort = new AbortController();
  const list = ({ version, plural }: { readonly version: string; readonly plural: string }) => {
    asked.push(`${version}/${plural}`);
    const status = answers.get(`${version}/${plural}`);
    if (status === undefined) return Promise.resolve({ items: [], resourceVersion: '1', continueToken: undefined });
    return Promise.reject(new ApiError({ status, reason: 'x', message: 'refused', request: 'GET' }));
  };
  const end = servedVersions([KINDS], { client: { list }, clock, log, signal: abort.signal });
  return { end, asked, clock, log, abort };
}

test('the best version is taken where all its kinds are served', async () => {
  const { end, asked } = ask(new Map());
  expect(await end).toEqual(new Map([['g.example', 'v1']]));
  expect(asked).toEqual(['v1/things', 'v1/classes']);
});

test('a version that lacks one of the kinds is passed over', async () => {
  expect(await ask(new Map([['v1/classes', 404]])).end).toEqual(new Map([['g.example', 'v1beta2']]));
});

test('without a usable version the kinds are off, and one line says why', async () => {
  const { end, log } = ask(
    new Map([
      ['v1/things', 404],
      ['v1beta2/things', 403],
    ]),
  );
  expect(await end).toEqual(new Map());
  expect(log.lines).toHaveLength(1);
  expect(JSON.stringify(log.lines)).toContain(
    'things.g.example is not served in version v1; listing things.g.example in version v1beta2 is forbidden',
  );
});

test('a server that cannot answer is asked again', async () => {
  const answers = new Map([['v1/things', 503]]);
  const { end, clock, log } = ask(answers);
  await clock.advance(500);
  answers.clear();
  await clock.advance(10_000);
  expect(await end).toEqual(new Map([['g.example', 'v1']]));
  expect(log.lines.length).toBeGreaterThan(0);
});

test('an end that comes first ends the asking', async () => {
  const { end, abort, clock } = ask(new Map([['v1/things', 503]]));
  await clock.advance(50);
  abort.abort();
  await clock.advance(50);
  await end;
});
