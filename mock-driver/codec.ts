/**
 * Bytes to messages and back, from the text of csi.proto at run time. The sidecars use generated code:
 * where the two disagree, a call between them fails, which is what we want to learn.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import type { Message } from './wire.ts';

export interface Method {
  /** `/csi.v1.Controller/CreateVolume` */
  readonly path: string;
  /** `CreateVolume` */
  readonly name: string;
  decode(request: Uint8Array): Message;
  encode(response: Message): Uint8Array;
}

/** Unary methods by path. */
export type Codec = ReadonlyMap<string, Method>;

// Beside the bundle in dist/, and one folder up from this source file.
const PLACES = ['./csi.proto', '../proto/csi.proto'];

function protoFile(): string {
  const candidates = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = candidates.find((file) => existsSync(file));
  if (found === undefined) throw new Error(`csi.proto is in none of ${candidates.join(', ')}; it belongs beside the program`);
  return found;
}

/** Parsing takes about 0.1 s: load once and hand the codec to every driver that is made. */
export function loadCodec(file = protoFile()): Codec {
  const definition = loadSync(file, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
  const methods = new Map<string, Method>();
  for (const entry of Object.values(definition)) {
    if (typeof entry !== 'object' || 'format' in entry) continue;
    for (const method of Object.values(entry)) {
      // SnapshotMetadata streams its answers and is left out.
      if (!('responseSerialize' in method) || method.requestStream || method.responseStream) continue;
      methods.set(method.path, {
        path: method.path,
        name: method.path.slice(method.path.lastIndexOf('/') + 1),
        decode: (request) => messageOf(method.requestDeserialize(Buffer.from(request.buffer, request.byteOffset, request.byteLength))),
        encode: (response) => method.responseSerialize(response),
      });
    }
  }
  return methods;
}

function messageOf(value: unknown): Message {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
