/**
 * `npm run verify -- NAME [--size=ci|full] [--json] [--dist=DIR] [--part=K/N]`: one name for each large claim of this
 * project, so that anybody can have it proven again. Where a verification takes them: `--dist`, of the programs of another
 * build; `--part`, one of N runs that together are the whole, for a machine that has no hour to spare.
 * Text for people goes to standard error with `--json`, and the
 * last line of standard output is one JSON object with `ok`. Exit 0 proven, 1 not, 2 asked wrongly.
 */
import { resolve } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import * as audit from './audit.ts';
import * as crowd from './crowd.ts';
import * as curve from './curve.ts';
import * as fuzz from './fuzz.ts';
import * as handover from './handover.ts';
import * as idle from './idle.ts';
import * as kills from './kills.ts';
import * as leader from './leader.ts';
import * as mutants from './mutants.ts';
import * as node from './node.ts';
import * as pages from './pages.ts';
import * as pairs from './pairs.ts';
import * as rbac from './rbac.ts';
import * as reach from './reach.ts';
import * as rollout from './rollout.ts';
import * as sanity from './sanity.ts';
import * as scale from './scale.ts';
import * as seeds from './seeds.ts';
import * as undecided from './undecided.ts';
import * as worlds from './worlds.ts';
import type { Part, Verification } from './verification.ts';
import { errorText } from '../../lib/errors/error-text.ts';

const VERIFICATIONS: readonly Verification[] = [
  audit,
  crowd,
  curve,
  fuzz,
  handover,
  idle,
  kills,
  leader,
  mutants,
  node,
  pages,
  pairs,
  rbac,
  reach,
  rollout,
  sanity,
  scale,
  seeds,
  undecided,
  worlds,
];

function usage(problem: string): never {
  process.stderr.write(
    `${problem}\nusage: verify NAME [--size=ci|full] [--json] [--dist=DIR] [--part=K/N]\nnames: ${VERIFICATIONS.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}

function readPart(text: string): Part {
  const [, index, of] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index === undefined || of === undefined || index < 1 || index > of) return usage(`--part=${text}: 2/3 is the second of three`);
  return { index, of };
}

interface Asked {
  readonly verification: Verification;
  readonly size: 'ci' | 'full';
  readonly json: boolean;
  readonly dist: string | undefined;
  readonly part: Part | undefined;
}

function parse(): Asked {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        size: { type: 'string', default: 'ci' },
        json: { type: 'boolean', default: false },
        dist: { type: 'string' },
        part: { type: 'string' },
      },
    });
    const [name = '', ...rest] = positionals;
    const verification = VERIFICATIONS.find((candidate) => candidate.name === name);
    if (verification === undefined || rest.length > 0)
      return usage(name === '' ? 'which one?' : `no verification is called ${positionals.join(' ')}`);
    const { size, json, dist } = values;
    const part = values.part === undefined ? undefined : readPart(values.part);
    if (size !== 'ci' && size !== 'full') return usage(`--size=${size}: choose ci or full`);
    if (dist !== undefined && verification.takesDist !== true) return usage(`--dist: ${name} runs its own build only`);
    if (part !== undefined && verification.takesPart !== true) return usage(`--part: ${name} runs as a whole only`);
    return { verification, size, json, dist, part };
  } catch (error) {
    return usage(errorText(error));
  }
}

const { verification, size, json, dist, part } = parse();
const out = json ? process.stderr : process.stdout;
let result: Awaited<ReturnType<Verification['run']>>;
try {
  result = await verification.run({
    ...{ size, json, log: (line) => out.write(`${line}\n`) },
    ...(dist === undefined ? {} : { dist: resolve(dist) }),
    ...(part === undefined ? {} : { part }),
  });
} catch (error) {
  out.write(`${verification.name}: ${inspect(error)}\n`);
  result = { ok: false, error: errorText(error) };
}
if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
else out.write(`${verification.name}: ${result.ok ? 'ok' : 'FAILED'}\n`);
process.exitCode = result.ok ? 0 : 1;
