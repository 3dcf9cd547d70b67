/** The controllers of one driver's csi-provisioner over the lists, put together as the role does it, with the flags' defaults. */
import type { Informer, InformerSet } from '../../lib/controller/informer.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import type { Logger } from '../../lib/doors/log.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { CsiDriver, CsiNode } from '../../lib/kube/objects.ts';
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
import { identityOf } from './capabilities.ts';
import { unused } from './looking-client.ts';
import { rehearse, type Rehearsed } from './rehearse.ts';

const SILENT: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => SILENT,
};

export interface ProvisionerTheatre {
  readonly caches: Caches;
  readonly maxBackoffMs: number;
  claim(uid: string): Promise<Rehearsed<ClaimState, ClaimStep> | undefined>;
  volume(name: string): { readonly state: VolumeState; readonly next: VolumeDecision } | undefined;
  cloneProtection(key: string): { readonly kind: string; readonly reason?: string } | undefined;
}

export interface ProvisionerInput {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly driver: string;
  readonly csiNodes: Informer<CsiNode>;
  readonly drivers: Informer<CsiDriver>;
  readonly informers: InformerSet;
  readonly client: KubeClient;
}

/** Declares what is read; the lists are to be filled before anything is asked. */
export function openProvisioner({ driver, csiNodes, drivers, informers, clock, client, signal }: ProvisionerInput): ProvisionerTheatre {
  const options = readProvisionerOptions(readFlags(PROVISIONER_FLAGS, []), () => undefined);
  const topology = csiNodes.store
    .list()
    .some(({ spec }) => spec?.drivers?.some(({ name, topologyKeys }) => name === driver && (topologyKeys ?? []).length > 0));
  const attaches = drivers.store.get(driver)?.spec?.attachRequired !== false;
  const identity = identityOf(driver, { topology });
  const caches = openCaches(informers, {
    driver,
    leaseNamespace: '',
    nodes: topology,
    affinities: false,
    capacity: undefined,
    attachments: attaches,
    snapshots: true,
    crossNamespace: false,
    journals: false,
  });
  const settings = settingsOf(identity, options, { journal: { namespace: '', name: '' }, attributesClasses: { served: true } });
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
    client,
    log: SILENT,
    journal: unused('journal'),
    accounts: unused('accounts'),
    driver: unused('driver'),
    identity: '',
    metrics: unused('metrics'),
    capacity: unused('capacity'),
    random: () => 0,
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
