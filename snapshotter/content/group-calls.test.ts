import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import type { Snapshot } from '../../proto/gen/csi.ts';
import { CAUSE } from '../failure-note.ts';
import { groupCalls } from './group-calls.ts';
import type { Purpose } from './state.ts';

const signal = new AbortController().signal;
const call = { secrets: { token: 'x' }, signal };
const aSnapshotOf = (sourceVolumeId: string, snapshotId: string): Snapshot => ({
  snapshotId,
  sourceVolumeId,
  sizeBytes: 1n,
  creationTime: { seconds: 1n, nanos: 2 },
  readyToUse: true,
  groupSnapshotId: 'group-1',
});
const both = [aSnapshotOf('vol-1', 'snap-1'), aSnapshotOf('vol-2', 'snap-2')];

function driver(snapshots: readonly Snapshot[], groupSnapshotId = 'group-1') {
  const requests: unknown[] = [];
  const answer = async (request: unknown) => {
    requests.push(request);
    return { groupSnapshot: { groupSnapshotId, snapshots: [...snapshots], creationTime: undefined, readyToUse: true } };
  };
  const deleted = async (request: unknown) => {
    requests.push(request);
    return {};
  };
  const calls = groupCalls({ createVolumeGroupSnapshot: answer, getVolumeGroupSnapshot: answer, deleteVolumeGroupSnapshot: deleted });
  const create = (purpose: Purpose = 'create', sources: readonly string[] = ['vol-1', 'vol-2']) =>
    calls.create({ sources, name: 'groupsnapshot-1', parameters: { tier: 'gold' } }, purpose, call);
  return { calls, create, requests };
}

describe('making', () => {
  test('asks with name, volumes, parameters and secrets, and takes one snapshot for each volume', async () => {
    const { create, requests } = driver(both);
    expect(await create()).toMatchObject({
      found: {
        handle: 'group-1',
        creationTime: undefined,
        ready: true,
        members: [
          { volume: 'vol-1', handle: 'snap-1', creationTime: 1_000_000_002n, sizeBytes: 1n, ready: true },
          { volume: 'vol-2', handle: 'snap-2' },
        ],
      },
    });
    expect(requests).toEqual([
      { name: 'groupsnapshot-1', sourceVolumeIds: ['vol-1', 'vol-2'], parameters: { tier: 'gold' }, secrets: { token: 'x' } },
    ]);
  });

  test.each([
    ['fewer members', both.slice(1), /without a snapshot of volume vol-1/],
    ['none', [], /without a snapshot of volume vol-1/],
    ['a foreign member', [...both, aSnapshotOf('vol-7', 'snap-7')], /snapshot snap-7 of volume vol-7, which is none of the group's/],
    ['two of one volume', [...both, aSnapshotOf('vol-1', 'snap-3')], /3 snapshots of 2 volumes/],
    ['a member without an id', [aSnapshotOf('vol-1', ''), ...both.slice(1)], /snapshot of volume vol-1 that has no id/],
    ['a member without a volume', [aSnapshotOf('', 'snap-1'), ...both], /snap-1 of volume \(none\)/],
    ['one snapshot of two volumes', [aSnapshotOf('vol-1', 's'), aSnapshotOf('vol-2', 's')], /snapshot s of two volumes/],
  ])('%s make the answer unusable, and it is said what it would have to be', async (_, snapshots, message) => {
    const result = await driver(snapshots).create();
    expect(result).toEqual({ unusable: expect.stringMatching(message) });
    expect(result).toMatchObject({ unusable: expect.stringMatching(/must name one snapshot of each volume/) });
  });

  test('a group without an id, or with one too long to be stored, is unusable for whatever purpose', async () => {
    for (const purpose of ['create', 'replay', 'search'] as const) {
      expect(await driver(both, '').create(purpose)).toMatchObject({ unusable: 'the driver answered without a group snapshot id' });
      expect(await driver(both, 'x'.repeat((1 << 20) + 1)).create(purpose)).toMatchObject({ unusable: expect.stringMatching(/too long/) });
      const long = [aSnapshotOf('vol-1', 'x'.repeat(1 << 19)), aSnapshotOf('vol-2', 'y'.repeat(1 << 19))];
      expect(await driver(long).create(purpose)).toMatchObject({ unusable: expect.stringMatching(/too long/) });
    }
  });

  test('what is only to be deleted is taken as the driver names it, as long as it names something', async () => {
    const half = [aSnapshotOf('vol-1', ''), aSnapshotOf('vol-7', 'snap-7')];
    for (const purpose of ['replay', 'search'] as const) {
      expect(await driver(half).create(purpose)).toMatchObject({ found: { handle: 'group-1', members: [{ handle: 'snap-7' }] } });
      expect(await driver([]).create(purpose)).toMatchObject({ unusable: expect.stringMatching(/group without snapshots/) });
    }
  });

  test('an answer is taken exactly where its members are the volumes, each once, by ids of their own', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', '');
    const members = fc.array(fc.tuple(name, name), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }), members, async (sources, pairs) => {
        const result = await driver(pairs.map(([volume, id]) => aSnapshotOf(volume, id))).create('create', sources);
        const volumes = pairs.map(([volume]) => volume).toSorted();
        const ids = pairs.map(([, id]) => id);
        const fits = volumes.join() === sources.toSorted().join() && new Set(ids).size === ids.length && !ids.includes('');
        expect('found' in result).toBe(fits);
      }),
      { seed: 20260101, numRuns: 1000 },
    );
  });
});

const handles = { handle: 'group-1', members: ['snap-1', 'snap-2'] };

describe('an error of the driver', () => {
  const error = new CsiError({ rpc: 'x', grpcCode: GrpcCode.INTERNAL, message: 'broken' });
  const fails = () => Promise.reject(error);
  const {
    create,
    ask,
    delete: remove,
  } = groupCalls({
    createVolumeGroupSnapshot: fails,
    getVolumeGroupSnapshot: fails,
    deleteVolumeGroupSnapshot: fails,
  });

  test.each([
    ['making', () => create({ sources: ['vol-1'], name: 'groupsnapshot-1', parameters: {} }, 'create', call)],
    ['asking', () => ask(handles, call)],
    ['deleting', () => remove(handles, call)],
  ])('of %s is handed on as it is', async (_, of) => {
    await expect(of()).rejects.toBe(error);
  });
});

describe('asking and deleting', () => {
  test('a question names the group and its members, and an answer about another group is none', async () => {
    const { calls, requests } = driver(both);
    expect(await calls.ask(handles, call)).toMatchObject({ found: { handle: 'group-1', ready: true } });
    expect(requests).toEqual([{ groupSnapshotId: 'group-1', snapshotIds: ['snap-1', 'snap-2'], secrets: { token: 'x' } }]);
    expect(await driver(both, 'group-2').calls.ask(handles, call)).toEqual({
      unusable: 'the driver knows no group snapshot group-1',
      cause: CAUSE.missing,
    });
  });

  test('a deletion names them, too, and is not asked for where no member is known', async () => {
    const { calls, requests } = driver(both);
    expect(await calls.delete(handles, call)).toBeUndefined();
    expect(requests).toEqual([{ groupSnapshotId: 'group-1', snapshotIds: ['snap-1', 'snap-2'], secrets: { token: 'x' } }]);
    expect(await calls.delete({ handle: 'group-1', members: [] }, call)).toMatchObject({
      unusable: expect.stringMatching(/no snapshots of the group are known/),
    });
    expect(requests).toHaveLength(1);
  });
});
