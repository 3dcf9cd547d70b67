// Generates docs/flags.md, docs/events.md and docs/metrics.md from the tables of the programs. `--check` writes nothing and
// fails when a committed file is stale. The tables are TypeScript, so they are bundled first.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { eventsDocument } from './reference-events.mjs';
import { flagsDocument } from './reference-flags.mjs';
import { metricsDocument } from './reference-metrics.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What the documents are made from: file → names. */
const EXPORTS = {
  './snapshotter/controller-options.ts': ['CONTROLLER_FLAGS'],
  './snapshotter/sidecar-options.ts': ['SIDECAR_FLAGS'],
  './provisioner/options.ts': ['PROVISIONER_FLAGS'],
  './lib/process/flag-help.ts': ['flagsAsMarkdown'],
  './snapshotter/event-reasons.ts': ['CONTROLLER_EVENTS', 'SIDECAR_EVENTS'],
  './provisioner/event-reasons.ts': ['PROVISIONER_EVENTS'],
  './lib/controller/leader-election.ts': ['ELECTION_EVENTS'],
  './lib/process/metrics.ts': ['addProcessFamilies'],
  './lib/process/metric-families.ts': ['createCsiMetrics', 'createElectionMetrics', 'createQueueMetrics'],
  './snapshotter/snapshot-timer.ts': ['createSnapshotTimers'],
  './snapshotter/sidecar-metrics.ts': ['createSidecarMetrics'],
  './provisioner/metrics.ts': ['createProvisionMetrics'],
  './provisioner/capacity/metrics.ts': ['createCapacityMetrics'],
};

async function loadTables() {
  const contents = Object.entries(EXPORTS)
    .map(([file, names]) => `export { ${names.join(', ')} } from '${file}';`)
    .join('\n');
  const folder = mkdtempSync(join(tmpdir(), 'csi-reference-'));
  try {
    const outfile = join(folder, 'tables.mjs');
    const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
    const stdin = { contents, resolveDir: root };
    await build({ stdin, bundle: true, format: 'esm', platform: 'node', outfile, banner, logLevel: 'error' });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const tables = await loadTables();
const documents = { 'docs/flags.md': flagsDocument, 'docs/events.md': eventsDocument, 'docs/metrics.md': metricsDocument };
for (const [name, make] of Object.entries(documents)) {
  const target = join(root, name);
  const text = make(tables);
  if (existsSync(target) && readFileSync(target, 'utf8') === text) continue;
  if (process.argv.includes('--check')) {
    console.error(`stale: ${name}; run npm run generate`);
    process.exitCode = 1;
  } else {
    writeFileSync(target, text);
    console.log(`wrote ${name}`);
  }
}
