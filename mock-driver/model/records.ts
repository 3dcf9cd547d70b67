/**
 * What the driver remembers, as plain values. A store keeps these, the ledger prints them, and nothing
 * outside them survives a restart. Times are milliseconds since the epoch, sizes are bytes.
 */

/** Where storage lies: `{"topology.example/zone": "a"}`. All keys of a driver are in each of its segments. */
export type Segment = Readonly<Record<string, string>>;

export const ACCESS_MODES = [
  'SINGLE_NODE_WRITER',
  'SINGLE_NODE_READER_ONLY',
  'MULTI_NODE_READER_ONLY',
  'MULTI_NODE_SINGLE_WRITER',
  'MULTI_NODE_MULTI_WRITER',
  'SINGLE_NODE_SINGLE_WRITER',
  'SINGLE_NODE_MULTI_WRITER',
] as const;

export type AccessMode = (typeof ACCESS_MODES)[number];

export interface Capability {
  /** A raw device, else a mounted directory. */
  readonly block: boolean;
  readonly fsType: string;
  readonly mountFlags: readonly string[];
  readonly mountGroup: string;
  readonly mode: AccessMode;
}

export type Source = { readonly kind: 'snapshot' | 'volume'; readonly id: string };

export interface Publication {
  readonly nodeId: string;
  readonly readonly: boolean;
  readonly capability: Capability;
}

/** One staging or target path on a node. */
export interface Placement {
  readonly nodeId: string;
  readonly path: string;
  readonly readonly: boolean;
  readonly capability: Capability;
}

export interface VolumeRecord {
  readonly id: string;
  readonly name: string;
  readonly bytes: bigint;
  readonly block: boolean;
  readonly modes: readonly AccessMode[];
  readonly parameters: Readonly<Record<string, string>>;
  /** As asked for at creation: a repeated CreateVolume is compared with these. */
  readonly createdMutable: Readonly<Record<string, string>>;
  /** As last modified. */
  readonly mutable: Readonly<Record<string, string>>;
  readonly source: Source | undefined;
  /** Undefined where the driver has no topology. */
  readonly segment: Segment | undefined;
  readonly createdMs: number;
  readonly published: readonly Publication[];
  readonly staged: readonly Placement[];
  readonly targets: readonly Placement[];
}

export interface SnapshotRecord {
  readonly id: string;
  /** Empty for a member of a group, which only the group's name identifies. */
  readonly name: string;
  readonly sourceVolumeId: string;
  readonly bytes: bigint;
  readonly block: boolean;
  readonly parameters: Readonly<Record<string, string>>;
  readonly segment: Segment | undefined;
  /** The instant of the cut. */
  readonly createdMs: number;
  /** Usable as a source from this time on. */
  readonly readyMs: number;
  readonly groupId: string | undefined;
}

export interface GroupRecord {
  readonly id: string;
  readonly name: string;
  /** In the order asked for; compared as a set. */
  readonly sourceVolumeIds: readonly string[];
  readonly snapshotIds: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly createdMs: number;
}

export interface Pool {
  readonly segment: Segment | undefined;
  readonly bytes: bigint;
}

/** One running (or once running) instance of the driver: its node and the pools it can provision from. */
export interface NodeRecord {
  readonly id: string;
  readonly segment: Segment | undefined;
  readonly pools: readonly Pool[];
}

/** One atomic step of the world. A store commits it wholly or not at all; the state applies it afterwards. */
export type Change =
  | { readonly op: 'create-volume'; readonly volume: VolumeRecord }
  | { readonly op: 'update-volume'; readonly volume: VolumeRecord }
  | { readonly op: 'delete-volume'; readonly id: string }
  | { readonly op: 'create-snapshot'; readonly snapshot: SnapshotRecord }
  | { readonly op: 'delete-snapshot'; readonly id: string }
  | { readonly op: 'create-group'; readonly group: GroupRecord; readonly snapshots: readonly SnapshotRecord[] }
  | { readonly op: 'delete-group'; readonly id: string }
  | { readonly op: 'put-node'; readonly node: NodeRecord };

export interface Records {
  readonly volumes: readonly VolumeRecord[];
  readonly snapshots: readonly SnapshotRecord[];
  readonly groups: readonly GroupRecord[];
  readonly nodes: readonly NodeRecord[];
}
