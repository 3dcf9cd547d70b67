/**
 * Mutants prove the net: each `mutants/NAME.patch` plants one bug in a copy of the tree, and the simulation
 * must find it. `found.json` says by which scenario, seed and invariant it was found first.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../harness/repository.ts';

const run = promisify(execFile);
const FOLDERS = ['lib', 'snapshotter', 'provisioner', 'mock-driver', 'sandbox', 'proto', 'deploy', 'test/simulation'];
/**
 * Packages stay outside: bundling them costs more than the run. What reads a kubeconfig file, which no
 * simulated program has, stays outside as well, since it would load the largest of them.
 */
const BUNDLE = ['--bundle', '--platform=node', '--format=esm', '--target=node20', '--log-level=error'];
const OUTSIDE = ['--packages=external', '--external:*/kubeconfig-file.ts'];

export interface Found {
  readonly scenario: string;
  readonly seed: number;
  readonly invariant: string;
}

export const mutantsFolder = (): string => join(repositoryRoot(), 'test/simulation/mutants');

export function mutantNames(): readonly string[] {
  return readdirSync(mutantsFolder())
    .filter((file) => file.endsWith('.patch'))
    .map((file) => file.slice(0, -'.patch'.length))
    .sort();
}

export function foundTable(): Readonly<Record<string, Found>> {
  return JSON.parse(readFileSync(join(mutantsFolder(), 'found.json'), 'utf8')) as Record<string, Found>;
}

/** A bundle of the simulation with the mutant in it. Rejects if the patch does not apply any more. */
export interface Mutant {
  /** Runs seeds of a scenario until one is violated. */
  seek(scenario: string, seeds: { readonly from: number; readonly count: number }): Promise<Found | undefined>;
  close(): void;
}

export async function plantMutant(name: string): Promise<Mutant> {
  const folder = mkdtempSync(join(tmpdir(), 'csi-mutant-'));
  try {
    for (const part of FOLDERS) cpSync(join(repositoryRoot(), part), join(folder, part), { recursive: true });
    for (const file of ['package.json', 'tsconfig.json']) cpSync(join(repositoryRoot(), file), join(folder, file));
    symlinkSync(join(repositoryRoot(), 'node_modules'), join(folder, 'node_modules'));
    await run('git', ['apply', '-p1', join(mutantsFolder(), `${name}.patch`)], {
      cwd: folder,
      env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
    });
    mkdirSync(join(folder, 'dist'));
    cpSync(join(folder, 'proto/csi.proto'), join(folder, 'dist/csi.proto'));
    const outfile = join(folder, 'dist/simulate.mjs');
    const flags = [...BUNDLE, ...OUTSIDE, `--outfile=${outfile}`];
    await run(join(repositoryRoot(), 'node_modules/.bin/esbuild'), ['test/simulation/main.ts', ...flags], { cwd: folder });
    return {
      seek: (scenario, { from, count }) => seek(outfile, scenario, { from, count }),
      close: () => rmSync(folder, { recursive: true, force: true }),
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function seek(
  file: string,
  scenario: string,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<Found | undefined> {
  const args = [file, `--scenario=${scenario}`, `--seed=${from}`, `--runs=${count}`, '--first', '--json'];
  const stdout = await run(process.execPath, args, { maxBuffer: 1 << 26 }).then(
    (done) => done.stdout,
    (error: { readonly stdout?: string }) => error.stdout ?? '',
  );
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  const verdict = JSON.parse(last === '' ? '{"ok":true}' : last) as {
    readonly ok: boolean;
    readonly replay?: readonly string[];
    readonly invariants?: readonly string[];
  };
  if (verdict.ok) return undefined;
  const seed = /--seed=(\d+)/.exec(verdict.replay?.[0] ?? '')?.[1];
  return { scenario, seed: Number(seed), invariant: verdict.invariants?.[0] ?? '' };
}
