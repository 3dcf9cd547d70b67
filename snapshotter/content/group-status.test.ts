import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aFoundGroup, aGroupContent, aMember, MEMBER_INFOS, READY_GROUP_STATUS } from '../testing/group-content.ts';
import { EPOCH_MS } from '../testing/objects.ts';
import { groupStatusChange } from './group-status.ts';
import type { FoundMember } from './found.ts';

type Infos = readonly { readonly snapshotHandle?: string }[];
const [first, second] = MEMBER_INFOS;
const status = { ...READY_GROUP_STATUS, readyToUse: false };
const change = (members: readonly FoundMember[], of: object = status): Infos | undefined =>
  groupStatusChange(aGroupContent({ status: of }), aFoundGroup({ members, ready: false }), EPOCH_MS)?.['volumeSnapshotInfoList'] as
    | Infos
    | undefined;

describe('the list of members', () => {
  test('is written from the first answer, without a size or a time that the driver does not give', () => {
    const members = [aMember({ creationTime: undefined, sizeBytes: 0n, ready: false })];
    expect(change(members, { readyToUse: false })).toEqual([{ volumeHandle: 'vol-1', snapshotHandle: 'snap-1', readyToUse: false }]);
  });

  test('follows later answers in readiness and size, and learns a time that was not known', () => {
    const unready = { ...second, creationTime: undefined, readyToUse: false, restoreSize: 1n };
    expect(
      change([aMember({ creationTime: 7n }), aMember({ volume: 'vol-2', handle: 'snap-2' })], {
        ...status,
        volumeSnapshotInfoList: [
          first,
          JSON.parse(JSON.stringify(unready, (_, value: unknown) => (typeof value === 'bigint' ? undefined : value))),
        ],
      }),
    ).toEqual([first, second]);
  });

  test('is not written where nothing changed, in whatever order the driver and the API server give things', () => {
    expect(change([aMember({ volume: 'vol-2', handle: 'snap-2' }), aMember()])).toBeUndefined();
    const sorted = MEMBER_INFOS.map((info) => Object.fromEntries(Object.entries(info).toReversed()));
    expect(
      change([aMember(), aMember({ volume: 'vol-2', handle: 'snap-2' })], { ...status, volumeSnapshotInfoList: sorted }),
    ).toBeUndefined();
  });

  test('is never emptied nor replaced: an answer without members, or with others, leaves it', () => {
    expect(change([])).toBeUndefined();
    expect(change([aMember({ handle: 'snap-7' })])).toBeUndefined();
  });

  test('keeps every member whatever answers come', () => {
    const member = fc.record({
      volume: fc.constantFrom('vol-1', 'vol-2', 'vol-3'),
      handle: fc.constantFrom('snap-1', 'snap-2', 'snap-3'),
      creationTime: fc.option(fc.bigInt({ min: 1n, max: 9n }), { nil: undefined }),
      sizeBytes: fc.bigInt({ min: 0n, max: 3n }),
      ready: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(member, { maxLength: 4, selector: ({ handle }) => handle }), { maxLength: 6 }), (answers) => {
        let list: Infos = [];
        for (const members of answers) {
          const next = change(members, { ...status, volumeSnapshotInfoList: list }) ?? list;
          const handles = list.map(({ snapshotHandle }) => snapshotHandle);
          expect(next.map(({ snapshotHandle }) => snapshotHandle).slice(0, handles.length)).toEqual(handles);
          if (list.length > 0) expect(next).toHaveLength(list.length);
          expect(change(members, { ...status, volumeSnapshotInfoList: next }), 'the same answer again').toBeUndefined();
          list = next;
        }
      }),
      { seed: 20260101 },
    );
  });
});
