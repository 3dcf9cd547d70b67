/**
 * JSON that keeps int64. `JSON.parse` turns 9007199254740993 into ...992, and a status written back from
 * that would change a creation time. Rules:
 * - an integer literal outside ±(2^53 − 1) becomes a bigint, wherever it stands;
 * - the fields that the snapshot schemas call int64 are bigint whatever their size, so that readers see
 *   one type: VolumeSnapshotContent `status.creationTime` and `status.restoreSize`, and both in
 *   VolumeGroupSnapshotContent `status.volumeSnapshotInfoList[]`; also inside lists and watch events;
 * - `printJson` writes a bigint as a literal.
 */
import { parseExact } from './json-parser.ts';

const DECODER = new TextDecoder();
/** Sixteen digits after a sign or a structural character: a literal that may not fit a double. */
const LONG_INTEGER = /[[:,\s-]\d{16}|^\d{16}/;

/** Throws SyntaxError on text that is not JSON. Invalid UTF-8 becomes U+FFFD, as in Go. */
export function parseJson(input: Uint8Array | string): unknown {
  const text = typeof input === 'string' ? input : DECODER.decode(input);
  const value: unknown = LONG_INTEGER.test(text) ? parseExact(text) : JSON.parse(text);
  widen(value, undefined);
  return value;
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

/** Makes the schema's int64 fields bigint, in place. `kind` is for list items that carry none. */
function widen(value: unknown, kindOfItem: string | undefined): void {
  if (!isRecord(value)) return;
  const kind = typeof value['kind'] === 'string' ? value['kind'] : kindOfItem;
  if (kind === 'VolumeSnapshotContent') widenFields(value['status']);
  else if (kind === 'VolumeGroupSnapshotContent') {
    const status = value['status'];
    const infos = isRecord(status) ? status['volumeSnapshotInfoList'] : undefined;
    if (Array.isArray(infos)) for (const info of infos) widenFields(info);
  } else if (Array.isArray(value['items'])) {
    const ofItem = kind?.endsWith('List') === true ? kind.slice(0, -'List'.length) : undefined;
    for (const item of value['items']) widen(item, ofItem);
  } else if (typeof value['type'] === 'string' && isRecord(value['object'])) widen(value['object'], undefined);
}

function widenFields(holder: unknown): void {
  if (!isRecord(holder)) return;
  for (const field of ['creationTime', 'restoreSize']) {
    const number = holder[field];
    if (typeof number === 'number' && Number.isInteger(number)) holder[field] = BigInt(number);
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
