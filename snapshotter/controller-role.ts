/** The role snapshot-controller: one per cluster, no driver. It binds snapshots to contents and keeps finalizers true. */
import { type Role, type RoleContext } from '../lib/controller/role.ts';
import {
  NODES,
  PERSISTENT_VOLUMES,
  PERSISTENT_VOLUME_CLAIMS,
  SNAPSHOT_GROUP,
  VOLUME_SNAPSHOTS,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
} from '../lib/kube/resources.ts';
import type { RoleDefinition } from '../lib/process/role-definition.ts';
import { createBindingController } from './binding/controller.ts';
import { RESTORES_INDEX } from './binding/gather.ts';
import { createClaimProtectionController } from './claim-protection/controller.ts';
import { SOURCE_INDEX, VOLUME_INDEX } from './claim-protection/gather.ts';
import { createContentProtectionController } from './content-protection/controller.ts';
import { CONTROLLER_FLAGS, readControllerOptions, type SnapshotControllerOptions } from './controller-options.ts';
import { applyTo } from './apply-write.ts';
import { FAILURE } from './names.ts';
import { SNAPSHOT_INDEXES, type SnapshotInformers } from './snapshot-informers.ts';
import { createSnapshotTimer } from './snapshot-timer.ts';

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
  lockName: () => 'snapshot-controller-leader',
  combinedLeaseNamespace: 'kube-system',
  eventComponent: () => 'snapshot-controller',
  create: ({ context, options, metrics }): Role => {
    const informers = declareInformers(context, options.enableDistributedSnapshotting);
    const shared = {
      context,
      informers,
      applyWrite: applyTo({
        [VOLUME_SNAPSHOTS.plural]: informers.snapshots,
        [VOLUME_SNAPSHOT_CONTENTS.plural]: informers.contents,
        [PERSISTENT_VOLUME_CLAIMS.plural]: informers.claims,
      }),
      workers: options.workerThreads,
      retryStartMs: options.retryIntervalStartMs,
      retryMaxMs: options.retryIntervalMaxMs,
    };
    const controllers = [
      createBindingController({
        ...shared,
        rules: {
          preventVolumeModeConversion: options.preventVolumeModeConversion,
          distributedSnapshotting: options.enableDistributedSnapshotting,
        },
        timer: createSnapshotTimer(metrics, context.doors.clock),
      }),
      createClaimProtectionController(shared),
      createContentProtectionController(shared),
    ];
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

/** Claims are written by PUT and kept whole; of everything else what is read here. */
export function declareInformers({ informers }: Pick<RoleContext, 'informers'>, distributed: boolean): SnapshotInformers {
  return {
    snapshots: informers.informer(VOLUME_SNAPSHOTS, {
      fields: ['spec', 'status', `metadata.annotations[${FAILURE}]`],
      indexes: SNAPSHOT_INDEXES,
    }),
    contents: informers.informer(VOLUME_SNAPSHOT_CONTENTS, {
      fields: [
        'spec',
        'status',
        'metadata.annotations[snapshot.storage.kubernetes.io/]',
        'metadata.annotations[groupsnapshot.storage.k8s.io/]',
        `metadata.annotations[${FAILURE}]`,
      ],
      indexes: [SOURCE_INDEX],
    }),
    classes: informers.informer(VOLUME_SNAPSHOT_CLASSES, {
      fields: ['driver', 'deletionPolicy', 'parameters', 'metadata.annotations[snapshot.storage.kubernetes.io/]'],
    }),
    claims: informers.informer(PERSISTENT_VOLUME_CLAIMS, { fields: 'whole', indexes: [RESTORES_INDEX] }),
    volumes: informers.informer(PERSISTENT_VOLUMES, {
      fields: ['spec.claimRef', 'spec.csi.driver', 'spec.csi.volumeHandle', 'spec.volumeMode', 'spec.nodeAffinity'],
      indexes: [VOLUME_INDEX],
    }),
    nodes: distributed ? informers.informer(NODES, { fields: ['metadata.labels'] }) : undefined,
  };
}
