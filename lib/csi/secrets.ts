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

/**
 * `text` without any of the values, whatever the case, also as JSON, Base64, hexadecimal digits, a URL, HTML or a quoted
 * text of Go would write them; nor any line of a value that has several (a key in PEM).
 */
export function strikeOut(text: string, values: readonly string[]): string {
  const forms = values.flatMap((value) => [value, ...linesOf(value)]).flatMap(formsOf);
  // The longest first: a value that holds another one must go as a whole.
  const sorted = [...new Set(forms)].filter((form) => form !== '').sort((a, b) => b.length - a.length);
  return sorted.reduce((left, form) => left.replaceAll(patternOf(form), STRICKEN), text);
}

/** A copy of an answer for the log, its texts struck out as a message is. */
export function strikeOutAll(answer: unknown, values: readonly string[]): unknown {
  if (values.length === 0) return answer;
  if (typeof answer === 'string') return strikeOut(answer, values);
  if (Array.isArray(answer)) return answer.map((each: unknown) => strikeOutAll(each, values));
  if (typeof answer !== 'object' || answer === null || answer instanceof Uint8Array) return answer;
  return Object.fromEntries(Object.entries(answer).map(([name, each]) => [strikeOut(name, values), strikeOutAll(each, values)]));
}

/** A shorter line may stand in any message: `-----` or `}`. */
const LINE_LENGTH = 8;

function linesOf(value: string): readonly string[] {
  const lines = value.split(/\r?\n/);
  return lines.length < 2 ? [] : lines.map((line) => line.trim()).filter((line) => line.length >= LINE_LENGTH);
}

function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const json = JSON.stringify(value).slice(1, -1);
  const html = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll("'", '&#39;');
  return [
    value,
    json,
    // Go's encoder writes these so.
    json.replaceAll('&', '\\u0026').replaceAll('<', '\\u003c').replaceAll('>', '\\u003e'),
    bytes.toString('base64'),
    // Without padding, or with more behind it.
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    encodeURIComponent(value),
    html.replaceAll('"', '&quot;'),
    html.replaceAll('"', '&#34;'),
  ];
}

function patternOf(form: string): RegExp {
  const escaped = form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(form.length >= SAFE_LENGTH ? escaped : `(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])`, 'gi');
}
