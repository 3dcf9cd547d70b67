/** `csi-sidecars completion bash|zsh|fish`: a script for that shell, made of the table of verbs and the flags. */
import type { Flag } from '../../lib/process/flag.ts';
import type { Verb } from '../frame/verb.ts';
import { defineVerb } from '../frame/verb.ts';
import { flagsOf } from '../frame/run-verb.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { type CompletionWords, flagWord } from './words.ts';
import { zshScript } from './zsh.ts';

const SCRIPTS = new Map<string, (words: CompletionWords) => string>([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
]);

/** Of `others` and itself; `roleFlags` is what the program takes without a verb. */
export function completionVerb(others: readonly Verb[], roleFlags: readonly Flag[]): Verb {
  const self: Verb = defineVerb({
    name: 'completion',
    about: 'prints what makes a shell complete verbs and flags',
    example: 'source <(csi-sidecars completion bash)',
    operand: { name: 'SHELL', required: true, choices: [...SCRIPTS.keys()] },
    schemaVersion: 1,
    flags: [],
    run: async ({ operand = '' }) => {
      const verbs = [...others, self].map((verb) => ({
        name: verb.name,
        about: verb.about,
        flags: flagsOf(verb).map(flagWord),
        operands: verb.operand?.choices ?? [],
      }));
      const script = SCRIPTS.get(operand)?.({ verbs, flags: roleFlags.map(flagWord) }) ?? '';
      return { found: false, json: { shell: operand, script }, lines: () => script.split('\n') };
    },
  });
  return self;
}
