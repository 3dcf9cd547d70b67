import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../lib/errors/config-error.ts';
import { ApiError } from '../../lib/kube/api-error.ts';
import { startProgress } from './progress.ts';
import { runVerb } from './run-verb.ts';
import { type TestPlace, testPlace } from './testing/place.ts';
import { defineVerb, type VerbInput, type VerbResult } from './verb.ts';

const FLAGS = [{ name: 'depth', type: 'int', default: '3', help: 'How deep.', origin: 'ours', min: 1 }] as const;
type Input = VerbInput<{ readonly depth: number }>;

async function run(
  answer: (input: Input) => VerbResult | Promise<VerbResult>,
  argv: readonly string[],
  place: TestPlace = testPlace(),
): Promise<TestPlace & { readonly code: number }> {
  const verb = defineVerb({
    name: 'dig',
    about: 'digs',
    example: 'csi-sidecars dig here',
    operand: { name: 'PLACE', required: true, choices: ['here', 'there'] },
    schemaVersion: 2,
    flags: FLAGS,
    run: async (input) => answer(input),
  });
  return { ...place, code: await runVerb(verb, place, argv) };
}
const nothing = (): VerbResult => ({ found: false, json: { holes: 0 }, lines: (paint) => [paint.good('nothing there')] });
const hole = ({ options, operand }: Input): VerbResult => ({
  found: true,
  json: { holes: options.depth },
  lines: () => [`${options.depth} ${operand}`],
});

describe('a verb', () => {
  test('exits 0 where all is fine and 1 where it found something', async () => {
    expect(await run(nothing, ['here'])).toMatchObject({ code: 0, out: ['nothing there'], err: [] });
    expect(await run(hole, ['there', '--depth=5'])).toMatchObject({ code: 1, out: ['5 there'], err: [] });
  });

  test('has one object on its output with --output=json, also with -o', async () => {
    for (const words of [['--output=json'], ['-o', 'json'], ['-o=json']]) {
      const { code, out, err } = await run(hole, ['here', ...words]);
      expect({ code, err }).toEqual({ code: 1, err: [] });
      expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([{ schema: 'csi-sidecars/dig.v2', ok: false, holes: 3 }]);
    }
  });

  test('names every fault of its command line with an example, exits 2 and does not run', async () => {
    const never = (): never => expect.unreachable();
    const { code, err, out } = await run(never, ['nowhere', 'else', '--dept=3', '--depth=0', '-o=yaml']);
    expect(code).toBe(2);
    expect(out).toEqual([]);
    expect(err).toEqual([
      'dig: unknown flag --dept: did you mean --depth? --help lists the flags',
      'dig: "nowhere" is none of here, there',
      'dig: "else" is one too many: dig takes one PLACE',
      'dig: --depth="0": must be at least 1',
      'dig: --output="yaml": must be one of "text", "json"',
      'dig: for example csi-sidecars dig here; csi-sidecars dig --help says more',
    ]);
    expect((await run(never, [])).err[0]).toBe('dig: which one? Write dig PLACE');
  });

  test('shows an example first when asked for help, and every flag', async () => {
    const { code, out } = await run(nothing, ['--help']);
    expect(code).toBe(0);
    expect(out.join('\n')).toMatch(/^Example: csi-sidecars dig here\n/);
    expect(out.join('\n')).toMatch(/here\|there \[flags\]\nDigs\.\n[^]*--depth int[^]*-o, --output string/);
    expect(out.join('\n')).not.toContain('Go program');
  });

  test('tells in a line what went wrong, without a stack, in JSON too', async () => {
    const fail = (error: Error) => (): never => {
      throw error;
    };
    const away = new ApiError({ status: 0, reason: 'Unreachable', message: 'ECONNREFUSED', request: 'GET /' });
    expect(await run(fail(away), ['here'])).toMatchObject({ code: 1, err: [expect.stringMatching(/does not answer \(ECONNREFUSED\)/)] });
    const forbidden = new ApiError({ status: 403, reason: 'Forbidden', message: 'may not', request: 'GET /' });
    expect((await run(fail(forbidden), ['here'])).err).toEqual(['dig: may not: run this as somebody who may do that']);
    const wrong = await run(fail(new ConfigError(['one', 'two'], { exitCode: 2 })), ['here', '--output=json']);
    expect(wrong).toMatchObject({ code: 2, err: ['dig: one', 'dig: two'] });
    expect(JSON.parse(wrong.out[0] ?? '')).toEqual({ schema: 'csi-sidecars/dig.v2', ok: false, error: 'one; two' });
  });

  test('is coloured on a terminal only', async () => {
    expect((await run(nothing, ['here'], testPlace({ terminal: true }))).out).toEqual(['\u001B[32mnothing there\u001B[39m']);
    expect((await run(nothing, ['here'])).out).toEqual(['nothing there']);
  });
});

describe('progress', () => {
  test('is shown on a terminal once a second has passed, and wiped away', async () => {
    const { screen, clock, live } = testPlace({ terminal: true });
    const progress = startProgress(screen, clock);
    progress.say('1 of 9');
    expect(live).toEqual([]);
    await clock.advance(1000);
    progress.say('5 of 9');
    progress.end();
    expect(live).toEqual(['\r\u001B[K1 of 9', '\r\u001B[K5 of 9', '\r\u001B[K']);
  });

  test('of something quick, or in a pipe, is nothing at all', async () => {
    const quick = testPlace({ terminal: true });
    startProgress(quick.screen, quick.clock).end();
    const pipe = testPlace();
    const progress = startProgress(pipe.screen, pipe.clock);
    progress.say('1 of 9');
    await Promise.all([quick.clock.advance(5000), pipe.clock.advance(5000)]);
    progress.end();
    expect([...quick.live, ...pipe.live, ...pipe.err, ...pipe.out]).toEqual([]);
  });
});
