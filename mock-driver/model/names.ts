/** What a caller may hand in as text: names, identifiers and maps, by the specification's size limits. */
import { Refusal } from './status.ts';

const MAX_STRING_BYTES = 128;
const MAX_MAP_BYTES = 4096;
// U+0000-U+0008, U+000B, U+000C, U+000E-U+001F and U+007F-U+009F: banned in names by the specification.
const BANNED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

/** A name as CreateVolume, CreateSnapshot and CreateVolumeGroupSnapshot take it. */
export function requireName(name: string): string {
  if (name === '') throw new Refusal('INVALID_ARGUMENT', 'name is missing');
  if (Buffer.byteLength(name) > MAX_STRING_BYTES) throw new Refusal('INVALID_ARGUMENT', `name is longer than ${MAX_STRING_BYTES} bytes`);
  if (BANNED.test(name)) throw new Refusal('INVALID_ARGUMENT', 'name contains a control character');
  return name;
}

/** Identifiers are ours: whatever is not one we gave out names nothing, so only absence is refused. */
export function requireId(id: string, field: string): string {
  if (id === '') throw new Refusal('INVALID_ARGUMENT', `${field} is missing`);
  return id;
}

export function limitMap(map: Readonly<Record<string, string>>, field: string): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(map)) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes > MAX_MAP_BYTES) throw new Refusal('INVALID_ARGUMENT', `${field} is larger than ${MAX_MAP_BYTES} bytes`);
}

export function sameMap(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}

/** An absolute path on the node, as staging and target paths must be. */
export function requirePath(path: string, field: string): string {
  if (path === '') throw new Refusal('INVALID_ARGUMENT', `${field} is missing`);
  if (!path.startsWith('/')) throw new Refusal('INVALID_ARGUMENT', `${field} is not an absolute path`);
  if (path.includes('\0')) throw new Refusal('INVALID_ARGUMENT', `${field} contains a NUL`);
  if (path.split('/').includes('..')) throw new Refusal('INVALID_ARGUMENT', `${field} contains '..'`);
  return path;
}
