/** What a driver says of a snapshot or of a group, and how it knows it. */

/** How the driver knows a snapshot, or a group and its members. */
export interface Handles {
  readonly handle: string;
  /** Empty for a single snapshot. */
  readonly members: readonly string[];
}

export interface FoundSnapshot {
  readonly kind: 'snapshot';
  readonly effect: 'create-snapshot' | 'refresh-snapshot';
  readonly handle: string;
  /** Nanoseconds since the epoch; undefined where the driver gave none, or one that cannot be stored. */
  readonly creationTime: bigint | undefined;
  /** Seconds since the epoch of a time that cannot be stored. */
  readonly oddTime?: bigint | undefined;
  readonly sizeBytes: bigint;
  readonly ready: boolean;
  /** The group that it is a member of. */
  readonly groupHandle?: string | undefined;
  /** Of a group. */
  readonly members?: readonly FoundMember[];
}

export interface FoundMember {
  readonly volume: string;
  readonly handle: string;
  readonly creationTime: bigint | undefined;
  readonly sizeBytes: bigint;
  readonly ready: boolean;
}
