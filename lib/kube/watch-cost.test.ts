/** What an event of a watch costs, in counts: it is decoded and parsed once, and copied only where its line came in pieces. */
import { afterEach, expect, test, vi } from 'vitest';
import { parseWatchEvent, readLines } from './watch-stream.ts';

const EVENTS = 100;
const PIECE = 1000;

afterEach(() => vi.restoreAllMocks());

const LINE = `${JSON.stringify({ type: 'MODIFIED', object: { kind: 'PersistentVolume', metadata: { name: 'höhe' }, spec: 'x'.repeat(300) } })}\n`;
const BYTES = new TextEncoder().encode(LINE);
const STREAM = new TextEncoder().encode(LINE.repeat(EVENTS));

async function* pieces(size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < STREAM.length; at += size) yield STREAM.subarray(at, at + size);
}

/** Bytes decoded and copied, and texts parsed, for the whole stream. */
async function costIn(size: number): Promise<{ readonly decoded: number; readonly copied: number; readonly parsed: number }> {
  const decode = vi.spyOn(TextDecoder.prototype, 'decode');
  const set = vi.spyOn(Uint8Array.prototype, 'set');
  const parse = vi.spyOn(JSON, 'parse');
  const asked = { request: 'GET /x', deadline: undefined } as unknown as Parameters<typeof parseWatchEvent>[1];
  let events = 0;
  for await (const line of readLines(pieces(size))) if (parseWatchEvent(line, asked) !== undefined) events += 1;
  expect(events).toBe(EVENTS);
  const bytesOf = (values: readonly (readonly unknown[])[]): number =>
    values.reduce((sum, [bytes]) => sum + (bytes instanceof Uint8Array ? bytes.length : 0), 0);
  return {
    decoded: bytesOf(decode.mock.calls),
    copied: bytesOf(set.mock.calls),
    parsed: parse.mock.calls.filter(([text]) => text.startsWith('{"type":"MODIFIED"')).length,
  };
}

test('events that come whole are decoded and parsed once, and not copied', async () => {
  expect(await costIn(STREAM.length)).toEqual({ decoded: STREAM.length - EVENTS, copied: 0, parsed: EVENTS });
});

test('of events in pieces only those are copied that a piece ends in, once each', async () => {
  const { decoded, copied, parsed } = await costIn(PIECE);
  expect({ decoded, parsed }).toEqual({ decoded: STREAM.length - EVENTS, parsed: EVENTS });
  const cuts = Math.floor(STREAM.length / PIECE);
  expect(copied).toBeGreaterThan(0);
  expect(copied).toBeLessThanOrEqual(cuts * BYTES.length);
});
