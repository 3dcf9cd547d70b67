/** Why something is on one side only, and what to do about it. */
export const CAUSES = {
  'second-volume': {
    title: 'Volumes in the driver beside the one that their claim is bound to',
    remedy: 'a provisioner crashed or was replaced between two attempts; --clean deletes them',
  },
  'claim-gone': {
    title: 'Volumes in the driver whose claim is gone and that no PersistentVolume names',
    remedy: 'a provisioner lost them, or somebody removed the finalizer of their PV; --clean deletes them',
  },
  'volume-of-nobody': {
    title: 'Volumes in the driver that no PersistentVolume names, and nothing tells who made them',
    remedy: 'look at them in the storage; --clean deletes them only with --sole-cluster',
  },
  'content-gone': {
    title: 'Snapshots in the driver that no VolumeSnapshotContent names, of volumes of this cluster',
    remedy: 'a snapshotter lost them, or somebody removed the finalizer of their content; --clean deletes them',
  },
  'snapshot-of-nobody': {
    title: 'Snapshots in the driver that no VolumeSnapshotContent names, of volumes that this cluster does not know',
    remedy: 'look at them in the storage; --clean deletes them only with --sole-cluster',
  },
  'volume-lost': {
    title: 'PersistentVolumes whose volume the driver does not know',
    remedy: 'the data is gone: restore from a snapshot, then delete claim and PV; nothing here is deleted by --clean',
  },
  'snapshot-lost': {
    title: 'VolumeSnapshotContents whose snapshot the driver does not know',
    remedy: 'the snapshot is gone: delete its VolumeSnapshot; nothing here is deleted by --clean',
  },
  'not-listed': {
    title: 'Objects whose handle the driver knows and does not list',
    remedy: 'its lists are not complete, so an audit of it proves little: tell its authors',
  },
} as const;

export type Cause = keyof typeof CAUSES;

export interface Finding {
  readonly cause: Cause;
  readonly kind: 'volume' | 'snapshot';
  /** The driver's id. */
  readonly id: string;
  /** In the cluster: `PersistentVolume/NAME`. */
  readonly object?: string;
  readonly detail: string;
  readonly bytes?: bigint;
  /** Why --clean leaves it; undefined: it may go. */
  readonly keep?: string;
}
