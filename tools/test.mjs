// Runs the test layers one after the other, the least powerful first, and prints a line for each with
// counts and seconds; failing tests are named with their messages. The last line is
// `N passed, N failed, N skipped`, the exit code 1 when anything failed.
//
// `--layer=a,b` picks layers; further words pick files, in the layers that have them; `-t NAME` picks tests in
// these. A layer without a single test is a failure: what matches nothing must not look green.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readArguments, USAGE } from './test-arguments.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const GO_NEEDED = [1, 26];

function testFiles() {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['node_modules', 'dist', '.git'].includes(entry.name))
    .flatMap(({ name }) => readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).map((file) => `${name}/${file}`))
    .filter((file) => /\.test\.(?:ts|mjs)$/.test(file));
}

/** Why the real layer cannot run here, or undefined. It builds a control plane from Go modules. */
function goMissing() {
  let text;
  try {
    text = execFileSync('go', ['version'], { encoding: 'utf8', cwd: tmpdir() });
  } catch {
    return 'no `go` on the PATH';
  }
  const match = /go(\d+)\.(\d+)/.exec(text);
  const [major, minor] = [Number(match?.[1]), Number(match?.[2])];
  const enough = major > GO_NEEDED[0] || (major === GO_NEEDED[0] && minor >= GO_NEEDED[1]);
  return enough ? undefined : `${text.trim()} is too old`;
}

/** vitest's exit code, signal or spawn failure is reported by the caller only where its report says nothing. */
function runVitest(layer, { files, name, unasked }, reportFile) {
  // Figures that a test of real processes prints (memory, call counts) belong in the log as they come.
  const output = ['component', 'real', 'node'].includes(layer) ? ['--disable-console-intercept'] : ['--silent=true'];
  const reporters = ['--reporter=json', `--outputFile.json=${reportFile}`, `--reporter=${join(root, 'tools/unhandled-reporter.mjs')}`];
  const named = name === undefined ? [] : [`--testNamePattern=${name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`];
  const words = ['run', ...files, ...named, '--project', layer, ...reporters, ...output];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...words], {
      cwd: root,
      env: { ...process.env, ...(unasked.includes(layer) ? { ONLY_WHERE_READY: 'true' } : {}) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('JSON report written to ')) console.log(line);
    });
    child.on('error', (error) => resolve({ code: 1, why: error.message }));
    child.on('close', (code, signal) => resolve({ code: code ?? 1, why: signal === null ? `exit code ${code}` : `signal ${signal}` }));
  });
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Counts, and every failure as one text. A file that does not even load is one failure. With `-t` vitest reports
 * the tests that were not asked for as skipped: they are not counted.
 */
function judge(report, ended, asked) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const fail = (text) => {
    counts.failed += 1;
    counts.failures.push(text);
  };
  for (const file of report?.testResults ?? []) {
    const name = relative(root, file.name);
    for (const test of file.assertionResults) {
      if (test.status === 'passed') counts.passed += 1;
      else if (test.status === 'failed') fail(`${name} > ${test.fullName}\n${(test.failureMessages ?? []).join('\n')}`);
      else if (asked === undefined) counts.skipped += 1;
    }
    if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) fail(`${name}\n${file.message}`);
  }
  // An unhandled rejection, or a crash of the runner, fails the run without failing a test.
  if (report === undefined) fail(`no report: vitest ended with ${ended.why}`);
  else if (counts.failed === 0 && counts.passed + counts.skipped > 0 && ended.code !== 0)
    fail(`vitest ended with ${ended.why}, see its output above`);
  if (counts.passed + counts.failed + counts.skipped === 0)
    fail(asked === undefined ? '0 tests' : `no test has ${JSON.stringify(asked)} in its name`);
  return counts;
}

const total = { passed: 0, failed: 0, skipped: 0 };
/** Indented, and without the frames of the test runner. */
const indent = (text) =>
  text
    .split('\n')
    .filter((line) => !/^\s+at .*node_modules/.test(line))
    .map((line) => `    ${line}`)
    .join('\n');

async function runLayer(layer, plan) {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'csi-test-'));
  try {
    const reportFile = join(folder, 'report.json');
    const ended = await runVitest(layer, plan, reportFile);
    const counts = judge(readReport(reportFile), ended, plan.name);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    for (const failure of counts.failures) console.log(`  failed: ${indent(failure).trimStart()}`);
    const tests = counts.failures.includes('0 tests') ? ' (0 tests: an empty layer is a failure)' : '';
    console.log(`${layer}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped, ${seconds} s${tests}`);
    for (const key of Object.keys(total)) total[key] += counts[key];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const plan = readArguments(process.argv.slice(2), testFiles());
if (plan.fault !== undefined) {
  console.error(plan.fault);
  console.error(USAGE);
  process.exit(2);
}
const built = await new Promise((resolve) => {
  spawn(process.execPath, [join(root, 'tools/build.mjs'), '--quiet'], { stdio: 'inherit' }).on('close', resolve);
});
if (built !== 0) {
  console.log('build: failed, no test was run');
  total.failed += 1;
} else {
  for (const layer of plan.layers) {
    const missing = layer === 'real' || layer === 'node' ? goMissing() : undefined;
    if (missing === undefined) await runLayer(layer, plan);
    else if (process.env.CI === 'true') {
      console.log(`${layer}: failed, Go ${GO_NEEDED.join('.')} or newer is needed: ${missing}`);
      total.failed += 1;
    } else {
      console.log(`${layer}: skipped, Go ${GO_NEEDED.join('.')} or newer is needed: ${missing}`);
      total.skipped += 1;
    }
  }
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
