/**
 * JSON as the server keeps it. Integers beyond 2^53 become bigint and print as literals, so a nanosecond
 * time keeps every digit (kube-apiserver does, JSON.parse does not). Values in the storage are never
 * changed in place: whoever edits, clones first.
 */
export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

/** True for what JSON calls an object: no list, no null. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Walks down by keys; undefined as soon as something is missing or no object. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let current = value;
  for (const key of path) {
    if (!isObject(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

/** The text at a path; undefined for anything else. */
export function stringAt(value: Json | undefined, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** The object at a path, or an empty one that is not part of the tree. */
export function objectAt(value: Json | undefined, ...path: readonly string[]): JsonObject {
  const found = at(value, ...path);
  return isObject(found) ? found : {};
}

/** The list at a path, or an empty one. */
export function listAt(value: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The object under `key`, made if absent: for building a value that is not stored yet. */
export function ensureObject(parent: JsonObject, key: string): JsonObject {
  const found = parent[key];
  if (isObject(found)) return found;
  const made: JsonObject = {};
  parent[key] = made;
  return made;
}

/** A deep copy. */
export function clone<T extends Json>(value: T): T;
export function clone(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => clone(item));
  // The engine copies the shape whole; member by member it would be found anew for each of them.
  const copy: JsonObject = { ...value };
  for (const key of Object.keys(copy)) {
    const item = copy[key] as Json;
    if (typeof item === 'object' && item !== null) copy[key] = clone(item);
  }
  return copy;
}

/** Deep; members of objects in any order. An absent value equals only an absent one. */
export function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

/** Drops nulls from objects at every depth, as decoding into a Go struct does. Changes in place. */
export function dropNulls(value: Json): void {
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item);
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      const item = value[key] as Json;
      if (item === null) delete value[key];
      else dropNulls(item);
    }
  }
}

const LONG_DIGITS = /\d{16}/;

/** Throws SyntaxError. The native parser is used whenever no number can be too long for it. */
export function parseJson(text: string): Json {
  if (!LONG_DIGITS.test(text)) return JSON.parse(text) as Json;
  return new Parser(text).document();
}

/** Compact; members in the order they were set. */
export function printJson(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // JSON.stringify refuses bigint: the slow way, only for values that hold one.
    if (!(error instanceof TypeError)) throw error;
    return print(value);
  }
}

function print(value: Json): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(print).join(',')}]`;
  const fields = Object.keys(value).map((key) => `${JSON.stringify(key)}:${print(value[key] as Json)}`);
  return `{${fields.join(',')}}`;
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const LITERALS: readonly (readonly [string, Json])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];
const MAX_DEPTH = 10_000;

/** Space, line feed, carriage return or tab; NaN beyond the end is none. */
function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Recursive descent; strings and short numbers go through JSON.parse, which checks them. */
class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    const value = this.#value();
    this.#skip();
    if (this.#at !== this.#text.length) this.#fail();
    return value;
  }

  #fail(): never {
    throw new SyntaxError(`invalid JSON at offset ${this.#at}`);
  }

  /** Asked at every token, and compact documents hold no white space: no regular expression. */
  #skip(): void {
    while (isWhiteSpace(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  #match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) this.#fail();
    this.#at = pattern.lastIndex;
    return found;
  }

  /** Steps over `char` after white space, if it is next. */
  #eat(char: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #value(): Json {
    this.#skip();
    const first = this.#text[this.#at];
    if (first === '{' || first === '[') {
      this.#depth += 1;
      if (this.#depth > MAX_DEPTH) this.#fail();
      const value = first === '{' ? this.#object() : this.#array();
      this.#depth -= 1;
      return value;
    }
    if (first === '"') return JSON.parse(this.#match(STRING)[0]) as string;
    for (const [word, value] of LITERALS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    const [digits, fraction, exponent] = this.#match(NUMBER);
    const number = Number(digits);
    return fraction === undefined && exponent === undefined && !Number.isSafeInteger(number) ? BigInt(digits) : number;
  }

  #object(): JsonObject {
    this.#at += 1;
    const object: JsonObject = {};
    if (this.#eat('}')) return object;
    do {
      this.#skip();
      const key = JSON.parse(this.#match(STRING)[0]) as string;
      if (!this.#eat(':')) this.#fail();
      const value = this.#value();
      // A plain assignment to this one name would set the prototype.
      if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
      else object[key] = value;
    } while (this.#eat(','));
    if (!this.#eat('}')) this.#fail();
    return object;
  }

  #array(): Json[] {
    this.#at += 1;
    const array: Json[] = [];
    if (this.#eat(']')) return array;
    do array.push(this.#value());
    while (this.#eat(','));
    if (!this.#eat(']')) this.#fail();
    return array;
  }
}
