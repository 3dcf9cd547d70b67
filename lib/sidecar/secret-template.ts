/** Names of secrets in class parameters, made from templates with `${token}`. As Go's os.Expand: docs/peer-behaviour.md#secret-templates. */
import { isDnsLabel, isDnsSubdomain } from '../kube/names.ts';
import type { SecretName } from './secret.ts';

/** The name may be made of other tokens than the namespace: whoever writes a claim must not choose the namespace. */
export interface SecretTokens {
  readonly namespace: ReadonlyMap<string, string>;
  readonly name: ReadonlyMap<string, string>;
}

export type FilledSecret =
  | { readonly kind: 'secret'; readonly ref: SecretName }
  /** `namespace`: as it was made, where only the name could not be. */
  | { readonly kind: 'unknown-tokens'; readonly part: keyof SecretName; readonly unknown: readonly string[]; readonly namespace?: string }
  /** `text` is no name of a namespace, or of a secret. */
  | { readonly kind: 'no-name'; readonly part: keyof SecretName; readonly text: string };

/** The namespace is made and judged first. */
export function fillSecret(templates: SecretName, tokens: SecretTokens): FilledSecret {
  const namespace = expand(templates.namespace, tokens.namespace);
  if (namespace.unknown.length > 0) return { kind: 'unknown-tokens', part: 'namespace', unknown: namespace.unknown };
  if (!isDnsLabel(namespace.text)) return { kind: 'no-name', part: 'namespace', text: namespace.text };
  const name = expand(templates.name, tokens.name);
  if (name.unknown.length > 0) return { kind: 'unknown-tokens', part: 'name', unknown: name.unknown, namespace: namespace.text };
  if (!isDnsSubdomain(name.text)) return { kind: 'no-name', part: 'name', text: name.text };
  return { kind: 'secret', ref: { name: name.text, namespace: namespace.text } };
}

/**
 * As Go's os.Expand: `${token}` and a bare `$token` of letters, digits and underscores; one special
 * character or digit after `$` is a token too; a malformed brace disappears; a lone `$` stays.
 */
export function expand(
  template: string,
  tokens: ReadonlyMap<string, string>,
): { readonly text: string; readonly unknown: readonly string[] } {
  const unknown: string[] = [];
  const text = template.replace(TOKEN, (_match, braced?: string, bare?: string) => {
    const token = braced ?? bare ?? '';
    if (token === '') return '';
    const value = tokens.get(token);
    if (value === undefined) unknown.push(token);
    return value ?? '';
  });
  return { text, unknown };
}

/** A token in braces, a brace without end, a special character, or a word. */
const TOKEN = /\$(?:\{([^}]*)\}|\{|([*#$@!?\-0-9]|\w+))/g;
