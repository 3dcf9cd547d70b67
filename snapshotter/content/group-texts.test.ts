/** Texts about groups begin with the Go program's own, byte for byte; what ours add stands behind. */
import { expect, test } from 'vitest';
import type { VolumeGroupSnapshotContent } from '../../lib/kube/objects.ts';
import {
  GROUP_BEING_CREATED,
  GROUP_DELETION_SECRET_NAME,
  GROUP_DELETION_SECRET_NAMESPACE,
  GROUP_GET_SECRET,
  GROUP_HANDLE,
  DELETION_SECRET_NAME,
  DELETION_SECRET_NAMESPACE,
} from '../names.ts';
import { CAUSE } from '../failure-note.ts';
import { aContentState } from '../testing/content-state.ts';
import {
  aGivenGroupContent,
  aGroupClass,
  aGroupContent,
  aGroupState,
  GROUP_CONTENT_NAME,
  READY_GROUP_STATUS,
} from '../testing/group-content.ts';
import { aContent, CONTENT_NAME } from '../testing/objects.ts';
import { decide } from './decide.ts';
import { failureEvents } from './failure-events.ts';
import type { ContentEffect, ContentState } from './state.ts';

type State = Partial<ContentState<VolumeGroupSnapshotContent>>;

const CREATE = 'Failed to create group snapshot: ';
const UPDATE = 'Failed to check and update group snapshot content: ';
const INPUT = `failed to get input parameters to create group snapshot for group snapshot content ${GROUP_CONTENT_NAME}: `;
const TAKE = 'failed to take group snapshot of the volumes [vol-1 vol-2]: ';
const empty = { [GROUP_DELETION_SECRET_NAME]: '', [GROUP_DELETION_SECRET_NAMESPACE]: 'vault' };
const given = aGivenGroupContent();

test.each<[string, State, string]>([
  [
    'a missing class',
    { snapshotClass: undefined },
    String.raw`${CREATE}${INPUT}"volumegroupsnapshotclass.groupsnapshot.storage.k8s.io \"groups\" not found"`,
  ],
  [
    'a missing class later',
    { snapshotClass: undefined, content: aGroupContent({ status: {} }) },
    String.raw`${UPDATE}${INPUT}"volumegroupsnapshotclass.groupsnapshot.storage.k8s.io \"groups\" not found"`,
  ],
  [
    'no class',
    { content: aGroupContent({ spec: { volumeGroupSnapshotClassName: '' } }) },
    `${CREATE}${INPUT}"failed to take group snapshot ${GROUP_CONTENT_NAME} without a group snapshot class"`,
  ],
  [
    'an unknown reserved key',
    { snapshotClass: aGroupClass({ parameters: { 'csi.storage.k8s.io/odd': '' } }) },
    `${CREATE}failed to remove CSI Parameters of prefixed keys: found unknown parameter key "csi.storage.k8s.io/odd" with reserved namespace csi.storage.k8s.io/`,
  ],
  [
    'an empty name of a secret',
    { content: aGroupContent({ metadata: { annotations: empty } }) },
    String.raw`${CREATE}${INPUT}"cannot retrieve secrets for group snapshot content \"${GROUP_CONTENT_NAME}\", err: secret name or namespace not specified"`,
  ],
  [
    'no uid',
    { content: aGroupContent({ spec: { volumeGroupSnapshotRef: { name: 'n', namespace: 'd' } } }) },
    `${CREATE}${TAKE}"cannot create group snapshot. Group snapshot content ${GROUP_CONTENT_NAME} not bound to a group snapshot"`,
  ],
  [
    'no volumes',
    { content: aGroupContent({ spec: { source: { volumeHandles: [] } } }) },
    `${CREATE}failed to take group snapshot of the volumes []: "cannot create group snapshot. PVCs to be snapshotted not found in group snapshot content ${GROUP_CONTENT_NAME}"`,
  ],
  [
    'a missing class of given handles',
    { content: given, snapshotClass: undefined },
    `${UPDATE}failed to get group snapshot class groups for group snapshot content imported-group: volumegroupsnapshotclass.groupsnapshot.storage.k8s.io "groups" not found`,
  ],
  [
    'an unknown token',
    {
      content: given,
      snapshotClass: aGroupClass({ parameters: { [GROUP_GET_SECRET.name]: '${x}', [GROUP_GET_SECRET.namespace]: 'a' } }),
    },
    `${UPDATE}failed to get secret reference for group snapshot content imported-group: error resolving value "\${x}": invalid tokens: ["x"]`,
  ],
])('%s', (_, state, text) => {
  const step = decide(aGroupState(state));
  if (step.kind !== 'write-error') throw new Error(`expected an error, got ${step.kind}`);
  expect(step.before?.[0]?.message.slice(0, text.length)).toBe(text);
});

const secret = { name: 'key', namespace: 'vault' };
const REFUSED = `snapshot controller failed to update ${GROUP_CONTENT_NAME} on API server: no`;
const marked = aGroupContent({ metadata: { annotations: { [GROUP_BEING_CREATED]: 'yes' } } });
const failed = { kind: 'failed', effect: 'create-snapshot', reason: '' as never, message: 'x', cause: CAUSE.missing } as const;

test.each<[object, State, string]>([
  [
    { kind: 'create-snapshot', action: 'read-secret', secret },
    {},
    String.raw`${CREATE}${INPUT}"cannot get credentials for group snapshot content \"${GROUP_CONTENT_NAME}\"": secret vault/key: no`,
  ],
  [
    { kind: 'refresh-snapshot', action: 'read-secret', secret },
    { content: given },
    `${UPDATE}failed to get credentials for group snapshot content imported-group: error getting secret key in namespace vault: no`,
  ],
  [{ kind: 'delete-snapshot', action: 'read-secret', secret }, {}, 'Failed to get snapshot credentials: secret vault/key: no'],
  [
    { kind: 'create-snapshot', action: 'mark' },
    {},
    `${CREATE}failed to add VolumeGroupSnapshotBeingCreated annotation on the group snapshot content ${GROUP_CONTENT_NAME}: "${REFUSED}"`,
  ],
  [
    { kind: 'write-marks' },
    { content: marked },
    `${CREATE}failed to remove VolumeGroupSnapshotBeingCreated annotation on the groupSnapshotContent ${GROUP_CONTENT_NAME}: "${REFUSED}"`,
  ],
  [
    { kind: 'write-marks' },
    { content: marked, answer: failed },
    `${CREATE}failed to remove VolumeGroupSnapshotBeingCreated annotation from the group snapshot content ${GROUP_CONTENT_NAME}: ${REFUSED}`,
  ],
  [{ kind: 'save-status' }, {}, `${CREATE}error updating status for volume group snapshot content ${GROUP_CONTENT_NAME}: ${REFUSED}`],
  [{ kind: 'save-status' }, { content: given }, `${UPDATE}${REFUSED.replace(GROUP_CONTENT_NAME, 'imported-group')}`],
  [{ kind: 'clear-status' }, { content: aGroupContent({ status: READY_GROUP_STATUS }) }, 'Failed to clear content status: no'],
  [{ kind: 'release-content' }, {}, `Failed to delete group snapshot: ${REFUSED}`],
])('%j that fails', (step, state, text) => {
  expect(failureEvents(aGroupState(state), step as ContentEffect, 'no')[0]?.message).toBe(text);
});

test('the secret of a member that cannot be read is that of its annotations', () => {
  const annotations = { [GROUP_HANDLE]: 'g', [DELETION_SECRET_NAME]: 'key', [DELETION_SECRET_NAMESPACE]: 'vault' };
  const content = aContent({ metadata: { annotations }, status: { snapshotHandle: 's', volumeGroupSnapshotHandle: 'g' } });
  const step = { kind: 'refresh-snapshot', action: 'read-secret', secret } as ContentEffect;
  expect(failureEvents(aContentState({ content }), step, 'no')[0]?.message).toBe(
    `Failed to check and update snapshot content: failed to get credentials from annotation for snapshot content ${CONTENT_NAME}: cannot get credentials for snapshot content "${CONTENT_NAME}": secret vault/key: no`,
  );
});
