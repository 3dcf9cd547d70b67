// Runs the test layers one after the other, the least powerful first, and prints a line for each with
// counts and seconds; failing tests are named with their messages. The last line is
// `N passed, N failed, N skipped`, the exit code 1 when anything failed.
//
// `--layer=a,b` picks layers, further words are file filters handed to vitest. A layer without a single
// test is a failure: a filter or a glob that matches nothing must not look green.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const LAYERS = ['pure', 'simulation', 'component', 'real'];
const GO_NEEDED = [1, 26];

function readArguments(words) {
  const layerWords = words.filter((word) => word.startsWith('--layer='));
  const unknown = words.find((word) => word.startsWith('-') && !word.startsWith('--layer='));
  const layers = layerWords.length === 0 ? LAYERS : layerWords.flatMap((word) => word.slice('--layer='.length).split(','));
  const stranger = layers.find((layer) => !LAYERS.includes(layer));
  if (unknown !== undefined || stranger !== undefined) {
    console.error(unknown !== undefined ? `unknown argument ${unknown}` : `unknown layer ${JSON.stringify(stranger)}`);
    console.error(`usage: npm test -- [--layer=${LAYERS.join(',')}] [file filter…]`);
    process.exit(2);
  }
  return { layers: LAYERS.filter((layer) => layers.includes(layer)), filters: words.filter((word) => !word.startsWith('-')) };
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
function runVitest(layer, filters, reportFile) {
  // Figures that a test of real processes prints (memory, call counts) belong in the log as they come.
  const output = layer === 'component' || layer === 'real' ? ['--disable-console-intercept'] : ['--silent=true'];
  const reporters = ['--reporter=json', `--outputFile.json=${reportFile}`, `--reporter=${join(root, 'tools/unhandled-reporter.mjs')}`];
  const words = ['run', ...filters, '--project', layer, ...reporters, ...output];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...words], {
      cwd: root,
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

/** Counts, and every failure as one text. A file that does not even load is one failure. */
function judge(report, ended) {
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
      else counts.skipped += 1;
    }
    if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) fail(`${name}\n${file.message}`);
  }
  // An unhandled rejection, or a crash of the runner, fails the run without failing a test.
  if (report === undefined) fail(`no report: vitest ended with ${ended.why}`);
  else if (counts.failed === 0 && counts.passed + counts.skipped > 0 && ended.code !== 0)
    fail(`vitest ended with ${ended.why}, see its output above`);
  if (counts.passed + counts.failed + counts.skipped === 0) fail('0 tests');
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

async function runLayer(layer, filters) {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'csi-test-'));
  try {
    const reportFile = join(folder, 'report.json');
    const ended = await runVitest(layer, filters, reportFile);
    const counts = judge(readReport(reportFile), ended);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    for (const failure of counts.failures) console.log(`  failed: ${indent(failure).trimStart()}`);
    const tests = counts.failures.includes('0 tests') ? ' (0 tests: an empty layer is a failure)' : '';
    console.log(`${layer}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped, ${seconds} s${tests}`);
    for (const key of Object.keys(total)) total[key] += counts[key];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { layers, filters } = readArguments(process.argv.slice(2));
const built = await new Promise((resolve) => {
  spawn(process.execPath, [join(root, 'tools/build.mjs'), '--quiet'], { stdio: 'inherit' }).on('close', resolve);
});
if (built !== 0) {
  console.log('build: failed, no test was run');
  total.failed += 1;
} else {
  for (const layer of layers) {
    const missing = layer === 'real' ? goMissing() : undefined;
    if (missing === undefined) await runLayer(layer, filters);
    else if (process.env.CI === 'true') {
      console.log(`real: failed, Go ${GO_NEEDED.join('.')} or newer is needed: ${missing}`);
      total.failed += 1;
    } else {
      console.log(`real: skipped, Go ${GO_NEEDED.join('.')} or newer is needed: ${missing}`);
      total.skipped += 1;
    }
  }
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
