/**
 * Who may import whom, and what only adapters may touch, as tables; the check itself is a pure function
 * over file texts, so that a test can plant a forbidden line. Source: design of the tree (ARCHITECTURE.md).
 */
import { dirname, join, normalize } from 'node:path/posix';

/** Path (from the root of the repository) → text. */
export type Sources = ReadonlyMap<string, string>;

interface Rule {
  /** A folder with a slash at its end, a file, or a pattern of paths. The first rule that fits a file is its rule. */
  readonly of: string | RegExp;
  readonly mayImport: readonly (string | RegExp)[];
}

/** Plain values of lib: functions of their arguments, no client, clock or log. Checked by purity-rules.ts wherever a decide reaches them. */
export const PURE_LIB: readonly (string | RegExp)[] = [
  /^lib\/kube\/(?:objects|resources|quantity|names|selectors|time|json)\.ts$/,
  /^lib\/csi\/(?:outcome|grpc-code|capabilities|csi-error)\.ts$/,
  /^lib\/controller\/(?:step|store|event-table)\.ts$/,
  /^lib\/sidecar\/(?:secret|secret-template|finalizers|event-notes)\.ts$/,
];

/** Test material is checked by nobody: it may reach for anything. */
const TEST_MATERIAL = /\.test\.ts$|\/testing\/|\/fake-[^/]*\.ts$|\/workbench\.ts$|\/test-[^/]*\.ts$|^test\/|^tools\//;

export const RULES: readonly Rule[] = [
  { of: 'lib/doors/', mayImport: ['lib/doors/'] },
  { of: 'lib/errors/', mayImport: ['lib/errors/'] },
  { of: 'lib/kube/', mayImport: ['lib/kube/', 'lib/doors/', 'lib/errors/'] },
  { of: 'lib/controller/', mayImport: ['lib/controller/', 'lib/kube/', 'lib/doors/', 'lib/errors/'] },
  { of: 'lib/journal/', mayImport: ['lib/journal/', 'lib/controller/step.ts', 'lib/kube/', 'lib/doors/', 'lib/errors/'] },
  { of: 'lib/csi/', mayImport: ['lib/csi/', 'lib/doors/', 'lib/errors/', 'proto/gen/'] },
  { of: 'lib/sidecar/', mayImport: ['lib/sidecar/', 'lib/controller/', 'lib/csi/', 'lib/kube/', 'lib/doors/', 'lib/errors/'] },
  { of: 'lib/process/doors/', mayImport: ['lib/process/doors/', 'lib/doors/', 'lib/errors/'] },
  { of: 'lib/process/', mayImport: ['lib/'] },
  // What decides sees values only: a test can then enumerate every step without a world.
  {
    of: /^snapshotter\/.*\/decide\.ts$/,
    mayImport: [/^snapshotter\/(?!.*\/(?:execute|gather|controller)\.ts$)/, ...PURE_LIB, 'proto/gen/'],
  },
  {
    of: /^provisioner\/.*\/decide\.ts$/,
    mayImport: [/^provisioner\/(?!.*\/(?:execute|gather|controller)\.ts$)/, ...PURE_LIB, 'proto/gen/'],
  },
  {
    of: /^(?:snapshotter|provisioner)\/.*\/state\.ts$/,
    mayImport: [
      /^(?:snapshotter|provisioner)\/(?!.*\/(?:decide|execute|gather|controller)\.ts$)/, // The type of a patch; what is done with it is execute's.
      'lib/kube/client.ts',
      ...PURE_LIB,
      'proto/gen/',
    ],
  },
  {
    of: /^snapshotter\/.*\/(?:gather|execute)\.ts$/,
    mayImport: [/^snapshotter\/(?!.*\/(?:decide|controller)\.ts$)/, 'lib/', 'proto/gen/'],
  },
  {
    of: /^provisioner\/.*\/(?:gather|execute)\.ts$/,
    mayImport: [/^provisioner\/(?!.*\/(?:decide|controller)\.ts$)/, 'lib/', 'proto/gen/'],
  },
  { of: 'snapshotter/', mayImport: ['snapshotter/', 'lib/', 'proto/gen/'] },
  { of: 'provisioner/', mayImport: ['provisioner/', 'lib/', 'proto/gen/'] },
  // Loads csi.proto at run time, while the sidecars use generated code: the two sides check each other.
  { of: 'mock-driver/', mayImport: ['mock-driver/', 'lib/doors/'] },
  { of: 'sandbox/node/', mayImport: ['sandbox/node/', 'lib/kube/', 'lib/csi/', 'lib/controller/', 'lib/doors/', 'proto/gen/'] },
  { of: /^sandbox\/(?:main|serve|options)\.ts$/, mayImport: ['sandbox/', 'lib/doors/', 'lib/errors/', 'lib/process/', 'lib/kube/'] },
  // A fake that shares code with what it judges proves nothing.
  { of: 'sandbox/', mayImport: [/^sandbox\/(?!node\/)/, 'lib/kube/objects.ts', 'lib/kube/resources.ts', 'lib/doors/'] },
  // A trial of a driver brings its own control plane.
  { of: 'csi-sidecars/try/', mayImport: ['csi-sidecars/', 'snapshotter/', 'provisioner/', 'sandbox/', 'lib/', 'proto/gen/'] },
  { of: 'csi-sidecars/', mayImport: ['csi-sidecars/', 'snapshotter/', 'provisioner/', 'lib/', 'proto/gen/'] },
  { of: 'demo/', mayImport: ['demo/', 'csi-sidecars/', 'sandbox/', 'mock-driver/', 'lib/', 'harness/'] },
  // Servers and processes for tests, verifications and the demo.
  { of: 'harness/', mayImport: ['harness/', 'images/', 'lib/kube/objects.ts', 'lib/kube/resources.ts'] },
  { of: 'images/', mayImport: ['images/', 'harness/repository.ts', 'tools/sbom.mjs'] },
  { of: 'deploy/', mayImport: ['deploy/'] },
  { of: 'proto/', mayImport: ['proto/'] },
];

/** Packages that have one place: everything else reaches them through it. */
export const PACKAGES: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  '@grpc/grpc-js': ['lib/process/doors/rpc.ts', 'csi-sidecars/node-driver-registrar/', 'mock-driver/', 'harness/csi-node.ts'],
  '@grpc/proto-loader': ['mock-driver/', 'harness/csi-node.ts'],
  '@kubernetes/client-node': [/^lib\/kube\/kubeconfig[^/]*\.ts$/],
  '@marcbachmann/cel-js': ['sandbox/apiserver/'],
  pino: ['lib/process/logger.ts'],
  'prom-client': ['lib/process/metrics.ts'],
  undici: ['lib/process/doors/'],
};

/** Files that stand between the doors and the operating system, and programs' mains. */
const ADAPTERS: readonly (string | RegExp)[] = [
  'lib/process/doors/',
  'lib/process/main.ts',
  /(?:^|\/)main\.ts$/,
  'mock-driver/system/',
  'mock-driver/codec.ts',
  /^mock-driver\/store\/disk[^/]*\.ts$/,
  'sandbox/serve.ts',
  'sandbox/node/',
  'csi-sidecars/',
  'demo/',
  'harness/',
  'images/',
];

interface Ban {
  readonly what: RegExp;
  readonly instead: string;
  readonly except?: readonly string[];
}

/** What a lint rule cannot say; the rest of the banned names is in .oxlintrc.json. */
const BANS: readonly Ban[] = [
  { what: /\bnew Date\(\s*\)/, instead: 'new Date() reads a clock: ask the Clock door' },
  // The library costs memory that a Pod with a service account need not pay; a simulated program has no kubeconfig file.
  { what: /\bimport\(/, instead: 'import() loads at a moment that chance decides: import at the top', except: ['lib/kube/kubeconfig.ts'] },
  { what: /\bWeakRef\b|\bFinalizationRegistry\b/, instead: 'the garbage collector is no part of one seed, one run' },
  { what: /\bIntl\.|\.localeCompare\(|\.toLocale\w*\(/, instead: 'the order and the words of a locale differ between machines' },
];

/** The ground knows no role: what it needs to know of one it is handed. Looked for in code with its strings, without comments. */
const STRANGERS: readonly { readonly of: RegExp; readonly what: RegExp; readonly instead: string }[] = [
  {
    of: /^lib\/(?:process|kube|controller|csi|sidecar)\//,
    what: /['"`](?:snapshot-controller|csi-snapshotter|csi-provisioner)['"`]/,
    instead: 'lib knows no role by name: the role definition says it',
  },
  {
    of: /^lib\/process\//,
    what: /\bvalues\.(?:get|has|isSet)\(\s*['"`]/,
    instead: "lib/process reads no role's flag by name: the role definition hands it over (FrameOptions)",
  },
  { of: /^lib\/kube\/json/, what: /snapshot/i, instead: 'JSON knows no kind: resources.ts says which fields are int64' },
];

const matches = (path: string, pattern: string | RegExp): boolean =>
  typeof pattern === 'string' ? path === pattern || (pattern.endsWith('/') && path.startsWith(pattern)) : pattern.test(path);
export const anyMatches = (path: string, patterns: readonly (string | RegExp)[]): boolean =>
  patterns.some((pattern) => matches(path, pattern));

/** One sentence a violation, `file:line: …`; empty when all is well. */
export function findViolations(sources: Sources): string[] {
  const controllers = new Set([...sources.keys()].filter((path) => CONTROLLER.test(path)).map((path) => dirname(path)));
  return [...sources].flatMap(([path, text]) =>
    TEST_MATERIAL.test(path)
      ? []
      : [
          ...importViolations(path, text),
          ...siblingViolations(path, text, controllers),
          ...strangerViolations(path, text),
          ...banViolations(path, text),
        ],
  );
}

const CONTROLLER = /^(?:snapshotter|provisioner)\/[^/]+\/controller\.ts$/;

/** Controllers of a sidecar meet in caches and in what stands above their folders; none knows the inside of another. */
function siblingViolations(path: string, text: string, controllers: ReadonlySet<string>): string[] {
  const own = dirname(path);
  if (!controllers.has(own)) return [];
  return importsOf(text).flatMap(({ specifier, line }) => {
    const target = normalize(join(own, specifier));
    const other = dirname(target);
    return specifier.startsWith('.') && other !== own && controllers.has(other)
      ? [`${path}:${line}: imports ${target}, the folder of another controller`]
      : [];
  });
}

function importViolations(path: string, text: string): string[] {
  const rule = RULES.find((each) => matches(path, each.of));
  if (rule === undefined) return [`${path}:1: no rule says what files here may import: add the folder to the table`];
  return importsOf(text).flatMap(({ specifier, line }) => {
    if (!specifier.startsWith('.')) return packageViolations({ path, specifier, line });
    const target = normalize(join(dirname(path), specifier));
    return anyMatches(target, rule.mayImport) ? [] : [`${path}:${line}: imports ${target}, which ${describe(rule.of)} may not`];
  });
}

function packageViolations({ path, specifier, line }: { path: string; specifier: string; line: number }): string[] {
  const places = Object.entries(PACKAGES).find(([name]) => specifier === name || specifier.startsWith(`${name}/`))?.[1];
  return places === undefined || anyMatches(path, places)
    ? []
    : [`${path}:${line}: imports ${specifier}, which only ${places.map(describe).join(', ')} may`];
}

function describe(pattern: string | RegExp): string {
  return typeof pattern === 'string' ? pattern : String(pattern);
}

interface ImportLine {
  readonly specifier: string;
  readonly line: number;
}

const IMPORT = /(?:^|\n)[ \t]*(?:import|export)\b(?:[^'"();]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;

export function importsOf(text: string): ImportLine[] {
  return [...withoutComments(text).matchAll(IMPORT)].map((match) => {
    const end = match.index + match[0].length;
    return { specifier: match[1] ?? match[2] ?? '', line: text.slice(0, end).split('\n').length };
  });
}

function strangerViolations(path: string, text: string): string[] {
  const rules = STRANGERS.filter(({ of }) => of.test(path));
  const lines = rules.length === 0 ? [] : withoutComments(text).split('\n');
  return lines.flatMap((line, index) =>
    rules.filter(({ what }) => what.test(line)).map(({ instead }) => `${path}:${index + 1}: ${instead}`),
  );
}

function banViolations(path: string, text: string): string[] {
  if (anyMatches(path, ADAPTERS)) return [];
  const lines = withoutStrings(withoutComments(text)).split('\n');
  return lines.flatMap((line, index) =>
    BANS.filter(({ what, except }) => what.test(line) && except?.includes(path) !== true).map(
      ({ instead }) => `${path}:${index + 1}: ${instead}`,
    ),
  );
}

/** Blanks, so that lines keep their numbers and columns. */
function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

export function withoutComments(text: string): string {
  return text.replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (part) =>
    part.startsWith('/') ? blank(part) : part,
  );
}

export function withoutStrings(text: string): string {
  return text.replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, blank);
}
