/** What an audit knows of both sides. Plain data: what is found in it is a pure function (find.ts). */
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeGroupSnapshotContent,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';

export interface DriverVolume {
  readonly id: string;
  /** What the driver tells beside: its context. */
  readonly context: Readonly<Record<string, string>>;
  readonly bytes: bigint;
}

export interface DriverSnapshot {
  readonly id: string;
  readonly sourceVolumeId: string;
  /** Undefined: the driver tells no time. */
  readonly createdMs: number | undefined;
  readonly bytes: bigint;
}

export interface DriverSide {
  readonly name: string;
  /** Undefined: the driver does not list them. */
  readonly volumes: ReadonlyMap<string, DriverVolume> | undefined;
  readonly snapshots: ReadonlyMap<string, DriverSnapshot> | undefined;
}

/** Undefined: it could not be read; `unread` says why. */
export interface ClusterSide {
  readonly volumes: readonly PersistentVolume[] | undefined;
  readonly contents: readonly VolumeSnapshotContent[] | undefined;
  readonly groupContents: readonly VolumeGroupSnapshotContent[] | undefined;
  readonly claims: readonly PersistentVolumeClaim[] | undefined;
  readonly storageClasses: readonly StorageClass[] | undefined;
  readonly snapshotClasses: readonly VolumeSnapshotClass[] | undefined;
  /** Entries of the provisioner's journal: uid of the claim → what it says. */
  readonly journal: ReadonlyMap<string, string> | undefined;
  /** A sentence each. */
  readonly unread: readonly string[];
}

export interface Policy {
  readonly nowMs: number;
  readonly olderThanMs: number;
  /** First part of the names of volumes; given: no other cluster on this storage uses it. */
  readonly prefix: string;
  readonly prefixIsOurs: boolean;
  /** No other cluster uses this storage at all. */
  readonly soleCluster: boolean;
  /** When earlier audits first saw it, by `volume ID` or `snapshot ID`. */
  readonly firstSeen: ReadonlyMap<string, number>;
}
