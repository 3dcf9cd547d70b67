/** What a Go program's `--help` says of its flags, in the shape of package flag (`-name`) or of pflag (`--name`). */
import { spawnSync } from 'node:child_process';
import { plainEnvironment } from '../../harness/stage.ts';

export interface HelpFlag {
  readonly name: string;
  /** One letter, without its dash. */
  readonly letter?: string;
  /** The word behind the name: a type or what the help text has in back quotes. Empty for a bool. */
  readonly word: string;
  /** As printed, without quotes; empty where nothing is printed, which means the type's zero value. */
  readonly default: string;
  /** Feature gates that the text lists. */
  readonly gates: Readonly<Record<string, HelpGate>>;
}

export interface HelpGate {
  readonly stage: string;
  readonly default: boolean;
}

export function helpOf(file: string): ReadonlyMap<string, HelpFlag> {
  // csi-provisioner calls the question for help an error and exits with 2.
  const { stderr } = spawnSync(file, ['--help'], { encoding: 'utf8', env: plainEnvironment(), timeout: 60_000 });
  return readHelp(stderr);
}

const GO_HEAD = /^ {2}-(?<name>[a-z][a-z0-9-]*)(?: (?<word>\S+))?$/;
const PFLAG_HEAD = /^ {2}(?: {4}|-(?<letter>[a-z]), )--(?<name>[a-z][a-z0-9-]*)(?: (?<word>\S+))? {2,}(?<text>.*)$/;

/** A flag begins with a line that has its name; lines that are no such beginning go on with the text of the one before. */
export function readHelp(text: string): ReadonlyMap<string, HelpFlag> {
  const found: { name: string; letter: string | undefined; word: string; lines: string[] }[] = [];
  for (const line of text.split('\n')) {
    const head = (GO_HEAD.exec(line) ?? PFLAG_HEAD.exec(line))?.groups;
    if (head === undefined) found.at(-1)?.lines.push(line.trim());
    else found.push({ name: head['name'] ?? '', letter: head['letter'], word: head['word'] ?? '', lines: [head['text'] ?? ''] });
  }
  return new Map(
    found.map(({ name, letter, word, lines }) => [
      name,
      { name, ...(letter === undefined ? {} : { letter }), word, default: defaultIn(lines.join('\n').trimEnd()), gates: gatesIn(lines) },
    ]),
  );
}

function defaultIn(text: string): string {
  const [, printed = ''] = /\(default ([^()]*)\)$/.exec(text) ?? [];
  return printed.startsWith('"') ? (JSON.parse(printed) as string) : printed;
}

function gatesIn(lines: readonly string[]): Readonly<Record<string, HelpGate>> {
  const gates: Record<string, HelpGate> = {};
  for (const line of lines) {
    const [, name, stage, value] = /^(\w+)=true\|false \((\w+) - default=(true|false)\)$/.exec(line) ?? [];
    if (name !== undefined && stage !== undefined) gates[name] = { stage, default: value === 'true' };
  }
  return gates;
}
