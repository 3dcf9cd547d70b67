/** Texts begin with the Go program's own, byte for byte: alerts and runbooks match them. */
import { expect, test } from 'vitest';
import { BEING_CREATED, DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE } from '../names.ts';
import { CONTENT_NAME, READY_STATUS, aClass, aContent, aPreProvisionedContent } from '../testing/objects.ts';
import { aContentState } from '../testing/content-state.ts';
import { decide } from './decide.ts';
import { failureEvents } from './failure-events.ts';
import type { ContentEffect, ContentState } from './state.ts';

const PREFIX = 'csi.storage.k8s.io/';
const CREATE = 'Failed to create snapshot: ';
const UPDATE = 'Failed to check and update snapshot content: ';
const INPUT = `failed to get input parameters to create snapshot for content ${CONTENT_NAME}: `;
const empty = { [DELETION_SECRET_NAME]: '', [DELETION_SECRET_NAMESPACE]: 'vault' };
const given = aPreProvisionedContent();

test.each<[string, Partial<ContentState>, string]>([
  [
    'a missing class',
    { snapshotClass: undefined },
    String.raw`${CREATE}${INPUT}"volumesnapshotclass.snapshot.storage.k8s.io \"snap\" not found"`,
  ],
  [
    'a missing class later',
    { snapshotClass: undefined, content: aContent({ status: {} }) },
    String.raw`${UPDATE}${INPUT}"volumesnapshotclass.snapshot.storage.k8s.io \"snap\" not found"`,
  ],
  [
    'no class',
    { content: aContent({ spec: { volumeSnapshotClassName: '' } }) },
    `${CREATE}${INPUT}"failed to take snapshot ${CONTENT_NAME} without a snapshot class"`,
  ],
  [
    'an unknown reserved key',
    { snapshotClass: aClass({ parameters: { [`${PREFIX}odd`]: '' } }) },
    `${CREATE}failed to remove CSI Parameters of prefixed keys: found unknown parameter key "${PREFIX}odd" with reserved namespace ${PREFIX}`,
  ],
  [
    'an empty name of a secret',
    { content: aContent({ metadata: { annotations: empty } }) },
    String.raw`${CREATE}${INPUT}"cannot retrieve secrets for snapshot content \"${CONTENT_NAME}\", err: secret name or namespace not specified"`,
  ],
  [
    'no uid',
    { content: aContent({ spec: { volumeSnapshotRef: { name: 'n', namespace: 'd' } } }) },
    `${CREATE}failed to take snapshot of the volume vol-1: "cannot create snapshot. Snapshot content ${CONTENT_NAME} not bound to a snapshot"`,
  ],
  [
    'a missing class of a given handle',
    { content: { ...given, spec: { ...given.spec, volumeSnapshotClassName: 'snap' } }, snapshotClass: undefined },
    `${UPDATE}failed to get snapshot class snap for snapshot content imported: volumesnapshotclass.snapshot.storage.k8s.io "snap" not found`,
  ],
  [
    'an unknown token',
    {
      content: given,
      snapshotClass: aClass({
        parameters: { [`${PREFIX}snapshotter-list-secret-name`]: '${x}', [`${PREFIX}snapshotter-list-secret-namespace`]: 'a' },
      }),
    },
    `${UPDATE}failed to get secret reference for snapshot content imported: error resolving value "\${x}": invalid tokens: ["x"]`,
  ],
])('%s', (_, state, text) => {
  const step = decide(aContentState(state));
  if (step.kind !== 'write-error') throw new Error(`expected an error, got ${step.kind}`);
  expect(step.before?.[0]?.message.slice(0, text.length)).toBe(text);
});

const secret = { name: 'key', namespace: 'vault' };
const REFUSED = `snapshot controller failed to update ${CONTENT_NAME} on API server: no`;
const marked = aContent({ metadata: { annotations: { [BEING_CREATED]: 'yes' } } });

test.each<[object, Partial<ContentState>, string]>([
  [
    { kind: 'create-snapshot', action: 'read-secret', secret },
    {},
    String.raw`${CREATE}${INPUT}"cannot get credentials for snapshot content \"${CONTENT_NAME}\"": secret vault/key: no`,
  ],
  [
    { kind: 'refresh-snapshot', action: 'read-secret', secret },
    { content: given },
    `${UPDATE}failed to get credentials for snapshot content imported: error getting secret key in namespace vault: no`,
  ],
  [{ kind: 'delete-snapshot', action: 'read-secret', secret }, {}, 'Failed to get snapshot credentials: secret vault/key: no'],
  [
    { kind: 'create-snapshot', action: 'mark' },
    {},
    `${CREATE}failed to add VolumeSnapshotBeingCreated annotation on the content ${CONTENT_NAME}: "${REFUSED}"`,
  ],
  [
    { kind: 'write-marks' },
    { content: marked },
    `${CREATE}failed to remove VolumeSnapshotBeingCreated annotation on the content ${CONTENT_NAME}: "${REFUSED}"`,
  ],
  [{ kind: 'save-status' }, {}, `${CREATE}error updating status for volume snapshot content ${CONTENT_NAME}: ${REFUSED}`],
  [
    { kind: 'save-status' },
    { content: aContent({ status: READY_STATUS }) },
    `${UPDATE}error updating status for volume snapshot content ${CONTENT_NAME}: ${REFUSED}`,
  ],
  [{ kind: 'save-status' }, { content: given }, `${UPDATE}${REFUSED.replace(CONTENT_NAME, 'imported')}`],
])('%j that fails', (step, state, text) => {
  expect(failureEvents(aContentState(state), step as ContentEffect, 'no')[0]?.message).toBe(text);
});
