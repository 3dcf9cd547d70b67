/** The driver in the words of the loop, whatever the kind: each kind has its own RPCs (single-calls.ts, group-calls.ts). */
import type { Cause } from '../failure-note.ts';
import type { Timestamp } from '../../proto/gen/google/protobuf/timestamp.ts';
import type { FoundSnapshot, Handles } from './found.ts';
import type { CreateRequest, Purpose } from './state.ts';

export interface CallWith {
  readonly secrets: Record<string, string>;
  readonly signal: AbortSignal;
}

export interface Seen {
  readonly found: Omit<FoundSnapshot, 'kind' | 'effect'>;
}

export interface Unusable {
  /** Why, for people. */
  readonly unusable: string;
  /** Undefined: there was no status, or an answer that cannot be used, which says as little as none. */
  readonly grpcCode?: number | undefined;
  /** Where no status says it. */
  readonly cause?: Cause;
}

/** All reject with CsiError. */
export interface DriverCalls {
  /** `purpose`: what is only to be deleted need not be what was asked for. */
  create(request: CreateRequest, purpose: Purpose, call: CallWith): Promise<Seen | Unusable>;
  ask(handles: Handles, call: CallWith): Promise<Seen | Unusable>;
  /** Undefined: it is gone. */
  delete(handles: Handles, call: CallWith): Promise<Unusable | undefined>;
}

/** Above this an API server stores no object: the write would be refused for ever, and the case never decided. */
export const LONGEST_HANDLE = 1 << 20;

/** What makes a handle unusable. */
export function handleFault(noun: string, handle: string | undefined): string | undefined {
  const length = Buffer.byteLength(handle ?? '');
  if (length === 0) return `the driver answered without a ${noun} id`;
  return length > LONGEST_HANDLE ? `the driver answered with a ${noun} id of ${length} characters, too long for an object` : undefined;
}

const INT64_MAX = 2n ** 63n - 1n;

/** Nanoseconds since the epoch, and the seconds of a time that fits none. */
export function cutTime(time: Timestamp | undefined): Pick<FoundSnapshot, 'creationTime' | 'oddTime'> {
  const given = time === undefined ? 0n : time.seconds * 1_000_000_000n + BigInt(time.nanos);
  // Zero is what a driver answers that does not know the time yet.
  if (time === undefined || given === 0n) return { creationTime: undefined };
  return given > INT64_MAX || given < -INT64_MAX ? { creationTime: undefined, oddTime: time.seconds } : { creationTime: given };
}
