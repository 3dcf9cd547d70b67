/**
 * Mutants prove the net: each `mutants/NAME.patch` plants one bug in the programs, and the simulation
 * must find it. `found.json` says by which scenario, seed and invariant it was found first.
 *
 * The tree is never touched: the patched sources lie in a folder of their own, and esbuild reads those in their place.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Plugin } from 'esbuild';
import { build } from 'esbuild';
import { repositoryRoot } from '../../harness/repository.ts';
import type { Asked, Found } from './seek.ts';

export type { Found } from './seek.ts';

const run = promisify(execFile);

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
  const close = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const patch = join(mutantsFolder(), `${name}.patch`);
    const sources = [...readFileSync(patch, 'utf8').matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, source = '']) => source);
    for (const source of sources) {
      mkdirSync(join(folder, 'patched', dirname(source)), { recursive: true });
      cpSync(join(repositoryRoot(), source), join(folder, 'patched', source));
    }
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() };
    await run('git', ['apply', '-p1', patch], { cwd: join(folder, 'patched'), env });
    mkdirSync(join(folder, 'dist'));
    cpSync(join(repositoryRoot(), 'proto/csi.proto'), join(folder, 'dist/csi.proto'));
    for (const part of ['node_modules', 'deploy']) symlinkSync(join(repositoryRoot(), part), join(folder, part));
    const bundle = join(folder, 'dist/seek.mjs');
    await bundleOf(bundle, inPlaceOf(sources, join(folder, 'patched')));
    return { seek: (scenario, { from, count }) => seek(bundle, { scenario, from, count }), close };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Packages stay outside: bundling them costs more than the run. What reads a kubeconfig file, which no
 * simulated program has, stays outside as well, since it would load the largest of them.
 */
async function bundleOf(outfile: string, plugin: Plugin): Promise<void> {
  await build({
    absWorkingDir: repositoryRoot(),
    entryPoints: ['test/simulation/seek.ts'],
    outfile,
    plugins: [plugin],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    external: ['*/kubeconfig-file.ts'],
    logLevel: 'error',
  });
}

function inPlaceOf(sources: readonly string[], patched: string): Plugin {
  const places = sources.map((source) => join(repositoryRoot(), source));
  const filter = new RegExp(`^(${places.map((place) => place.replace(/[.+]/g, '\\$&')).join('|')})$`);
  return {
    name: 'in-place-of',
    setup: (building) => {
      building.onLoad({ filter }, ({ path }) => {
        const contents = readFileSync(join(patched, path.slice(repositoryRoot().length)), 'utf8');
        return { contents, loader: 'ts', resolveDir: dirname(path) };
      });
    },
  };
}

/** Loads the bundle that it is told, and answers what its `seek` finds. */
const SEEKER = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', async ({ bundle, asked }) => parentPort.postMessage(await (await import(bundle)).seek(asked)));
`;

/** One thread for one mutant after another: the packages are loaded once. It keeps no process alive. */
let seeker: Worker | undefined;

function seek(bundle: string, asked: Asked): Promise<Found | undefined> {
  const thread = seeker ?? new Worker(SEEKER, { eval: true });
  seeker = thread;
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      seeker = undefined;
      reject(error);
    };
    thread.ref();
    thread.once('error', failed);
    thread.once('message', (found: Found | undefined) => {
      thread.off('error', failed);
      thread.unref();
      resolve(found);
    });
    const nothingMoves: readonly [] = [];
    thread.postMessage({ bundle: pathToFileURL(bundle).href, asked }, nothingMoves);
  });
}
