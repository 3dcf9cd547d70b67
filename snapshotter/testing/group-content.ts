/** A VolumeGroupSnapshotContent of two volumes, its class, and a state of the sidecar's loop over it, with named overrides. */
import type { VolumeGroupSnapshotClass, VolumeGroupSnapshotContent } from '../../lib/kube/objects.ts';
import { groupSnapshotResources } from '../../lib/kube/resources.ts';
import { groupContent } from '../content/group.ts';
import type { FoundMember, FoundSnapshot } from '../content/found.ts';
import type { ContentState } from '../content/state.ts';
import { GROUP_CONTENT_PROTECTION } from '../names.ts';
import { aContentState, CONTENT_SETTINGS } from './content-state.ts';
import { DRIVER, EPOCH_NS } from './objects.ts';

export const GROUP_UID = '7a7a7d8e-2222-4222-8333-0123456789ab';
export const GROUP_CONTENT_NAME = `groupsnapcontent-${GROUP_UID}`;
export const GROUP_CONTENT = groupContent(groupSnapshotResources('v1').contents);

interface Overrides {
  readonly metadata?: VolumeGroupSnapshotContent['metadata'];
  readonly spec?: VolumeGroupSnapshotContent['spec'];
  readonly status?: VolumeGroupSnapshotContent['status'];
}

export function aGroupContent({ metadata, spec, status }: Overrides = {}): VolumeGroupSnapshotContent {
  return {
    metadata: {
      name: GROUP_CONTENT_NAME,
      uid: 'group-content-uid',
      resourceVersion: '30',
      creationTimestamp: '2026-01-01T00:00:00Z',
      finalizers: [GROUP_CONTENT_PROTECTION],
      ...metadata,
    },
    spec: {
      driver: DRIVER,
      deletionPolicy: 'Delete',
      volumeGroupSnapshotClassName: 'groups',
      source: { volumeHandles: ['vol-1', 'vol-2'] },
      volumeGroupSnapshotRef: { kind: 'VolumeGroupSnapshot', name: 'nightly', namespace: 'default', uid: GROUP_UID },
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}

/** As an admin writes it: handles, and a reference without a uid. */
export function aGivenGroupContent({ metadata, spec, status }: Overrides = {}): VolumeGroupSnapshotContent {
  return aGroupContent({
    metadata: { name: 'imported-group', ...metadata },
    spec: {
      source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: 'group-9', volumeSnapshotHandles: ['snap-8', 'snap-9'] } },
      volumeGroupSnapshotRef: { name: 'nightly', namespace: 'default' },
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  });
}

export function aGroupClass(more: Partial<VolumeGroupSnapshotClass> = {}): VolumeGroupSnapshotClass {
  return { metadata: { name: 'groups', uid: 'group-class-uid' }, driver: DRIVER, deletionPolicy: 'Delete', ...more };
}

export const aMember = (more: Partial<FoundMember> = {}): FoundMember => ({
  volume: 'vol-1',
  handle: 'snap-1',
  creationTime: EPOCH_NS,
  sizeBytes: 1024n,
  ready: true,
  ...more,
});

/** Both volumes, ready. */
export const aFoundGroup = (more: Partial<FoundSnapshot> = {}): FoundSnapshot => ({
  kind: 'snapshot',
  effect: 'create-snapshot',
  handle: 'group-1',
  creationTime: EPOCH_NS,
  sizeBytes: 0n,
  ready: true,
  members: [aMember(), aMember({ volume: 'vol-2', handle: 'snap-2' })],
  ...more,
});

export const MEMBER_INFOS = [
  { volumeHandle: 'vol-1', snapshotHandle: 'snap-1', creationTime: EPOCH_NS, restoreSize: 1024n, readyToUse: true },
  { volumeHandle: 'vol-2', snapshotHandle: 'snap-2', creationTime: EPOCH_NS, restoreSize: 1024n, readyToUse: true },
];

export const READY_GROUP_STATUS: NonNullable<VolumeGroupSnapshotContent['status']> = {
  volumeGroupSnapshotHandle: 'group-1',
  creationTime: '2026-01-01T00:00:00Z',
  volumeSnapshotInfoList: MEMBER_INFOS,
  readyToUse: true,
};

export function aGroupState(more: Partial<ContentState<VolumeGroupSnapshotContent>> = {}): ContentState<VolumeGroupSnapshotContent> {
  return {
    ...aContentState(),
    kind: GROUP_CONTENT,
    settings: { ...CONTENT_SETTINGS, snapshotNamePrefix: 'groupsnapshot' },
    content: aGroupContent(),
    snapshotClass: aGroupClass(),
    ...more,
  };
}
