/**
 * Random sequences of calls against a model of the specification that fits on two pages: what exists,
 * by name, and which code each call must get. The driver must agree after every call; with crashes, the
 * next process must find the state before the interrupted call or the one after it, as the moment has it.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Driver } from './driver.ts';
import type { CrashMoment } from './faults/fault.ts';
import { type Answered, capability, type Client, fromSnapshot, fromVolume } from './workbench.ts';

const MIB = 1n << 20n;
const POOL = 64n * MIB;
const NAMES = ['a', 'b', 'c', 'd'];

export interface Interruption {
  readonly moment: CrashMoment;
  readonly step: number;
  /** Whether the change is there afterwards. */
  readonly committed: boolean;
}

export type Command =
  | {
      readonly kind: 'create';
      readonly name: string;
      readonly mib: number;
      readonly from?: { readonly kind: 'snapshot' | 'volume'; readonly name: string };
    }
  | { readonly kind: 'delete' | 'attach' | 'detach'; readonly name: string }
  | { readonly kind: 'expand'; readonly name: string; readonly mib: number }
  | { readonly kind: 'cut'; readonly name: string; readonly volume: string }
  | { readonly kind: 'uncut'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string; readonly volumes: readonly string[] }
  | { readonly kind: 'ungroup'; readonly name: string }
  | { readonly kind: 'page'; readonly size: number };

export interface Step {
  readonly command: Command;
  readonly interrupted: Interruption | undefined;
}

const name = fc.constantFrom(...NAMES);
const mib = fc.constantFrom(1, 8, 40);

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('create' as const), name, mib }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      name,
      mib,
      from: fc.record({ kind: fc.constantFrom('snapshot' as const, 'volume' as const), name }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('delete' as const, 'attach' as const, 'detach' as const), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expand' as const), name, mib }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('cut' as const), name, volume: name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('uncut' as const), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('group' as const), name, volumes: fc.uniqueArray(name, { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ungroup' as const), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('page' as const), size: fc.integer({ min: 1, max: 3 }) }) },
);

interface ModelVolume {
  readonly bytes: bigint;
  /** Id of the source, as the caller named it. */
  readonly source: string | undefined;
  readonly attached: boolean;
}

interface Model {
  readonly volumes: ReadonlyMap<string, ModelVolume>;
  /** Name to the id of the source volume and the size at the cut. */
  readonly snapshots: ReadonlyMap<string, { readonly volumeId: string; readonly bytes: bigint }>;
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

const EMPTY: Model = { volumes: new Map(), snapshots: new Map(), groups: new Map() };

/** Ids by name, also of what is gone: a caller may well ask for that. */
export interface Ids {
  volume(name: string): string;
  snapshot(name: string): string;
  group(name: string): { readonly id: string; readonly members: readonly string[] };
}

interface Expectation {
  readonly code: string;
  readonly next: Model;
}

const put = <V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> => new Map([...map, [key, value]]);
const drop = <V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> => new Map([...map].filter(([other]) => other !== key));

/** What the specification says about a call. */
export function expectation(model: Model, asked: Command, ids: Ids): Expectation {
  const same = (code: string): Expectation => ({ code, next: model });
  switch (asked.kind) {
    case 'create': {
      const bytes = BigInt(asked.mib) * MIB;
      const source = asked.from === undefined ? undefined : ids[asked.from.kind](asked.from.name);
      const existing = model.volumes.get(asked.name);
      if (existing !== undefined) return same(existing.bytes >= bytes && existing.source === source ? 'OK' : 'ALREADY_EXISTS');
      if (asked.from !== undefined) {
        const from = asked.from.kind === 'volume' ? model.volumes.get(asked.from.name) : model.snapshots.get(asked.from.name);
        if (from === undefined) return same('NOT_FOUND');
        if (from.bytes > bytes) return same('OUT_OF_RANGE');
      }
      if (used(model) + bytes > POOL) return same('RESOURCE_EXHAUSTED');
      return { code: 'OK', next: { ...model, volumes: put(model.volumes, asked.name, { bytes, source, attached: false }) } };
    }
    case 'delete': {
      if (model.volumes.get(asked.name)?.attached === true) return same('FAILED_PRECONDITION');
      return { code: 'OK', next: { ...model, volumes: drop(model.volumes, asked.name) } };
    }
    case 'attach':
    case 'detach': {
      const volume = model.volumes.get(asked.name);
      if (volume === undefined) return same(asked.kind === 'attach' ? 'NOT_FOUND' : 'OK');
      return { code: 'OK', next: { ...model, volumes: put(model.volumes, asked.name, { ...volume, attached: asked.kind === 'attach' }) } };
    }
    case 'expand': {
      const bytes = BigInt(asked.mib) * MIB;
      const volume = model.volumes.get(asked.name);
      if (volume === undefined) return same('NOT_FOUND');
      if (volume.bytes >= bytes) return same('OK');
      if (used(model) + bytes - volume.bytes > POOL) return same('OUT_OF_RANGE');
      return { code: 'OK', next: { ...model, volumes: put(model.volumes, asked.name, { ...volume, bytes }) } };
    }
    case 'cut': {
      const volumeId = ids.volume(asked.volume);
      const existing = model.snapshots.get(asked.name);
      if (existing !== undefined) return same(existing.volumeId === volumeId ? 'OK' : 'ALREADY_EXISTS');
      const volume = model.volumes.get(asked.volume);
      if (volume === undefined) return same('NOT_FOUND');
      return { code: 'OK', next: { ...model, snapshots: put(model.snapshots, asked.name, { volumeId, bytes: volume.bytes }) } };
    }
    case 'uncut':
      return { code: 'OK', next: { ...model, snapshots: drop(model.snapshots, asked.name) } };
    case 'group': {
      const volumeIds = asked.volumes.map((volume) => ids.volume(volume));
      if (volumeIds.length === 0) return same('INVALID_ARGUMENT');
      const existing = model.groups.get(asked.name);
      if (existing !== undefined) return same([...existing].sort().join() === [...volumeIds].sort().join() ? 'OK' : 'ALREADY_EXISTS');
      if (!asked.volumes.every((volume) => model.volumes.has(volume))) return same('NOT_FOUND');
      return { code: 'OK', next: { ...model, groups: put(model.groups, asked.name, volumeIds) } };
    }
    case 'ungroup':
      return { code: 'OK', next: { ...model, groups: drop(model.groups, asked.name) } };
    case 'page':
      return same('OK');
    default: {
      const never: never = asked;
      throw new Error(`unknown command ${JSON.stringify(never)}`);
    }
  }
}

const used = (model: Model): bigint => [...model.volumes.values()].reduce((sum, { bytes }) => sum + bytes, 0n);

/** The same call to the driver. */
export async function send(client: Client, asked: Command, ids: Ids): Promise<string> {
  const code = async (answer: Promise<Answered<unknown>>): Promise<string> => (await answer).code;
  const capacityRange = (size: number) => ({ requiredBytes: BigInt(size) * MIB, limitBytes: 0n });
  switch (asked.kind) {
    case 'create': {
      const from = asked.from;
      const source =
        from === undefined
          ? {}
          : { volumeContentSource: from.kind === 'volume' ? fromVolume(ids.volume(from.name)) : fromSnapshot(ids.snapshot(from.name)) };
      return code(
        client.createVolume({ name: asked.name, volumeCapabilities: [capability()], capacityRange: capacityRange(asked.mib), ...source }),
      );
    }
    case 'delete':
      return code(client.deleteVolume({ volumeId: ids.volume(asked.name) }));
    case 'attach':
      return code(client.controllerPublish({ volumeId: ids.volume(asked.name), nodeId: 'node-a', volumeCapability: capability() }));
    case 'detach':
      return code(client.controllerUnpublish({ volumeId: ids.volume(asked.name), nodeId: 'node-a' }));
    case 'expand':
      return code(client.expandVolume({ volumeId: ids.volume(asked.name), capacityRange: capacityRange(asked.mib) }));
    case 'cut':
      return code(client.createSnapshot({ name: asked.name, sourceVolumeId: ids.volume(asked.volume) }));
    case 'uncut':
      return code(client.deleteSnapshot({ snapshotId: ids.snapshot(asked.name) }));
    case 'group':
      return code(client.createGroup({ name: asked.name, sourceVolumeIds: asked.volumes.map((volume) => ids.volume(volume)) }));
    case 'ungroup': {
      const { id, members } = ids.group(asked.name);
      return code(client.deleteGroup({ groupSnapshotId: id, snapshotIds: [...members] }));
    }
    case 'page':
      return pages(client, asked.size);
    default: {
      const never: never = asked;
      throw new Error(`unknown command ${JSON.stringify(never)}`);
    }
  }
}

/** All pages together are the whole list, in the same order. */
async function pages(client: Client, size: number): Promise<string> {
  const whole = (await client.listVolumes()).response.entries;
  const found: typeof whole = [];
  for (let startingToken = ''; ; ) {
    const { response } = await client.listVolumes({ maxEntries: size, startingToken });
    expect(response.entries.length).toBeLessThanOrEqual(size);
    found.push(...response.entries);
    // A token that leads back would lead round for ever, and no time limit of a test ends what never waits.
    expect(found.length).toBeLessThanOrEqual(whole.length);
    if (response.nextToken !== '') expect(response.entries.length).toBeGreaterThan(0);
    startingToken = response.nextToken;
    if (startingToken === '') break;
  }
  expect(found).toEqual(whole);
  return 'OK';
}

export interface Subject {
  readonly driver: Driver;
  readonly client: Client;
}

export interface SequenceWorld {
  open(): Promise<Subject>;
  /** Interrupts the next call that takes effect and answers the driver of the next process. */
  interrupt?(subject: Subject, interruption: Interruption, call: () => Promise<unknown>): Promise<Subject>;
}

/** Pool size the drivers of a sequence must be opened with. */
export const SEQUENCE_POOL = POOL;

export async function runSequence(world: SequenceWorld, steps: readonly Step[]): Promise<void> {
  let subject = await world.open();
  let model = EMPTY;
  const known = { volume: new Map<string, string>(), snapshot: new Map<string, string>() };
  const groups = new Map<string, { id: string; members: readonly string[] }>();
  const ids: Ids = {
    volume: (key) => known.volume.get(key) ?? `vol-${key}`,
    snapshot: (key) => known.snapshot.get(key) ?? `snap-${key}`,
    group: (key) => groups.get(key) ?? { id: `group-${key}`, members: ['x'] },
  };
  for (const { command: asked, interrupted } of steps) {
    const { code, next } = expectation(model, asked, ids);
    const call = (): Promise<string> => send(subject.client, asked, ids);
    if (interrupted !== undefined && world.interrupt !== undefined && next !== model && code === 'OK') {
      subject = await world.interrupt(subject, interrupted, call);
      if (interrupted.committed) model = next;
    } else {
      expect([asked, await call()]).toEqual([asked, code]);
      model = next;
    }
    const ledger = subject.driver.ledger();
    for (const volume of ledger.volumes) known.volume.set(volume.name, volume.id);
    for (const snapshot of ledger.snapshots) if (snapshot.name !== '') known.snapshot.set(snapshot.name, snapshot.id);
    for (const group of ledger.groups) groups.set(group.name, { id: group.id, members: group.snapshotIds });
    expect(seen(subject.driver)).toEqual(expected(model));
    expect((await subject.client.getCapacity()).response.availableCapacity).toBe(POOL - used(model));
  }
  // What the store has is what the driver believes: a fresh process sees the same.
  expect(seen((await world.open()).driver)).toEqual(expected(model));
}

const sorted = (lines: string[]): string[] => lines.sort();

function expected(model: Model): string[] {
  return sorted([
    ...[...model.volumes].map(([key, { bytes, source, attached }]) => `volume ${key} ${bytes} ${source} ${attached}`),
    ...[...model.snapshots].map(([key, { volumeId, bytes }]) => `snapshot ${key} ${volumeId} ${bytes}`),
    ...[...model.groups].map(([key, volumeIds]) => `group ${key} ${volumeIds.length}`),
    ...[...model.groups].flatMap(([key, volumeIds]) => volumeIds.map((id) => `member ${key} ${id}`)),
  ]);
}

function seen(driver: Driver): string[] {
  const { volumes, snapshots, groups } = driver.ledger();
  const groupName = (id: string): string => groups.find((group) => group.id === id)?.name ?? `${id} is gone`;
  return sorted([
    ...volumes.map((volume) => `volume ${volume.name} ${volume.bytes} ${volume.source?.id} ${volume.publishedOn.length > 0}`),
    ...snapshots.map((snapshot) =>
      snapshot.groupId === undefined
        ? `snapshot ${snapshot.name} ${snapshot.sourceVolumeId} ${snapshot.bytes}`
        : `member ${groupName(snapshot.groupId)} ${snapshot.sourceVolumeId}`,
    ),
    ...groups.map((group) => `group ${group.name} ${group.snapshotIds.length}`),
  ]);
}
