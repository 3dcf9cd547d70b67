/** bash splits words at `=`: what stands behind one is completed by the flag before it. */
import type { CompletionWords, FlagWord } from './words.ts';

export function bashScript({ verbs, flags }: CompletionWords): string {
  const cases = verbs.map(({ name, flags: own, operands }) => `    ${name}) words="${[...operands, ...own.map(typed)].join(' ')}" ;;`);
  const choices = choiceCases([...flags, ...verbs.flatMap((verb) => verb.flags)]);
  return `# csi-sidecars and kubectl-csi: source <(csi-sidecars completion bash)
_csi_sidecars() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" flag="" words=""
  COMPREPLY=()
  if [[ $cur == "=" ]]; then flag=$prev; cur=""; elif [[ $prev == "=" ]]; then flag="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [[ -n $flag ]]; then
    case $flag in
${choices}
    *) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    return
  fi
  if [[ $COMP_CWORD -eq 1 && $cur != -* ]]; then
    COMPREPLY=($(compgen -W "${verbs.map(({ name }) => name).join(' ')}" -- "$cur"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words="${flags.map(typed).join(' ')}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _csi_sidecars csi-sidecars kubectl-csi`;
}

function typed({ word, takesValue }: FlagWord): string {
  return takesValue ? `${word}=` : word;
}

function choiceCases(flags: readonly FlagWord[]): string {
  const byWord = new Map(flags.filter(({ choices }) => choices.length > 0).map(({ word, choices }) => [word, choices]));
  return [...byWord].map(([word, choices]) => `    ${word}) words="${choices.join(' ')}" ;;`).join('\n');
}
