/**
 * The world as the driver knows it, indexed. It changes only through `apply` and `reset`, both called
 * after a store has committed; every decision reads it and proposes a Change. No clock, no chance, no
 * I/O: the same changes give the same state.
 */
import type { Change, GroupRecord, NodeRecord, Pool, Records, Segment, SnapshotRecord, VolumeRecord } from './records.ts';

/** The same text for the same segment whatever the order of its keys. */
export function segmentKey(segment: Segment | undefined): string {
  if (segment === undefined) return '';
  const sorted = Object.entries(segment).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(sorted);
}

export class State {
  readonly #volumes = new Map<string, VolumeRecord>();
  readonly #volumeNames = new Map<string, string>();
  readonly #snapshots = new Map<string, SnapshotRecord>();
  readonly #snapshotNames = new Map<string, string>();
  readonly #groups = new Map<string, GroupRecord>();
  readonly #groupNames = new Map<string, string>();
  readonly #nodes = new Map<string, NodeRecord>();
  readonly #used = new Map<string, bigint>();
  readonly #publishedOn = new Map<string, number>();
  /** Ids in order, rebuilt when a list is asked for after a change: creation stays O(1). */
  #volumeIds: readonly string[] | undefined;
  #snapshotIds: readonly string[] | undefined;

  /** By id; undefined for whatever text is not the id of something that exists. */
  volume(id: string): VolumeRecord | undefined {
    return this.#volumes.get(id);
  }

  /** By the name it was created with: the key of idempotency. */
  volumeNamed(name: string): VolumeRecord | undefined {
    const id = this.#volumeNames.get(name);
    return id === undefined ? undefined : this.#volumes.get(id);
  }

  snapshot(id: string): SnapshotRecord | undefined {
    return this.#snapshots.get(id);
  }

  snapshotNamed(name: string): SnapshotRecord | undefined {
    const id = this.#snapshotNames.get(name);
    return id === undefined ? undefined : this.#snapshots.get(id);
  }

  group(id: string): GroupRecord | undefined {
    return this.#groups.get(id);
  }

  groupNamed(name: string): GroupRecord | undefined {
    const id = this.#groupNames.get(name);
    return id === undefined ? undefined : this.#groups.get(id);
  }

  groups(): readonly GroupRecord[] {
    return [...this.#groups.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  node(id: string): NodeRecord | undefined {
    return this.#nodes.get(id);
  }

  /** Every pool of every instance, one per segment; where two instances differ on a size, the node later in the alphabet wins. */
  pools(): readonly Pool[] {
    const pools = new Map<string, Pool>();
    const nodes = [...this.#nodes.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const node of nodes) for (const pool of node.pools) pools.set(segmentKey(pool.segment), pool);
    return [...pools.values()];
  }

  /** Bytes promised to volumes in a segment. Snapshots are thin and cost nothing. */
  used(segment: Segment | undefined): bigint {
    return this.#used.get(segmentKey(segment)) ?? 0n;
  }

  /** How many volumes are controller-published on a node. */
  publishedOn(nodeId: string): number {
    return this.#publishedOn.get(nodeId) ?? 0;
  }

  /** Sorted: the order of pages, which must not depend on who asks or when. */
  volumeIds(): readonly string[] {
    this.#volumeIds ??= [...this.#volumes.keys()].sort();
    return this.#volumeIds;
  }

  snapshotIds(): readonly string[] {
    this.#snapshotIds ??= [...this.#snapshots.keys()].sort();
    return this.#snapshotIds;
  }

  /** Forgets everything and takes these, as a store found them. */
  reset(records: Records): void {
    for (const map of [this.#volumes, this.#volumeNames, this.#snapshots, this.#snapshotNames, this.#groups, this.#groupNames]) map.clear();
    for (const map of [this.#nodes, this.#used, this.#publishedOn]) map.clear();
    this.#volumeIds = undefined;
    this.#snapshotIds = undefined;
    for (const volume of records.volumes) this.#putVolume(volume);
    for (const snapshot of records.snapshots) this.#putSnapshot(snapshot);
    for (const group of records.groups) this.#putGroup(group);
    for (const node of records.nodes) this.#nodes.set(node.id, node);
  }

  /** Follows a commit. Applying the same change twice is the same as once: another instance's news may repeat ours. */
  apply(change: Change): void {
    switch (change.op) {
      case 'create-volume':
      case 'update-volume':
        this.#putVolume(change.volume);
        return;
      case 'delete-volume':
        this.#dropVolume(change.id);
        return;
      case 'create-snapshot':
        this.#putSnapshot(change.snapshot);
        return;
      case 'delete-snapshot':
        this.#dropSnapshot(change.id);
        return;
      case 'create-group':
        this.#putGroup(change.group);
        for (const snapshot of change.snapshots) this.#putSnapshot(snapshot);
        return;
      case 'delete-group':
        this.#dropGroup(change.id);
        return;
      case 'put-node':
        this.#nodes.set(change.node.id, change.node);
        return;
      default: {
        const never: never = change;
        throw new Error(`unknown change ${JSON.stringify(never)}`);
      }
    }
  }

  #putVolume(volume: VolumeRecord): void {
    const before = this.#volumes.get(volume.id);
    if (before === undefined) this.#volumeIds = undefined;
    else this.#count(before, -1);
    this.#volumes.set(volume.id, volume);
    this.#volumeNames.set(volume.name, volume.id);
    this.#count(volume, 1);
  }

  #dropVolume(id: string): void {
    const volume = this.#volumes.get(id);
    if (volume === undefined) return;
    this.#count(volume, -1);
    this.#volumes.delete(id);
    this.#volumeNames.delete(volume.name);
    this.#volumeIds = undefined;
  }

  /** Adds a volume to the sums or takes it out of them; both sides of a replacement go through here. */
  #count(volume: VolumeRecord, sign: 1 | -1): void {
    const key = segmentKey(volume.segment);
    this.#used.set(key, (this.#used.get(key) ?? 0n) + BigInt(sign) * volume.bytes);
    for (const { nodeId } of volume.published) this.#publishedOn.set(nodeId, (this.#publishedOn.get(nodeId) ?? 0) + sign);
  }

  #putSnapshot(snapshot: SnapshotRecord): void {
    this.#snapshots.set(snapshot.id, snapshot);
    if (snapshot.name !== '') this.#snapshotNames.set(snapshot.name, snapshot.id);
    this.#snapshotIds = undefined;
  }

  #dropSnapshot(id: string): void {
    const snapshot = this.#snapshots.get(id);
    if (snapshot === undefined) return;
    this.#snapshots.delete(id);
    if (snapshot.name !== '') this.#snapshotNames.delete(snapshot.name);
    this.#snapshotIds = undefined;
  }

  #putGroup(group: GroupRecord): void {
    this.#groups.set(group.id, group);
    this.#groupNames.set(group.name, group.id);
  }

  #dropGroup(id: string): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    this.#groups.delete(id);
    this.#groupNames.delete(group.name);
    for (const snapshotId of group.snapshotIds) this.#dropSnapshot(snapshotId);
  }
}
