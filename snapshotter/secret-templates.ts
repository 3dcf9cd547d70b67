/**
 * Secret references in class parameters, with `${token}` templates. Source: docs/peer-behaviour.md#secret-templates
 * (Go's os.Expand: a bare `$word` is expanded too, so a stray one is an unknown token).
 */
import { isDnsLabel, isDnsSubdomain } from '../lib/kube/names.ts';
import type { SecretKeys } from './names.ts';

/** What the templates may name. Without a snapshot only the content's token exists. */
export interface TemplateValues {
  readonly contentName: string;
  readonly snapshot?: { readonly name: string; readonly namespace: string };
}

export interface SecretName {
  readonly name: string;
  readonly namespace: string;
}

/** A fault is one sentence for status and event; it holds names only. */
export type Resolved<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string };

/** Undefined value: the class names no secret of this kind. Name and namespace stand together or not at all. */
export function resolveSecret(
  parameters: Readonly<Record<string, string>> | undefined,
  keys: SecretKeys,
  values: TemplateValues,
): Resolved<SecretName | undefined> {
  const nameTemplate = own(parameters, keys.name);
  const namespaceTemplate = own(parameters, keys.namespace);
  if (nameTemplate === undefined && namespaceTemplate === undefined) return { ok: true, value: undefined };
  if (nameTemplate === undefined || namespaceTemplate === undefined)
    return fault(`either both or none of the parameters ${keys.name} and ${keys.namespace} must be given`);
  if (nameTemplate === '' || namespaceTemplate === '') return fault(`the parameters ${keys.name} and ${keys.namespace} must not be empty`);
  const { contentName, snapshot } = values;
  const tokens = new Map([['volumesnapshotcontent.name', contentName]]);
  if (snapshot !== undefined) tokens.set('volumesnapshot.namespace', snapshot.namespace);
  const namespace = expand(namespaceTemplate, tokens);
  if (!namespace.ok) return fault(`parameter ${keys.namespace}: ${namespace.fault}`);
  if (snapshot !== undefined) tokens.set('volumesnapshot.name', snapshot.name);
  const name = expand(nameTemplate, tokens);
  if (!name.ok) return fault(`parameter ${keys.name}: ${name.fault}`);
  if (!isDnsLabel(namespace.value)) return fault(`parameter ${keys.namespace} gives ${quote(namespace.value)}, which is no namespace name`);
  if (!isDnsSubdomain(name.value)) return fault(`parameter ${keys.name} gives ${quote(name.value)}, which is no secret name`);
  return { ok: true, value: { name: name.value, namespace: namespace.value } };
}

/** A token in braces, one of Go's special characters, or a word. */
const REFERENCE = /\$(?:\{[^}]*\}|[*#$@!?\-0-9]|\w+)/g;

function expand(template: string, tokens: ReadonlyMap<string, string>): Resolved<string> {
  const unknown: string[] = [];
  const value = template.replace(REFERENCE, (reference) => {
    const token = reference.startsWith('${') ? reference.slice(2, -1) : reference.slice(1);
    const found = tokens.get(token);
    if (found === undefined) unknown.push(token);
    return found ?? '';
  });
  if (unknown.length === 0) return { ok: true, value };
  return fault(`unknown token ${unknown.map(quote).join(', ')}, known are ${[...tokens.keys()].map(quote).join(', ')}`);
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
