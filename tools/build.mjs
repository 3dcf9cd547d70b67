// Bundles every program that exists into dist/, with code splitting, so that the code the programs share lies
// once: that of what images hold in dist/chunks/, that of everything else in dist/tool-chunks/, so that no image
// carries test code. Node 20 runs no TypeScript, so every npm verb comes through here first; when no input
// changed since the last run nothing is loaded and nothing is written.
// `--quiet` prints nothing but errors.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledPackages, licenceTexts } from './bundled-packages.mjs';
import { logPlaces } from './log-places.mjs';
import { sbom } from './sbom.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const stampFile = join(dist, '.build.json');
const started = performance.now();

/** What images hold. Output name → source. A source that does not exist is left out; a program names itself by its output. */
const PROGRAMS = {
  'snapshot-controller': 'snapshotter/snapshot-controller.ts',
  'csi-snapshotter': 'snapshotter/csi-snapshotter.ts',
  'csi-provisioner': 'provisioner/csi-provisioner.ts',
  'csi-sidecars': 'csi-sidecars/main.ts',
  'mock-driver': 'mock-driver/main.ts',
  // Imported by csi-sidecars, and it has the sandbox: a file of its own, which the images of the others leave out.
  'verbs/try': 'csi-sidecars/try/run.ts',
};
/** What npm verbs run, and the sandbox. */
const TOOLS = {
  sandbox: 'sandbox/main.ts',
  demo: 'demo/main.ts',
  'demo-on-node': 'demo/node-job.ts',
  'verify-on-node': 'test/verify/node/inside.ts',
  simulate: 'test/simulation/main.ts',
  verify: 'test/verify/main.ts',
  bench: 'test/bench/main.ts',
  images: 'images/main.ts',
  'recording-driver': 'test/real/worlds/main.ts',
};

// V8 heap flags work only on the command line. A small young generation and a heap that grows in small steps keep the resident
// size of a sidecar down; the price is more frequent, short collections (docs/performance.md has what each of them costs),
// which threads beside the first would make dearer.
const SHEBANG = '#!/usr/bin/env -S node --max-semi-space-size=2 --heap-growing-percent=30 --single-threaded-gc\n';

// CommonJS dependencies call require() for Node's own modules; an ES module has none of its own.
const BANNER = "import { createRequire as nodeCreateRequire } from 'node:module';\nconst require = nodeCreateRequire(import.meta.url);";

/** Files copied beside the programs. Beside chunks too: shared code that asks import.meta.url lands there. */
const COPIES = [
  ['proto/csi.proto', 'csi.proto'],
  ['proto/csi.proto', 'chunks/csi.proto'],
  ['proto/csi.proto', 'tool-chunks/csi.proto'],
];

/** What else decides what is written. */
const OWN_SOURCES = [
  'tools/build.mjs',
  'tools/bundled-packages.mjs',
  'tools/log-places.mjs',
  'tools/sbom.mjs',
  'package.json',
  'package-lock.json',
];

// The package does not say so, but its modules only declare. Unmarked, KubeConfig drags in all ~760 models:
// the two edges that lead there are named, since asking about every import of every file costs seconds.
const clientNodeWithoutSideEffects = {
  name: 'client-node-without-side-effects',
  setup(build) {
    build.onResolve(
      { filter: /client-node|^\.\/(api|gen\/index|apis\/exception|models\/all|types\/ObjectParamAPI)\.js$/ },
      async (args) => {
        if (args.pluginData === 'seen' || !(args.path + args.importer).includes('@kubernetes/client-node')) return undefined;
        const { path, resolveDir, importer, kind } = args;
        const found = await build.resolve(path, { resolveDir, importer, kind, pluginData: 'seen' });
        return found.errors.length > 0 ? found : { ...found, sideEffects: false };
      },
    );
  },
};

// Its entry requires all of it (fetch, WebSocket, caches, mocks) as it starts; the programs need its connections alone.
const undiciClientAlone = {
  name: 'undici-client-alone',
  setup(build) {
    build.onResolve({ filter: /^undici$/ }, () => ({ path: 'client', namespace: 'undici' }));
    build.onLoad({ filter: /.*/, namespace: 'undici' }, () => ({
      contents:
        "export { default as Client } from 'undici/lib/dispatcher/client.js';" +
        "export { default as buildConnector } from 'undici/lib/core/connect.js';",
      resolveDir: root,
    }));
  },
};

const fingerprint = (file) => {
  const info = statSync(join(root, file), { throwIfNoEntry: false });
  return info === undefined ? 'absent' : `${info.size}:${info.mtimeMs}`;
};

const thatExist = (programs) => Object.entries(programs).filter(([, source]) => existsSync(join(root, source)));

function upToDate(entries) {
  if (!existsSync(stampFile)) return false;
  try {
    const stamp = JSON.parse(readFileSync(stampFile, 'utf8'));
    if (stamp.entries !== JSON.stringify(entries)) return false;
    return (
      Object.entries(stamp.inputs).every(([file, seen]) => fingerprint(file) === seen) &&
      stamp.outputs.every((file) => existsSync(join(dist, file)))
    );
  } catch {
    return false;
  }
}

/** Through a temporary name: a program that starts meanwhile sees the old file or the new one, never half of it. */
function writeIfChanged(file, content, mode) {
  if (existsSync(file) && readFileSync(file).equals(content)) return;
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode });
  renameSync(temporary, file);
}

/** `chunks` is the folder under dist/ of what these programs share. */
async function bundle(entries, chunks) {
  const esbuild = await import('esbuild');
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: entries.map(([name, source]) => ({ in: source, out: name })),
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    chunkNames: `${chunks}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    treeShaking: true,
    banner: { js: BANNER },
    plugins: [clientNodeWithoutSideEffects, undiciClientAlone, logPlaces],
    // Verifications bundle mutants with it; no program of ours needs it.
    external: ['esbuild'],
    metafile: true,
    write: false,
    logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"production"', CSI_SIDECARS_VERSION: JSON.stringify(version) },
  });
  const files = result.outputFiles.map((file) => ({ name: relative(dist, file.path), content: Buffer.from(file.contents) }));
  // Chunks first: nothing ever names a chunk that is not there yet.
  const isChunk = (name) => name.startsWith(`${chunks}/`);
  files.sort((a, b) => Number(isChunk(b.name)) - Number(isChunk(a.name)));
  for (const { name, content } of files) {
    const program = !name.includes('/');
    writeIfChanged(join(dist, name), program ? Buffer.concat([Buffer.from(SHEBANG), content]) : content, program ? 0o755 : 0o644);
  }
  return { outputs: files.map((file) => file.name), metafile: result.metafile };
}

/** Chunk names carry a hash, so each change leaves an orphan behind. */
function removeOrphans(outputs) {
  const keep = new Set(outputs.map((name) => join(dist, name)));
  for (const folder of [dist, ...['chunks', 'verbs', 'tool-chunks'].map((name) => join(dist, name))]) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder))
      if (name.endsWith('.mjs') && !keep.has(join(folder, name))) rmSync(join(folder, name), { force: true });
  }
}

const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const quiet = process.argv.includes('--quiet');
const [programs, tools] = [thatExist(PROGRAMS), thatExist(TOOLS)];
const entries = [...programs, ...tools];
if (upToDate(entries)) {
  if (!quiet) console.log('dist/ is up to date');
} else {
  const begun = Date.now();
  try {
    const [released, forWork] = await Promise.all([bundle(programs, 'chunks'), bundle(tools, 'tool-chunks')]);
    const packages = bundledPackages(released.metafile, root);
    const documents = {
      'LICENSES.txt': licenceTexts(packages, root),
      'sbom.spdx.json': `${JSON.stringify(sbom({ name, version, license }, packages), null, 2)}\n`,
    };
    for (const [file, text] of Object.entries(documents)) writeIfChanged(join(dist, file), Buffer.from(text), 0o644);
    for (const [from, to] of COPIES) writeIfChanged(join(dist, to), readFileSync(join(root, from)), 0o644);
    const bundles = [...released.outputs, ...forWork.outputs];
    removeOrphans(bundles);
    const bundled = new Set([released, forWork].flatMap(({ metafile }) => Object.keys(metafile.inputs)));
    const sources = [...bundled, ...COPIES.map(([from]) => from), ...OWN_SOURCES];
    // A source saved while the build ran may or may not be in it: the next run builds again.
    const seen = (file) =>
      (statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0) >= begun ? 'saved during the build' : fingerprint(file);
    const inputs = Object.fromEntries(sources.map((file) => [file, seen(file)]));
    const outputs = [...bundles, ...Object.keys(documents), ...COPIES.map(([, to]) => to)];
    writeIfChanged(stampFile, Buffer.from(JSON.stringify({ entries: JSON.stringify(entries), inputs, outputs })), 0o644);
    if (!quiet)
      console.log(
        `built ${entries.map(([name]) => name).join(', ') || 'nothing (no program exists)'} in ${Math.round(performance.now() - started)} ms`,
      );
  } catch (error) {
    // esbuild has printed its own findings with file and line.
    if (!Array.isArray(error?.errors)) console.error(error);
    console.error('build failed');
    process.exitCode = 1;
  }
}
