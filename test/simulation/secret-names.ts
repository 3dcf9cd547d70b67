/** Templates of secret names in class parameters, as the documentation of the classes describes them. */
export function resolved(template: string | undefined, words: Readonly<Record<string, string | undefined>>): string | undefined {
  return template?.replace(/\$\{([^}]*)\}/g, (_, word: string) => words[word] ?? '');
}
