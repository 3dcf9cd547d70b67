/**
 * Records as JSON text and back. Reading trusts nothing: a field of another shape is damage, named by its
 * place, because a state that is half understood must not be written over.
 */
import { ACCESS_MODES, type AccessMode, type Capability, type GroupRecord, type NodeRecord } from '../model/records.ts';
import type { Placement, Pool, Publication, Segment, SnapshotRecord, Source, VolumeRecord } from '../model/records.ts';

/** One record, readable in an editor; sizes as text, since JSON numbers lose digits. */
export function recordText(record: VolumeRecord | SnapshotRecord | GroupRecord | NodeRecord): string {
  return `${JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 1)}\n`;
}

/** Something in a state file is not what it must be. */
export class DamageError extends Error {
  constructor(place: string, expected: string) {
    super(`${place} is not ${expected}`);
    this.name = 'DamageError';
  }
}

type Fields = Readonly<Record<string, unknown>>;
/** Turns JSON into a value or throws DamageError; `place` is how the value is called in the message. */
type Read<T> = (value: unknown, place: string) => T;

function fields(value: unknown, place: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new DamageError(place, 'an object');
  return { ...value };
}

const text: Read<string> = (value, place) => {
  if (typeof value !== 'string') throw new DamageError(place, 'text');
  return value;
};

const filled: Read<string> = (value, place) => {
  if (text(value, place) === '') throw new DamageError(place, 'text with something in it');
  return text(value, place);
};

const truth: Read<boolean> = (value, place) => {
  if (typeof value !== 'boolean') throw new DamageError(place, 'true or false');
  return value;
};

const time: Read<number> = (value, place) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new DamageError(place, 'a number');
  return value;
};

// Nineteen digits are what an int64 can have.
const size: Read<bigint> = (value, place) => {
  if (typeof value !== 'string' || !/^[0-9]{1,19}$/.test(value)) throw new DamageError(place, 'a size in bytes as text');
  return BigInt(value);
};

const map: Read<Record<string, string>> = (value, place) => {
  const entries = Object.entries(fields(value, place));
  return Object.fromEntries(entries.map(([key, item]) => [key, text(item, `${place}.${key}`)]));
};

const list =
  <T>(read: Read<T>): Read<T[]> =>
  (value, place) => {
    if (!Array.isArray(value)) throw new DamageError(place, 'a list');
    return value.map((item: unknown, index) => read(item, `${place}[${index}]`));
  };

// An absent field and an undefined one are the same in JSON text.
const maybe =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, place) =>
    value === undefined ? undefined : read(value, place);

const segment: Read<Segment | undefined> = maybe(map);

const mode: Read<AccessMode> = (value, place) => {
  const found = ACCESS_MODES.find((name) => name === value);
  if (found === undefined) throw new DamageError(place, 'an access mode');
  return found;
};

const capability: Read<Capability> = (value, place) => {
  const from = fields(value, place);
  return {
    block: truth(from['block'], `${place}.block`),
    fsType: text(from['fsType'], `${place}.fsType`),
    mountFlags: list(text)(from['mountFlags'], `${place}.mountFlags`),
    mountGroup: text(from['mountGroup'], `${place}.mountGroup`),
    mode: mode(from['mode'], `${place}.mode`),
  };
};

const source: Read<Source> = (value, place) => {
  const from = fields(value, place);
  const kind = from['kind'];
  if (kind !== 'snapshot' && kind !== 'volume') throw new DamageError(`${place}.kind`, 'snapshot or volume');
  return { kind, id: filled(from['id'], `${place}.id`) };
};

const publication: Read<Publication> = (value, place) => {
  const from = fields(value, place);
  return {
    nodeId: filled(from['nodeId'], `${place}.nodeId`),
    readonly: truth(from['readonly'], `${place}.readonly`),
    capability: capability(from['capability'], `${place}.capability`),
  };
};

const placement: Read<Placement> = (value, place) => ({
  ...publication(value, place),
  path: filled(fields(value, place)['path'], `${place}.path`),
});

const pool: Read<Pool> = (value, place) => {
  const from = fields(value, place);
  return { segment: segment(from['segment'], `${place}.segment`), bytes: size(from['bytes'], `${place}.bytes`) };
};

export const readVolume: Read<VolumeRecord> = (value, place) => {
  const from = fields(value, place);
  return {
    id: filled(from['id'], `${place}.id`),
    name: filled(from['name'], `${place}.name`),
    bytes: size(from['bytes'], `${place}.bytes`),
    block: truth(from['block'], `${place}.block`),
    modes: list(mode)(from['modes'], `${place}.modes`),
    parameters: map(from['parameters'], `${place}.parameters`),
    createdMutable: map(from['createdMutable'], `${place}.createdMutable`),
    mutable: map(from['mutable'], `${place}.mutable`),
    source: maybe(source)(from['source'], `${place}.source`),
    segment: segment(from['segment'], `${place}.segment`),
    createdMs: time(from['createdMs'], `${place}.createdMs`),
    published: list(publication)(from['published'], `${place}.published`),
    staged: list(placement)(from['staged'], `${place}.staged`),
    targets: list(placement)(from['targets'], `${place}.targets`),
  };
};

export const readSnapshot: Read<SnapshotRecord> = (value, place) => {
  const from = fields(value, place);
  return {
    id: filled(from['id'], `${place}.id`),
    name: text(from['name'], `${place}.name`),
    sourceVolumeId: filled(from['sourceVolumeId'], `${place}.sourceVolumeId`),
    bytes: size(from['bytes'], `${place}.bytes`),
    block: truth(from['block'], `${place}.block`),
    parameters: map(from['parameters'], `${place}.parameters`),
    segment: segment(from['segment'], `${place}.segment`),
    createdMs: time(from['createdMs'], `${place}.createdMs`),
    readyMs: time(from['readyMs'], `${place}.readyMs`),
    groupId: maybe(filled)(from['groupId'], `${place}.groupId`),
  };
};

export const readGroup: Read<GroupRecord> = (value, place) => {
  const from = fields(value, place);
  return {
    id: filled(from['id'], `${place}.id`),
    name: filled(from['name'], `${place}.name`),
    sourceVolumeIds: list(filled)(from['sourceVolumeIds'], `${place}.sourceVolumeIds`),
    snapshotIds: list(filled)(from['snapshotIds'], `${place}.snapshotIds`),
    parameters: map(from['parameters'], `${place}.parameters`),
    createdMs: time(from['createdMs'], `${place}.createdMs`),
  };
};

export const readNode: Read<NodeRecord> = (value, place) => {
  const from = fields(value, place);
  return {
    id: filled(from['id'], `${place}.id`),
    segment: segment(from['segment'], `${place}.segment`),
    pools: list(pool)(from['pools'], `${place}.pools`),
  };
};
