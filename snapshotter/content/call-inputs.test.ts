/** What brings a call of the driver forward: only what it is made of. */
import { expect, test } from 'vitest';
import { BEING_CREATED, DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE, GROUP_BEING_CREATED } from '../names.ts';
import { aContentState } from '../testing/content-state.ts';
import { READY_STATUS, aContent } from '../testing/objects.ts';
import { aGroupContent, aGroupState, READY_GROUP_STATUS } from '../testing/group-content.ts';
import { callInputs } from './call-inputs.ts';

type Single = Parameters<typeof aContent>[0];
type Group = Parameters<typeof aGroupContent>[0];
const single = (more: Single = {}): string => callInputs(aContentState({ content: aContent(more) }), 'create-snapshot');
const group = (more: Group = {}): string => callInputs(aGroupState({ content: aGroupContent(more) }), 'create-snapshot');
const error = { readyToUse: false, error: { message: 'new' } };
const managed = { managedFields: [{ manager: 'somebody' }] } as object;
const annotated = (annotations: Record<string, string>) => ({ metadata: { annotations } });

test.each<[string, Single]>([
  ['nothing', {}],
  ['another error in the status', { status: error }],
  ['readiness', { status: READY_STATUS }],
  ['finalizers', { metadata: { finalizers: ['example.com/x'] } }],
  ['managed fields', { metadata: managed }],
  ['another version', { metadata: { resourceVersion: '99' } }],
  ['a mark of the sidecar', annotated({ [BEING_CREATED]: 'yes' })],
  ['another value of that mark', annotated({ [BEING_CREATED]: 'no' })],
  ['an annotation of somebody else', annotated({ 'example.com/x': 'y' })],
])('%s brings no call for a snapshot forward', (_, more) => {
  expect(single(more)).toBe(single());
});

test.each<[string, Single]>([
  ['another class', { spec: { volumeSnapshotClassName: 'other' } }],
  ['a deletion', { metadata: { deletionTimestamp: '2026-01-01T00:01:00Z' } }],
  ['the secret', annotated({ [DELETION_SECRET_NAME]: 'key', [DELETION_SECRET_NAMESPACE]: 'vault' })],
])('%s brings the call for a snapshot forward', (_, more) => {
  expect(single(more)).not.toBe(single());
});

test.each<[string, Group]>([
  ['nothing', {}],
  ['another error in the status', { status: error }],
  ['readiness', { status: READY_GROUP_STATUS }],
  ['finalizers and managed fields', { metadata: { finalizers: [], ...managed } }],
  ['a mark of the sidecar', annotated({ [GROUP_BEING_CREATED]: 'yes' })],
  ['an annotation of somebody else', annotated({ 'example.com/x': 'y' })],
])('%s brings no call for a group forward', (_, more) => {
  expect(group(more)).toBe(group());
});

test.each<[string, Group]>([
  ['another class', { spec: { volumeGroupSnapshotClassName: 'other' } }],
  ['a deletion', { metadata: { deletionTimestamp: '2026-01-01T00:01:00Z' } }],
])('%s brings the call for a group forward', (_, more) => {
  expect(group(more)).not.toBe(group());
});
