/**
 * Secret references in class parameters, with `${token}` templates. Source: docs/peer-behaviour.md#secret-templates
 * (Go's os.Expand: a bare `$word` is expanded too, so a stray one is an unknown token).
 */
import type { SecretName } from '../lib/sidecar/secret.ts';
import { fillSecret } from '../lib/sidecar/secret-template.ts';
import type { TemplateKeys } from './names.ts';

/** What the templates may name. Without a snapshot only the content's token exists. */
export interface TemplateValues {
  readonly contentName: string;
  readonly snapshot?: { readonly name: string; readonly namespace: string };
}

/** A fault is one sentence for status and event; it holds names only. */
export type Resolved<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string };

/** Undefined value: the class names no secret of this kind. Name and namespace stand together or not at all. */
export function resolveSecret(
  parameters: Readonly<Record<string, string>> | undefined,
  keys: TemplateKeys,
  values: TemplateValues,
): Resolved<SecretName | undefined> {
  const nameTemplate = own(parameters, keys.name);
  const namespaceTemplate = own(parameters, keys.namespace);
  if (nameTemplate === undefined && namespaceTemplate === undefined) return { ok: true, value: undefined };
  if (nameTemplate === undefined || namespaceTemplate === undefined)
    return fault(`either both or none of the parameters ${keys.name} and ${keys.namespace} must be given`);
  if (nameTemplate === '' || namespaceTemplate === '') return fault(`the parameters ${keys.name} and ${keys.namespace} must not be empty`);
  const { contentName, snapshot } = values;
  const namespace = new Map([[`${keys.tokens}content.name`, contentName]]);
  if (snapshot !== undefined) namespace.set(`${keys.tokens}.namespace`, snapshot.namespace);
  const name = snapshot === undefined ? namespace : new Map([...namespace, [`${keys.tokens}.name`, snapshot.name]]);
  const filled = fillSecret({ name: nameTemplate, namespace: namespaceTemplate }, { namespace, name });
  if (filled.kind === 'secret') return { ok: true, value: filled.ref };
  const { part } = filled;
  if (filled.kind === 'no-name')
    return fault(`parameter ${keys[part]} gives ${quote(filled.text)}, which is no ${part === 'name' ? 'secret' : 'namespace'} name`);
  const known = part === 'name' ? name : namespace;
  return fault(
    `parameter ${keys[part]}: unknown token ${filled.unknown.map(quote).join(', ')}, known are ${[...known.keys()].map(quote).join(', ')}`,
  );
}

function own(parameters: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  const value: unknown = Object.hasOwn(parameters ?? {}, key) ? parameters?.[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function fault(sentence: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault: sentence };
}

function quote(word: string): string {
  return JSON.stringify(word);
}
