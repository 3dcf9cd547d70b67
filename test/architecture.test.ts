import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findViolations, importsOf, RULES, type Sources } from './architecture-rules.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const SKIPPED = new Set(['node_modules', 'dist', '.git', 'gen', 'mutants']);

function readSources(folder: string, into = new Map<string, string>()): Sources {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) readSources(path, into);
    else if (entry.isFile() && entry.name.endsWith('.ts')) into.set(relative(ROOT, path), readFileSync(path, 'utf8'));
  }
  return into;
}

const SOURCES = readSources(ROOT);

/** The tree with one more file. */
const planted = (path: string, text: string): string[] => findViolations(new Map([[path, text]]));

test('imports point only where the table allows, and only adapters touch the operating system', () => {
  const configs = /^[^/]+\.config\.ts$/;
  expect(findViolations(new Map([...SOURCES].filter(([path]) => !configs.test(path))))).toEqual([]);
});

test('every folder with sources has a row in the table', () => {
  const rows = new Set(RULES.map(({ of }) => (typeof of === 'string' ? of.split('/')[0] : undefined)));
  const folders = [...SOURCES.keys()].filter((path) => path.includes('/')).map((path) => path.split('/')[0]);
  expect([...new Set(folders)].filter((folder) => !rows.has(folder) && !['test', 'bench', 'tools'].includes(folder ?? ''))).toEqual([]);
});

test('a planted import against the direction is named with file and line', () => {
  const forbidden: Readonly<Record<string, string>> = {
    'snapshotter/content/x.ts': '../../provisioner/names.ts',
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
