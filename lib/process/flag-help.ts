/** A flag table as `--help` prints it, in the shape of the Go package the program's peer uses, and as Markdown. */
import type { Flag } from './flag.ts';
import type { Syntax } from './flag-syntax.ts';
import { formatDuration, parseDuration } from './go-duration.ts';

export interface HelpInput {
  readonly program: string;
  readonly syntax: Syntax;
  readonly flags: readonly Flag[];
}

export function formatHelp({ program, syntax, flags }: HelpInput): string {
  const sorted = [...flags].sort((a, b) => (a.name < b.name ? -1 : 1));
  return `Usage of ${program}:\n${syntax === 'go' ? goDefaults(sorted) : pflagDefaults(sorted)}`;
}

function goDefaults(flags: readonly Flag[]): string {
  return flags
    .map((flag) => {
      const type = goType(flag);
      const head = `  -${flag.name}${type === '' ? '' : ` ${type}`}`;
      return `${head}${head.length <= 4 ? '\t' : '\n    \t'}${describe(flag)}\n`;
    })
    .join('');
}

/** The list of flags alone, in columns, as pflag prints it. */
export function pflagDefaults(flags: readonly Flag[]): string {
  const heads = flags.map((flag) => {
    const type = goType(flag);
    const letter = flag.letter ?? (flag.name.length === 1 ? flag.name : undefined);
    const name = `${letter === undefined ? '     ' : `  -${letter},`} --${flag.name}`;
    return `${name}${type === '' ? '' : ` ${type}`}`;
  });
  const width = Math.max(...heads.map((head) => head.length)) + 3;
  return flags.map((flag, index) => `${(heads[index] ?? '').padEnd(width)}${describe(flag)}\n`).join('');
}

/** The word behind the name; a bool has none. */
function goType({ type }: Flag): string {
  switch (type) {
    case 'bool':
      return '';
    case 'gates':
      return 'name=bool,...';
    case 'labels':
      return 'key:value,...';
    case 'string':
    case 'int':
    case 'uint':
    case 'float':
    case 'duration':
    case 'quantity':
      return type;
    default:
      return type satisfies never;
  }
}

/** The default as Go prints it: `1m` is written and `1m0s` shown; zero values are left out. */
export function shownDefault(flag: Flag): string {
  return flag.type === 'duration' ? formatDuration(parseDuration(flag.default) ?? 0) : flag.default;
}

function describe(flag: Flag): string {
  const shown = shownDefault(flag);
  const zero = ['', '0', '0s', 'false'].includes(shown);
  const parts = [flag.help];
  for (const [name, gate] of Object.entries(flag.gates ?? {})) parts.push(`${name}=true|false (${gate.stage}, default=${gate.default}).`);
  if (flag.ignored !== undefined) parts.push(`Accepted and ignored: ${flag.ignored}.`);
  if (flag.origin === 'ours') parts.push('Not in the Go program.');
  if (flag.origin === 'earlier') parts.push('Only earlier releases of the Go program have it.');
  if (flag.peerDefault !== undefined) parts.push(`The Go program's default is ${flag.peerDefault}.`);
  if (!zero) parts.push(`(default ${flag.type === 'string' ? JSON.stringify(shown) : shown})`);
  return parts.join(' ');
}

/** Rows of docs/flags.md. */
export function flagsAsMarkdown(flags: readonly Flag[]): string {
  const escape = (text: string): string => text.replaceAll('|', '\\|');
  const row = (flag: Flag): string => {
    const others = { ours: 'ours', earlier: 'earlier releases', peer: undefined }[flag.origin];
    const note = others ?? (flag.peerDefault === undefined ? 'as the Go program' : `Go program: \`${flag.peerDefault}\``);
    const gates = Object.entries(flag.gates ?? {}).map(([name, gate]) => `\`${name}\` (${gate.stage}, ${gate.default})`);
    const ignored = flag.ignored === undefined ? '' : ` Accepted and ignored: ${flag.ignored}.`;
    const about = escape(`${flag.help}${gates.length === 0 ? '' : ` ${gates.join(', ')}.`}${ignored}`);
    return `| \`--${flag.name}\` | ${flag.type} | ${shownDefault(flag) === '' ? '' : `\`${shownDefault(flag)}\``} | ${about} | ${note} |`;
  };
  const sorted = [...flags].sort((a, b) => (a.name < b.name ? -1 : 1));
  return ['| flag | type | default | meaning | Go program |', '|---|---|---|---|---|', ...sorted.map(row)].join('\n');
}
