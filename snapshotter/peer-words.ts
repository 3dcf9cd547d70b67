/**
 * Words of the Go programs' failures, byte for byte: alerts and runbooks match them. A text of ours begins with theirs
 * and goes on behind their end, where there is a name, a cause or a remedy to add.
 */

/** As Go's %q: double quotes around, and escapes for what is not printable. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escape)}"`;
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

function escape(letter: string): string {
  const code = letter.codePointAt(0) ?? 0;
  const hex = (digits: number): string => code.toString(16).padStart(digits, '0');
  if (letter in SHORT) return SHORT[letter] ?? letter;
  if (code < 0x80) return `\\x${hex(2)}`;
  return code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}

/** Theirs, then ours. */
export function withMore(words: string, more: string | undefined): string {
  return more === undefined || more === '' ? words : `${words}: ${more}`;
}

export function classNotFound(name: string): string {
  return `volumesnapshotclass.snapshot.storage.k8s.io ${quote(name)} not found`;
}

/** A write of `object` failed, or could not be tried. */
export function notUpdated(object: string, why: string): string {
  return `snapshot controller failed to update ${object} on API server: ${why}`;
}

/** What a snapshot is made with (class, volume, secret) is not there. `of`: the snapshot's name, or `for content` and the content's. */
export function noInput(of: string, why: string): string {
  return `failed to get input parameters to create snapshot ${of}: ${quote(why)}`;
}
