import { describe, expect, test } from 'vitest';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { BEING_CREATED, CLAIM_PROTECTION, GROUP_BEING_CREATED } from '../names.ts';
import { MADE, aGroup, theContent } from '../testing/groups.ts';
import { READY_STATUS, aClaim, aContent, aReadySnapshot, aSnapshot } from '../testing/objects.ts';
import { decide } from './decide.ts';
import type { ProtectionState } from './state.ts';

const deleting = { deletionTimestamp: '2026-01-01T00:01:00Z' };
const held = { finalizers: ['kubernetes.io/pvc-protection', CLAIM_PROTECTION] };
const claim = aClaim({ metadata: held });
const dyingClaim = aClaim({ metadata: { ...held, ...deleting } });
const failedContent = aContent({ status: { readyToUse: false, error: { message: 'x' } } });
const markedContent = aContent({ metadata: { annotations: { [BEING_CREATED]: 'yes' } }, status: { error: { message: 'deadline' } } });

function aState(
  of: VolumeSnapshot | undefined,
  content: VolumeSnapshotContent | undefined,
  more: Partial<ProtectionState> = {},
): ProtectionState {
  return {
    claim,
    snapshots: of === undefined ? [] : [{ snapshot: of, content }],
    contents: content === undefined ? [] : [content],
    groups: [],
    groupContents: [],
    ...more,
  };
}

/** `keep`, `add`, `drop` or `leave` (not there and not put there). */
function verdict(state: ProtectionState): string {
  const step = decide(state);
  const had = state.claim.metadata?.finalizers?.includes(CLAIM_PROTECTION) === true;
  if (step.kind !== 'write-claim') return had ? 'keep' : 'leave';
  return step.claim.metadata?.finalizers?.includes(CLAIM_PROTECTION) === true ? 'add' : 'drop';
}

describe('a claim that lives', () => {
  test.each([
    ['a live un-ready snapshot', aSnapshot(), undefined, 'keep'],
    ['a live snapshot whose content failed', aSnapshot(), failedContent, 'keep'],
    ['a ready snapshot', aReadySnapshot(), aContent({ status: READY_STATUS }), 'drop'],
    ['a dying snapshot without a content', aSnapshot({ metadata: deleting }), undefined, 'drop'],
    ['a dying snapshot with a running call', aSnapshot({ metadata: deleting }), markedContent, 'keep'],
    ['a dying snapshot whose content was not tried yet', aSnapshot({ metadata: deleting }), aContent(), 'keep'],
    ['a dying snapshot whose content goes without a call', aSnapshot({ metadata: deleting }), aContent({ metadata: deleting }), 'drop'],
    [
      'a dying snapshot whose content goes under a call',
      aSnapshot({ metadata: deleting }),
      aContent({ metadata: { ...deleting, annotations: { [BEING_CREATED]: 'yes' } } }),
      'keep',
    ],
    ['a dying snapshot whose content failed', aSnapshot({ metadata: deleting }), failedContent, 'drop'],
    ['no snapshot, but a content with a running call', undefined, markedContent, 'keep'],
    ['no snapshot at all', undefined, undefined, 'drop'],
    ['a member of a group', aSnapshot({ status: { volumeGroupSnapshotName: 'g' } }), undefined, 'drop'],
  ])('with %s', (_, snapshot, content, expected) => {
    expect(verdict(aState(snapshot, content))).toBe(expected);
  });
});

describe('a claim that is being deleted', () => {
  test.each([
    ['a snapshot about to be made', aSnapshot(), undefined, 'keep'],
    ['a snapshot that cannot be made', aSnapshot({ status: { readyToUse: false, error: { message: 'x' } } }), undefined, 'drop'],
    ['a content with a running call', aSnapshot(), markedContent, 'keep'],
    ['a content that failed', aSnapshot(), failedContent, 'drop'],
    ['a snapshot that is made and not finished', aSnapshot(), aContent({ status: { snapshotHandle: 's', readyToUse: false } }), 'keep'],
  ])('with %s', (_, snapshot, content, expected) => {
    expect(verdict(aState(snapshot, content, { claim: dyingClaim }))).toBe(expected);
  });
});

describe('a claim without the finalizer', () => {
  test('gets it back under a content that needs the source, and only there', () => {
    expect(verdict(aState(aSnapshot(), aContent(), { claim: aClaim() }))).toBe('add');
    expect(verdict(aState(aSnapshot(), undefined, { claim: aClaim() })), 'the snapshot adds it itself').toBe('leave');
    expect(verdict(aState(aSnapshot(), aContent(), { claim: aClaim({ metadata: deleting }) })), 'the server would refuse').toBe('leave');
    expect(verdict(aState(undefined, undefined, { claim: aClaim() }))).toBe('leave');
  });
});

test('the claim is put whole, with its uid and version and the finalizers of others', () => {
  expect(decide(aState(aReadySnapshot(), undefined))).toMatchObject({
    kind: 'write-claim',
    claim: {
      metadata: { uid: 'claim-uid', resourceVersion: '5', finalizers: ['kubernetes.io/pvc-protection'] },
      spec: { volumeName: 'pv-data' },
    },
  });
});

describe('a claim that a group is made of', () => {
  const none = aState(undefined, undefined);
  const making = theContent();

  test('is kept while the group that selects it is about to be made, and let go if that fails and somebody deletes it', () => {
    expect(verdict({ ...none, groups: [{ group: aGroup(), content: undefined }] })).toBe('keep');
    expect(verdict({ ...none, claim: dyingClaim, groups: [{ group: aGroup(), content: undefined }] })).toBe('keep');
    expect(
      verdict({ ...none, claim: dyingClaim, groups: [{ group: aGroup({ status: { error: { message: 'x' } } }), content: undefined }] }),
    ).toBe('drop');
  });

  test('is kept while the driver may read it, and gets a lost finalizer back', () => {
    expect(verdict({ ...none, groupContents: [making] })).toBe('keep');
    expect(verdict({ ...none, claim: aClaim(), groupContents: [making] })).toBe('add');
    const called = theContent({ metadata: { annotations: { [GROUP_BEING_CREATED]: 'yes' } }, status: { error: { message: 'x' } } });
    expect(verdict({ ...none, claim: dyingClaim, groupContents: [called] })).toBe('keep');
  });

  test('is kept without flapping while the group that failed is tried again, unless somebody deletes it', () => {
    const failed = theContent({ status: { error: { message: 'x' } } });
    const trying = { ...none, groups: [{ group: aGroup(), content: failed }], groupContents: [failed] };
    expect(verdict(trying)).toBe('keep');
    expect(verdict({ ...trying, claim: dyingClaim })).toBe('drop');
  });

  test('is let go when the group is ready, or has failed for good', () => {
    for (const status of [MADE, { error: { message: 'x' } }])
      expect(verdict({ ...none, groupContents: [theContent({ status })] })).toBe('drop');
  });
});
