/**
 * Texts of the Go program in events: people and tools search for them, so they come first, byte for byte, and what we
 * know beyond them stands behind. Values are written as Go's fmt does.
 */

/** `peer (ours)`. */
export function words(peer: string, ours: string): string {
  return `${peer} (${ours})`;
}

/** A string as `%q` writes it; names and templates hold nothing that JSON writes otherwise. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** A map as `%v` writes it. */
export function mapText(map: Readonly<Record<string, string>>): string {
  const pairs = Object.keys(map)
    .sort()
    .map((key) => `${key}:${map[key] ?? ''}`);
  return `map[${pairs.join(' ')}]`;
}

/** A list of structs of two fields, as `%v` writes it. */
export function pairsText(pairs: readonly { readonly key: string; readonly value: string }[]): string {
  return `[${pairs.map(({ key, value }) => `{${key} ${value}}`).join(' ')}]`;
}
