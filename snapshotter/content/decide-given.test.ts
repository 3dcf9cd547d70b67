/** Deletions as the Go tests name them apart: of contents that an administrator brought, and of those whose class is gone. */
import { describe, expect, test } from 'vitest';
import {
  BEING_DELETED,
  CONTENT_PROTECTION,
  GROUP_BEING_CREATED,
  GROUP_BEING_DELETED,
  GROUP_DELETION_SECRET_NAME,
  GROUP_DELETION_SECRET_NAMESPACE,
} from '../names.ts';
import { aContentState } from '../testing/content-state.ts';
import { aGivenGroupContent, aGroupClass, aGroupContent, aGroupState, READY_GROUP_STATUS } from '../testing/group-content.ts';
import { READY_STATUS, SNAPSHOT_UID, aContent, aPreProvisionedContent } from '../testing/objects.ts';
import { decide } from './decide.ts';

const deletion = { deletionTimestamp: '2026-01-01T00:01:00Z' };
const going = {
  metadata: { ...deletion, finalizers: [CONTENT_PROTECTION], annotations: { [BEING_DELETED]: 'yes' } },
  status: READY_STATUS,
};
const alive = { metadata: { finalizers: [CONTENT_PROTECTION] }, status: READY_STATUS };
const bound = { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID }, source: { snapshotHandle: 'snap-9' } };

describe('a content that is being deleted', () => {
  test.each([
    ['Delete', 'delete-snapshot'],
    ['Retain', 'release-content'],
  ])('and was brought by an administrator follows its policy %s', (deletionPolicy, kind) => {
    const content = aPreProvisionedContent({ ...going, spec: { ...bound, deletionPolicy } });
    expect(decide(aContentState({ content }))).toMatchObject({ kind });
  });

  test.each([
    ['dynamic', aContent(going)],
    ['pre-provisioned', aPreProvisionedContent({ ...going, spec: bound })],
  ])('and is %s needs no class', (_, content) => {
    delete content.spec?.volumeSnapshotClassName;
    expect(decide(aContentState({ content, snapshotClass: undefined }))).toMatchObject({ kind: 'delete-snapshot', action: 'call' });
  });

  test.each([
    ['a content that nobody deletes', aContent(alive)],
    ['a content of no snapshot, with Retain', aPreProvisionedContent({ ...alive, spec: { ...bound, deletionPolicy: 'Retain' } })],
  ])('%s is left alone', (_, content) => {
    expect(decide(aContentState({ content }))).toMatchObject({ kind: 'done' });
  });
});

describe('the content of a group', () => {
  const kindOf = (metadata: object): string =>
    decide(aGroupState({ content: aGroupContent({ metadata, status: READY_GROUP_STATUS }) })).kind;

  test('is deleted in the driver only if it is being deleted and marked as such', () => {
    const marks = { [GROUP_BEING_DELETED]: 'yes' };
    expect(kindOf({ ...deletion, annotations: marks })).toBe('delete-snapshot');
    expect(kindOf({ annotations: marks }), 'nobody deletes the content').not.toBe('delete-snapshot');
    expect(kindOf(deletion), 'its group lives').not.toBe('delete-snapshot');
    expect(kindOf({ ...deletion, annotations: { [GROUP_BEING_CREATED]: 'yes' } }), 'a call may be running').not.toBe('delete-snapshot');
  });

  test.each([
    ['a content without a source', aGroupContent({ spec: { source: {} } }), aGroupClass()],
    ['a content of another driver', aGroupContent({ spec: { driver: 'other.csi.example' } }), aGroupClass()],
    ['a content whose class is of another driver', aGroupContent(), aGroupClass({ driver: 'other.csi.example' })],
  ])('%s is nothing of ours', (_, content, snapshotClass) => {
    expect(decide(aGroupState({ content, snapshotClass }))).toMatchObject({ kind: 'done' });
  });

  test('that an administrator brought without a class is ours by its driver', () => {
    const content = aGivenGroupContent();
    delete content.spec?.volumeGroupSnapshotClassName;
    expect(decide(aGroupState({ content, snapshotClass: undefined }))).toMatchObject({ kind: 'refresh-snapshot', action: 'call' });
  });

  test.each([
    ['name', { [GROUP_DELETION_SECRET_NAME]: '', [GROUP_DELETION_SECRET_NAMESPACE]: 'vault' }],
    ['namespace', { [GROUP_DELETION_SECRET_NAME]: 'key', [GROUP_DELETION_SECRET_NAMESPACE]: '' }],
  ])('whose secret has an empty %s is refused', (_, annotations) => {
    expect(decide(aGroupState({ content: aGroupContent({ metadata: { annotations } }) }))).toMatchObject({
      kind: 'write-error',
      before: [{ message: expect.stringContaining('secret name or namespace not specified') }],
    });
  });
});
