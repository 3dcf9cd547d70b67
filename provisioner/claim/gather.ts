/**
 * What the caches and this process know of a claim, by its uid. Reads no live object. A claim that is bound
 * and has nothing open costs a few look-ups.
 */
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { BY_CLAIM } from '../caches.ts';
import type { Caches } from '../caches.ts';
import type { LateRecords } from '../late-records.ts';
import type { ClaimMemory, Ledger } from '../ledger.ts';
import { NO_MEMORY } from '../ledger.ts';
import { intentName, volumeNameFor } from '../names.ts';
import { dataSourceOf, isSource, sourceKey } from './data-source.ts';
import type { DataSource } from './data-source.ts';
import { readIntent } from './intent.ts';
import { classNameOf, isHandedTo, selectedNodeOf } from './ownership.ts';
import { NO_ANSWERS, NO_SOURCE } from './state.ts';
import type { ClaimSettings, ClaimState, SourceFacts } from './state.ts';
import type { TopologyBook } from './topology-book.ts';
import type { TopologyInput } from './topology.ts';

export interface GatherWorld {
  readonly caches: Caches;
  readonly ledger: Ledger;
  readonly lateRecords: LateRecords;
  readonly settings: () => ClaimSettings;
  readonly topology: TopologyBook | undefined;
  readonly strictTopology: boolean;
  readonly immediateTopology: boolean;
  readonly leaseNamespace: string;
  /** --crash-safe-provisioning. */
  readonly crashSafe: boolean;
  readonly now: () => number;
}

/** After a refused record the next try waits this long: RBAC is mended by people. */
const RECORDS_AGAIN_MS = 10 * 60_000;

export function gather(world: GatherWorld, uid: string): ClaimState | undefined {
  const { caches, ledger } = world;
  const settings = world.settings();
  const claim = caches.claims.store.byUid(uid);
  const found = recordOf(world, uid);
  const memory = recall(world, { uid, claim, found });
  const record = found.record ?? (memory.intent === undefined ? undefined : { intent: memory.intent, lease: undefined });
  const mayBeOpen = found.unreadable !== undefined || memory.unsaved !== undefined || memory.recordUnsure;
  if (claim === undefined && record === undefined && !mayBeOpen) {
    if (!found.leased) ledger.forget(uid);
    return undefined;
  }
  const className = claim === undefined ? record?.intent.plan.spec?.storageClassName : classNameOf(claim);
  const storageClass = className === undefined ? undefined : caches.classes.store.get(className);
  // With an open record only the PV of its name closes the case: another one, pre-bound by an admin, says
  // nothing about the volume that our call may have made.
  const name = record?.intent.request.name ?? volumeNameFor(uid, settings.naming);
  const bound = record === undefined ? caches.volumes.store.byIndex(BY_CLAIM, uid)[0] : undefined;
  const needsVolume =
    (claim !== undefined && isHandedTo(settings.driver, claim) && (claim.spec?.volumeName ?? '') === '') || record !== undefined;
  const dataSource: DataSource = claim === undefined ? { kind: 'none' } : dataSourceOf(claim, { crossNamespace: settings.crossNamespace });
  return {
    uid,
    now: world.now(),
    settings,
    claim,
    class: storageClass,
    volume: bound ?? caches.volumes.store.get(name),
    record,
    unreadable: found.unreadable,
    durable: recordsWritable(world),
    lateRecordMs: world.lateRecords.waitMs(uid),
    memory,
    floor: ledger.floor,
    dataSource,
    source: needsVolume ? sourceFacts(world, dataSource) : NO_SOURCE,
    topology:
      needsVolume && settings.topology ? topologyInput(world, { uid, claim, record, allowed: storageClass?.allowedTopologies }) : undefined,
    ...NO_ANSWERS,
  };
}

interface FoundRecord extends Pick<ClaimState, 'record' | 'unreadable'> {
  /** A Lease is in the cache, be it one that we deleted. */
  readonly leased: boolean;
}

function recordOf({ caches, ledger, leaseNamespace }: GatherWorld, uid: string): FoundRecord {
  const lease = caches.records?.store.get(`${leaseNamespace}/${intentName(uid)}`);
  const none = { record: undefined, unreadable: undefined };
  if (lease === undefined) return { ...none, leased: false };
  const { uid: leaseUid = '', resourceVersion = '' } = lease.metadata ?? {};
  if (ledger.of(uid).droppedLease === leaseUid) return { ...none, leased: true };
  const read = readIntent(lease);
  const handle = { uid: leaseUid, resourceVersion };
  if (read.kind === 'intent') return { ...none, record: { intent: read.intent, lease: handle }, leased: true };
  return { ...none, unreadable: { message: read.message, lease: handle }, leased: true };
}

interface Recalled {
  readonly uid: string;
  readonly claim: PersistentVolumeClaim | undefined;
  readonly found: FoundRecord;
}

/** This process's memory of the claim, freed of what the caches have overtaken. */
function recall({ ledger, lateRecords, now, caches }: GatherWorld, { uid, claim, found }: Recalled): ClaimMemory {
  const memory = ledger.of(uid);
  // A record that we did not write: of the calls that were made for it nothing is known.
  if (found.record !== undefined && !memory.opened) {
    lateRecords.inherited(uid);
    return ledger.update(uid, { opened: true, doubt: { times: 0, sinceMs: now() }, intent: found.record.intent });
  }
  if (memory === NO_MEMORY) return memory;
  const open = found.record !== undefined || memory.intent !== undefined || memory.unsaved !== undefined || memory.recordUnsure;
  if ((claim?.spec?.volumeName ?? '') !== '' && !open && !found.leased) {
    ledger.forget(uid);
    return NO_MEMORY;
  }
  const change: Partial<ClaimMemory> = {
    ...(memory.droppedLease !== undefined && !found.leased ? { droppedLease: undefined } : {}),
    ...(memory.yielding && caches.volumes.store.byIndex(BY_CLAIM, uid).length === 0 ? { yielding: false } : {}),
    // Registered for an attempt that never came to a record.
    ...(memory.using !== undefined && !open ? { using: undefined } : {}),
  };
  return Object.keys(change).length === 0 ? memory : ledger.update(uid, change);
}

export function recordsWritable({ crashSafe, caches, ledger, now }: Pick<GatherWorld, 'crashSafe' | 'caches' | 'ledger' | 'now'>): boolean {
  if (!crashSafe || caches.records?.available() !== true) return false;
  return ledger.recordsRefusedAtMs === undefined || now() - ledger.recordsRefusedAtMs >= RECORDS_AGAIN_MS;
}

export function sourceFacts({ caches, ledger }: Pick<GatherWorld, 'caches' | 'ledger'>, dataSource: DataSource): SourceFacts {
  if (!isSource(dataSource)) return NO_SOURCE;
  const key = sourceKey(dataSource);
  const claim = dataSource.kind === 'claim' ? caches.claims.store.get(key) : undefined;
  const volumeName = claim?.spec?.volumeName ?? '';
  return {
    snapshot: dataSource.kind === 'snapshot' ? caches.snapshots?.store.get(key) : undefined,
    snapshotsCached: caches.snapshots?.available() ?? false,
    claim,
    volume: volumeName === '' ? undefined : caches.volumes.store.get(volumeName),
    grants: dataSource.crosses
      ? (caches.grants?.store.list() ?? []).filter((grant) => grant.metadata?.namespace === dataSource.namespace)
      : [],
    releasing: ledger.releasing.has(`${dataSource.kind} ${key}`),
  };
}

interface TopologyOf extends Pick<ClaimState, 'uid' | 'claim' | 'record'> {
  readonly allowed: NonNullable<ClaimState['class']>['allowedTopologies'];
}

function topologyInput(world: GatherWorld, { uid, claim, record, allowed }: TopologyOf): TopologyInput | undefined {
  return world.topology?.inputFor({
    claim: { uid, name: claim?.metadata?.name ?? record?.intent.claim.name ?? '' },
    selectedNode: claim === undefined ? record?.intent.selectedNode : selectedNodeOf(claim),
    allowed,
    strict: world.strictTopology,
    immediate: world.immediateTopology,
  });
}
