/** What exists now, for a comparison with what API objects account for. */
import type { GroupRecord, Records, Segment, SnapshotRecord, Source, VolumeRecord } from './model/records.ts';
import type { State } from './model/state.ts';

export interface LedgerVolume {
  readonly id: string;
  readonly name: string;
  readonly bytes: bigint;
  readonly block: boolean;
  readonly source: Source | undefined;
  readonly segment: Segment | undefined;
  /** Creation parameters, with the mutable ones over them. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly publishedOn: readonly string[];
  /** Staging and target paths. */
  readonly paths: readonly string[];
}

export interface LedgerSnapshot {
  readonly id: string;
  readonly name: string;
  readonly sourceVolumeId: string;
  readonly bytes: bigint;
  readonly ready: boolean;
  readonly groupId: string | undefined;
}

export interface LedgerGroup {
  readonly id: string;
  readonly name: string;
  readonly snapshotIds: readonly string[];
}

export interface Ledger {
  readonly volumes: readonly LedgerVolume[];
  readonly snapshots: readonly LedgerSnapshot[];
  readonly groups: readonly LedgerGroup[];
}

/** A picture of records at a time; readiness is the only thing in it that time alone changes. */
export function ledgerOf(records: Omit<Records, 'nodes'>, nowMs: number): Ledger {
  return {
    volumes: records.volumes.map(volumeLine),
    snapshots: records.snapshots.map((snapshot) => snapshotLine(snapshot, nowMs)),
    groups: records.groups.map(groupLine),
  };
}

/** What a driver in memory knows, in the order of ids. */
export function recordsOf(state: State): Omit<Records, 'nodes'> {
  return {
    volumes: state.volumeIds().flatMap((id) => state.volume(id) ?? []),
    snapshots: state.snapshotIds().flatMap((id) => state.snapshot(id) ?? []),
    groups: state.groups(),
  };
}

function volumeLine(volume: VolumeRecord): LedgerVolume {
  return {
    id: volume.id,
    name: volume.name,
    bytes: volume.bytes,
    block: volume.block,
    source: volume.source,
    segment: volume.segment,
    parameters: { ...volume.parameters, ...volume.mutable },
    publishedOn: volume.published.map(({ nodeId }) => nodeId),
    paths: [...volume.staged, ...volume.targets].map(({ path }) => path),
  };
}

function snapshotLine(snapshot: SnapshotRecord, nowMs: number): LedgerSnapshot {
  const { id, name, sourceVolumeId, bytes, groupId } = snapshot;
  return { id, name, sourceVolumeId, bytes, groupId, ready: snapshot.readyMs <= nowMs };
}

function groupLine({ id, name, snapshotIds }: GroupRecord): LedgerGroup {
  return { id, name, snapshotIds };
}

/** JSON with sizes as text, as protobuf's JSON has int64. */
export function ledgerJson(ledger: Ledger): string {
  return JSON.stringify(ledger, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

/** For people: a line for each object, an empty ledger says so. */
export function ledgerText({ volumes, snapshots, groups }: Ledger): string {
  const rows = [
    ...volumes.map(
      ({ id, name, bytes, source }) =>
        `volume    ${id}  ${bytes} bytes  ${name}${source === undefined ? '' : `  from ${source.kind} ${source.id}`}`,
    ),
    ...snapshots.map(({ id, name, sourceVolumeId, groupId, ready }) => {
      const owner = groupId === undefined ? name : `in group ${groupId}`;
      return `snapshot  ${id}  of ${sourceVolumeId}  ${owner}${ready ? '' : '  not ready'}`;
    }),
    ...groups.map(({ id, name, snapshotIds }) => `group     ${id}  ${snapshotIds.length} snapshots  ${name}`),
  ];
  const summary = `${volumes.length} volumes, ${snapshots.length} snapshots, ${groups.length} group snapshots`;
  return `${[...rows, summary].join('\n')}\n`;
}
