/**
 * Bugs that a test of its own must find: each `test/mutants/NAME.patch` plants one in a copy of the tree, and
 * `killed-by.json` names the test that must turn red by it, and be green without it.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../harness/repository.ts';

const run = promisify(execFile);

export interface NamedTest {
  readonly file: string;
  /** With the names of what it is described in, as the runner prints it. */
  readonly test: string;
}

const folder = (): string => join(repositoryRoot(), 'test/mutants');

export const plantedPatch = (name: string): string => join(folder(), `${name}.patch`);

export function plantedNames(): readonly string[] {
  return readdirSync(folder())
    .filter((file) => file.endsWith('.patch'))
    .map((file) => file.slice(0, -'.patch'.length))
    .sort();
}

export function killers(): Readonly<Record<string, NamedTest>> {
  return JSON.parse(readFileSync(join(folder(), 'killed-by.json'), 'utf8')) as Record<string, NamedTest>;
}

/** What became of each test of the files, by its whole name; several of one name count as one, and the worst of them. */
type Outcomes = ReadonlyMap<string, 'passed' | 'failed'>;

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[] }[];
}

/** Answers what is wrong, a line each; none if every planted bug is found by its test. */
export async function provePlanted(log: (line: string) => void): Promise<readonly string[]> {
  const copy = await copyOfTree();
  try {
    const table = killers();
    const wrong: string[] = [];
    const clean = await outcomes(copy, [...new Set(Object.values(table).map(({ file }) => file))]);
    for (const name of plantedNames()) {
      const killer = table[name];
      const why = killer === undefined ? 'no test is named for it' : await survival(copy, name, { killer, clean });
      log(`${name}: ${why ?? `found by "${killer?.test ?? ''}"`}`);
      if (why !== undefined) wrong.push(`${name}: ${why}`);
    }
    return wrong;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Undefined: it is found. */
async function survival(
  copy: string,
  name: string,
  { killer, clean }: { readonly killer: NamedTest; readonly clean: Outcomes },
): Promise<string | undefined> {
  if (clean.get(killer.test) !== 'passed') return `"${killer.test}" is not green without it`;
  const apply = (...words: readonly string[]): Promise<unknown> =>
    run('git', ['apply', '-p1', ...words, plantedPatch(name)], { cwd: copy, env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() } });
  await apply();
  const planted = await outcomes(copy, [killer.file], killer.test);
  await apply('-R');
  return planted.get(killer.test) === 'failed' ? undefined : `SURVIVES "${killer.test}"`;
}

async function outcomes(copy: string, files: readonly string[], test?: string): Promise<Outcomes> {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const only = test === undefined ? [] : ['-t', test.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')];
  const words = ['run', '--project=pure', '--project=component', '--reporter=json', `--outputFile=${report}`, ...only, ...files];
  // Red is an answer.
  await run(join(copy, 'node_modules/.bin/vitest'), words, { cwd: copy, maxBuffer: 1 << 26 }).catch(() => undefined);
  const found = new Map<string, 'passed' | 'failed'>();
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  for (const { fullName, status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    if (status !== 'passed' && status !== 'failed') continue;
    if (found.get(fullName) !== 'failed') found.set(fullName, status);
  }
  return found;
}

async function copyOfTree(): Promise<string> {
  const root = repositoryRoot();
  const copy = mkdtempSync(join(tmpdir(), 'csi-planted-'));
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, maxBuffer: 1 << 26 });
  for (const file of stdout.split('\0').filter((name) => name !== '' && !name.startsWith('node_modules'))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}
