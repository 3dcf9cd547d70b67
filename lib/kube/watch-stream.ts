/** Decodes a watch: one JSON document a line, over chunks that may break anywhere, inside a character too. */
import type { ApiStatus } from './api-error.ts';
import type { WatchEvent } from './client.ts';
import type { Asked } from './failure.ts';
import { errorOfBadAnswer, errorOfStatus } from './failure.ts';
import { parseAnswer } from './json.ts';
import type { KubeObject } from './objects.ts';
import { INT64_FIELDS } from './resources.ts';

const NEWLINE = 0x0a;

/**
 * Complete lines without their end. A byte 0x0a is never part of another UTF-8 character, so lines are
 * cut before decoding. An unfinished last line is answered too: its parser decides.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield join(pending, chunk.subarray(start, end));
      pending = [];
      start = end + 1;
    }
    if (start < chunk.length) pending.push(chunk.subarray(start));
  }
  if (pending.length > 0) yield join(pending, new Uint8Array());
}

function join(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  if (parts.length === 0) return last;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, last.length));
  let at = 0;
  for (const part of [...parts, last]) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Undefined for an empty line and for event types of a later API. Throws ApiError for an ERROR event and for a broken line. */
export function parseWatchEvent<T extends KubeObject>(line: Uint8Array, asked: Asked): WatchEvent<T> | undefined {
  if (line.length === 0) return undefined;
  let event: { type?: string; object?: T & ApiStatus };
  try {
    event = parseAnswer(line, INT64_FIELDS) as typeof event;
  } catch (error) {
    throw errorOfBadAnswer(error, asked);
  }
  const { type, object } = event ?? {};
  if (object === undefined || object === null) throw errorOfBadAnswer(undefined, asked);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object };
    case 'BOOKMARK':
      return { type, resourceVersion: object.metadata?.resourceVersion ?? '' };
    case 'ERROR':
      throw errorOfStatus(object, asked);
    default:
      return undefined;
  }
}
