/** Log fields as values that JSON can hold: bigints, maps, sets, errors and bytes have no form of their own there. */
import type { LogFields } from '../doors/log.ts';

const SECRET_NAME = /^(?:secrets?|.*secret_?data|passwords?|tokens?|authorization|client-?key(?:-?data)?)$/i;
const STRICKEN = '***stripped***';
/** Deeper than any message of CSI or Kubernetes that is logged; a cycle ends here. */
const DEEPEST = 12;

export function plainFields(fields: LogFields | undefined): LogFields {
  return fields === undefined ? {} : Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plainField(name, value, 0)]));
}

function plainField(name: string, value: unknown, depth: number): unknown {
  return SECRET_NAME.test(name) ? struckOut(value) : plain(value, depth);
}

/** The keys of a secret map stay: they are names, and tell which part is missing. */
function struckOut(value: unknown): unknown {
  if (value === undefined || value === null || value === '') return value;
  if (typeof value === 'object' && !Array.isArray(value)) return Object.fromEntries(Object.keys(value).map((key) => [key, STRICKEN]));
  return STRICKEN;
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return value.message;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (depth >= DEEPEST) return '…';
  if (value instanceof Set || Array.isArray(value)) return [...value].map((each) => plain(each, depth + 1));
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, each]) => [String(key), plainField(String(key), each, depth + 1)]));
}
