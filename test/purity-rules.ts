/**
 * What decides is pure to its last import: from every `decide.ts` of a sidecar all value imports are followed, and
 * whatever is met on the way has to be a function of its arguments. What is allowed is listed, not what is forbidden;
 * the offender is named with the chain that leads to it. Type-only imports vanish when the code runs, so they are not
 * followed; but whoever names the type of a client works with one.
 */
import { dirname, join, normalize } from 'node:path/posix';
import { anyMatches, PURE_LIB, type Sources, withoutComments, withoutStrings } from './architecture-rules.ts';

const DECIDES = /^(?:snapshotter|provisioner)\/(?:.*\/)?decide\.ts$/;

/** Files whose values a decide may use; each is looked into. */
const PURE: readonly (string | RegExp)[] = [
  // Not those that by their name act, or tie what acts together.
  /^(?:snapshotter|provisioner)\/(?!(?:.*\/)?(?:gather|execute|controller|role|controller-role|sidecar-role|main)\.ts$)/,
  ...PURE_LIB,
];

/** Generated codecs of messages: bytes in, values out. Not looked into. */
const GENERATED = 'proto/gen/';

/** Functions of packages that only compute. */
const PURE_OF_PACKAGES: Readonly<Record<string, readonly string[]>> = { 'node:crypto': ['createHash'] };

/** Types of what acts: an argument of such a type makes a function act. */
const ACTING = new Set([
  ...['KubeClient', 'CsiClient', 'DriverConnection', 'RpcDoor', 'HttpDoor', 'Doors', 'Clock', 'Random', 'Files', 'Host'],
  ...['Logger', 'EventRecorder', 'InformerSet', 'Informer', 'LeaderElection', 'MetricsRegistry'],
]);

const MOMENT: readonly RegExp[] = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bMath\.random\b/,
  /\bperformance\./,
  /\bprocess\./,
  /\bglobalThis\b/,
  /\bconsole\./,
  /\bfetch\(/,
  /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\(/,
  /\b(?:crypto\.|randomUUID|randomBytes|getRandomValues)/,
  /\b(?:require|import)\(/,
  // A decision is made at once, from what was gathered.
  /\b(?:async|await|Promise)\b/,
];

interface ImportClause {
  readonly specifier: string;
  readonly line: number;
  /** Of values; empty for `import './x.ts'` and for a whole namespace. */
  readonly values: readonly string[];
  readonly types: readonly string[];
  /** Nothing of it is there when the code runs. */
  readonly typeOnly: boolean;
}

const CLAUSE = /(?:^|\n)[ \t]*(?:import|export)\b(?:([^'"();=]*?)\bfrom\b)?\s*['"]([^'"]+)['"]/g;

function clausesOf(text: string): ImportClause[] {
  return [...withoutComments(text).matchAll(CLAUSE)].map((match) => {
    const clause = (match[1] ?? '').trim();
    const wholeIsType = /^type\b/.test(clause);
    const inner = /\{([^}]*)\}/.exec(clause)?.[1] ?? '';
    const names = inner.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
    const isType = (name: string): boolean => wholeIsType || name.startsWith('type ');
    const bare = (name: string): string => name.replace(/^type\s+/, '').replace(/\s+as\s.*$/, '');
    const outside = clause
      .replace(/\{[^}]*\}/, '')
      .replaceAll(',', '')
      .trim();
    return {
      specifier: match[2] ?? '',
      line: text.slice(0, match.index + match[0].length).split('\n').length,
      values: names.filter((name) => !isType(name)).map(bare),
      types: names.filter(isType).map(bare),
      typeOnly: wholeIsType || (outside === '' && names.length > 0 && names.every(isType)),
    };
  });
}

/** One sentence an impurity, `decide.ts → a.ts:line: …`; empty when all is well. */
export function findImpurities(sources: Sources): string[] {
  return decidesOf(sources).flatMap((path) => walk(path, sources).found);
}

/** What the decides of the tree reach, themselves left out. */
export function filesReached(sources: Sources): string[] {
  const decides = decidesOf(sources);
  const reached = new Set(decides.flatMap((path) => walk(path, sources).reached));
  return [...reached].filter((path) => !decides.includes(path)).toSorted();
}

function decidesOf(sources: Sources): string[] {
  return [...sources.keys()].filter((path) => DECIDES.test(path));
}

function walk(decide: string, sources: Sources): { readonly found: string[]; readonly reached: string[] } {
  const chains = new Map<string, readonly string[]>([[decide, [decide]]]);
  const found: string[] = [];
  // The map grows while it is walked: breadth first, so the chain that is named is a shortest one.
  for (const [path, chain] of chains) {
    const text = sources.get(path);
    const at = (line: number): string => `${chain.join(' → ')}:${line}`;
    if (text === undefined) {
      found.push(`${chain.join(' → ')}: is not there`);
      continue;
    }
    found.push(...momentsOf(text).map(({ line, what }) => `${at(line)}: ${what} depends on more than the arguments`));
    for (const { specifier, line, values, types, typeOnly } of clausesOf(text)) {
      for (const name of [...values, ...types].filter((each) => ACTING.has(each))) found.push(`${at(line)}: works with a ${name}`);
      if (typeOnly) continue;
      if (!specifier.startsWith('.')) {
        const pure = PURE_OF_PACKAGES[specifier];
        if (pure === undefined || values.length === 0 || values.some((value) => !pure.includes(value)))
          found.push(`${at(line)}: imports ${values.join(', ')} of ${specifier}, which is not known to be pure`);
        continue;
      }
      const target = normalize(join(dirname(path), specifier));
      if (target.startsWith(GENERATED) || chains.has(target)) continue;
      if (anyMatches(target, PURE)) chains.set(target, [...chain, target]);
      else found.push(`${at(line)}: imports ${target}, which is not among the pure files`);
    }
  }
  return { found, reached: [...chains.keys()] };
}

function momentsOf(text: string): { readonly line: number; readonly what: string }[] {
  const lines = withoutStrings(withoutComments(text)).split('\n');
  return lines.flatMap((line, index) =>
    MOMENT.flatMap((moment) => {
      const what = moment.exec(line)?.[0];
      return what === undefined ? [] : [{ line: index + 1, what }];
    }),
  );
}
