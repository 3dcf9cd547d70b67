/** What can be completed, as plain words: the same table that gives `--help`, cut to what a shell needs. */
import type { Flag } from '../../lib/process/flag.ts';

/** A flag as it is typed, and what may stand behind its `=`. */
export interface FlagWord {
  readonly word: string;
  readonly about: string;
  /** Empty: anything. */
  readonly choices: readonly string[];
  readonly takesValue: boolean;
}

export interface CompletionVerb {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly FlagWord[];
  /** What its one word may be; empty where that is not known. */
  readonly operands: readonly string[];
}

export interface CompletionWords {
  readonly verbs: readonly CompletionVerb[];
  /** Of the program without a verb. */
  readonly flags: readonly FlagWord[];
}

export function flagWord(flag: Flag): FlagWord {
  return {
    word: `--${flag.name}`,
    about: firstSentence(flag.help),
    choices: flag.choices ?? [],
    takesValue: flag.type !== 'bool',
  };
}

function firstSentence(text: string): string {
  return text.split('. ')[0]?.replace(/\.$/, '') ?? '';
}
