// Everything that can be said about the tree without running it: a line per step with its seconds, the
// findings below it, exit code 1 on any. `--only=a,b` picks steps. The last line is
// `N passed, N failed` (`, N skipped` may follow).
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const local = (name) => join(root, 'node_modules/.bin', name);

function sources() {
  const words = ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.ts', '*.mjs', ':(glob)*.json'];
  const files = execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim().split('\n');
  return files.filter((file) => existsSync(join(root, file)));
}

const STEPS = {
  types: [local('tsc'), '-p', '.'],
  lint: [local('oxlint'), '--type-aware', '--deny-warnings'],
  // Named one by one: Markdown is wrapped by hand here, and the formatter would pad every table.
  format: [local('biome'), 'format', '--no-errors-on-unmatched', ...sources()],
  unused: [local('knip'), '--no-progress'],
  architecture: [local('vitest'), 'run', '--project', 'pure', '--reporter=dot', 'test/architecture.test.ts'],
  generated: [process.execPath, 'tools/generate.mjs', '--check'],
};

function run([command, ...words]) {
  return new Promise((resolve) => {
    const child = spawn(command, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = { stdout: [], stderr: [] };
    child.stdout.on('data', (chunk) => chunks.stdout.push(chunk));
    child.stderr.on('data', (chunk) => chunks.stderr.push(chunk));
    const text = (name) => Buffer.concat(chunks[name]).toString();
    child.on('error', (error) => resolve({ code: 1, stdout: '', stderr: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, stdout: text('stdout'), stderr: text('stderr') }));
  });
}

/**
 * Known vulnerabilities of what ships. Advisories appear without a change of ours, so in CI they are
 * printed and not counted: the same commit must not be green one day and red the next.
 */
async function audit() {
  const { stdout } = await run(['npm', 'audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=20000']);
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    report = {};
  }
  if (report.metadata?.vulnerabilities === undefined)
    return { state: 'skipped', detail: 'the audit endpoint of the registry did not answer' };
  const found = Object.values(report.vulnerabilities ?? {}).map((v) => `${v.severity}: ${v.name} ${v.range}`);
  if (found.length === 0) return { state: 'passed' };
  return process.env.CI === 'true'
    ? { state: 'passed', detail: `${found.length} advisories, not counted in CI`, output: found.join('\n') }
    : { state: 'failed', output: found.join('\n') };
}

async function step(name) {
  if (name === 'audit') return audit();
  const { code, stdout, stderr } = await run(STEPS[name]);
  return code === 0 ? { state: 'passed' } : { state: 'failed', output: `${stdout}${stderr}`.trim() };
}

const all = [...Object.keys(STEPS), 'audit'];
const words = process.argv.slice(2);
const chosen = words.flatMap((word) => (word.startsWith('--only=') ? word.slice('--only='.length).split(',') : []));
if (words.some((word) => !word.startsWith('--only=')) || chosen.some((name) => !all.includes(name))) {
  console.error(`usage: npm run check -- [--only=${all.join(',')}]`);
  process.exit(2);
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const name of chosen.length === 0 ? all : chosen) {
  const started = performance.now();
  const { state, detail, output } = await step(name);
  total[state] += 1;
  console.log(`${name}: ${state}, ${((performance.now() - started) / 1000).toFixed(1)} s${detail === undefined ? '' : ` (${detail})`}`);
  if (output !== undefined) console.log(output.replaceAll(/^/gm, '    '));
}
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 ? 1 : 0;
