import { describe, expect, test } from 'vitest';
import { PERSISTENT_VOLUMES, PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS, VOLUME_SNAPSHOT_CONTENTS } from '../../lib/kube/resources.ts';
import { GROUP_INDEX, MEMBER_INDEX } from '../membership.ts';
import { NAMESPACE_INDEX, SELECTING_INDEX } from '../snapshot-informers.ts';
import {
  MADE,
  MEMBER,
  MEMBER_KEY,
  RESOURCES,
  aBoundGroup,
  aGroup,
  aMemberContent,
  aMemberSnapshot,
  theContent,
} from '../testing/groups.ts';
import { aClaim, aVolume } from '../testing/objects.ts';
import { TinyApi } from '../testing/tiny-api.ts';
import { groupRelations } from './group-relations.ts';
import { RESTORES_INDEX } from './relations.ts';

function open() {
  const api = new TinyApi();
  for (const [name, labels] of Object.entries({ b: { app: 'db' }, a: { app: 'db', tier: 'gold' }, other: { app: 'web' } }))
    api.put(PERSISTENT_VOLUME_CLAIMS, aClaim({ metadata: { name, uid: name, labels } }));
  api.put(PERSISTENT_VOLUME_CLAIMS, aClaim({ metadata: { name: 'far', namespace: 'elsewhere', uid: 'far', labels: { app: 'db' } } }));
  api.put(PERSISTENT_VOLUMES, aVolume());
  const relations = groupRelations({
    claims: api.store(PERSISTENT_VOLUME_CLAIMS, [RESTORES_INDEX, NAMESPACE_INDEX]),
    volumes: api.store(PERSISTENT_VOLUMES),
    snapshots: api.store(VOLUME_SNAPSHOTS, [GROUP_INDEX]),
    contents: api.store(VOLUME_SNAPSHOT_CONTENTS),
    groups: {
      groups: api.store(RESOURCES.snapshots, [SELECTING_INDEX]),
      groupContents: api.store(RESOURCES.contents, [MEMBER_INDEX]),
      groupsGone: new Set(),
    },
  });
  return { api, relations };
}

describe('the claims of a group', () => {
  test('are those of its namespace that the selector finds, by name, with their volumes', () => {
    const { relations } = open();
    const { sources, selector } = relations.of(aGroup(), undefined);
    expect(selector).toBe('app=db');
    expect(sources.map(({ name, volume }) => [name, volume?.metadata?.name])).toEqual([
      ['a', 'pv-data'],
      ['b', 'pv-data'],
    ]);
  });

  test('are chosen by expressions, too, and an empty selector chooses all', () => {
    const { relations } = open();
    const chosen = (selector: object) =>
      relations.of(aGroup({ spec: { source: { selector } } }), undefined).sources.map(({ name }) => name);
    expect(chosen({ matchLabels: { app: 'db' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] })).toEqual(['b']);
    expect(chosen({ matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] })).toEqual(['other']);
    expect(chosen({})).toEqual(['a', 'b', 'other']);
  });

  test('are asked for no longer once its content is there and noted, or the group is going', () => {
    const { relations } = open();
    expect(relations.of(aBoundGroup(), theContent()).sources).toEqual([]);
    expect(relations.of(aGroup(), theContent()).sources, 'what is held back until it is noted goes by them').toHaveLength(2);
    expect(relations.of(aBoundGroup(), undefined).sources, 'to be made anew').toHaveLength(2);
    expect(relations.of(aGroup({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }), undefined).sources).toEqual([]);
  });

  test('wake the groups of their namespace that are still to be made', () => {
    const { api, relations } = open();
    api.put(RESOURCES.snapshots, aGroup());
    api.put(RESOURCES.snapshots, aBoundGroup({ metadata: { name: 'made', uid: 'made' }, status: { readyToUse: true } }));
    expect(relations.ofClaim({ metadata: { name: 'new', namespace: 'default' } })).toEqual(['default/group']);
    expect(relations.ofClaim({ metadata: { name: 'new', namespace: 'elsewhere' } })).toEqual([]);
  });
});

describe('the members of a group', () => {
  test('are made when snapshot and content are there and bound to each other', () => {
    const { api, relations } = open();
    const unmade = () => relations.of(aBoundGroup(), theContent({ status: MADE })).members.unmade;
    expect(unmade()).toHaveLength(2);
    api.put(VOLUME_SNAPSHOTS, aMemberSnapshot());
    api.put(VOLUME_SNAPSHOT_CONTENTS, aMemberContent());
    expect(unmade()).toContain(MEMBER_KEY);
    api.put(VOLUME_SNAPSHOTS, aMemberSnapshot({ status: { boundVolumeSnapshotContentName: MEMBER.content } }));
    expect(unmade()).not.toContain(MEMBER_KEY);
    expect(relations.of(aBoundGroup(), theContent()).members.unmade, 'the driver has told nothing').toEqual([]);
  });

  test('hold a group that is going until they are deleted, and while volumes are being restored from them', () => {
    const { api, relations } = open();
    api.put(RESOURCES.contents, theContent({ status: MADE }));
    api.put(VOLUME_SNAPSHOTS, aMemberSnapshot());
    const dying = aBoundGroup({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    api.put(RESOURCES.snapshots, dying);
    expect(relations.of(dying, undefined)).toMatchObject({ members: { undeleted: [MEMBER.snapshot] }, restores: [] });
    const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: MEMBER.snapshot };
    api.put(
      PERSISTENT_VOLUME_CLAIMS,
      aClaim({ metadata: { name: 'restored', uid: 'r' }, spec: { dataSource }, status: { phase: 'Pending' } }),
    );
    expect(relations.of(dying, undefined).restores).toEqual([{ snapshot: MEMBER_KEY, claims: ['default/restored'] }]);
    expect(relations.ofRestore(MEMBER_KEY)).toEqual(['default/group']);
    api.put(VOLUME_SNAPSHOTS, aMemberSnapshot({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }));
    expect(relations.of(dying, undefined).members.undeleted).toEqual([]);
  });
});
