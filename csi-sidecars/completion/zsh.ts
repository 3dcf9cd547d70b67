/** zsh's `_arguments` and `_describe` show what each word is for. */
import type { CompletionWords, FlagWord } from './words.ts';

export function zshScript({ verbs, flags }: CompletionWords): string {
  const cases = verbs.map(({ name, flags: own, operands }) => {
    const word = operands.length === 0 ? '' : ` ${quote(`1: :(${operands.join(' ')})`)}`;
    return `    ${name}) _arguments${word} ${own.map(specification).join(' ')} ;;`;
  });
  return `#compdef csi-sidecars kubectl-csi
# source <(csi-sidecars completion zsh)
_csi_sidecars() {
  local -a verbs=(
${verbs.map(({ name, about }) => `    ${quote(`${name}:${about}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe verb verbs
    return
  fi
  local verb=$words[2]
  if [[ $verb != -* ]]; then shift words; (( CURRENT-- )); fi
  case $verb in
${cases.join('\n')}
    *) _arguments ${flags.map(specification).join(' ')} ;;
  esac
}
compdef _csi_sidecars csi-sidecars kubectl-csi`;
}

function specification({ word, about, choices, takesValue }: FlagWord): string {
  const value = takesValue ? `:value:${choices.length > 0 ? `(${choices.join(' ')})` : '_files'}` : '';
  return quote(`${word}${takesValue ? '=' : ''}[${about.replace(/[[\]:]/g, '\\$&')}]${value}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
