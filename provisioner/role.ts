/**
 * The role csi-provisioner: one per driver. It makes the volumes of claims, deletes those of released PVs,
 * and protects what volumes are filled from while they are.
 *
 * Five controllers work side by side (folders claim, volume, clone-protection, snapshot-protection, capacity) and meet only
 * in the caches, the claims in progress, and the word that room was used or freed. Claims and PVs of other drivers pass through and are left alone.
 */
import { sharedOptions } from '../lib/controller/shared-options.ts';
import type { Role } from '../lib/controller/role.ts';
import type { DriverIdentity } from '../lib/csi/capabilities.ts';
import { gateEnabled } from '../lib/process/flags.ts';
import type { RoleDefinition, RoleInput } from '../lib/process/role-definition.ts';
import type { Caches } from './caches.ts';
import { openCaches } from './caches.ts';
import { managerOf, openCapacity } from './capacity/lane.ts';
import { NO_CAPACITY } from './capacity-refresh.ts';
import { createClaimController } from './claim/controller.ts';
import type { ClaimState } from './claim/state.ts';
import type { Settings } from './facts/settings.ts';
import { createNodeTopology } from './claim/node-topology.ts';
import type { TopologyBook } from './claim/topology-book.ts';
import { createTopologyBook } from './claim/topology-book.ts';
import { createCloneProtection } from './clone-protection/controller.ts';
import { openAccounts } from './intent/accounts.ts';
import { createClaimsInProgress } from './intent/claims-in-progress.ts';
import type { ProvisionLabels } from './metrics.ts';
import { createProvisionMetrics } from './metrics.ts';
import { pluginOf } from './migration/plugins.ts';
import { PROVISIONER_FLAGS, readProvisionerOptions } from './options.ts';
import type { ProvisionerOptions } from './options.ts';
import { createSnapshotProtection } from './snapshot-protection/controller.ts';
import { type FoundOut, hasTopology, settingsOf } from './settings.ts';
import { createSourceProtections } from './source-protections.ts';
import { servesAttributesClasses } from './served-kinds.ts';
import { createVolumeController } from './volume/controller.ts';
import { wireEvents } from './event-handlers.ts';
import { reportUnsaved } from './unsaved-volumes.ts';

export const CSI_PROVISIONER: RoleDefinition<ProvisionerOptions> = {
  name: 'csi-provisioner',
  syntax: 'pflag',
  flags: PROVISIONER_FLAGS,
  options: readProvisionerOptions,
  frame: ({ timeoutMs, leaderElectionLabels }) => ({
    timeoutMs,
    leaseLabels: leaderElectionLabels,
  }),
  needsDriver: true,
  tookOver: (driverName) => pluginOf(driverName) !== undefined,
  asksDriver: ({ nodeDeployment }) => (nodeDeployment ? ['plugin', 'node'] : ['plugin']),
  kubeconfigOfEnvironmentFirst: true,
  requiredResources: [],
  lockName: (driverName) => driverName,
  eventComponent: (driverName, process) => `${driverName}_${process}`,
  create: createProvisioner,
};

function createProvisioner({
  context,
  options,
  driver,
  metrics: registry,
  leaseNamespace,
  openClient,
}: RoleInput<ProvisionerOptions>): Role {
  if (driver === undefined) throw new Error('csi-provisioner was created without a driver');
  const { doors, log, client, leaseIsFresh } = context;
  const { clock, random } = doors;
  const identity = driver.identity();
  const clones = identity.controller.has('CLONE_VOLUME');
  const snapshots = identity.controller.has('CREATE_DELETE_SNAPSHOT');
  // Each node has a provisioner, and its driver makes volumes on that node alone: nobody leads the others.
  const elected = options.leaderElection && !options.nodeDeployment;
  const caches = openCaches(context.informers, {
    driver: identity.name,
    leaseNamespace,
    nodes: (hasTopology(identity, options) || options.enableCapacity) && !options.nodeDeployment,
    affinities: options.nodeDeployment || options.enableCapacity,
    capacity: options.enableCapacity
      ? { driver: identity.name, managedBy: managerOf(options), namespace: options.pod.namespace }
      : undefined,
    attachments: identity.controller.has('PUBLISH_UNPUBLISH_VOLUME'),
    snapshots,
    crossNamespace: gateEnabled(options.featureGates, 'CrossNamespaceVolumeDataSource'),
    journals: options.crashSafeProvisioning && !elected,
  });
  const progress = createClaimsInProgress();
  const protections = createSourceProtections();
  const accounts = openAccounts({ context, progress, driver: identity.name, leaseNamespace, options, elected, journals: caches.journals });
  const { journal } = accounts;
  context.inspectedJournal?.(accounts.inspect);
  const metrics = createProvisionMetrics(registry, accounts.counts);
  const attributesClasses = { served: true };
  const settings = settingsReader(driver.identity, options, { journal: accounts.place, attributesClasses });
  const lane = sharedOptions(context, {
    workers: options.workerThreads,
    retryStartMs: options.retryIntervalStartMs,
    retryMaxMs: options.retryIntervalMaxMs,
  });
  const capacity = openCapacity({ caches, context, options, driver, registry, openClient });
  const refresh = capacity ?? NO_CAPACITY;
  const now = (): number => clock.now();
  const monotonic = (): number => clock.monotonic();
  const claimController = createClaimController(
    {
      caches,
      progress,
      protections,
      journal,
      accounts,
      settings,
      topology: topologyBook(identity.name, caches, settings),
      strictTopology: options.strictTopology,
      immediateTopology: options.immediateTopology,
      minVersion: { value: undefined },
      now,
      monotonic,
      client,
      log,
      driver: driver.client,
      identity: [
        clock.now(),
        Math.floor(random.next() * 10_000),
        identity.name,
        ...(options.nodeDeployment ? [options.nodeName] : []),
      ].join('-'),
      random: () => random.next(),
      metrics,
      capacity: refresh,
      labelsOf,
      leaseIsFresh: () => leaseIsFresh(),
    },
    lane,
  );
  reportUnsaved(progress, context.queueMetrics);
  const volumes = new Map();
  const volumeController = createVolumeController(
    {
      caches,
      settings,
      progress,
      journal,
      memories: volumes,
      client,
      driver: driver.client,
      metrics,
      capacity: refresh,
      log,
      leaseIsFresh: () => leaseIsFresh(),
      monotonic,
    },
    lane,
  );
  const protection = { ...lane, workers: Math.max(1, options.cloningProtectionThreads) };
  const driverName = (): string => driver.identity().name;
  // 0 in the Go program: nobody takes it away.
  const cloneController =
    clones && options.cloningProtectionThreads > 0
      ? createCloneProtection({ caches, progress, accounts, driverName, client }, protection)
      : undefined;
  const snapshotController = snapshots
    ? createSnapshotProtection({ caches, progress, accounts, protections, driverName, client }, protection)
    : undefined;
  wireEvents(identity.name, {
    caches,
    remembered: { progress, protections, volumes },
    lanes: { claims: claimController, volumes: volumeController, clones: cloneController, snapshots: snapshotController },
    ownJournal: `${accounts.place.namespace}/${accounts.place.name}`,
  });
  const lanes = [claimController, volumeController, cloneController, snapshotController, capacity].filter(
    (controller) => controller !== undefined,
  );
  return {
    name: 'csi-provisioner',
    start: (signal) => {
      const begin = async (): Promise<void> => {
        const served = servesAttributesClasses({ client, log, gate: options.featureGates, signal });
        // Before the first look at any object everything that an earlier process may have left is known.
        await accounts.takeOver(signal, (claimUid) => claimController.enqueue(claimUid));
        attributesClasses.served = await served;
        if (!signal.aborted) for (const controller of lanes) controller.start(signal);
      };
      begin().catch((error: unknown) => {
        if (!signal.aborted) context.fatal(error);
      });
    },
    drain: async (cancel) => {
      await Promise.all(lanes.map((controller) => controller.drain(cancel)));
      await accounts.end(cancel);
    },
  };
}

function topologyBook(driver: string, { nodes, csiNodes }: Caches, settings: () => Settings): TopologyBook | undefined {
  const { node, topology } = settings();
  if (node !== undefined) return topology ? createNodeTopology(settings) : undefined;
  return nodes === undefined || csiNodes === undefined ? undefined : createTopologyBook(driver, { nodes, csiNodes });
}

/** What the driver says may change across a reconnect; what is made of it is kept until it does. */
function settingsReader(identity: () => DriverIdentity, options: ProvisionerOptions, found: FoundOut): () => Settings {
  let last: { readonly identity: DriverIdentity; readonly served: boolean; readonly settings: Settings } | undefined;
  return () => {
    const present = identity();
    const { served } = found.attributesClasses;
    if (last?.identity !== present || last.served !== served)
      last = { identity: present, served, settings: settingsOf(present, options, found) };
    return last.settings;
  };
}

/** Class and kind of source, as the peer labels its metrics: by the field alone, not by the older annotation. */
function labelsOf({ claim }: ClaimState): ProvisionLabels {
  return { class: claim?.spec?.storageClassName ?? '', source: claim?.spec?.dataSource?.kind ?? '' };
}
