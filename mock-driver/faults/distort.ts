/** Answers that no correct driver gives: changed before encoding, or, for invalid UTF-8, after it; and requests taken amiss. */
import type { Message } from '../wire.ts';
import type { Distortion, Mishearing } from './fault.ts';

// Stands where invalid bytes go; long and odd enough to occur nowhere else.
const MARK = '\u0001\u0002not utf-8\u0002\u0001';
const NOT_UTF8 = Buffer.alloc(Buffer.byteLength(MARK), 0xff);

export interface Answering {
  /** The request as it came. */
  readonly asked: Message;
  readonly encode: (message: Message) => Uint8Array;
}

export function distort(response: Message, distortion: Distortion, { asked, encode }: Answering): Uint8Array {
  const copy: Record<string, unknown> = structuredClone({ ...response });
  for (const [path, value] of Object.entries(distortion.set ?? {})) put(copy, path, value);
  for (const [path, field] of Object.entries(distortion.echo ?? {})) put(copy, path, asked[field]);
  for (const [path, bytes] of Object.entries(distortion.huge ?? {})) put(copy, path, 'x'.repeat(bytes));
  for (const path of distortion.invalidUtf8 ?? []) put(copy, path, MARK);
  for (const path of distortion.drop ?? []) put(copy, path, undefined);
  const encoded = Buffer.from(encode(copy));
  for (let at = encoded.indexOf(MARK); at >= 0; at = encoded.indexOf(MARK, at)) NOT_UTF8.copy(encoded, at);
  return encoded;
}

/** The request as the driver takes it; the one that came is left as it is. */
export function mishear(request: Message, { set, drop }: Mishearing): Message {
  const copy: Record<string, unknown> = structuredClone({ ...request });
  for (const [path, value] of Object.entries(set ?? {})) put(copy, path, value);
  for (const path of drop ?? []) put(copy, path, undefined);
  return copy;
}

/** Sets a field by its path, making what is missing on the way; undefined removes it. */
function put(target: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at: Record<string, unknown> = target;
  for (const key of keys) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined;
    if (typeof next === 'object' && next !== null) {
      // Arrays too: an index is a key.
      at = next as Record<string, unknown>;
      continue;
    }
    if (value === undefined) return;
    const made: Record<string, unknown> = {};
    at[key] = made;
    at = made;
  }
  if (value !== undefined) at[last] = value;
  // A list closes up: it has no holes on the wire.
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete at[last];
}
