/**
 * Which event wakes which key. Nothing is decided here: a lane that is woken in vain decides again, in
 * memory. A secondary object (class, node, snapshot, …) wakes others only where what we read of it changed.
 */
import type { Controller } from '../lib/controller/controller.ts';
import { keyOf } from '../lib/controller/store.ts';
import { hasFinalizer } from '../lib/sidecar/finalizers.ts';
import type { Informer, InformerEvent } from '../lib/controller/informer.ts';
import type { KubeObject, PersistentVolume, PersistentVolumeClaim } from '../lib/kube/objects.ts';
import { BY_CLAIM, BY_CLASS, BY_FINALIZER, BY_SOURCE, sourceValue } from './caches.ts';
import type { Caches } from './caches.ts';
import { dataSourceOf, isSource, sourceKey } from './facts/data-source.ts';
import type { ClaimProgress, ClaimsInProgress } from './intent/claims-in-progress.ts';
import { sourcesOf } from './intent/claims-in-progress.ts';
import type { SourceReference } from './intent/intent.ts';
import { volumeNameOf } from './intent/operation.ts';
import { ENTRIES_ANNOTATION } from '../lib/journal/lease.ts';
import { changesKeys, changesPlace, registeredKeys } from './facts/registered-keys.ts';
import { CLONE_FINALIZER, SNAPSHOT_FINALIZER } from './facts/names.ts';
import type { SourceProtections } from './source-protections.ts';
import type { VolumeMemories } from './volume/gather.ts';

type SharedOptions = Pick<Controller, 'enqueue'>;

export interface Lanes {
  /** By claim uid. */
  readonly claims: SharedOptions;
  /** By PV name. */
  readonly volumes: SharedOptions;
  /** By `namespace/name` of the source. Undefined where the driver cannot clone. */
  readonly clones: SharedOptions | undefined;
  /** By `namespace/name` of the VolumeSnapshot. Undefined where the driver has no snapshots. */
  readonly snapshots: SharedOptions | undefined;
}

interface Wiring {
  readonly caches: Caches;
  readonly remembered: Remembered;
  readonly lanes: Lanes;
  /** `namespace/name` of the Lease with this process's entries: what it writes there it knows. */
  readonly ownJournal: string;
}

/** What the events also keep true in memory. */
export interface Remembered {
  readonly progress: ClaimsInProgress;
  readonly protections: SourceProtections;
  readonly volumes: VolumeMemories;
}

/** `driver` is who registers topology keys on nodes. */
export function wireEvents(driver: string, { caches, remembered, lanes, ownJournal }: Wiring): void {
  wireClaims(caches, remembered, lanes);
  wireVolumes(caches, remembered, lanes);
  wireProgress(caches, remembered, lanes);
  wireOthers(driver, { caches, remembered, lanes, ownJournal });
}

const uidOf = (object: KubeObject | undefined): string => object?.metadata?.uid ?? '';

function wireClaims({ claims }: Caches, { progress }: Remembered, lanes: Lanes): void {
  claims.onEvent((event) => {
    // A claim that was replaced under its name is two claims.
    for (const uid of new Set([uidOf(event.old), uidOf(event.object)])) if (uid !== '') lanes.claims.enqueue(uid);
    if (uidOf(event.old) !== uidOf(event.object)) progress.forget(uidOf(event.old));
    if (event.object !== undefined && hasFinalizer(event.object, CLONE_FINALIZER)) lanes.clones?.enqueue(event.key);
    if (!event.changed) return;
    for (const clone of claims.store.byIndex(BY_SOURCE, sourceValue('claim', event.key))) lanes.claims.enqueue(uidOf(clone));
    wakeSource(event, lanes);
  });
}

/** A claim that waits no longer, or may not any more, may have been the last reason to protect its source. */
function wakeSource({ old, object }: Pick<InformerEvent<PersistentVolumeClaim>, 'old' | 'object'>, lanes: Lanes): void {
  for (const claim of [old, object]) {
    const source = claim === undefined ? undefined : dataSourceOf(claim, { crossNamespace: true });
    if (source !== undefined && isSource(source)) lanesOf(source.kind, lanes)?.enqueue(sourceKey(source));
  }
}

function lanesOf(kind: SourceReference['kind'], lanes: Lanes): SharedOptions | undefined {
  return kind === 'snapshot' ? lanes.snapshots : lanes.clones;
}

function wireVolumes({ volumes, claims }: Caches, { progress, volumes: memories }: Remembered, lanes: Lanes): void {
  volumes.onEvent(({ key, old, object }) => {
    lanes.volumes.enqueue(key);
    if (object === undefined) {
      memories.delete(key);
      // Whoever it belonged to: it may have stood in the way of these.
      for (const [uid, { operation }] of progress.entries()) if (volumeNameOf(operation) === key) lanes.claims.enqueue(uid);
    }
    const uid = claimOf(object ?? old);
    if (uid === '') return;
    // The cached claim may be older than the end of its volume: it is read live before it gets another one.
    if (object === undefined && claims.store.byUid(uid) !== undefined) progress.update(uid, { provisionedBefore: 'seen' });
    lanes.claims.enqueue(uid);
    const sourceClaim = (object ?? old)?.spec?.claimRef;
    if (sourceClaim === undefined) return;
    const sourceOfClones = sourceValue('claim', `${sourceClaim.namespace ?? ''}/${sourceClaim.name ?? ''}`);
    for (const clone of claims.store.byIndex(BY_SOURCE, sourceOfClones)) lanes.claims.enqueue(uidOf(clone));
  });
}

function claimOf(volume: PersistentVolume | undefined): string {
  return volume?.spec?.claimRef?.uid ?? '';
}

/** A change of phase is what the other controllers wait for. */
function wireProgress({ volumes }: Caches, { progress }: Remembered, lanes: Lanes): void {
  progress.listen((uid, before, after) => {
    if (before.operation.phase !== after.operation.phase)
      for (const volume of volumes.store.byIndex(BY_CLAIM, uid)) lanes.volumes.enqueue(keyOf(volume));
    for (const source of released(before, after)) {
      const [kind = '', key = ''] = source.split(' ', 2);
      (kind === 'snapshot' ? lanes.snapshots : lanes.clones)?.enqueue(key);
    }
  });
}

/** `kind namespace/name` of the sources that are no longer in use. */
function released(before: ClaimProgress, after: ClaimProgress): readonly string[] {
  const kept = new Set(sourcesOf(after));
  return sourcesOf(before).filter((source) => !kept.has(source));
}

function wireOthers(driver: string, { caches, remembered: { progress, protections }, lanes, ownJournal }: Wiring): void {
  const { claims, classes, snapshots, grants, nodes, csiNodes, attachments, journals } = caches;
  whenChanged(classes, ({ key }) => {
    for (const claim of claims.store.byIndex(BY_CLASS, key)) lanes.claims.enqueue(uidOf(claim));
  });
  snapshots?.onEvent(({ key, object, changed }) => {
    if (object === undefined) protections.own.delete(key);
    if (object !== undefined && hasFinalizer(object, SNAPSHOT_FINALIZER)) lanes.snapshots?.enqueue(key);
    if (changed) for (const claim of claims.store.byIndex(BY_SOURCE, sourceValue('snapshot', key))) lanes.claims.enqueue(uidOf(claim));
  });
  whenChanged(grants, () => {
    for (const claim of claims.store.list()) {
      if ((claim.spec?.dataSourceRef?.namespace ?? '') === '') continue;
      lanes.claims.enqueue(uidOf(claim));
      wakeSource({ old: undefined, object: claim }, lanes);
    }
  });
  const wakeWaiting = (): void => {
    for (const [uid, { awaits }] of progress.entries()) if (awaits === 'topology') lanes.claims.enqueue(uid);
  };
  // What another process was filling may be settled now, and what it was filled from let go.
  journals?.onEvent(({ key, old, object }) => {
    if (key === ownJournal || old?.metadata?.annotations?.[ENTRIES_ANNOTATION] === object?.metadata?.annotations?.[ENTRIES_ANNOTATION])
      return;
    for (const snapshot of snapshots?.store.byIndex(BY_FINALIZER, SNAPSHOT_FINALIZER) ?? []) lanes.snapshots?.enqueue(keyOf(snapshot));
    for (const claim of claims.store.byIndex(BY_FINALIZER, CLONE_FINALIZER)) lanes.clones?.enqueue(keyOf(claim));
  });
  nodes?.onEvent((event) => {
    if (changesPlace(registeredKeys(driver, csiNodes?.store.get(event.key)), event)) wakeWaiting();
  });
  csiNodes?.onEvent((event) => {
    if (changesKeys(driver, event)) wakeWaiting();
  });
  whenChanged(attachments, ({ old, object }) => {
    for (const attachment of [old, object]) {
      const volume = attachment?.spec?.source?.persistentVolumeName ?? '';
      if (volume !== '') lanes.volumes.enqueue(volume);
    }
  });
}

function whenChanged<T extends KubeObject>(informer: Informer<T> | undefined, handler: (event: InformerEvent<T>) => void): void {
  informer?.onEvent((event) => {
    if (event.changed) handler(event);
  });
}
