/** The role csi-snapshotter: one per driver (or per node). It asks the driver what contents say, and writes their status. */
import type { Role, RoleContext } from '../lib/controller/role.ts';
import type { VolumeGroupSnapshotContent, VolumeSnapshotContent } from '../lib/kube/objects.ts';
import { type GroupSnapshotResources, VOLUME_SNAPSHOT_CLASSES, VOLUME_SNAPSHOT_CONTENTS } from '../lib/kube/resources.ts';
import type { RoleDefinition } from '../lib/process/role-definition.ts';
import { contentIndexes, createContentController } from './content/controller.ts';
import { groupCalls } from './content/group-calls.ts';
import { groupContent } from './content/group.ts';
import { singleCalls } from './content/single-calls.ts';
import { SINGLE_CONTENT } from './content/single.ts';
import { optionalGroupKinds, servedGroupKinds } from './group-kinds.ts';
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
  optionalKinds: ({ featureGates }) => optionalGroupKinds(featureGates, ['contents', 'classes']),
  create: ({ context, options, driver, metrics, served }): Role => {
    if (driver === undefined) throw new Error('csi-snapshotter was created without a driver');
    const groupKinds = servedGroupKinds(served, options.featureGates);
    const { contents, classes, groupContents, groupClasses } = declareInformers(context, { nodeName: options.nodeName, groupKinds });
    const driverName = driver.identity().name;
    const isUncertain = (one: VolumeSnapshotContent | VolumeGroupSnapshotContent): boolean =>
      one.spec?.driver === driverName && hasMark(one, CREATION_UNCERTAIN);
    const { gaveUp } = createSidecarMetrics(metrics, {
      driverName,
      countUncertain: () => [...contents.store.list(), ...(groupContents?.store.list() ?? [])].filter(isUncertain).length,
    });
    const shared = {
      context,
      driver,
      workers: options.workerThreads,
      retryStartMs: options.retryIntervalStartMs,
      retryMaxMs: options.retryIntervalMaxMs,
      gaveUp,
    };
    const settings = {
      driverName,
      snapshotNamePrefix: options.snapshotNamePrefix,
      snapshotNameUuidLength: options.snapshotNameUuidLength,
      extraCreateMetadata: options.extraCreateMetadata,
      readyPollMinMs: options.readyPollIntervalMinMs,
      readyPollMaxMs: options.readyPollIntervalMaxMs,
    };
    const controllers = [
      createContentController({
        ...shared,
        name: 'csi-snapshotter-content',
        kind: SINGLE_CONTENT,
        contents,
        classes,
        applyWrite: applyTo({ [VOLUME_SNAPSHOT_CONTENTS.plural]: contents }),
        calls: singleCalls(driver.client),
        settings,
      }),
    ];
    if (groupKinds !== undefined && groupContents !== undefined && groupClasses !== undefined) {
      const kind = groupContent(groupKinds.contents);
      const lacks = kind.lacks(driver.identity());
      if (lacks !== undefined)
        context.log.warn('The driver makes no group snapshots', {
          driver: driverName,
          lacks,
          remedy: 'use a version of the driver that does, or switch the feature gate CSIVolumeGroupSnapshot off',
        });
      controllers.push(
        createContentController({
          ...shared,
          name: 'csi-snapshotter-groupsnapshotcontent',
          kind,
          contents: groupContents,
          classes: groupClasses,
          applyWrite: applyTo({ [groupKinds.contents.plural]: groupContents }),
          calls: groupCalls(driver.client),
          settings: {
            ...settings,
            snapshotNamePrefix: options.groupsnapshotNamePrefix,
            snapshotNameUuidLength: options.groupsnapshotNameUuidLength,
          },
        }),
      );
    }
    return {
      name: 'csi-snapshotter',
      start: (signal) => {
        for (const controller of controllers) controller.start(signal);
      },
      drain: async (cancel) => {
        await Promise.all(controllers.map((controller) => controller.drain(cancel)));
      },
    };
  },
};

interface InformerOptions {
  /** Set in node deployment: only what is labelled with it. Classes are not. */
  readonly nodeName: string | undefined;
  /** Undefined: groups are off. */
  readonly groupKinds: GroupSnapshotResources | undefined;
}

/** What is read here of contents and classes, and no more. */
export function declareInformers({ informers }: Pick<RoleContext, 'informers'>, { nodeName, groupKinds }: InformerOptions) {
  const ofNode = nodeName === undefined ? {} : { labelSelector: `${MANAGED_BY_LABEL}=${nodeName}` };
  const singles = {
    contents: informers.informer(VOLUME_SNAPSHOT_CONTENTS, {
      fields: [
        'spec',
        'status',
        'metadata.annotations[snapshot.storage.kubernetes.io/]',
        'metadata.annotations[groupsnapshot.storage.k8s.io/]',
        'metadata.annotations[csi-sidecars/]',
      ],
      indexes: contentIndexes(SINGLE_CONTENT),
      ...ofNode,
    }),
    classes: informers.informer(VOLUME_SNAPSHOT_CLASSES, { fields: ['driver', 'parameters'] }),
  };
  if (groupKinds === undefined) return { ...singles, groupContents: undefined, groupClasses: undefined };
  return {
    ...singles,
    groupContents: informers.informer(groupKinds.contents, {
      fields: ['spec', 'status', 'metadata.annotations[groupsnapshot.storage.kubernetes.io/]', 'metadata.annotations[csi-sidecars/]'],
      indexes: contentIndexes(groupContent(groupKinds.contents)),
      ...ofNode,
    }),
    groupClasses: informers.informer(groupKinds.classes, { fields: ['driver', 'parameters'] }),
  };
}
