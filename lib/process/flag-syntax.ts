/**
 * Words of a command line → (flag, text) pairs, by the rules of the two Go packages the peers use.
 *
 * `go` (package flag; snapshot-controller, csi-snapshotter): one or two dashes, `-x=v` or `-x v`; a bool
 * takes no separate word; the first word that is no flag ends the parsing.
 * `pflag` (csi-provisioner, csi-sidecars): two dashes for names, one for one-letter flags (`-v=5`, `-v 5`,
 * `-v5`); words that are no flags are skipped over.
 * Both end at `--`, and both know `-h`, `-help` or `--help` without declaring them.
 */
import type { Flag } from './flag.ts';
import { nearest } from './nearest.ts';

export type Syntax = 'go' | 'pflag';

export interface Given {
  readonly name: string;
  readonly text: string;
}

export interface Scanned {
  readonly given: readonly Given[];
  /** What help was asked for: the text of `--help=TEXT`, empty for plain `--help`. Undefined: none. */
  readonly help: string | undefined;
  /** One sentence each: unknown flags, missing values. */
  readonly faults: readonly string[];
  /** Words that are no flags. The Go programs drop them without a word; callers warn. */
  readonly rest: readonly string[];
}

type Declared = Pick<Flag, 'name' | 'type' | 'letter'>;

export function scanFlags(words: readonly string[], syntax: Syntax, flags: readonly Declared[]): Scanned {
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const byLetter = new Map(
    syntax === 'go' ? [] : flags.flatMap((flag) => (flag.letter === undefined ? [] : [[flag.letter, flag] as const])),
  );
  const given: Given[] = [];
  const faults: string[] = [];
  const rest: string[] = [];
  let help: string | undefined;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') {
      rest.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      if (syntax === 'go') {
        rest.push(...words.slice(at));
        break;
      }
      rest.push(word);
      continue;
    }
    const split = syntax === 'go' ? splitGo(word) : splitPflag(word);
    if (split === undefined) {
      faults.push(`${word} is no flag: write --NAME or --NAME=VALUE`);
      continue;
    }
    const flag = byName.get(split.name) ?? (word.startsWith('--') ? undefined : byLetter.get(split.name));
    if (flag === undefined) {
      if (split.name === 'help' || split.name === 'h') help = split.text ?? '';
      else faults.push(unknown(word, split.name, byName));
      continue;
    }
    if (split.text !== undefined) given.push({ name: flag.name, text: split.text });
    else if (flag.type === 'bool') given.push({ name: flag.name, text: 'true' });
    else if (at + 1 < words.length) {
      at += 1;
      given.push({ name: flag.name, text: words[at] ?? '' });
    } else faults.push(`--${flag.name} needs a value: write --${flag.name}=VALUE`);
  }
  return { given, help, faults, rest };
}

/** What becomes of words that are no flags, for the log: Go's `flag` stops at the first one, pflag steps over it. */
export function strayWords(syntax: Syntax): string {
  return syntax === 'go' ? 'Words that are no flags are ignored, and so is all behind the first' : 'Words that are no flags are ignored';
}

interface Split {
  readonly name: string;
  /** Undefined: no `=`. */
  readonly text: string | undefined;
}

function splitAtEquals(body: string): Split | undefined {
  const at = body.indexOf('=');
  if (body === '' || body.startsWith('-') || at === 0) return undefined;
  return at === -1 ? { name: body, text: undefined } : { name: body.slice(0, at), text: body.slice(at + 1) };
}

function splitGo(word: string): Split | undefined {
  return splitAtEquals(word.slice(word.startsWith('--') ? 2 : 1));
}

/** One dash introduces a one-letter flag; what follows the letter is its value: `-v=5` and `-v5` alike. */
function splitPflag(word: string): Split | undefined {
  if (word.startsWith('--')) return splitAtEquals(word.slice(2));
  const letter = word.slice(1, 2);
  const tail = word.slice(2);
  if (letter === '=') return undefined;
  // `-timeout=30s` is legal in the other programs: report the word whole, not as its first letter.
  if (tail !== '' && !/^[=0-9]/.test(tail)) return { name: word, text: undefined };
  return { name: letter, text: tail === '' ? undefined : tail.replace(/^=/, '') };
}

function unknown(word: string, name: string, known: ReadonlyMap<string, Declared>): string {
  const plain = name.replace(/^-+/, '').replace(/=.*$/, '');
  if (known.has(plain)) return `${word} is no flag in this program's syntax: write --${plain}`;
  const near = nearest(plain, known.keys());
  const hint = near === undefined ? '' : `did you mean --${near}? `;
  return `unknown flag --${plain}: ${hint}--help lists the flags`;
}
