import { describe, expect, test } from 'vitest';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { SINGLE } from '../kinds/single-kind.ts';
import { BEING_CREATED, BEING_DELETED, CONTENT_PROTECTION } from '../names.ts';
import { READY_STATUS, SNAPSHOT_UID, aContent, aPreProvisionedContent } from '../testing/objects.ts';
import { decide, isAlone } from './decide.ts';
import type { ContentProtectionState } from './state.ts';

const aState = (content: VolumeSnapshotContent, snapshot: ContentProtectionState['snapshot'] = 'there'): ContentProtectionState => ({
  kind: SINGLE,
  group: 'none',
  content,
  snapshot,
  cameAlone: false,
  gone: false,
});
const bare = { metadata: { finalizers: [] } };
const deleting = { deletionTimestamp: '2026-01-01T00:00:00Z' };

test('a bound content without the finalizer gets it', () => {
  expect(decide(aState(aContent(bare)))).toMatchObject({
    kind: 'protect-content',
    patch: { operations: [{ op: 'test' }, { op: 'add', value: [CONTENT_PROTECTION] }] },
  });
});

test.each([
  ['is protected', aContent()],
  ['is not bound yet', aPreProvisionedContent()],
  ['is being deleted', aContent({ metadata: { finalizers: [], ...deleting } })],
])('a content that %s is left as it is', (_, content) => {
  expect(decide(aState(content))).toMatchObject({ kind: 'done' });
});

test.each([{}, { volumeHandle: 'v', snapshotHandle: 's' }])('a content with source %j is told to be invalid', (source) => {
  expect(decide(aState(aContent({ spec: { source } })))).toMatchObject({
    kind: 'done',
    events: [{ reason: 'ContentValidationError', type: 'Warning' }],
  });
});

describe('a content that comes after its VolumeSnapshot went', () => {
  const annotated = (mark: string, more: Parameters<typeof aContent>[0] = {}) =>
    aContent({ ...more, metadata: { ...more.metadata, annotations: { [mark]: 'yes' } } });
  const retain = { spec: { deletionPolicy: 'Retain' } };

  test('is deleted once a live read says so, and then the sidecar is told', () => {
    expect(decide(aState(aContent(), 'unseen'))).toMatchObject({ kind: 'see-snapshot' });
    expect(decide(aState(aContent(), 'there'))).toMatchObject({ kind: 'done' });
    expect(decide(aState(aContent(), 'gone'))).toMatchObject({ kind: 'delete-content', uid: 'content-uid' });
    expect(decide(aState(aContent({ metadata: deleting }), 'gone'))).toMatchObject({
      kind: 'mark-content',
      patch: { body: { metadata: { uid: 'content-uid', annotations: { [BEING_DELETED]: 'yes' } } } },
    });
    expect(decide(aState(annotated(BEING_DELETED, { metadata: deleting }), 'unseen'))).toMatchObject({ kind: 'done' });
  });

  test('also where its creation fails or runs: the sidecar waits for that', () => {
    expect(decide(aState(annotated(BEING_CREATED), 'gone'))).toMatchObject({ kind: 'delete-content' });
    expect(decide(aState(aContent({ status: { readyToUse: false, error: { message: 'no' } } }), 'gone'))).toMatchObject({
      kind: 'delete-content',
    });
  });

  test('also where the sidecar was quicker than the deletion, if it was seen before', () => {
    const cut = aContent({ status: { snapshotHandle: 's', readyToUse: true } });
    expect(decide({ ...aState(cut, 'gone'), cameAlone: true })).toMatchObject({ kind: 'delete-content', uid: 'content-uid' });
    expect(isAlone(aState(aContent(), 'unseen'))).toBe(true);
    for (const [content, snapshot] of [
      [cut, 'unseen'],
      [aContent(), 'there'],
      [aPreProvisionedContent(), 'unseen'],
    ] as const)
      expect(isAlone(aState(content, snapshot))).toBe(false);
  });

  test('never one with a handle, one that an administrator brought, or one that is retained', () => {
    const bound = { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID }, source: { snapshotHandle: 'snap-9' } };
    for (const content of [
      aContent({ status: READY_STATUS }),
      aContent({ status: { snapshotHandle: 's', readyToUse: false } }),
      aPreProvisionedContent({ spec: bound, metadata: { finalizers: [CONTENT_PROTECTION] } }),
      annotated(BEING_DELETED, retain),
      annotated(BEING_CREATED, retain),
    ])
      for (const snapshot of ['unseen', 'gone'] as const) expect(decide(aState(content, snapshot))).toMatchObject({ kind: 'done' });
    expect(decide(aState(aContent(retain), 'gone')), 'nothing was made').toMatchObject({ kind: 'delete-content', resourceVersion: '20' });
  });

  test.each(['Delete', 'Retain'])('but one that is being deleted goes as its policy %s says, whoever brought it', (deletionPolicy) => {
    const spec = { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID }, deletionPolicy };
    const going = { metadata: { finalizers: [CONTENT_PROTECTION], ...deleting }, status: READY_STATUS };
    for (const content of [
      aPreProvisionedContent({ ...going, spec: { ...spec, source: { snapshotHandle: 'snap-9' } } }),
      aContent({ ...going, spec }),
    ]) {
      expect(decide(aState(content, 'unseen'))).toMatchObject({ kind: 'see-snapshot' });
      expect(decide(aState(content, 'there'))).toMatchObject({ kind: 'done' });
      expect(decide(aState(content, 'gone'))).toMatchObject({
        kind: 'mark-content',
        patch: { body: { metadata: { annotations: { [BEING_DELETED]: 'yes' } } } },
      });
    }
  });
});

describe('the content of a member of a group', () => {
  const member = aContent({ metadata: { finalizers: [] }, status: READY_STATUS });

  test('is left alone where groups are off, and protected where they are on', () => {
    expect(decide({ ...aState(member), group: 'unserved' })).toMatchObject({ kind: 'done' });
    expect(decide({ ...aState(member), group: 'there' })).toMatchObject({ kind: 'protect-content' });
  });

  test('whose VolumeSnapshot was taken away stays while its group has a content, and goes after that', () => {
    expect(decide({ ...aState(aContent({ status: READY_STATUS }), 'gone'), group: 'there' })).toMatchObject({ kind: 'done' });
    expect(decide({ ...aState(member, 'unseen'), group: 'gone' })).toMatchObject({ kind: 'see-snapshot' });
    expect(decide({ ...aState(member, 'gone'), group: 'gone' })).toMatchObject({ kind: 'delete-content' });
    const dying = aContent({ metadata: deleting, status: READY_STATUS });
    expect(decide({ ...aState(dying, 'gone'), group: 'gone' })).toMatchObject({ kind: 'mark-content' });
  });

  test('that is retained, or that an administrator brought, stays whatever is gone', () => {
    const retained = aContent({ spec: { deletionPolicy: 'Retain' }, status: READY_STATUS });
    const given = aPreProvisionedContent({ spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID } } });
    for (const content of [retained, given])
      expect(decide({ ...aState(content, 'gone'), group: 'gone' }).kind, content.metadata?.name ?? '').not.toBe('delete-content');
  });
});
