/**
 * A store without a disk, for simulations and tests: it outlives the driver instances that use it, as a
 * disk does, and keeps records as text, so that no instance holds an object of another. The content of a
 * volume is a short byte string that a simulation writes and compares.
 */
import type { Change, Records } from '../model/records.ts';
import { readGroup, readNode, readSnapshot, readVolume, recordText } from './record-text.ts';
import type { CrashPoint, News, Usage, VolumeStore } from './store.ts';
import { StoreError } from './store.ts';

export class MemoryStore {
  readonly #volumes = new Map<string, string>();
  readonly #snapshots = new Map<string, string>();
  readonly #groups = new Map<string, string>();
  readonly #nodes = new Map<string, string>();
  readonly #content = new Map<string, Uint8Array>();
  /** Changes in order; each instance has a cursor. */
  readonly #log: string[] = [];

  /** An instance's own view; the data are shared. */
  instance(): VolumeStore {
    return new MemoryInstance(this);
  }

  /** The bytes of a volume or snapshot; undefined if there is none of this id. */
  content(id: string): Uint8Array | undefined {
    return this.#content.get(id)?.slice();
  }

  /** What a workload does: volumes only, snapshots are never written. */
  write(volumeId: string, bytes: Uint8Array): void {
    if (!this.#volumes.has(volumeId)) throw new StoreError('failed', `volume ${volumeId} does not exist`);
    this.#content.set(volumeId, bytes.slice());
  }

  records(): Records {
    const parse = (text: string): unknown => JSON.parse(text);
    const all = <T>(kind: string, texts: ReadonlyMap<string, string>, read: (value: unknown, place: string) => T): T[] =>
      [...texts].map(([id, text]) => read(parse(text), `${kind} ${id}`));
    return {
      volumes: all('volume', this.#volumes, readVolume),
      snapshots: all('snapshot', this.#snapshots, readSnapshot),
      groups: all('group', this.#groups, readGroup),
      nodes: all('node', this.#nodes, readNode),
    };
  }

  /** How many changes were ever committed. */
  get length(): number {
    return this.#log.length;
  }

  /** One synchronous turn: nothing can die within it. */
  put(change: Change): void {
    this.#log.push(change.op);
    switch (change.op) {
      case 'create-volume': {
        const { volume } = change;
        this.#volumes.set(volume.id, recordText(volume));
        this.#content.set(volume.id, volume.source === undefined ? new Uint8Array() : this.#source(volume.source.id));
        return;
      }
      case 'update-volume':
        this.#volumes.set(change.volume.id, recordText(change.volume));
        return;
      case 'delete-volume':
        this.#volumes.delete(change.id);
        this.#content.delete(change.id);
        return;
      case 'create-snapshot':
        this.#snapshots.set(change.snapshot.id, recordText(change.snapshot));
        this.#content.set(change.snapshot.id, this.#source(change.snapshot.sourceVolumeId));
        return;
      case 'delete-snapshot':
        this.#dropSnapshot(change.id);
        return;
      case 'create-group':
        for (const snapshot of change.snapshots) {
          this.#snapshots.set(snapshot.id, recordText(snapshot));
          this.#content.set(snapshot.id, this.#source(snapshot.sourceVolumeId));
        }
        this.#groups.set(change.group.id, recordText(change.group));
        return;
      case 'delete-group': {
        const text = this.#groups.get(change.id);
        if (text !== undefined) for (const id of readGroup(JSON.parse(text), change.id).snapshotIds) this.#dropSnapshot(id);
        this.#groups.delete(change.id);
        return;
      }
      case 'put-node':
        this.#nodes.set(change.node.id, recordText(change.node));
        return;
      default: {
        const never: never = change;
        throw new Error(`unknown change ${JSON.stringify(never)}`);
      }
    }
  }

  #dropSnapshot(id: string): void {
    this.#snapshots.delete(id);
    this.#content.delete(id);
  }

  #source(id: string): Uint8Array {
    const bytes = this.#content.get(id);
    if (bytes === undefined) throw new StoreError('failed', `there is no data of ${id}`);
    return bytes.slice();
  }
}

class MemoryInstance implements VolumeStore {
  readonly #shared: MemoryStore;
  #seen = 0;
  constructor(shared: MemoryStore) {
    this.#shared = shared;
  }

  async open(): Promise<Records> {
    this.#seen = this.#shared.length;
    return this.#shared.records();
  }

  /** A commit is one turn, so there is nothing to exclude between instances. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  async news(): Promise<News> {
    if (this.#seen === this.#shared.length) return { kind: 'changes', changes: [] };
    this.#seen = this.#shared.length;
    return { kind: 'everything', records: this.#shared.records() };
  }

  async commit(change: Change, crashPoint: CrashPoint): Promise<void> {
    await crashPoint(0);
    // The decision was made on what this instance had seen: another's commit since then makes it void.
    if (this.#seen !== this.#shared.length) throw new StoreError('busy', 'another instance changed the store meanwhile');
    this.#shared.put(change);
    this.#seen = this.#shared.length;
    await crashPoint(1);
  }

  path(): string | undefined {
    return undefined;
  }

  async usage(volumeId: string): Promise<Usage> {
    return { usedBytes: BigInt(this.#shared.content(volumeId)?.length ?? 0), totalInodes: 1n, usedInodes: 1n };
  }
}
