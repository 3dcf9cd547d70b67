/**
 * The role csi-provisioner: one per driver. It makes the volumes of claims, deletes those of released PVs,
 * and protects what volumes are filled from while they are.
 *
 * Four controllers work side by side (folders claim, volume, clone-protection, snapshot-protection) and meet only
 * in the caches and the claims in progress. Claims and PVs of other drivers pass through and are left alone.
 */
import { sharedOptions } from '../lib/controller/shared-options.ts';
import { sanitiseLeaseName } from '../lib/controller/lease-name.ts';
import type { Role } from '../lib/controller/role.ts';
import type { DriverIdentity } from '../lib/csi/capabilities.ts';
import { gateEnabled } from '../lib/process/flags.ts';
import type { RoleDefinition, RoleInput } from '../lib/process/role-definition.ts';
import { openCaches } from './caches.ts';
import { createClaimController } from './claim/controller.ts';
import type { ClaimState } from './claim/state.ts';
import type { Settings } from './facts/settings.ts';
import { createTopologyBook } from './claim/topology-book.ts';
import { createCloneProtection } from './clone-protection/controller.ts';
import { openAccounts } from './intent/accounts.ts';
import { createClaimsInProgress } from './intent/claims-in-progress.ts';
import type { ProvisionLabels } from './metrics.ts';
import { createProvisionMetrics } from './metrics.ts';
import { PROVISIONER_FLAGS, readProvisionerOptions } from './options.ts';
import type { ProvisionerOptions } from './options.ts';
import { createSnapshotProtection } from './snapshot-protection/controller.ts';
import { hasTopology, settingsOf } from './settings.ts';
import { createSourceProtections } from './source-protections.ts';
import { createVolumeController } from './volume/controller.ts';
import { wireEvents } from './event-handlers.ts';

export const CSI_PROVISIONER: RoleDefinition<ProvisionerOptions> = {
  name: 'csi-provisioner',
  syntax: 'pflag',
  flags: PROVISIONER_FLAGS,
  options: readProvisionerOptions,
  frame: ({ timeoutMs, leaderElectionLabels }) => ({ timeoutMs, leaseLabels: leaderElectionLabels }),
  needsDriver: true,
  requiredResources: [],
  leaseName: sanitiseLeaseName,
  eventComponent: (driverName, hostname) => `${driverName}_${hostname}`,
  create: createProvisioner,
};

function createProvisioner({ context, options, driver, metrics: registry, leaseNamespace }: RoleInput<ProvisionerOptions>): Role {
  if (driver === undefined) throw new Error('csi-provisioner was created without a driver');
  const { doors, log, client, leaseIsFresh } = context;
  const { clock, random } = doors;
  const identity = driver.identity();
  const clones = identity.controller.has('CLONE_VOLUME');
  const snapshots = identity.controller.has('CREATE_DELETE_SNAPSHOT');
  const caches = openCaches(context.informers, {
    driver: identity.name,
    leaseNamespace,
    topology: hasTopology(identity, options),
    attachments: identity.controller.has('PUBLISH_UNPUBLISH_VOLUME'),
    snapshots,
    crossNamespace: gateEnabled(options.featureGates, 'CrossNamespaceVolumeDataSource'),
    journals: options.crashSafeProvisioning && !options.leaderElection,
  });
  const progress = createClaimsInProgress();
  const protections = createSourceProtections();
  const accounts = openAccounts({ context, progress, driver: identity.name, leaseNamespace, options, journals: caches.journals });
  const { journal } = accounts;
  const metrics = createProvisionMetrics(registry, accounts.counts);
  const settings = settingsReader(driver.identity, options, accounts.place);
  const lane = sharedOptions(context, {
    workers: options.workerThreads,
    retryStartMs: options.retryIntervalStartMs,
    retryMaxMs: options.retryIntervalMaxMs,
  });
  const now = (): number => clock.now();
  const monotonic = (): number => clock.monotonic();
  const { nodes, csiNodes } = caches;
  const claimController = createClaimController(
    {
      caches,
      progress,
      protections,
      journal,
      accounts,
      settings,
      topology: nodes === undefined || csiNodes === undefined ? undefined : createTopologyBook(identity.name, { nodes, csiNodes }),
      strictTopology: options.strictTopology,
      immediateTopology: options.immediateTopology,
      minVersion: { value: undefined },
      now,
      monotonic,
      client,
      log,
      driver: driver.client,
      identity: `${clock.now()}-${Math.floor(random.next() * 10_000)}-${identity.name}`,
      metrics,
      labelsOf,
      leaseIsFresh: () => leaseIsFresh(),
    },
    lane,
  );
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
      log,
      leaseIsFresh: () => leaseIsFresh(),
      monotonic,
    },
    lane,
  );
  const protection = { ...lane, workers: options.cloningProtectionThreads };
  const driverName = (): string => driver.identity().name;
  const cloneController = clones ? createCloneProtection({ caches, progress, accounts, driverName, client }, protection) : undefined;
  const snapshotController = snapshots
    ? createSnapshotProtection({ caches, progress, accounts, protections, driverName, client }, protection)
    : undefined;
  wireEvents(
    caches,
    { progress, protections, volumes },
    { claims: claimController, volumes: volumeController, clones: cloneController, snapshots: snapshotController },
  );
  const lanes = [claimController, volumeController, cloneController, snapshotController].filter((controller) => controller !== undefined);
  return {
    name: 'csi-provisioner',
    start: (signal) => {
      // Before the first look at any object everything that an earlier process may have left is known.
      accounts
        .takeOver(signal, (claimUid) => claimController.enqueue(claimUid))
        .then(
          () => {
            if (!signal.aborted) for (const controller of lanes) controller.start(signal);
          },
          (error: unknown) => {
            if (!signal.aborted) context.fatal(error);
          },
        );
    },
    drain: async (cancel) => {
      await Promise.all(lanes.map((controller) => controller.drain(cancel)));
      await accounts.end(cancel);
    },
  };
}

/** What the driver says may change across a reconnect; what is made of it is kept until it does. */
function settingsReader(identity: () => DriverIdentity, options: ProvisionerOptions, journal: Settings['journal']): () => Settings {
  let last: { readonly identity: DriverIdentity; readonly settings: Settings } | undefined;
  return () => {
    const present = identity();
    if (last?.identity !== present) last = { identity: present, settings: { ...settingsOf(present, options), journal } };
    return last.settings;
  };
}

/** Class and kind of source, as the peer labels its metrics. */
function labelsOf({ class: storageClass, claim }: ClaimState): ProvisionLabels {
  const name = storageClass?.metadata?.name ?? claim?.spec?.storageClassName ?? '';
  return { class: name, source: claim?.spec?.dataSource?.kind ?? '' };
}
