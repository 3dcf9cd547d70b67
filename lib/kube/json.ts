/**
 * JSON that keeps int64. `JSON.parse` turns 9007199254740993 into ...992, and a status written back from
 * that would change a creation time. Rules:
 * - an integer literal outside ±(2^53 − 1) becomes a bigint, wherever it stands;
 * - the fields that a schema calls int64 are bigint whatever their size, so that readers see one type, also inside
 *   lists and watch events: the caller says which they are;
 * - `printJson` writes a bigint as a literal.
 */
import { parseExact } from './json-parser.ts';

const DECODER = new TextDecoder();
/** Sixteen digits after a sign or a structural character: a literal that may not fit a double. */
const LONG_INTEGER = /[[:,\s-]\d{16}|^\d{16}/;
/**
 * A field with such a literal. It cannot stand inside a string: the quote before the colon is not escaped, and if it opened
 * a string, the one before the name would have ended one, after which JSON has no name.
 */
const LONG_FIELD = /("\w+":\s*)([1-9]\d{15,})(?=\s*[,}\]])/g;
const MARK = 'int64=';

/** As with LONG_FIELD, the quotes are those of a name. Linear in the length of the text: no run is matched in two ways. */
const MANAGED_FIELDS = /([{,])\s*"managedFields":\s*\[(?:[^"[\]]|"(?:[^"\\]|\\.)*")*\](,?)/g;

/** By kind: `status.restoreSize`, or `status.infos[].size` for a field of each item of a list. */
export type Int64Fields = Readonly<Record<string, readonly string[]>>;

/** Throws SyntaxError on text that is not JSON. Invalid UTF-8 becomes U+FFFD, as in Go. */
export function parseJson(input: Uint8Array | string, int64: Int64Fields = {}): unknown {
  const text = typeof input === 'string' ? input : DECODER.decode(input);
  const isLong = LONG_INTEGER.test(text);
  const known = isLong ? parseMarked(text, int64) : undefined;
  if (known !== undefined) return known;
  const value: unknown = isLong ? parseExact(text) : JSON.parse(text);
  widen(value, undefined, { int64, marks: 0 });
  return value;
}

/**
 * What the API server answers, without managedFields: half of its bytes, which nobody here reads and the server keeps where an
 * object is written without them.
 */
export function parseAnswer(body: Uint8Array, int64: Int64Fields): unknown {
  return parseJson(
    DECODER.decode(body).replace(MANAGED_FIELDS, (_, before: string, after: string) => (before === '{' ? before : after)),
    int64,
  );
}

/** The engine's parser is ten times as fast. Undefined where a long integer is no int64 field: what it became cannot be undone. */
function parseMarked(text: string, int64: Int64Fields): unknown {
  if (text.includes(MARK)) return undefined;
  let marks = 0;
  const marked = text.replace(LONG_FIELD, (_, name: string, digits: string) => {
    marks += 1;
    return `${name}"${MARK}${digits}"`;
  });
  if (marks === 0 || LONG_INTEGER.test(marked)) return undefined;
  const value: unknown = JSON.parse(marked);
  const widening: Widening = { int64, marks };
  widen(value, undefined, widening);
  return widening.marks === 0 ? value : undefined;
}

export function printJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // JSON.stringify refuses bigint: the slow way is for the few values that hold one.
    if (!(error instanceof TypeError)) throw error;
    return print(value);
  }
}

interface Widening {
  readonly int64: Int64Fields;
  /** Not found yet. */
  marks: number;
}

/** Makes the int64 fields bigint, in place. `kindOfItem` is for list items that carry none. */
function widen(value: unknown, kindOfItem: string | undefined, widening: Widening): void {
  if (!isRecord(value)) return;
  const { int64 } = widening;
  const kind = typeof value['kind'] === 'string' ? value['kind'] : kindOfItem;
  const fields = kind !== undefined && Object.hasOwn(int64, kind) ? int64[kind] : undefined;
  if (fields !== undefined) for (const field of fields) widenField(value, field.split('.'), widening);
  else if (Array.isArray(value['items'])) {
    const ofItem = kind?.endsWith('List') === true ? kind.slice(0, -'List'.length) : undefined;
    for (const item of value['items']) widen(item, ofItem, widening);
  } else if (typeof value['type'] === 'string' && isRecord(value['object'])) widen(value['object'], undefined, widening);
}

function widenField(holder: unknown, [step = '', ...further]: readonly string[], widening: Widening): void {
  if (!isRecord(holder)) return;
  const ofItems = step.endsWith('[]');
  const name = ofItems ? step.slice(0, -2) : step;
  const value = holder[name];
  if (ofItems) {
    if (Array.isArray(value)) for (const item of value) widenField(item, further, widening);
  } else if (further.length > 0) widenField(value, further, widening);
  else if (typeof value === 'number' && Number.isInteger(value)) holder[name] = BigInt(value);
  else if (widening.marks > 0 && typeof value === 'string' && value.startsWith(MARK)) {
    holder[name] = BigInt(value.slice(MARK.length));
    widening.marks -= 1;
  }
}

function print(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => (item === undefined ? 'null' : print(item))).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${print(field)}`).join(',')}}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
