/** Sizes: what a capacity range asks for, and what is left. All in bytes, all bigint: int64 is wider than a double. */
import { Refusal } from './status.ts';

export interface CapacityRange {
  /** 0: not said. */
  readonly required: bigint;
  /** 0: no limit. */
  readonly limit: bigint;
}

export const MINIMUM_VOLUME_BYTES = 1n;
export const DEFAULT_VOLUME_BYTES = 1n << 30n;

/** Refuses what no volume could satisfy. An absent range is undefined, an empty one is the caller's mistake. */
export function requireRange(range: CapacityRange): CapacityRange {
  if (range.required < 0n || range.limit < 0n) throw new Refusal('INVALID_ARGUMENT', 'capacity_range holds a negative size');
  if (range.required === 0n && range.limit === 0n)
    throw new Refusal('INVALID_ARGUMENT', 'capacity_range has neither required_bytes nor limit_bytes');
  if (range.limit !== 0n && range.required > range.limit) {
    throw new Refusal('OUT_OF_RANGE', `capacity_range requires ${range.required} bytes and allows ${range.limit}`);
  }
  return range;
}

export interface SizeLimits {
  /** The least that will do: the size of a source, or nothing. */
  readonly atLeast: bigint;
  /** What is given when the caller names no size. */
  readonly preferred: bigint;
  readonly atMost: bigint;
  /** The smallest that can be made: who requires less gets it. */
  readonly smallest: bigint;
}

/** The size of a new volume: exactly what is required, else the preferred size as far as the limit lets it. */
export function chooseSize(range: CapacityRange | undefined, limits: SizeLimits): bigint {
  const required = range?.required ?? 0n;
  const limit = range?.limit ?? 0n;
  let size = required;
  if (required === 0n) size = limit !== 0n && limit < limits.preferred ? limit : limits.preferred;
  if (size < limits.smallest) {
    if (limit !== 0n && limit < limits.smallest)
      throw new Refusal('OUT_OF_RANGE', `${limit} bytes are allowed, the smallest volume has ${limits.smallest}`);
    size = limits.smallest;
  }
  if (size < limits.atLeast) throw new Refusal('OUT_OF_RANGE', `${size} bytes are asked for, but the source has ${limits.atLeast}`);
  if (size > limits.atMost) throw new Refusal('OUT_OF_RANGE', `${size} bytes are asked for, the largest volume has ${limits.atMost}`);
  return size;
}

/** Whether an existing size lies in a range asked for again. */
export function fits(bytes: bigint, range: CapacityRange | undefined): boolean {
  if (range === undefined) return true;
  return bytes >= range.required && (range.limit === 0n || bytes <= range.limit);
}
