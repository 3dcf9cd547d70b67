/**
 * Bodies in Kubernetes' protobuf envelope, for the few kinds that `kubectl create NAME` sends that way
 * (it has no switch for it). Field numbers are those of the published .proto files of the kinds.
 */
import type { Json, JsonObject } from '../json.ts';
import { badRequest } from '../status.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = 'k8s\0';

type FieldType = 'text' | 'bytes' | 'bool' | 'texts' | 'text-map' | 'bytes-map' | Message;

interface Message {
  readonly [number: number]: readonly [name: string, type: FieldType];
}

const META: Message = {
  1: ['name', 'text'],
  2: ['generateName', 'text'],
  3: ['namespace', 'text'],
  11: ['labels', 'text-map'],
  12: ['annotations', 'text-map'],
  14: ['finalizers', 'texts'],
};

const KINDS: Readonly<Record<string, Message>> = {
  Namespace: { 1: ['metadata', META] },
  ServiceAccount: { 1: ['metadata', META] },
  ConfigMap: { 1: ['metadata', META], 2: ['data', 'text-map'], 3: ['binaryData', 'bytes-map'], 4: ['immutable', 'bool'] },
  Secret: { 1: ['metadata', META], 2: ['data', 'bytes-map'], 3: ['type', 'text'], 4: ['stringData', 'text-map'], 5: ['immutable', 'bool'] },
};

const ENVELOPE: Message = { 1: ['type', { 1: ['apiVersion', 'text'], 2: ['kind', 'text'] }], 2: ['raw', 'bytes'] };
const ENTRY = {
  text: { 1: ['key', 'text'], 2: ['value', 'text'] },
  bytes: { 1: ['key', 'text'], 2: ['value', 'bytes'] },
} as const satisfies Record<string, Message>;

/** The wire format: varints and length-delimited values are all that these kinds use. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = this.#bytes[this.#at];
      this.#at += 1;
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw badRequest('unable to decode the body: broken protobuf');
  }

  chunk(): Buffer {
    const length = this.varint();
    const chunk = this.#bytes.subarray(this.#at, this.#at + length);
    if (chunk.length !== length) throw badRequest('unable to decode the body: broken protobuf');
    this.#at += length;
    return chunk;
  }

  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 2) this.chunk();
    else if (wireType === 1) this.#at += 8;
    else if (wireType === 5) this.#at += 4;
    else throw badRequest('unable to decode the body: broken protobuf');
  }
}

function readMessage(bytes: Buffer, message: Message): JsonObject {
  const reader = new Reader(bytes);
  const object: JsonObject = {};
  while (!reader.done) {
    const tag = reader.varint();
    const field = message[Math.floor(tag / 8)];
    if (field === undefined) reader.skip(tag % 8);
    else if (field[1] === 'bool') object[field[0]] = reader.varint() !== 0;
    else object[field[0]] = readValue(reader.chunk(), field[1], object[field[0]]);
  }
  return object;
}

function readValue(chunk: Buffer, type: Exclude<FieldType, 'bool'>, before: Json | undefined): Json {
  switch (type) {
    case 'text':
      return chunk.toString('utf8');
    case 'bytes':
      return chunk.toString('base64');
    case 'texts':
      return [...(Array.isArray(before) ? before : []), chunk.toString('utf8')];
    case 'text-map':
    case 'bytes-map': {
      const { key = '', value = '' } = readMessage(chunk, type === 'text-map' ? ENTRY.text : ENTRY.bytes);
      return { ...(before as JsonObject | undefined), [String(key)]: value };
    }
    default:
      return readMessage(chunk, type);
  }
}

/** The object as JSON; undefined for a kind that is not known here. Throws a 400 for what is broken. */
export function decodeProtobuf(body: Uint8Array): JsonObject | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw badRequest('unable to decode the body: no protobuf envelope');
  const { type, raw } = readMessage(bytes.subarray(MAGIC.length), ENVELOPE);
  const { kind = '', apiVersion = '' } = (type ?? {}) as JsonObject;
  const message = KINDS[String(kind)];
  if (message === undefined) return undefined;
  return { kind, apiVersion, ...readMessage(Buffer.from(String(raw ?? ''), 'base64'), message) };
}
