import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findViolations, importsOf, RULES, type Sources } from './architecture-rules.ts';
import { findCircles } from './circle-rules.ts';
import { findBadCitations } from './citation-rules.ts';
import { filesReached, findImpurities } from './purity-rules.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const SKIPPED = new Set(['node_modules', 'dist', '.git', 'gen', 'mutants']);

function readSources(folder: string, ending = '.ts', into = new Map<string, string>()): Sources {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) readSources(path, ending, into);
    else if (entry.isFile() && entry.name.endsWith(ending)) into.set(relative(ROOT, path), readFileSync(path, 'utf8'));
  }
  return into;
}

const SOURCES = readSources(ROOT);
const DOCUMENTS = readSources(join(ROOT, 'docs'), '.md');

/** The tree with one more file. */
const planted = (path: string, text: string): string[] => findViolations(new Map([[path, text]]));

test('imports point only where the table allows, and only adapters touch the operating system', () => {
  const configs = /^[^/]+\.config\.ts$/;
  expect(findViolations(new Map([...SOURCES].filter(([path]) => !configs.test(path))))).toEqual([]);
});

test('every folder with sources has a row in the table', () => {
  const rows = new Set(RULES.map(({ of }) => (typeof of === 'string' ? of.split('/')[0] : undefined)));
  const folders = [...SOURCES.keys()].filter((path) => path.includes('/')).map((path) => path.split('/')[0]);
  expect([...new Set(folders)].filter((folder) => !rows.has(folder) && !['test', 'tools'].includes(folder ?? ''))).toEqual([]);
});

test('a planted import against the direction is named with file and line', () => {
  const forbidden: Readonly<Record<string, string>> = {
    'snapshotter/content/x.ts': '../../provisioner/facts/names.ts',
    'provisioner/claim/x.ts': '../../snapshotter/names.ts',
    'snapshotter/content/decide.ts': '../../lib/kube/client.ts',
    'provisioner/claim/decide.ts': './gather.ts',
    'provisioner/claim/execute.ts': './decide.ts',
    'lib/kube/x.ts': '../controller/queue.ts',
    'lib/controller/x.ts': '../process/logger.ts',
    'lib/csi/x.ts': '../kube/client.ts',
    'mock-driver/x.ts': '../proto/gen/csi.ts',
    'sandbox/apiserver/x.ts': '../../lib/kube/json.ts',
    'sandbox/binder/x.ts': '../node/node.ts',
    'lib/process/x.ts': '../../snapshotter/names.ts',
  };
  for (const [path, specifier] of Object.entries(forbidden)) {
    const found = planted(path, `// purpose\nimport type { A } from '${specifier}';\n`);
    expect(found, path).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${path}:2: imports `));
  }
});

test('a controller that imports from the folder of another one is named; what stands above both, and roles, may', () => {
  const line = (target: string): string => `import { a } from '${target}';`;
  const found = findViolations(
    new Map([
      ['provisioner/claim/controller.ts', ''],
      ['provisioner/volume/controller.ts', ''],
      ['provisioner/volume/gather.ts', `${line('./state.ts')}\n${line('../claim/state.ts')}\n${line('../intent/operation.ts')}`],
      ['provisioner/facts/names.ts', ''],
      ['provisioner/role.ts', line('./claim/controller.ts')],
    ]),
  );
  expect(found).toEqual(['provisioner/volume/gather.ts:2: imports provisioner/claim/state.ts, the folder of another controller']);
});

test('lib knows no role and no flag of a role by name, and its JSON no kind; comments may tell of them', () => {
  expect(planted('lib/process/x.ts', "\nconst own = plan.name === 'csi-provisioner';")).toEqual([
    expect.stringMatching(/^lib\/process\/x\.ts:2: lib knows no role/),
  ]);
  expect(planted('lib/process/x.ts', "const limit = role.values.get('timeout');")).toEqual([expect.stringContaining('reads no')]);
  expect(planted('lib/kube/json.ts', "if (kind === 'VolumeSnapshotContent') widen();")).toEqual([expect.stringContaining('knows no kind')]);
  expect(planted('lib/process/x.ts', "// As 'csi-provisioner' with values.get('timeout').")).toEqual([]);
  expect(planted('provisioner/x.ts', "const name = 'csi-provisioner';")).toEqual([]);
});

test('imports of every form are seen, comments and strings are not', () => {
  const text = [
    "import { a } from './a.ts';",
    "import './b.ts';",
    "export { c } from './c.ts';",
    'import {',
    '  d,',
    "} from './d.ts';",
    "const e = await import('./e.ts');",
    "// import { f } from './f.ts';",
    'const g = "import { g } from \'./g.ts\'";',
    "/* import './h.ts'; */",
    "import type I from './i.ts';",
  ].join('\n');
  expect(importsOf(text)).toEqual([
    { specifier: './a.ts', line: 1 },
    { specifier: './b.ts', line: 2 },
    { specifier: './c.ts', line: 3 },
    { specifier: './d.ts', line: 6 },
    { specifier: './e.ts', line: 7 },
    { specifier: './i.ts', line: 11 },
  ]);
});

test('packages that have one place are refused elsewhere', () => {
  expect(planted('snapshotter/x.ts', "import { Client } from '@grpc/grpc-js';")).toEqual([
    expect.stringMatching(/^snapshotter\/x\.ts:1: imports @grpc/),
  ]);
  expect(planted('lib/kube/client.ts', "import { CoreV1Api } from '@kubernetes/client-node/dist/api.js';")).toHaveLength(1);
  expect(planted('lib/process/doors/rpc.ts', "import { Client } from '@grpc/grpc-js';")).toEqual([]);
});

test('what depends on the moment or the machine is refused outside adapters', () => {
  for (const text of [
    'const now = new Date();',
    'const m = await import(name);',
    'a.localeCompare(b);',
    'new Intl.NumberFormat();',
    'new WeakRef(a);',
  ]) {
    expect(planted('snapshotter/x.ts', `\n${text}`), text).toEqual([expect.stringMatching(/^snapshotter\/x\.ts:2: /)]);
  }
  expect(planted('snapshotter/x.ts', "// new Date()\nconst a = 'new Date()';\nnew Date(ms).toISOString();")).toEqual([]);
  expect(planted('demo/x.ts', 'const now = new Date();')).toEqual([]);
});

test('a folder without a rule is a violation', () => {
  expect(planted('elsewhere/x.ts', '')).toEqual([expect.stringContaining('no rule')]);
});

test('no files import each other in a circle, types included', () => {
  expect(findCircles(SOURCES)).toEqual([]);
});

test('a planted circle is named with the way around, whether it is made of values or of types', () => {
  const files = {
    'lib/kube/a.ts': "import { b } from './b.ts';\nimport { d } from './d.ts';",
    'lib/kube/b.ts': "import type { C } from '../csi/c.ts';",
    'lib/csi/c.ts': "export type { A } from '../kube/a.ts';",
    'lib/kube/d.ts': "import { b } from './b.ts';",
    'lib/kube/e.ts': "import { a } from './a.ts';\n// import { e } from './e.ts';",
  };
  expect(findCircles(new Map(Object.entries(files)))).toEqual(['lib/kube/a.ts → lib/kube/b.ts → lib/csi/c.ts → lib/kube/a.ts']);
  expect(findCircles(new Map([['lib/kube/own.ts', "import { own } from './own.ts';"]]))).toEqual(['lib/kube/own.ts → lib/kube/own.ts']);
});

test('what decides is pure to its last import', () => {
  expect([...SOURCES.keys()].filter((path) => /^(?:snapshotter|provisioner)\/.*\/decide\.ts$/.test(path)).length).toBeGreaterThan(6);
  expect(findImpurities(SOURCES)).toEqual([]);
});

const REACHED = filesReached(SOURCES);

/** The tree with a line on top of one of its files. */
const withLine = (path: string, line: string): Sources =>
  new Map([...SOURCES].map(([each, text]) => [each, each === path ? `${line}\n${text}` : text]));

const importOf = (what: string, target: string) => (from: string) => {
  const way = relative(dirname(from), target);
  return `${what} '${way.startsWith('.') ? way : `./${way}`}';`;
};

const IMPURITIES: readonly [title: string, line: (path: string) => string, offence: string][] = [
  ['the API client', importOf('import { createKubeClient } from', 'lib/kube/kube-client.ts'), 'imports lib/kube/kube-client.ts'],
  ['the CSI client', importOf('import { createCsiClient } from', 'lib/csi/client.ts'), 'imports lib/csi/client.ts'],
  ['a logger', importOf('import { createLogger } from', 'lib/process/logger.ts'), 'imports lib/process/logger.ts'],
  ['a clock', () => 'const started = Date.now();', 'Date.now depends on'],
  ['files', () => "import { readFileSync } from 'node:fs';", 'readFileSync of node:fs'],
  ['chance', () => 'const salt = Math.random();', 'Math.random depends on'],
  ['a log that is handed over', importOf('import type { Logger } from', 'lib/doors/log.ts'), 'works with a Logger'],
  ['what gathers', importOf('import { gather } from', 'snapshotter/binding/gather.ts'), 'imports snapshotter/binding/gather.ts'],
  ['more of a package than is pure', () => "import { createHash, generateKeySync } from 'node:crypto';", 'node:crypto'],
  ['waiting', () => 'export const later = async () => undefined;', 'async depends on'],
  ['an import for its effects alone', importOf('import', 'lib/process/doors/clock.ts'), 'imports lib/process/doors/clock.ts'],
  ['a namespace of values', importOf('import * as host from', 'lib/process/doors/host.ts'), 'imports lib/process/doors/host.ts'],
  ['an export of what another has', importOf('export { openHttp } from', 'lib/process/doors/http.ts'), 'imports lib/process/doors/http.ts'],
];

// Each in a file of its own, spread over all that decides reach.
test.each(
  IMPURITIES.map((impurity, index) => [...impurity, REACHED[Math.floor((index * REACHED.length) / IMPURITIES.length)] ?? ''] as const),
)('%s, planted where a decide reaches it, is named with the way that leads there', (_title, line, offence, path) => {
  const found = findImpurities(withLine(path, line(path)));
  expect(found).not.toEqual([]);
  for (const each of found) {
    expect(each).toMatch(/^(?:snapshotter|provisioner)\/(?:[^ ]*\/)?decide\.ts → /);
    expect(each).toContain(`${path}:1: `);
    expect(each).toContain(offence);
  }
});

test('types are not followed, inline ones neither, and words in strings and comments are no deeds', () => {
  const path = REACHED[0] ?? '';
  const lines = [
    importOf('import type { ProgramInput } from', 'lib/process/program-input.ts')(path),
    importOf('import { type RoleInput } from', 'lib/process/role-definition.ts')(path),
    '// Date.now() would be wrong here',
    "const said = 'await Math.random()';",
  ];
  expect(findImpurities(withLine(path, lines.join('\n')))).toEqual([]);
});

test('comments and documents cite only what the repository holds', () => {
  const own = new Map([...SOURCES].filter(([path]) => path !== 'test/architecture.test.ts'));
  expect(findBadCitations(new Map([...own, ...readSources(ROOT, '.md')]), DOCUMENTS)).toEqual([]);
});

test('a planted citation is named with file and line', () => {
  const cited = (line: string): string[] =>
    findBadCitations(new Map([['lib/x.ts', `//\n// ${line}`]]), new Map([['docs/a.md', '# One, two']]));
  expect(cited('see docs/a.md, and docs/a.md#one-two')).toEqual([]);
  expect(cited('design \u00a73')).toEqual(['lib/x.ts:2: cites a section of a document: say it here, or link to a heading in docs/']);
  expect(cited('docs/a.md#three')).toEqual(['lib/x.ts:2: docs/a.md has no heading for #three']);
  expect(cited('docs/b.md')).toEqual(['lib/x.ts:2: docs/b.md does not exist']);
});
