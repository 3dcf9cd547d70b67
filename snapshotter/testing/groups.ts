/** A group of two volumes as the API server stores it: its objects, its members, and states of the loops over them, with named overrides. */
import type {
  ObjectMeta,
  PersistentVolumeClaim,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import { groupSnapshotResources } from '../../lib/kube/resources.ts';
import type { BindingState } from '../binding/state.ts';
import { groupKind } from '../kinds/group-kind.ts';
import type { SourceClaim } from '../kinds/sources.ts';
import type { MemberState } from '../members/state.ts';
import { plannedMembers } from '../membership.ts';
import {
  CLAIM_PROTECTION,
  GROUP_BOUND_PROTECTION,
  GROUP_CONTENT_PROTECTION,
  GROUP_HANDLE,
  IN_GROUP_PROTECTION,
  memberNamesOf,
} from '../names.ts';
import { aBindingState } from './binding-state.ts';
import { DRIVER, EPOCH_NS, aClaim, aClass, aContent, aSnapshot, aVolume } from './objects.ts';

export const OWNER_UID = '7a7a7d8e-2222-4222-8333-0123456789ab';
export const GROUP_CONTENT = `groupsnapcontent-${OWNER_UID}`;
export const RESOURCES = groupSnapshotResources('v1');
export const GROUP = groupKind(RESOURCES);
export const MEMBER = memberNamesOf(OWNER_UID, 'vol-1');
export const MEMBER_KEY = `default/${MEMBER.snapshot}`;

interface Overrides<T extends { spec?: object; status?: object }> {
  readonly metadata?: ObjectMeta;
  readonly spec?: T['spec'];
  readonly status?: T['status'];
}

export function aGroup({ metadata, spec, status }: Overrides<VolumeGroupSnapshot> = {}): VolumeGroupSnapshot {
  return {
    metadata: { name: 'group', namespace: 'default', uid: OWNER_UID, resourceVersion: '10', ...metadata },
    spec: { source: { selector: { matchLabels: { app: 'db' } } }, volumeGroupSnapshotClassName: 'groups', ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

export const aBoundGroup = (more: Overrides<VolumeGroupSnapshot> = {}): VolumeGroupSnapshot =>
  aGroup({
    ...more,
    metadata: { finalizers: [GROUP_BOUND_PROTECTION], ...more.metadata },
    status: { boundVolumeGroupSnapshotContentName: GROUP_CONTENT, readyToUse: false, ...more.status },
  });

export function theContent({ metadata, spec, status }: Overrides<VolumeGroupSnapshotContent> = {}): VolumeGroupSnapshotContent {
  return {
    metadata: { name: GROUP_CONTENT, uid: 'group-content-uid', resourceVersion: '30', finalizers: [GROUP_CONTENT_PROTECTION], ...metadata },
    spec: {
      driver: DRIVER,
      deletionPolicy: 'Delete',
      volumeGroupSnapshotClassName: 'groups',
      source: { volumeHandles: ['vol-1', 'vol-2'] },
      volumeGroupSnapshotRef: { kind: 'VolumeGroupSnapshot', name: 'group', namespace: 'default', uid: OWNER_UID },
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}

const info = (volumeHandle: string, snapshotHandle: string) => ({
  volumeHandle,
  snapshotHandle,
  creationTime: EPOCH_NS,
  restoreSize: 1_073_741_824n,
  readyToUse: true,
});

export const MADE: NonNullable<VolumeGroupSnapshotContent['status']> = {
  volumeGroupSnapshotHandle: 'group-1',
  creationTime: '2026-01-01T00:00:00Z',
  readyToUse: true,
  volumeSnapshotInfoList: [info('vol-1', 'snap-1'), info('vol-2', 'snap-2')],
};

export function aSource(
  name: string,
  { claim = {}, spec = {} }: { readonly claim?: Overrides<PersistentVolumeClaim>; readonly spec?: object } = {},
): SourceClaim {
  const at = name === 'one' ? 'vol-1' : 'vol-2';
  return {
    name,
    claim: aClaim({
      ...claim,
      metadata: { name, uid: `${name}-uid`, labels: { app: 'db' }, ...claim.metadata },
      spec: { volumeName: `pv-${name}`, ...claim.spec },
    }),
    volume: {
      ...aVolume({ claimRef: { name, namespace: 'default', uid: `${name}-uid` }, csi: { driver: DRIVER, volumeHandle: at }, ...spec }),
      metadata: { name: `pv-${name}`, uid: `pv-${name}-uid` },
    },
  };
}

export const aProtected = (name: string): SourceClaim => aSource(name, { claim: { metadata: { finalizers: [CLAIM_PROTECTION] } } });

type GroupState = BindingState<VolumeGroupSnapshot, VolumeGroupSnapshotContent>;

/** Everything there for a dynamic group, nothing done yet. */
export function aGroupState(more: Partial<GroupState> = {}): GroupState {
  const { now, settings, nodes, confirmed } = aBindingState();
  return {
    now,
    settings,
    kind: GROUP,
    groupKind: RESOURCES.snapshots,
    snapshot: aGroup(),
    gone: false,
    content: undefined,
    snapshotClass: aClass({ metadata: { name: 'groups' } }),
    defaultClasses: [],
    sources: [aSource('one'), aSource('two')],
    selector: 'app=db',
    nodes,
    restores: [],
    members: { unmade: [], undeleted: [] },
    membership: undefined,
    groupName: undefined,
    confirmed,
    refusal: undefined,
    posted: false,
    ...more,
  };
}

export const OWNED = {
  ownerReferences: [{ apiVersion: 'groupsnapshot.storage.k8s.io/v1', kind: 'VolumeGroupSnapshot', name: 'group', uid: OWNER_UID }],
};

/** As it was posted. */
export function aMemberSnapshot({ metadata, ...more }: Overrides<VolumeSnapshot> = {}): VolumeSnapshot {
  return aSnapshot({
    spec: { source: { persistentVolumeClaimName: 'one' } },
    ...more,
    metadata: { name: MEMBER.snapshot, uid: 'member-uid', ...OWNED, finalizers: [IN_GROUP_PROTECTION], ...metadata },
  });
}

export function aMemberContent({ metadata, spec, ...more }: Overrides<VolumeSnapshotContent> = {}): VolumeSnapshotContent {
  return aContent({
    ...more,
    metadata: { name: MEMBER.content, annotations: { [GROUP_HANDLE]: 'group-1' }, ...metadata },
    spec: { volumeSnapshotRef: { kind: 'VolumeSnapshot', name: MEMBER.snapshot, namespace: 'default', uid: 'member-uid' }, ...spec },
  });
}

/** The driver has told of the group; nothing of the member is there. */
export function aMemberState(more: Partial<MemberState> = {}): MemberState {
  const groupContent = theContent({ status: MADE });
  return {
    key: MEMBER_KEY,
    keepsVolumeMode: true,
    groupKind: RESOURCES.snapshots,
    snapshot: undefined,
    content: undefined,
    plan: plannedMembers(groupContent)[0],
    membership: { name: 'group', uid: OWNER_UID, group: 'there' },
    group: aBoundGroup(),
    groupContent,
    volume: aSource('one').volume,
    ...more,
  };
}
