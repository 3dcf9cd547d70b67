/** The role snapshot-controller: one per cluster, no driver. It binds snapshots to contents and keeps finalizers true. */
import type { Controller } from '../lib/controller/controller.ts';
import type { Role, RoleContext } from '../lib/controller/role.ts';
import {
  type GroupSnapshotResources,
  NODES,
  PERSISTENT_VOLUMES,
  PERSISTENT_VOLUME_CLAIMS,
  SNAPSHOT_GROUP,
  VOLUME_SNAPSHOTS,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
} from '../lib/kube/resources.ts';
import type { RoleDefinition, RoleInput } from '../lib/process/role-definition.ts';
import { createBindingController } from './binding/controller.ts';
import { groupRelations, wakeGroups } from './binding/group-relations.ts';
import { RESTORES_INDEX } from './binding/relations.ts';
import { singleRelations, wakeMembers } from './binding/single-relations.ts';
import { createClaimProtectionController } from './claim-protection/controller.ts';
import { createContentProtectionController } from './content-protection/controller.ts';
import { CONTROLLER_FLAGS, readControllerOptions, type SnapshotControllerOptions } from './controller-options.ts';
import { applyTo } from './apply-write.ts';
import { optionalGroupKinds, servedGroupKinds } from './group-kinds.ts';
import { rememberGone } from './groups-gone.ts';
import { groupKind } from './kinds/group-kind.ts';
import { SINGLE } from './kinds/single-kind.ts';
import { GROUP_HANDLE_INDEX, type GroupStores, MEMBER_INDEX } from './membership.ts';
import { createMemberController } from './members/controller.ts';
import { CONTROLLER_LEASE, FAILURE } from './names.ts';
import {
  groupOfContent,
  kindIndexes,
  NAMESPACE_INDEX,
  OF_GROUP_INDEX,
  PROTECTED_INDEX,
  SELECTING_INDEX,
  SNAPSHOT_INDEXES,
  type SnapshotInformers,
  SOURCE_INDEX,
  SOURCES_INDEX,
  VOLUME_INDEX,
} from './snapshot-informers.ts';
import { createSnapshotTimers } from './snapshot-timer.ts';

export const SNAPSHOT_CONTROLLER: RoleDefinition<SnapshotControllerOptions> = {
  name: 'snapshot-controller',
  syntax: 'go',
  flags: CONTROLLER_FLAGS,
  options: readControllerOptions,
  frame: ({ resyncPeriodMs, retryCrdIntervalMaxMs }) => ({
    resyncMs: resyncPeriodMs,
    resourceWaitMs: Math.max(1000, retryCrdIntervalMaxMs),
  }),
  needsDriver: false,
  requiredResources: [VOLUME_SNAPSHOTS, VOLUME_SNAPSHOT_CLASSES, VOLUME_SNAPSHOT_CONTENTS].map(({ plural }) => ({
    group: SNAPSHOT_GROUP,
    version: 'v1',
    plural,
  })),
  optionalKinds: ({ featureGates }) => optionalGroupKinds(featureGates, ['snapshots', 'contents', 'classes']),
  lockName: () => CONTROLLER_LEASE,
  combinedLeaseNamespace: 'kube-system',
  eventComponent: () => 'snapshot-controller',
  create: ({ context, options, metrics, served }): Role => {
    const groupResources = servedGroupKinds(served, options.featureGates);
    const informers = declareInformers(context, { distributed: options.enableDistributedSnapshotting, groupResources });
    const controllers = createControllers({ context, options, metrics }, informers, groupResources);
    return {
      name: 'snapshot-controller',
      start: (signal) => {
        for (const controller of controllers) controller.start(signal);
      },
      drain: async (cancel) => {
        await Promise.all(controllers.map((controller) => controller.drain(cancel)));
      },
    };
  },
};

function createControllers(
  { context, options, metrics }: Pick<RoleInput<SnapshotControllerOptions>, 'context' | 'options' | 'metrics'>,
  informers: SnapshotInformers,
  groupResources: GroupSnapshotResources | undefined,
): readonly Controller[] {
  const { groups } = informers;
  const shared = {
    context,
    informers,
    groupResources,
    applyWrite: applyTo({
      [VOLUME_SNAPSHOTS.plural]: informers.snapshots,
      [VOLUME_SNAPSHOT_CONTENTS.plural]: informers.contents,
      [PERSISTENT_VOLUME_CLAIMS.plural]: informers.claims,
      ...(groups === undefined || groupResources === undefined
        ? {}
        : { [groupResources.snapshots.plural]: groups.snapshots, [groupResources.contents.plural]: groups.contents }),
    }),
    settings: {
      preventVolumeModeConversion: options.preventVolumeModeConversion,
      distributedSnapshotting: options.enableDistributedSnapshotting,
    },
    workers: options.workerThreads,
    retryStartMs: options.retryIntervalStartMs,
    retryMaxMs: options.retryIntervalMaxMs,
  };
  const timers = createSnapshotTimers(metrics, context.doors.clock);
  const stores = {
    snapshots: informers.snapshots.store,
    contents: informers.contents.store,
    claims: informers.claims.store,
    volumes: informers.volumes.store,
  };
  const groupStores: GroupStores | undefined =
    groups === undefined
      ? undefined
      : {
          groups: groups.snapshots.store,
          groupContents: groups.contents.store,
          groupsGone: rememberGone(informers.snapshots, groups.snapshots),
        };
  const singles = createBindingController({
    ...shared,
    name: 'snapshot-controller-snapshot',
    kind: SINGLE,
    own: informers,
    relations: singleRelations({ ...stores, groups: groupStores }),
    timer: timers(SINGLE),
  });
  const contents = createContentProtectionController({
    ...shared,
    name: 'snapshot-controller-content',
    kind: SINGLE,
    groupOf: (content) => groupOfContent(content, groups?.contents.store),
  });
  const controllers = [singles, createClaimProtectionController(shared), contents];
  if (groups === undefined || groupResources === undefined || groupStores === undefined) return controllers;

  const kind = groupKind(groupResources);
  const binding = createBindingController({
    ...shared,
    name: 'snapshot-controller-group-snapshot',
    kind,
    own: groups,
    relations: groupRelations({ ...stores, groups: groupStores }),
    timer: timers(kind),
  });
  wakeMembers(informers, (key) => singles.enqueue(key));
  wakeGroups(informers, (key) => binding.enqueue(key));
  groups.contents.onEvent(({ old, object }) => {
    // What a group leaves behind is nobody's once its content is gone.
    if (old === undefined || object !== undefined) return;
    const members = GROUP_HANDLE_INDEX.values(old).flatMap((value) => informers.contents.store.byIndex(OF_GROUP_INDEX.name, value));
    for (const { metadata } of members) contents.enqueue(metadata?.name ?? '');
  });
  return [
    ...controllers,
    binding,
    createContentProtectionController({
      ...shared,
      name: 'snapshot-controller-group-content',
      kind,
      informers: groups,
      groupOf: () => 'none',
    }),
    createMemberController({
      ...shared,
      informers: { ...informers, groups },
      groups: groupStores,
      groupResources,
      keepsVolumeMode: options.preventVolumeModeConversion,
    }),
  ];
}

const FAILURES = `metadata.annotations[${FAILURE}]`;
const ANNOTATIONS = [
  'metadata.annotations[snapshot.storage.kubernetes.io/]',
  'metadata.annotations[groupsnapshot.storage.k8s.io/]',
  FAILURES,
];
const GROUP_ANNOTATIONS = 'metadata.annotations[groupsnapshot.storage.kubernetes.io/]';

interface Wanted {
  readonly distributed: boolean;
  readonly groupResources: GroupSnapshotResources | undefined;
}

/** Claims are written by PUT and kept whole; of everything else what is read here. */
export function declareInformers(
  { informers }: Pick<RoleContext, 'informers'>,
  { distributed, groupResources }: Wanted,
): SnapshotInformers {
  return {
    snapshots: informers.informer(VOLUME_SNAPSHOTS, { fields: ['spec', 'status', FAILURES], indexes: SNAPSHOT_INDEXES }),
    contents: informers.informer(VOLUME_SNAPSHOT_CONTENTS, {
      fields: ['spec', 'status', ...ANNOTATIONS],
      indexes: [SOURCE_INDEX, OF_GROUP_INDEX],
    }),
    classes: informers.informer(VOLUME_SNAPSHOT_CLASSES, {
      fields: ['driver', 'deletionPolicy', 'parameters', 'metadata.annotations[snapshot.storage.kubernetes.io/]'],
    }),
    claims: informers.informer(PERSISTENT_VOLUME_CLAIMS, { fields: 'whole', indexes: [RESTORES_INDEX, NAMESPACE_INDEX, PROTECTED_INDEX] }),
    volumes: informers.informer(PERSISTENT_VOLUMES, {
      fields: ['spec.claimRef', 'spec.csi.driver', 'spec.csi.volumeHandle', 'spec.volumeMode', 'spec.nodeAffinity'],
      indexes: [VOLUME_INDEX],
    }),
    nodes: distributed ? informers.informer(NODES, { fields: ['metadata.labels'] }) : undefined,
    groups: groupResources === undefined ? undefined : declareGroups({ informers }, groupResources),
  };
}

function declareGroups(
  { informers }: Pick<RoleContext, 'informers'>,
  resources: GroupSnapshotResources,
): NonNullable<SnapshotInformers['groups']> {
  return {
    snapshots: informers.informer(resources.snapshots, {
      fields: ['spec', 'status', FAILURES],
      indexes: [SELECTING_INDEX, ...kindIndexes(groupKind(resources))],
    }),
    contents: informers.informer(resources.contents, {
      fields: ['spec', 'status', 'metadata.labels', GROUP_ANNOTATIONS, FAILURES],
      indexes: [MEMBER_INDEX, GROUP_HANDLE_INDEX, SOURCES_INDEX],
    }),
    classes: informers.informer(resources.classes, { fields: ['driver', 'deletionPolicy', 'parameters', GROUP_ANNOTATIONS] }),
  };
}
