/**
 * The role csi-provisioner: one per driver. It makes the volumes of claims, deletes those of released PVs,
 * and protects what volumes are filled from while they are.
 *
 * Four lanes work side by side (folders claim, volume, clone-protection, snapshot-protection) and meet only
 * in the caches and the ledger. Claims and PVs of other drivers pass through and are left alone.
 */
import { laneOf } from '../lib/controller/lane.ts';
import { sanitiseLeaseName } from '../lib/controller/lease-name.ts';
import type { Role } from '../lib/controller/role.ts';
import type { DriverIdentity } from '../lib/csi/capabilities.ts';
import { gateEnabled } from '../lib/process/flags.ts';
import type { RoleDefinition, RoleInput } from '../lib/process/role-definition.ts';
import type { Caches } from './caches.ts';
import { openCaches } from './caches.ts';
import { createClaimController } from './claim/controller.ts';
import type { ClaimSettings, ClaimState } from './claim/state.ts';
import { createTopologyBook } from './claim/topology-book.ts';
import { createCloneProtection } from './clone-protection/controller.ts';
import { createLateRecords } from './late-records.ts';
import { createLedger } from './ledger.ts';
import { claimUidOfIntent } from './names.ts';
import type { ProvisionLabels } from './metrics.ts';
import { createProvisionMetrics } from './metrics.ts';
import { openCases } from './open-cases.ts';
import { PROVISIONER_FLAGS, readProvisionerOptions } from './options.ts';
import type { ProvisionerOptions } from './options.ts';
import { countRecords } from './record-counts.ts';
import { dropSettledRecords } from './settled-records.ts';
import { createSnapshotProtection } from './snapshot-protection/controller.ts';
import { createVolumeController } from './volume/controller.ts';
import { wireEvents } from './wake.ts';

export const CSI_PROVISIONER: RoleDefinition<ProvisionerOptions> = {
  name: 'csi-provisioner',
  syntax: 'pflag',
  flags: PROVISIONER_FLAGS,
  options: readProvisionerOptions,
  needsDriver: true,
  requiredResources: [],
  leaseName: sanitiseLeaseName,
  eventComponent: (driverName, hostname) => `${driverName}_${hostname}`,
  create: createProvisioner,
};

const hasTopology = (identity: DriverIdentity, options: ProvisionerOptions): boolean =>
  identity.plugin.has('VOLUME_ACCESSIBILITY_CONSTRAINTS') && gateEnabled(options.featureGates, 'Topology');

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
    records: options.crashSafeProvisioning,
  });
  const ledger = createLedger();
  const lateRecords = createLateRecords(clock, options.kubeRequestLifetimeMs);
  const cases = openCases({ caches, ledger, leaseNamespace });
  const metrics = createProvisionMetrics(registry, () => countRecords(caches, ledger));
  const settings = settingsReader(driver.identity, options);
  const lane = laneOf(context, {
    workers: options.workerThreads,
    retryStartMs: options.retryIntervalStartMs,
    retryMaxMs: options.retryIntervalMaxMs,
  });
  const now = (): number => clock.now();
  const monotonic = (): number => clock.monotonic();
  const { nodes, csiNodes } = caches;
  const claimLane = createClaimController(
    {
      caches,
      ledger,
      lateRecords,
      settings,
      topology: nodes === undefined || csiNodes === undefined ? undefined : createTopologyBook(identity.name, { nodes, csiNodes }),
      strictTopology: options.strictTopology,
      immediateTopology: options.immediateTopology,
      leaseNamespace,
      crashSafe: options.crashSafeProvisioning,
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
  const volumeLane = createVolumeController(
    {
      caches,
      settings,
      cases,
      memories: new Map(),
      client,
      driver: driver.client,
      ledger,
      metrics,
      log,
      leaseIsFresh: () => leaseIsFresh(),
      monotonic,
    },
    lane,
  );
  const protection = { ...lane, workers: options.cloningProtectionThreads };
  const driverName = (): string => driver.identity().name;
  const cloneLane = clones ? createCloneProtection({ caches, cases, driverName, client }, protection) : undefined;
  const snapshotLane = snapshots
    ? createSnapshotProtection({ caches, cases, ledger, lateRecords, driverName, client }, protection)
    : undefined;
  wireEvents(caches, ledger, { claims: claimLane, volumes: volumeLane, clones: cloneLane, snapshots: snapshotLane });
  const lanes = [claimLane, volumeLane, cloneLane, snapshotLane].filter((controller) => controller !== undefined);
  return {
    name: 'csi-provisioner',
    start: (signal) => {
      lateRecords.began(unfinishedClaims(caches));
      for (const controller of lanes) controller.start(signal);
    },
    drain: async (cancel) => {
      await Promise.all(lanes.map((controller) => controller.drain(cancel)));
      if (cancel !== undefined && !cancel.aborted) await dropSettledRecords({ caches, ledger, client, log }, cancel);
    },
  };
}

/** Claims without a volume, and those with a record: what an earlier process may have been at. */
function unfinishedClaims({ claims, records }: Caches): readonly string[] {
  const waiting = claims.store.list().flatMap(({ metadata, spec }) => ((spec?.volumeName ?? '') === '' ? (metadata?.uid ?? []) : []));
  return [...waiting, ...(records?.store.list() ?? []).flatMap(({ metadata }) => claimUidOfIntent(metadata?.name ?? '') ?? [])];
}

/** What the driver says may change across a reconnect; what is made of it is kept until it does. */
function settingsReader(identity: () => DriverIdentity, options: ProvisionerOptions): () => ClaimSettings {
  let last: { readonly identity: DriverIdentity; readonly settings: ClaimSettings } | undefined;
  return () => {
    const present = identity();
    if (last?.identity !== present) last = { identity: present, settings: settingsOf(present, options) };
    return last.settings;
  };
}

function settingsOf(identity: DriverIdentity, options: ProvisionerOptions): ClaimSettings {
  return {
    driver: identity.name,
    capabilities: new Set([...identity.plugin, ...identity.controller]),
    naming: { prefix: options.volumeNamePrefix, uuidLength: options.volumeNameUuidLength },
    defaultFsType: options.defaultFstype,
    extraCreateMetadata: options.extraCreateMetadata,
    preventModeConversion: options.preventVolumeModeConversion,
    readOnlyMany: options.controllerPublishReadonly,
    crossNamespace: gateEnabled(options.featureGates, 'CrossNamespaceVolumeDataSource'),
    attributesClasses: gateEnabled(options.featureGates, 'VolumeAttributesClass'),
    topology: hasTopology(identity, options),
    elected: options.leaderElection,
    retryMaxMs: options.retryIntervalMaxMs,
  };
}

/** Class and kind of source, as the peer labels its metrics. */
function labelsOf({ class: storageClass, claim, record }: ClaimState): ProvisionLabels {
  const name = storageClass?.metadata?.name ?? record?.intent.plan.spec?.storageClassName ?? '';
  return { class: name, source: claim?.spec?.dataSource?.kind ?? '' };
}
