/**
 * Twenty stuck objects on a real API server: `explain` names the cause and what heals it, following that heals, and it is
 * counted how often `kubectl describe` of the same object names the cause. `doctor` finds nothing before and after. Both look
 * with an account that may get and list, and the server's audit log says that they did nothing else.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DOCTOR } from '../../csi-sidecars/doctor/verb.ts';
import type { NamedFinding, Unchecked } from '../../csi-sidecars/doctor/finding.ts';
import type { Explanation, Turn } from '../../csi-sidecars/explain/explanation.ts';
import { EXPLAIN } from '../../csi-sidecars/explain/verb.ts';
import { binary } from '../../harness/real/binaries.ts';
import { repositoryRoot } from '../../harness/repository.ts';
import type { Program } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import { openDoors } from '../../lib/process/doors/open-doors.ts';
import { askVerb, type Asker } from '../ask-verb.ts';
import { type Side, stopCast } from './programs.ts';
import { healthy, type Situation, SITUATIONS } from './stuck-situations.ts';
import { type Corner, EXAMINER, LOOKER, openStuckWorld, type StuckWorld } from './stuck-world.ts';

const HEAD = ['| stuck | sidecars | turn of | `kubectl describe` names the cause |', '|---|---|---|---|'];
const PAGE = readFileSync(join(repositoryRoot(), 'docs/verbs/explain.md'), 'utf8');

let world: StuckWorld;
let kubectl = '';

/** A situation as it stands in the cluster. */
interface Standing {
  readonly situation: Situation;
  readonly corner: Corner;
  /** As `explain` and `kubectl describe` take it. */
  readonly object: string;
}

interface Row {
  readonly name: string;
  readonly beside: Side;
  readonly who: string;
  readonly isDescribed: boolean;
}

const rows: Row[] = [];

beforeAll(async () => {
  world = await openStuckWorld();
  kubectl = await binary('kubectl');
});
afterAll(() => world.plane.stop());

function askerOf(user: string): Asker {
  return { doors: openDoors(), kubeconfig: world.plane.kubeconfigOf(user), signal: world.plane.stage.broken };
}

/** Whose turn it is, once the hints to other objects are followed. */
async function explained(words: string, hops = 0): Promise<Turn> {
  const { out, err } = await askVerb(EXPLAIN, askerOf(LOOKER), [...words.split(' '), '--output=json']);
  expect(err).toEqual([]);
  const { turn } = JSON.parse(out[0] ?? '') as Explanation;
  const next = /^csi-sidecars explain (.*)$/.exec(turn.command ?? '')?.[1];
  return next === undefined || hops > 3 ? turn : explained(next, hops + 1);
}

interface Diagnosis {
  readonly findings: readonly NamedFinding[];
  readonly unchecked: readonly Unchecked[];
}

async function diagnosed(user: string): Promise<Diagnosis> {
  const { out, err } = await askVerb(DOCTOR, askerOf(user), ['--output=json', '--stuck-after=0s']);
  expect(err).toEqual([]);
  return JSON.parse(out[0] ?? '') as Diagnosis;
}

/** A line of a shell, with the administrator's kubectl. */
async function shell(line: string): Promise<string> {
  const { stage, kubeconfig } = world.plane;
  const script = `kubectl() { ${kubectl} --kubeconfig=${kubeconfig} "$@"; }\n${line}`;
  const { code, stdout, stderr } = await stage.run({ name: 'shell', file: 'bash', args: ['-c', script], env: { HOME: stage.dir } });
  if (code !== 0) throw new Error(`${line}: ${stderr}`);
  return stdout;
}

/** The line of the page. */
function lineOf({ name, beside, who, isDescribed }: Row): string {
  return `| ${name} | ${beside} | ${who} | ${isDescribed ? 'yes' : 'no'} |`;
}

/** Whether describe names the cause. Where the page says that it does, that is waited for: events take a moment. */
async function described({ situation, corner, object }: Standing): Promise<boolean> {
  const says = async (): Promise<true | undefined> =>
    situation.described(corner).test(await shell(`kubectl describe ${object}`)) ? true : undefined;
  const expected = PAGE.split('\n').some((line) => line.startsWith(`| ${situation.name} |`) && line.endsWith('| yes |'));
  if (!expected) return (await says()) ?? false;
  return eventually(`describe of ${object} to name the cause`, says, { signal: world.plane.stage.broken });
}

async function plant(situation: Situation, at: number): Promise<Standing> {
  const corner = await world.corner(`stuck-${at + 1}`);
  const object = await situation.plant(corner);
  return { situation, corner, object: /^(pv|vsc)\//.test(object) ? object : `${object} -n ${corner.namespace}` };
}

async function explainAndHeal(standing: Standing): Promise<void> {
  const { situation, corner, object } = standing;
  const { who, why, command = '' } = await explained(object);
  expect(why).toMatch(situation.cause(corner));
  expect(command).toMatch(situation.remedy);
  rows.push({ name: situation.name, beside: situation.beside, who, isDescribed: await described(standing) });
  await situation.follow(corner, async (line = command) => void (await shell(line)), command);
  await situation.healed(corner);
}

describe.each(['ours', 'go'] as const)('beside the sidecars of %s', (beside) => {
  const mine = SITUATIONS.flatMap((situation, at): [string, Situation, number][] =>
    situation.beside === beside ? [[situation.name, situation, at]] : [],
  );
  let programs: Program[] = [];
  const standing = new Map<string, Promise<Standing>>();

  beforeAll(async () => {
    programs = await world.start(beside);
    const corner = await world.corner(`healthy-${beside}`);
    await healthy(corner);
  });
  afterAll(() => stopCast(programs));

  test('doctor finds nothing where all is well', async () => {
    expect((await diagnosed(EXAMINER)).findings).toEqual([]);
  });

  test('doctor says what it could not look at, and still invents nothing', async () => {
    const { findings, unchecked } = await diagnosed(LOOKER);
    expect(findings).toEqual([]);
    expect(unchecked.length).toBeGreaterThan(0);
  });

  test('ten are stuck, and doctor finds some of them', async () => {
    for (const [name, situation, at] of mine) standing.set(name, plant(situation, at));
    expect(await Promise.all(standing.values())).toHaveLength(10);
    const { findings } = await diagnosed(EXAMINER);
    expect(findings.length).toBeGreaterThan(3);
  });

  test.concurrent.each(mine)('explain names the cause of %s, and what it says heals', async (name) => {
    await explainAndHeal((await standing.get(name)) ?? expect.unreachable());
  });
});

test('doctor finds nothing once all are healed', async () => {
  expect((await diagnosed(EXAMINER)).findings).toEqual([]);
});

test('the page tells how many causes kubectl describe names', () => {
  const ordered = SITUATIONS.flatMap(({ name }) => rows.find((row) => row.name === name) ?? []);
  expect(ordered).toHaveLength(20);
  const named = ordered.filter(({ isDescribed }) => isDescribed).length;
  const table = [...HEAD, ...ordered.map(lineOf), `| of 20 | | ${ordered.length} | ${named} |`].join('\n');
  process.stdout.write(`${table}\n`);
  expect(PAGE).toContain(table);
});

test('explain and doctor did nothing but get and list, as the audit log has it', () => {
  const calls = world.plane.audit().filter(({ user }) => user === LOOKER || user === EXAMINER);
  for (const agent of ['csi-sidecars-explain', 'csi-sidecars-doctor'])
    expect(calls.filter((call) => call.agent === agent).length, agent).toBeGreaterThan(10);
  const done = new Set(
    calls.map(({ user, verb, resource }) => `${user} ${verb === 'get' || verb === 'list' ? 'looks' : `${verb} ${resource}`}`),
  );
  // A question about rights is sent as an object that nobody stores; without the right to ask it is refused.
  expect([...done].toSorted()).toEqual([
    'examiner create subjectaccessreviews',
    'examiner looks',
    'looker create subjectaccessreviews',
    'looker looks',
  ]);
  expect(calls.filter(({ user, verb, code }) => user === LOOKER && verb === 'create' && code !== 403)).toEqual([]);
});
