/**
 * Strikes out what csi_secret marks: the fields of a request before it is logged, and their values wherever
 * a driver repeats them in a message.
 */
import { SECRET_FIELDS } from '../../proto/gen/secret-fields.ts';

const STRICKEN = '***stripped***';
/** Below this length a value is struck out only as a word of its own: `a` would eat every a of a message. */
const SAFE_LENGTH = 4;

function secretFieldsOf(message: string): readonly string[] {
  const prefix = `csi.v1.${message}.`;
  return SECRET_FIELDS.filter((path) => path.startsWith(prefix)).map((path) => camelCase(path.slice(prefix.length)));
}

function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** A copy of a request for the log. `message` is its CSI name: `CreateVolumeRequest`. */
export function withoutSecrets(message: string, request: object): Record<string, unknown> {
  const secret = new Set(secretFieldsOf(message));
  return Object.fromEntries(Object.entries(request).map(([name, value]) => [name, secret.has(name) ? stricken(value) : value]));
}

/** The keys of a secret map are names that an admin chose for the driver, not secrets; they help in a log. */
function stricken(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value === undefined ? undefined : STRICKEN;
  return Object.fromEntries(Object.keys(value).map((key) => [key, STRICKEN]));
}

export function secretValues(message: string, request: object): readonly string[] {
  const fields: Readonly<Record<string, unknown>> = { ...request };
  return secretFieldsOf(message).flatMap((name) => {
    const value = fields[name];
    if (typeof value === 'string') return [value];
    return typeof value === 'object' && value !== null
      ? Object.values(value).filter((each): each is string => typeof each === 'string')
      : [];
  });
}

/** `text` without any of the values, also as JSON, Base64 or a URL would write them. */
export function strikeOut(text: string, values: readonly string[]): string {
  const forms = values.flatMap((value) => [
    value,
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString('base64'),
    encodeURIComponent(value),
  ]);
  // The longest first: a value that holds another one must go as a whole.
  const sorted = [...new Set(forms)].filter((form) => form !== '').sort((a, b) => b.length - a.length);
  return sorted.reduce(
    (left, form) => (form.length >= SAFE_LENGTH ? left.replaceAll(form, STRICKEN) : left.replaceAll(wordOf(form), STRICKEN)),
    text,
  );
}

function wordOf(form: string): RegExp {
  return new RegExp(`(?<![A-Za-z0-9])${form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![A-Za-z0-9])`, 'g');
}
