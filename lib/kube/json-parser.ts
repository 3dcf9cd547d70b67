/**
 * A JSON parser that answers integers outside the safe range as bigint. Used only where such a literal
 * may be present: the reviver of `JSON.parse` does not see the source text on Node 20.
 */
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// JSON forbids exactly these inside strings.
const CONTROL = /[\u0000-\u001f]/;

interface Cursor {
  readonly text: string;
  at: number;
}

/** Same answers as JSON.parse, but for big integers. Throws SyntaxError. */
export function parseExact(text: string): unknown {
  const cursor: Cursor = { text, at: 0 };
  const value = parseValue(cursor);
  skipSpace(cursor);
  if (cursor.at < text.length) throw unexpected(cursor);
  return value;
}

function parseValue(cursor: Cursor): unknown {
  skipSpace(cursor);
  switch (cursor.text[cursor.at]) {
    case '{':
      return parseObject(cursor);
    case '[':
      return parseArray(cursor);
    case '"':
      return parseString(cursor);
    case 't':
      return literal(cursor, 'true', true);
    case 'f':
      return literal(cursor, 'false', false);
    case 'n':
      return literal(cursor, 'null', null);
    default:
      return parseNumber(cursor);
  }
}

function parseObject(cursor: Cursor): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  cursor.at += 1;
  skipSpace(cursor);
  if (take(cursor, '}')) return object;
  do {
    skipSpace(cursor);
    if (cursor.text[cursor.at] !== '"') throw unexpected(cursor);
    const name = parseString(cursor);
    skipSpace(cursor);
    if (!take(cursor, ':')) throw unexpected(cursor);
    const value = parseValue(cursor);
    // Plain assignment to this name would set the prototype.
    if (name === '__proto__') Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
    else object[name] = value;
    skipSpace(cursor);
  } while (take(cursor, ','));
  if (!take(cursor, '}')) throw unexpected(cursor);
  return object;
}

function parseArray(cursor: Cursor): unknown[] {
  const array: unknown[] = [];
  cursor.at += 1;
  skipSpace(cursor);
  if (take(cursor, ']')) return array;
  do {
    array.push(parseValue(cursor));
    skipSpace(cursor);
  } while (take(cursor, ','));
  if (!take(cursor, ']')) throw unexpected(cursor);
  return array;
}

function parseString(cursor: Cursor): string {
  const start = cursor.at;
  let end = cursor.text.indexOf('"', start + 1);
  while (end > 0 && isEscaped(cursor.text, end)) end = cursor.text.indexOf('"', end + 1);
  if (end < 0) throw unexpected({ text: cursor.text, at: cursor.text.length });
  cursor.at = end + 1;
  const inner = cursor.text.slice(start + 1, end);
  if (CONTROL.test(inner)) throw unexpected({ text: cursor.text, at: start });
  // Escapes are rare: leave them to the engine.
  return inner.includes('\\') ? (JSON.parse(cursor.text.slice(start, end + 1)) as string) : inner;
}

/** True if an odd number of backslashes stands before the quote. */
function isEscaped(text: string, quote: number): boolean {
  let slash = quote - 1;
  while (text[slash] === '\\') slash -= 1;
  return (quote - slash) % 2 === 0;
}

function parseNumber(cursor: Cursor): number | bigint {
  NUMBER.lastIndex = cursor.at;
  const digits = NUMBER.exec(cursor.text)?.[0];
  if (digits === undefined) throw unexpected(cursor);
  cursor.at += digits.length;
  const number = Number(digits);
  return Number.isSafeInteger(number) || !/^-?\d+$/.test(digits) ? number : BigInt(digits);
}

function literal<T>(cursor: Cursor, word: string, value: T): T {
  if (!cursor.text.startsWith(word, cursor.at)) throw unexpected(cursor);
  cursor.at += word.length;
  return value;
}

/** Asked at every token, and compact documents hold no space: no regular expression. */
function skipSpace(cursor: Cursor): void {
  while (isSpace(cursor.text.charCodeAt(cursor.at))) cursor.at += 1;
}

/** Space, line feed, carriage return or tab; NaN beyond the end is none. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function take(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}

function unexpected(cursor: Cursor): SyntaxError {
  const character = cursor.text[cursor.at];
  return new SyntaxError(
    character === undefined ? 'Unexpected end of JSON input' : `Unexpected ${JSON.stringify(character)} in JSON at position ${cursor.at}`,
  );
}
