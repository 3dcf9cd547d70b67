/** fish: one `complete` line a word, each with what it is for. */
import type { CompletionWords, FlagWord } from './words.ts';

export function fishScript({ verbs, flags }: CompletionWords): string {
  const lines = [
    ...verbs.map(({ name, about }) => `-n __fish_use_subcommand -f -a ${name} -d ${quote(about)}`),
    ...flags.map((flag) => `-n __fish_use_subcommand ${option(flag)}`),
    ...verbs.flatMap(({ name, flags: own, operands }) => {
      const behind = `-n '__fish_seen_subcommand_from ${name}'`;
      return [...own.map((flag) => `${behind} ${option(flag)}`), ...operands.map((word) => `${behind} -f -a ${quote(word)}`)];
    }),
  ];
  const programs = ['csi-sidecars', 'kubectl-csi'];
  return [
    '# csi-sidecars completion fish | source',
    ...programs.flatMap((name) => lines.map((line) => `complete -c ${name} ${line}`)),
  ].join('\n');
}

function option({ word, about, choices, takesValue }: FlagWord): string {
  const value = takesValue ? ` -r${choices.length > 0 ? ` -f -a ${quote(choices.join(' '))}` : ''}` : ' -f';
  return `-l ${word.slice(2)}${value} -d ${quote(about)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
