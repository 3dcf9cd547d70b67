/**
 * The controllers of all three roles over one set of lists, as the roles put them together, with the flags' defaults.
 * What a driver can do is not asked of it: a capability that the cluster does not show is taken for granted.
 */
import type { Informer } from '../../lib/controller/informer.ts';
import type { DriverIdentity } from '../../lib/csi/capabilities.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import type { Logger } from '../../lib/doors/log.ts';
import type { CsiDriver, CsiNode } from '../../lib/kube/objects.ts';
import { CSI_DRIVERS, CSI_NODES } from '../../lib/kube/resources.ts';
import { readFlags } from '../../lib/process/flags.ts';
import { type Caches, openCaches } from '../../provisioner/caches.ts';
import { reconciler as claimReconciler } from '../../provisioner/claim/controller.ts';
import type { ClaimState, ClaimStep } from '../../provisioner/claim/state.ts';
import { createTopologyBook } from '../../provisioner/claim/topology-book.ts';
import { decide as decideClone } from '../../provisioner/clone-protection/decide.ts';
import { gather as gatherClone } from '../../provisioner/clone-protection/gather.ts';
import { createClaimsInProgress } from '../../provisioner/intent/claims-in-progress.ts';
import { PROVISIONER_FLAGS, readProvisionerOptions } from '../../provisioner/options.ts';
import { settingsOf } from '../../provisioner/settings.ts';
import { createSourceProtections } from '../../provisioner/source-protections.ts';
import { decide as decideVolume } from '../../provisioner/volume/decide.ts';
import { gather as gatherVolume } from '../../provisioner/volume/gather.ts';
import type { VolumeDecision, VolumeState } from '../../provisioner/volume/state.ts';
import { reconciler as bindingReconciler } from '../../snapshotter/binding/controller.ts';
import type { BindingEffect, BindingState } from '../../snapshotter/binding/state.ts';
import { decide as decideClaimProtection } from '../../snapshotter/claim-protection/decide.ts';
import { gather as gatherClaimProtection } from '../../snapshotter/claim-protection/gather.ts';
import { reconciler as contentReconciler } from '../../snapshotter/content/controller.ts';
import type { ContentEffect, ContentState } from '../../snapshotter/content/state.ts';
import { reconciler as contentProtectionReconciler } from '../../snapshotter/content-protection/controller.ts';
import type { ContentProtectionEffect, ContentProtectionState } from '../../snapshotter/content-protection/state.ts';
import { CONTROLLER_FLAGS, readControllerOptions } from '../../snapshotter/controller-options.ts';
import { declareInformers as declareControllerInformers } from '../../snapshotter/controller-role.ts';
import { readSidecarOptions, SIDECAR_FLAGS } from '../../snapshotter/sidecar-options.ts';
import { declareInformers as declareSidecarInformers } from '../../snapshotter/sidecar-role.ts';
import type { SnapshotInformers } from '../../snapshotter/snapshot-informers.ts';
import type { ReadOnlyClient } from '../reading/read-only-client.ts';
import { createListedInformers } from './listed-informers.ts';
import { lookingClient, unused } from './looking-client.ts';
import { rehearse, type Rehearsed } from './rehearse.ts';

export interface Theatre {
  readonly snapshotCaches: SnapshotInformers;
  readonly csiNodes: Informer<CsiNode>;
  readonly drivers: Informer<CsiDriver>;
  /** Kinds that could not be listed, and why. */
  readonly blind: readonly string[];
  /** Of the provisioner of this driver; opened once. */
  provisionerOf(driver: string): Promise<ProvisionerTheatre>;
  binding(key: string): Promise<Rehearsed<BindingState, BindingEffect> | undefined>;
  contentProtection(name: string): Promise<Rehearsed<ContentProtectionState, ContentProtectionEffect> | undefined>;
  content(driver: string, name: string): Promise<Rehearsed<ContentState, ContentEffect> | undefined>;
  /** Why snapshot-controller keeps its finalizer on a claim, or what it does with it. */
  claimProtection(key: string): { readonly kind: string; readonly reason?: string } | undefined;
}

export interface ProvisionerTheatre {
  readonly caches: Caches;
  readonly maxBackoffMs: number;
  claim(uid: string): Promise<Rehearsed<ClaimState, ClaimStep> | undefined>;
  volume(name: string): { readonly state: VolumeState; readonly next: VolumeDecision } | undefined;
  cloneProtection(key: string): { readonly kind: string; readonly reason?: string } | undefined;
}

export interface TheatreInput {
  readonly client: ReadOnlyClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

const SILENT: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => SILENT,
};

export async function openTheatre({ client, clock, signal, say }: TheatreInput): Promise<Theatre> {
  const informers = createListedInformers();
  const rules = readControllerOptions(readFlags(CONTROLLER_FLAGS, []));
  const snapshotCaches = declareControllerInformers({ informers }, rules.enableDistributedSnapshotting);
  const sidecar = declareSidecarInformers({ informers }, undefined);
  const csiNodes = informers.informer(CSI_NODES, { fields: 'whole' });
  const drivers = informers.informer(CSI_DRIVERS, { fields: 'whole' });
  const fill = (): Promise<void> => informers.fill(client, { signal, say });
  await fill();
  const looking = lookingClient(client);
  const applyWrite = (): undefined => undefined;
  const { snapshots, contents, claims, volumes, classes } = snapshotCaches;
  const provisioners = new Map<string, ProvisionerTheatre>();
  return {
    snapshotCaches,
    csiNodes,
    drivers,
    get blind() {
      return informers.blind();
    },
    binding: (key) =>
      rehearse(
        bindingReconciler({
          stores: {
            snapshots: snapshots.store,
            contents: contents.store,
            classes: classes.store,
            claims: claims.store,
            volumes: volumes.store,
            nodes: undefined,
          },
          rules: {
            preventVolumeModeConversion: rules.preventVolumeModeConversion,
            distributedSnapshotting: rules.enableDistributedSnapshotting,
          },
          clock,
          client: looking,
          applyWrite,
          refusals: new Map(),
          contentWent: new Set(),
          timer: unused('timer'),
        }),
        { key, signal, reads: (step) => step.kind === 'confirm' || (step.kind === 'create-content' && step.action === 'see-snapshot') },
      ),
    contentProtection: (name) =>
      rehearse(
        contentProtectionReconciler({
          contents: contents.store,
          snapshots: snapshots.store,
          alone: new Set(),
          client: looking,
          applyWrite,
        }),
        {
          key: name,
          signal,
          reads: ({ kind }) => kind === 'see-snapshot',
        },
      ),
    content: (driver, name) => {
      const options = readSidecarOptions(readFlags(SIDECAR_FLAGS, []), () => undefined);
      const identity: DriverIdentity = { name: driver, vendorVersion: '', plugin: ALL, controller: ALL, groupController: ALL };
      return rehearse(
        contentReconciler({
          client: looking,
          csi: unused('driver'),
          clock,
          contents: sidecar.contents.store,
          classes: sidecar.classes.store,
          driver: { identity: () => identity },
          rules: {
            driverName: driver,
            snapshotNamePrefix: options.snapshotNamePrefix,
            snapshotNameUuidLength: options.snapshotNameUuidLength,
            extraCreateMetadata: options.extraCreateMetadata,
            readyPollMinMs: options.readyPollIntervalMinMs,
            readyPollMaxMs: options.readyPollIntervalMaxMs,
          },
          memory: new Map(),
          applyWrite,
          gaveUp: () => undefined,
        }),
        { key: name, signal, reads: (step) => 'action' in step && step.action === 'read-secret' },
      );
    },
    claimProtection: (key) => {
      const state = gatherClaimProtection(
        { claims: claims.store, volumes: volumes.store, snapshots: snapshots.store, contents: contents.store },
        key,
      );
      return state === undefined ? undefined : decideClaimProtection(state);
    },
    provisionerOf: async (driver) => {
      const known = provisioners.get(driver);
      if (known !== undefined) return known;
      const opened = openProvisioner({ driver, csiNodes, drivers, informers, clock, looking, signal });
      await fill();
      provisioners.set(driver, opened);
      return opened;
    },
  };
}

/** Says yes to every capability. */
const ALL: ReadonlySet<string> = new Set([
  'CONTROLLER_SERVICE',
  'CREATE_DELETE_VOLUME',
  'CREATE_DELETE_SNAPSHOT',
  'LIST_SNAPSHOTS',
  'CLONE_VOLUME',
  'MODIFY_VOLUME',
  'SINGLE_NODE_MULTI_WRITER',
]);

interface ProvisionerInput extends Pick<TheatreInput, 'clock' | 'signal'> {
  readonly driver: string;
  readonly csiNodes: Informer<CsiNode>;
  readonly drivers: Informer<CsiDriver>;
  readonly informers: Parameters<typeof openCaches>[0];
  readonly looking: ReturnType<typeof lookingClient>;
}

function openProvisioner({ driver, csiNodes, drivers, informers, clock, looking, signal }: ProvisionerInput): ProvisionerTheatre {
  const options = readProvisionerOptions(readFlags(PROVISIONER_FLAGS, []));
  const topology = csiNodes.store
    .list()
    .some(({ spec }) => spec?.drivers?.some(({ name, topologyKeys = [] }) => name === driver && topologyKeys.length > 0));
  const attaches = drivers.store.get(driver)?.spec?.attachRequired !== false;
  const identity: DriverIdentity = {
    name: driver,
    vendorVersion: '',
    plugin: new Set([...ALL, ...(topology ? ['VOLUME_ACCESSIBILITY_CONSTRAINTS'] : [])]),
    controller: ALL,
    groupController: ALL,
  };
  const caches = openCaches(informers, {
    driver,
    leaseNamespace: '',
    topology,
    attachments: attaches,
    snapshots: true,
    crossNamespace: false,
    journals: false,
  });
  const settings = { ...settingsOf(identity, options), journal: { namespace: '', name: '' } };
  const progress = createClaimsInProgress();
  const protections = createSourceProtections();
  const { nodes, csiNodes: cachedNodes } = caches;
  const claims = claimReconciler({
    caches,
    progress,
    protections,
    settings: () => settings,
    topology: nodes === undefined || cachedNodes === undefined ? undefined : createTopologyBook(driver, { nodes, csiNodes: cachedNodes }),
    strictTopology: options.strictTopology,
    immediateTopology: options.immediateTopology,
    // The lists are fresh: nothing in them is older than they are.
    minVersion: { value: 0n },
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    client: looking,
    log: SILENT,
    journal: unused('journal'),
    accounts: unused('accounts'),
    driver: unused('driver'),
    identity: '',
    metrics: unused('metrics'),
    labelsOf: () => ({ class: '', source: '' }),
    leaseIsFresh: () => true,
  });
  const READS: ReadonlySet<ClaimStep['kind']> = new Set([
    'read-min-version',
    'read-claim',
    'read-owner',
    'read-snapshot',
    'read-content',
    'read-attributes-class',
    'read-secret',
    'read-volume',
  ]);
  return {
    caches,
    maxBackoffMs: options.retryIntervalMaxMs,
    claim: (uid) => rehearse(claims, { key: uid, signal, reads: ({ kind }) => READS.has(kind) }),
    volume: (name) => {
      const state = gatherVolume({ caches, settings: () => settings, progress, memories: new Map() }, name);
      return state === undefined ? undefined : { state, next: decideVolume(state) };
    },
    cloneProtection: (key) => {
      const state = gatherClone({ caches, progress, accounts: { usersElsewhere: () => [] }, driverName: () => driver }, key);
      return state === undefined ? undefined : decideClone(state);
    },
  };
}
