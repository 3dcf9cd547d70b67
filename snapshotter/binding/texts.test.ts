/** Texts begin with the Go program's own, byte for byte: alerts and runbooks match them. */
import { expect, test } from 'vitest';
import {
  CONTENT_NAME,
  aClaim,
  aClass,
  aContent,
  aPreProvisionedContent,
  aPreProvisionedSnapshot,
  aReadySnapshot,
  aSnapshot,
  aVolume,
} from '../testing/objects.ts';
import { aBindingState, bothFinalizers, confirmedAll, failure, type Overrides } from '../testing/binding-state.ts';
import { CAUSE } from '../failure-note.ts';
import { failureEvents } from './failure-events.ts';
import type { BindingEffect } from './state.ts';

const PREFIX = 'csi.storage.k8s.io/';
const CREATION = 'Failed to create snapshot content with error ';
const DEFAULT = 'Failed to set default snapshot class with error ';
const INPUT = `${CREATION}failed to get input parameters to create snapshot nightly: `;
const unbound = aClaim({ status: { phase: 'Pending' } });
const foreign = aVolume({ claimRef: { name: 'other', namespace: 'default' } });
const noCsi = { spec: { claimRef: { name: 'data', namespace: 'default' } } };
const classless = aSnapshot({ spec: { source: { persistentVolumeClaimName: 'data' } } });
const given = aPreProvisionedSnapshot();

test.each<[string, Overrides, string, RegExp?]>([
  [
    'a missing class',
    { snapshotClass: undefined },
    'Failed to get snapshot class with error volumesnapshotclass.snapshot.storage.k8s.io "snap" not found',
  ],
  ['no default class', { snapshot: classless }, `${DEFAULT}cannot find default snapshot class`, /: driver mock\.csi\.example$/],
  [
    'two default classes',
    { snapshot: classless, defaultClasses: [aClass(), aClass({ metadata: { name: 'more' } })] },
    `${DEFAULT}2 default snapshot classes were found`,
    /: more, snap$/,
  ],
  [
    'no default class for want of a claim',
    { snapshot: classless, claim: null },
    `${DEFAULT}failed to retrieve PVC data from the lister: "persistentvolumeclaim \\"data\\" not found"`,
  ],
  [
    'no default class for want of a bound claim',
    { snapshot: classless, claim: unbound },
    `${DEFAULT}the PVC data is not yet bound to a PV, will not attempt to take a snapshot`,
  ],
  [
    'no default class for a volume of another kind',
    { snapshot: classless, volume: noCsi },
    `${DEFAULT}snapshotting non-CSI volumes is not supported, snapshot:default/nightly`,
    /: PersistentVolume pv-data is no CSI volume$/,
  ],
  [
    'a missing claim',
    { claim: null },
    `${CREATION}snapshot controller failed to update nightly on API server: cannot get claim from snapshot`,
    /: PersistentVolumeClaim default\/data was not found$/,
  ],
  ['an unbound claim', { claim: unbound }, `${INPUT}"the PVC data is not yet bound to a PV, will not attempt to take a snapshot"`],
  [
    'a missing volume',
    { volume: null },
    String.raw`${INPUT}"failed to retrieve PV pv-data from the API server: \"persistentvolumes \\\"pv-data\\\" not found\""`,
  ],
  [
    'a volume of another claim',
    { volume: foreign },
    `${INPUT}"claim in dataSource not bound or invalid"`,
    /: PersistentVolume pv-data is not bound to claim default\/data$/,
  ],
  ['a volume of another kind', { volume: noCsi }, `${CREATION}cannot find CSI PersistentVolumeSource for volume pv-data`],
  [
    'a claim that is going',
    { claim: aClaim({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }) },
    `${CREATION}snapshot controller failed to update data on API server: cannot add finalizer on claim because it is being deleted`,
  ],
  [
    'an unknown token',
    {
      snapshotClass: aClass({
        parameters: { [`${PREFIX}snapshotter-secret-name`]: '${bogus}', [`${PREFIX}snapshotter-secret-namespace`]: 'a' },
      }),
    },
    String.raw`${INPUT}"error resolving value \"${'${bogus}'}\": invalid tokens: [\"bogus\"]"`,
  ],
  [
    'no source',
    { snapshot: aSnapshot({ spec: { source: {} } }) },
    'Exactly one of PersistentVolumeClaimName and VolumeSnapshotContentName should be specified',
  ],
  ['a missing content', { snapshot: given }, 'VolumeSnapshotContent is missing', /: imported$/],
  ['a lost content', { snapshot: aReadySnapshot() }, 'VolumeSnapshotContent is missing', /: snapcontent-.*lost unless it comes back$/],
  [
    'a content that refers elsewhere',
    { snapshot: aReadySnapshot(), content: aContent({ spec: { volumeSnapshotRef: { name: 'x' } } }) },
    'VolumeSnapshotContent is not bound to the VolumeSnapshot correctly',
  ],
  [
    'a dynamic content',
    { snapshot: given, content: aContent() },
    'VolumeSnapshotContent is dynamically provisioned while expecting a pre-provisioned one',
  ],
  [
    'a pre-provisioned content',
    { content: aPreProvisionedContent({ metadata: { name: CONTENT_NAME } }) },
    `VolumeSnapshotContent ${CONTENT_NAME} is pre-provisioned while expecting a dynamically provisioned one`,
  ],
  [
    'a content of another snapshot',
    { content: aContent({ spec: { volumeSnapshotRef: { name: 'x' } } }) },
    `VolumeSnapshotContent [${CONTENT_NAME}] is bound to a different snapshot`,
  ],
  [
    'a content with both sources',
    { content: aContent({ spec: { source: { volumeHandle: 'a', snapshotHandle: 'b' } } }) },
    'Snapshot handle should not be set in content default/nightly for dynamic provisioning',
  ],
  [
    'a refused POST',
    { refusal: { effect: 'create-content', message: 'no', cause: CAUSE.invalid } },
    `${CREATION}snapshot controller failed to update default/nightly on API server: no`,
    /no$/,
  ],
  [
    'a refused PUT of the claim',
    { refusal: { effect: 'protect-claim', message: 'no', cause: CAUSE.invalid } },
    `${CREATION}snapshot controller failed to update data on API server: no`,
    /no$/,
  ],
  [
    'a refused binding',
    { refusal: { effect: 'bind-content', message: 'no', cause: CAUSE.invalid } },
    'Snapshot failed to bind VolumeSnapshotContent, no',
    /no$/,
  ],
])('%s', (_, state, text, more = /./) => {
  const { message } = failure(aBindingState({ confirmed: confirmedAll, ...state }));
  expect(message.slice(0, text.length)).toBe(text);
  expect(message).toMatch(more);
});

test.each([
  [{ kind: 'create-content', action: 'post' }, 'Error creating volume snapshot content object for snapshot default/nightly: no'],
  [
    { kind: 'add-finalizers' },
    'Failed to check and update snapshot: snapshot controller failed to update default/nightly on API server: no',
  ],
  [{ kind: 'write-status' }, 'Snapshot status update failed, snapshot controller failed to update default/nightly on API server: no'],
  [{ kind: 'delete-content' }, 'Failed to delete snapshot content API object: no'],
])('%j that fails', (step, text) => {
  expect(failureEvents(aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }) }), step as BindingEffect, 'no')[0]?.message).toBe(
    text,
  );
});
