/** A member's loop where the API server refuses, or somebody else was faster: what is written, told and tried again. */
import { describe, expect, test } from 'vitest';
import { PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS as CONTENTS, VOLUME_SNAPSHOTS as SNAPSHOTS } from '../../lib/kube/resources.ts';
import { MEMBER_INDEX } from '../membership.ts';
import { VOLUME_INDEX } from '../snapshot-informers.ts';
import {
  MADE,
  MEMBER,
  MEMBER_KEY,
  RESOURCES,
  aBoundGroup,
  aMemberContent,
  aMemberSnapshot,
  aSource,
  theContent,
} from '../testing/groups.ts';
import { RETRY_MS, startLoop } from '../testing/one-loop.ts';
import { refuse, TinyApi } from '../testing/tiny-api.ts';
import { reconciler } from './controller.ts';

const POST_SNAPSHOT = 'POST volumesnapshots';
const POST_CONTENT = 'POST volumesnapshotcontents';
const BIND = 'PATCH volumesnapshotcontents';
const STATUS = 'PATCH volumesnapshotcontents/status';

/** A group of which the driver has told; no member is there. */
function open() {
  const api = new TinyApi();
  api.put(RESOURCES.snapshots, aBoundGroup());
  api.put(RESOURCES.contents, theContent({ status: MADE }));
  const { volume } = aSource('one');
  if (volume !== undefined) api.put(PERSISTENT_VOLUMES, volume);
  const loop = startLoop(
    reconciler({
      snapshots: api.store(SNAPSHOTS),
      contents: api.store(CONTENTS),
      volumes: api.store(PERSISTENT_VOLUMES, [VOLUME_INDEX]),
      groups: {
        groups: api.store(RESOURCES.snapshots),
        groupContents: api.store(RESOURCES.contents, [MEMBER_INDEX]),
        groupsGone: new Set<string>(),
      },
      groupKind: RESOURCES.snapshots,
      groupResources: RESOURCES,
      keepsVolumeMode: true,
      client: api.client(),
      applyWrite: () => undefined,
    }),
  );
  const content = () => api.find(CONTENTS, MEMBER.content);
  const snapshot = () => api.find(SNAPSHOTS, MEMBER_KEY);
  return { api, loop, content, snapshot };
}

type World = ReturnType<typeof open>;

const EARLIER = { spec: { volumeSnapshotRef: { kind: 'VolumeSnapshot', name: MEMBER.snapshot, namespace: 'default', uid: 'earlier' } } };

/** Its VolumeSnapshot was made again since. */
function halfMade({ api }: World): void {
  api.put(SNAPSHOTS, aMemberSnapshot());
  api.put(CONTENTS, aMemberContent(EARLIER));
}

function removeContent({ api }: World): void {
  api.put(CONTENTS, aMemberContent({ metadata: { finalizers: [], deletionTimestamp: '2026-01-01T00:01:00Z' } }));
}

function expectWhole({ content, snapshot }: World): void {
  expect(snapshot()?.spec?.source?.persistentVolumeClaimName).toBe('one');
  expect(content()?.spec?.volumeSnapshotRef?.uid).toBe(snapshot()?.metadata?.uid);
  expect(content()?.status).toMatchObject({ snapshotHandle: 'snap-1', volumeGroupSnapshotHandle: 'group-1', readyToUse: true });
}

describe('a write that the server refuses ends the attempt, is told on the group, and the member comes whole with the next', () => {
  test.each([
    ['of the VolumeSnapshot', POST_SNAPSHOT, [POST_SNAPSHOT]],
    ['of the content', POST_CONTENT, [POST_SNAPSHOT, POST_CONTENT]],
    ['of the status', STATUS, [POST_SNAPSHOT, POST_CONTENT, STATUS]],
  ])('%s', async (_, write, written) => {
    const world = open();
    const { api, loop } = world;
    api.once(write, () => {
      throw refuse(500, 'no room');
    });
    await loop.run(MEMBER_KEY);
    expect(api.writes).toEqual(written);
    expect(loop.events).toMatchObject([
      {
        type: 'Warning',
        reason: 'GroupSnapshotContentCreationFailed',
        regarding: { metadata: { name: 'group' } },
        message: expect.stringMatching(new RegExp(`^failed to create group snapshot content with error member ${MEMBER_KEY}: .*no room`)),
      },
    ]);
    await loop.run(MEMBER_KEY);
    expect(api.writes, 'not ahead of its time').toEqual(written);
    await loop.clock.advance(RETRY_MS);
    expectWhole(world);
    expect(loop.events).toHaveLength(1);
  });
});

describe('a content that goes at the moment of a write', () => {
  test.each([
    ['that binds it', BIND, [BIND]],
    ['of its status', STATUS, [BIND, STATUS]],
  ])('%s is an error, and is made anew', async (_, write, written) => {
    const world = open();
    const { api, loop } = world;
    halfMade(world);
    api.once(write, () => removeContent(world));
    await loop.run(MEMBER_KEY);
    expect(api.writes).toEqual(written);
    expect(loop.held(MEMBER_KEY)).toMatchObject([{ failures: 1 }]);
    await loop.clock.advance(RETRY_MS);
    expect(api.writes.slice(written.length)).toEqual([POST_CONTENT, STATUS]);
    expectWhole(world);
  });
});

describe('what somebody made in the meantime is taken as it is', () => {
  test('the VolumeSnapshot', async () => {
    const world = open();
    const { api, loop, snapshot } = world;
    api.once(POST_SNAPSHOT, () => api.put(SNAPSHOTS, aMemberSnapshot()));
    await loop.run(MEMBER_KEY);
    expect(snapshot()?.metadata?.uid).toBe('member-uid');
    expectWhole(world);
    expect(loop.events).toEqual([]);
  });

  test('the content', async () => {
    const world = open();
    const { api, loop, content } = world;
    api.put(SNAPSHOTS, aMemberSnapshot());
    api.once(POST_CONTENT, () => api.put(CONTENTS, aMemberContent({ metadata: { uid: 'theirs' } })));
    await loop.run(MEMBER_KEY);
    expect(content()?.metadata?.uid).toBe('theirs');
    expectWhole(world);
    expect(loop.events).toEqual([]);
  });
});
