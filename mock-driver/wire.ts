/**
 * Decoded protobuf messages as proto-loader gives them: plain objects with the proto's own field names,
 * int64 as decimal text, enums as names, absent messages as null. These readers give them types; what
 * has none of the expected shape reads as the field's default, as proto3 has it.
 */

export type Message = Readonly<Record<string, unknown>>;

const isMessage = (value: unknown): value is Message => typeof value === 'object' && value !== null;

export function text(message: Message, field: string): string {
  const value = message[field];
  return typeof value === 'string' ? value : '';
}

export function flag(message: Message, field: string): boolean {
  return message[field] === true;
}

export function int32(message: Message, field: string): number {
  const value = message[field];
  return typeof value === 'number' ? value : 0;
}

export function int64(message: Message, field: string): bigint {
  const value = message[field];
  return typeof value === 'string' ? BigInt(value) : 0n;
}

export function child(message: Message, field: string): Message | undefined {
  const value = message[field];
  return isMessage(value) ? value : undefined;
}

export function children(message: Message, field: string): readonly Message[] {
  const value = message[field];
  return Array.isArray(value) ? value.filter(isMessage) : [];
}

export function texts(message: Message, field: string): readonly string[] {
  const value = message[field];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** A map<string, string>; entries that are no text (there are none in CSI) are left out. */
export function map(message: Message, field: string): Readonly<Record<string, string>> {
  const value = message[field];
  const entries = isMessage(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** google.protobuf.Timestamp of a time in milliseconds. */
export function timestamp(ms: number): Message {
  const seconds = Math.floor(ms / 1000);
  return { seconds: String(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
