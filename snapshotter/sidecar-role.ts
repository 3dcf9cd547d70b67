/** The role csi-snapshotter: one per driver (or per node). It asks the driver what contents say, and writes their status. */
import type { Role, RoleContext } from '../lib/controller/role.ts';
import { VOLUME_SNAPSHOT_CLASSES, VOLUME_SNAPSHOT_CONTENTS } from '../lib/kube/resources.ts';
import type { RoleDefinition } from '../lib/process/role-definition.ts';
import { CONTENT_INDEXES, createContentController } from './content/controller.ts';
import { hasMark } from './content-accessors.ts';
import { CREATION_UNCERTAIN, MANAGED_BY_LABEL } from './names.ts';
import { applyTo } from './apply-write.ts';
import { createSidecarMetrics } from './sidecar-metrics.ts';
import { type CsiSnapshotterOptions, readSidecarOptions, SIDECAR_FLAGS } from './sidecar-options.ts';

export const CSI_SNAPSHOTTER: RoleDefinition<CsiSnapshotterOptions> = {
  name: 'csi-snapshotter',
  syntax: 'go',
  flags: SIDECAR_FLAGS,
  options: readSidecarOptions,
  frame: ({ timeoutMs, resyncPeriodMs, leaderElectionLabels }) => ({
    timeoutMs,
    resyncMs: resyncPeriodMs,
    leaseLabels: leaderElectionLabels,
  }),
  needsDriver: true,
  asksDriver: () => ['groupController'],
  // Missing definitions are waited for by the caches, as long as it takes, as the Go sidecar does.
  requiredResources: [],
  checkDriver: (driver) => {
    const { name, controller } = driver.identity();
    if (controller.has('CREATE_DELETE_SNAPSHOT')) return undefined;
    return `CSI driver ${name} does not support snapshots (controller capability CREATE_DELETE_SNAPSHOT): remove csi-snapshotter from its deployment`;
  },
  lockName: (driverName) => `external-snapshotter-leader-${driverName}`,
  eventComponent: (driverName) => `csi-snapshotter ${driverName}`,
  create: ({ context, options, driver, metrics }): Role => {
    if (driver === undefined) throw new Error('csi-snapshotter was created without a driver');
    const { contents, classes } = declareInformers(context, options.nodeName);
    const driverName = driver.identity().name;
    const { gaveUp } = createSidecarMetrics(metrics, {
      driverName,
      countUncertain: () =>
        contents.store.list().filter((one) => one.spec?.driver === driverName && hasMark(one, CREATION_UNCERTAIN)).length,
    });
    const controller = createContentController({
      context,
      contents,
      classes,
      applyWrite: applyTo({ [VOLUME_SNAPSHOT_CONTENTS.plural]: contents }),
      driver,
      rules: {
        driverName,
        snapshotNamePrefix: options.snapshotNamePrefix,
        snapshotNameUuidLength: options.snapshotNameUuidLength,
        extraCreateMetadata: options.extraCreateMetadata,
        readyPollMinMs: options.readyPollIntervalMinMs,
        readyPollMaxMs: options.readyPollIntervalMaxMs,
      },
      workers: options.workerThreads,
      retryStartMs: options.retryIntervalStartMs,
      retryMaxMs: options.retryIntervalMaxMs,
      gaveUp,
    });
    return { name: 'csi-snapshotter', start: (signal) => controller.start(signal), drain: (cancel) => controller.drain(cancel) };
  },
};

/** What is read here of contents and classes, and no more. */
export function declareInformers({ informers }: Pick<RoleContext, 'informers'>, nodeName: string | undefined) {
  return {
    contents: informers.informer(VOLUME_SNAPSHOT_CONTENTS, {
      fields: [
        'spec',
        'status',
        'metadata.annotations[snapshot.storage.kubernetes.io/]',
        'metadata.annotations[groupsnapshot.storage.k8s.io/]',
        'metadata.annotations[csi-sidecars/]',
      ],
      indexes: CONTENT_INDEXES,
      ...(nodeName === undefined ? {} : { labelSelector: `${MANAGED_BY_LABEL}=${nodeName}` }),
    }),
    classes: informers.informer(VOLUME_SNAPSHOT_CLASSES, { fields: ['driver', 'parameters'] }),
  };
}
