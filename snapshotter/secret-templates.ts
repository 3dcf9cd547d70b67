/**
 * Secret references in class parameters, with `${token}` templates. Source: docs/peer-behaviour.md#secret-templates
 * (Go's os.Expand: a bare `$word` is expanded too, so a stray one is an unknown token).
 */
import type { SecretName } from '../lib/sidecar/secret.ts';
import { fillSecret } from '../lib/sidecar/secret-template.ts';
import type { TemplateKeys } from './names.ts';
import { quote } from './peer-words.ts';

/** What the templates may name. Without a snapshot only the content's token exists. */
export interface TemplateValues {
  readonly contentName: string;
  readonly snapshot?: { readonly name: string; readonly namespace: string };
}

/** A fault is for status and event, in the Go program's words; `more`: what ours add behind them. Both hold names only. */
export interface Unresolved {
  readonly ok: false;
  readonly fault: string;
  readonly more?: string;
}

export type Resolved<T> = { readonly ok: true; readonly value: T } | Unresolved;

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
    return noTemplates(`either name and namespace for ${keys.label} secrets specified, Both must be specified`, keys);
  if (nameTemplate === '' || namespaceTemplate === '')
    return noTemplates(`${keys.label} secrets specified in parameters but value of either namespace or name is empty`, keys);
  const { contentName, snapshot } = values;
  const namespace = new Map([[`${keys.tokens}content.name`, contentName]]);
  if (snapshot !== undefined) namespace.set(`${keys.tokens}.namespace`, snapshot.namespace);
  const name = snapshot === undefined ? namespace : new Map([...namespace, [`${keys.tokens}.name`, snapshot.name]]);
  const filled = fillSecret({ name: nameTemplate, namespace: namespaceTemplate }, { namespace, name });
  if (filled.kind === 'secret') return { ok: true, value: filled.ref };
  const { part } = filled;
  const template = part === 'name' ? nameTemplate : namespaceTemplate;
  if (filled.kind === 'no-name') {
    const resolved = template === filled.text ? '' : ` resolved to ${quote(filled.text)} which`;
    return fault(
      `${quote(template)}${resolved} is not a valid ${part === 'name' ? 'secret' : 'namespace'} name`,
      `parameter ${keys[part]}`,
    );
  }
  const known = part === 'name' ? name : namespace;
  const unknown = [...new Set(filled.unknown)].toSorted().map(quote).join(' ');
  return fault(
    `error resolving value ${quote(template)}: invalid tokens: [${unknown}]`,
    `parameter ${keys[part]} knows ${[...known.keys()].map(quote).join(', ')}`,
  );
}

function own(parameters: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  const value: unknown = Object.hasOwn(parameters ?? {}, key) ? parameters?.[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function noTemplates(why: string, { name, namespace }: TemplateKeys): Unresolved {
  return fault(`failed to get name and namespace template from params: ${why}`, `parameters ${name} and ${namespace}`);
}

function fault(words: string, more: string): Unresolved {
  return { ok: false, fault: words, more };
}
