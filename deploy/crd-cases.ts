/**
 * What the six CRDs accept and refuse, as data: one object, and for a transition rule the change made to
 * it. Seen on kube-apiserver v1.36.3; `crds.test.ts` runs them against the sandbox, so that both judge alike.
 */
const SNAPSHOT = 'snapshot.storage.k8s.io/v1';
const GROUP = 'groupsnapshot.storage.k8s.io/v1';
const OLD_GROUP = 'groupsnapshot.storage.k8s.io/v1beta1';

/** A part of an object, merged over another as a merge patch is: null removes. */
export type Part = { readonly [field: string]: unknown };

export interface CrdCase {
  /** A sentence: what is done and what comes of it. */
  readonly name: string;
  readonly object: Part & { readonly apiVersion: string; readonly kind: string };
  /** Merge patch to the object once it was created. */
  readonly change?: Part;
  /** Merge patches to the status subresource, the last of which is judged. */
  readonly status?: readonly Part[];
  /** A piece of the refusal's message. Absent: accepted. */
  readonly refused?: string;
}

function spec(apiVersion: string, kind: string, fields: Part): CrdCase['object'] {
  return { apiVersion, kind, spec: fields };
}
function snapshot(fields: Part): CrdCase['object'] {
  return spec(SNAPSHOT, 'VolumeSnapshot', fields);
}
function content(fields: Part): CrdCase['object'] {
  const base = { driver: 'd', deletionPolicy: 'Delete', volumeSnapshotRef: { name: 's', namespace: 'default' } };
  return spec(SNAPSHOT, 'VolumeSnapshotContent', { ...base, source: { volumeHandle: 'v' }, ...fields });
}
function group(fields: Part, apiVersion = GROUP): CrdCase['object'] {
  return spec(apiVersion, 'VolumeGroupSnapshot', fields);
}
function groupContent(fields: Part, apiVersion = GROUP): CrdCase['object'] {
  const base = { driver: 'd', deletionPolicy: 'Delete', volumeGroupSnapshotRef: { name: 'g', namespace: 'default' } };
  return spec(apiVersion, 'VolumeGroupSnapshotContent', { ...base, source: { volumeHandles: ['v'] }, ...fields });
}
const claim = { source: { persistentVolumeClaimName: 'p' } };
const selected = { source: { selector: { matchLabels: { app: 'db' } } } };
const snapshotClass = { apiVersion: SNAPSHOT, kind: 'VolumeSnapshotClass', driver: 'd', deletionPolicy: 'Delete' };
const groupClass = { apiVersion: GROUP, kind: 'VolumeGroupSnapshotClass', driver: 'd', deletionPolicy: 'Delete' };

const snapshots: readonly CrdCase[] = [
  { name: 'a snapshot of a claim is accepted', object: snapshot(claim) },
  { name: 'a snapshot of a claim with an empty name is accepted', object: snapshot({ source: { persistentVolumeClaimName: '' } }) },
  { name: 'a snapshot of a content is accepted', object: snapshot({ source: { volumeSnapshotContentName: 'c' } }) },
  { name: 'a snapshot without spec is refused', object: { apiVersion: SNAPSHOT, kind: 'VolumeSnapshot' }, refused: 'spec' },
  { name: 'a snapshot without a source is refused', object: snapshot({ source: {} }), refused: 'exactly one of' },
  {
    name: 'a snapshot with two sources is refused',
    object: snapshot({ source: { persistentVolumeClaimName: 'p', volumeSnapshotContentName: 'c' } }),
    refused: 'exactly one of volumeSnapshotContentName and persistentVolumeClaimName must be set',
  },
  {
    name: 'a snapshot whose class is the empty string is refused',
    object: snapshot({ ...claim, volumeSnapshotClassName: '' }),
    refused: 'must not be the empty string',
  },
  {
    name: 'the claim of a snapshot cannot change',
    object: snapshot(claim),
    change: { spec: { source: { persistentVolumeClaimName: 'q' } } },
    refused: 'persistentVolumeClaimName is immutable',
  },
  {
    name: 'a snapshot cannot turn from a claim to a content',
    object: snapshot(claim),
    change: { spec: { source: { persistentVolumeClaimName: null, volumeSnapshotContentName: 'c' } } },
    refused: 'persistentVolumeClaimName is required once set',
  },
  { name: 'the class of a snapshot may change', object: snapshot(claim), change: { spec: { volumeSnapshotClassName: 'other' } } },
  { name: 'a restore size is a quantity', object: snapshot(claim), status: [{ restoreSize: '1Gi' }] },
  {
    name: 'a restore size that is no quantity is refused',
    object: snapshot(claim),
    status: [{ restoreSize: 'much' }],
    refused: 'restoreSize',
  },
];

const contents: readonly CrdCase[] = [
  { name: 'a content of a volume is accepted', object: content({}) },
  { name: 'a content of a snapshot is accepted', object: content({ source: { snapshotHandle: 's' } }) },
  {
    name: 'a content without a source is refused',
    object: content({ source: {} }),
    refused: 'exactly one of volumeHandle and snapshotHandle',
  },
  { name: 'a content with an unknown policy is refused', object: content({ deletionPolicy: 'Keep' }), refused: 'deletionPolicy' },
  {
    name: 'a content whose reference lacks the namespace is refused',
    object: content({ volumeSnapshotRef: { name: 's' } }),
    refused: 'both spec.volumeSnapshotRef.name and spec.volumeSnapshotRef.namespace must be set',
  },
  {
    name: 'the volume handle of a content cannot change',
    object: content({}),
    change: { spec: { source: { volumeHandle: 'w' } } },
    refused: 'volumeHandle is immutable',
  },
  {
    name: 'the volume mode of a content may be added',
    object: content({}),
    change: { spec: { sourceVolumeMode: 'Block' } },
  },
  {
    name: 'the volume mode of a content cannot change',
    object: content({ sourceVolumeMode: 'Block' }),
    change: { spec: { sourceVolumeMode: 'Filesystem' } },
    refused: 'sourceVolumeMode is immutable',
  },
  {
    name: 'the volume mode of a content cannot go',
    object: content({ sourceVolumeMode: 'Block' }),
    change: { spec: { sourceVolumeMode: null } },
    refused: 'sourceVolumeMode is required once set',
  },
  { name: 'the policy of a content may change', object: content({}), change: { spec: { deletionPolicy: 'Retain' } } },
  { name: 'the uid of a reference may be filled in', object: content({}), change: { spec: { volumeSnapshotRef: { uid: 'u' } } } },
  { name: 'a negative restore size is refused', object: content({}), status: [{ restoreSize: -1 }], refused: 'restoreSize' },
  { name: 'a snapshot class without a driver is refused', object: { ...snapshotClass, driver: undefined }, refused: 'driver' },
  { name: 'the driver of a snapshot class may change', object: snapshotClass, change: { driver: 'e' } },
];

const groups: readonly CrdCase[] = [
  { name: 'a group snapshot by selector is accepted', object: group(selected) },
  { name: 'a group snapshot without a source is refused', object: group({ source: {} }), refused: 'exactly one of selector and' },
  {
    name: 'the selector of a group snapshot cannot change',
    object: group(selected),
    change: { spec: { source: { selector: { matchLabels: { app: 'web' } } } } },
    refused: 'selector is immutable',
  },
  {
    name: 'the content of a group snapshot cannot change once bound',
    object: group(selected),
    status: [{ boundVolumeGroupSnapshotContentName: 'a' }, { boundVolumeGroupSnapshotContentName: 'b' }],
    refused: 'boundVolumeGroupSnapshotContentName is immutable once set',
  },
  {
    name: 'in v1beta1 the content of a group snapshot may change',
    object: group(selected, OLD_GROUP),
    status: [{ boundVolumeGroupSnapshotContentName: 'a' }, { boundVolumeGroupSnapshotContentName: 'b' }],
  },
  {
    name: 'the parameters of a group class cannot change',
    object: { ...groupClass, parameters: { a: '1' } },
    change: { parameters: { a: '2' } },
    refused: 'parameters are immutable once set',
  },
  {
    name: 'in v1beta1 the parameters of a group class may change',
    object: { ...groupClass, apiVersion: OLD_GROUP, parameters: { a: '1' } },
    change: { parameters: { a: '2' } },
  },
  {
    name: 'the driver of a group content cannot change',
    object: groupContent({}),
    change: { spec: { driver: 'e' } },
    refused: 'driver is immutable once set',
  },
  {
    name: 'in v1beta1 the driver of a group content may change',
    object: groupContent({}, OLD_GROUP),
    change: { spec: { driver: 'e' } },
  },
  {
    name: 'the uid of a group reference may be filled in',
    object: groupContent({}),
    change: { spec: { volumeGroupSnapshotRef: { uid: 'u' } } },
  },
  {
    name: 'the uid of a group reference cannot change',
    object: groupContent({ volumeGroupSnapshotRef: { name: 'g', namespace: 'default', uid: 'u' } }),
    change: { spec: { volumeGroupSnapshotRef: { uid: 'w' } } },
    refused: 'volumeGroupSnapshotRef.uid is immutable once set',
  },
  {
    name: 'a group reference cannot point elsewhere',
    object: groupContent({}),
    change: { spec: { volumeGroupSnapshotRef: { name: 'h' } } },
    refused: 'are immutable',
  },
  {
    name: 'the volumes of a group content cannot change',
    object: groupContent({}),
    change: { spec: { source: { volumeHandles: ['v', 'w'] } } },
    refused: 'volumeHandles is immutable',
  },
  {
    name: 'the handle of a group content cannot change',
    object: groupContent({}),
    status: [{ volumeGroupSnapshotHandle: 'a' }, { volumeGroupSnapshotHandle: 'b' }],
    refused: 'volumeGroupSnapshotHandle is immutable once set',
  },
  {
    name: 'the handle of a group content may be cleared',
    object: groupContent({}),
    status: [{ volumeGroupSnapshotHandle: 'a' }, { volumeGroupSnapshotHandle: null }],
  },
  {
    name: 'snapshot handles without the handle of their group are refused',
    object: groupContent({ source: { groupSnapshotHandles: { volumeSnapshotHandles: ['s'] } } }),
    refused: 'volumeGroupSnapshotHandle',
  },
];

export const CRD_CASES: readonly CrdCase[] = [...snapshots, ...contents, ...groups];
