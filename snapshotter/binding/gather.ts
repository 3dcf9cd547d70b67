/** Reads the stores for one snapshot. Every object that decides here also wakes here: see controller.ts. */
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import { type Index, keyOf, type Store } from '../../lib/controller/store.ts';
import { refersTo, text } from '../content-accessors.ts';
import { isDefaultClass } from './default-class.ts';
import { contentNames, sourceOf } from '../source.ts';
import type { BindingRules, BindingState, Refusal } from './state.ts';

export interface BindingStores {
  readonly snapshots: Store<VolumeSnapshot>;
  readonly contents: Store<VolumeSnapshotContent>;
  readonly classes: Store<VolumeSnapshotClass>;
  readonly claims: Store<PersistentVolumeClaim>;
  readonly volumes: Store<PersistentVolume>;
  /** Undefined unless distributed. */
  readonly nodes: Store<Node> | undefined;
}

export interface BindingGatherDeps {
  readonly stores: BindingStores;
  readonly rules: BindingRules;
  readonly clock: Clock;
  /** By uid. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  /** Snapshots (uid) whose content was seen going. */
  readonly contentWent: ReadonlySet<string>;
}

/** Claims by the snapshot that they are restored from (namespace/name). */
export const RESTORES_INDEX: Index<PersistentVolumeClaim> = { name: 'restores', values: restoredFrom };

export function gather({ stores, rules, clock, refusals, contentWent }: BindingGatherDeps, key: string): BindingState | undefined {
  const snapshot = stores.snapshots.get(key);
  if (snapshot === undefined) return undefined;
  const uid = snapshot.metadata?.uid ?? '';
  const source = sourceOf(snapshot);
  const claim = source.kind === 'claim' ? stores.claims.get(`${snapshot.metadata?.namespace ?? ''}/${source.claimName}`) : undefined;
  const volumeName = text(claim?.spec?.volumeName);
  const className = text(snapshot.spec?.volumeSnapshotClassName);
  const contents = contentNames(snapshot).flatMap((name) => stores.contents.get(name) ?? []);
  return {
    now: clock.now(),
    rules,
    snapshot,
    gone: false,
    content: contents.find((content) => refersTo(content, snapshot)) ?? contents[0],
    snapshotClass: className === undefined ? undefined : stores.classes.get(className),
    defaultClasses: className === undefined ? stores.classes.list().filter(isDefaultClass) : [],
    claim,
    volume: volumeName === undefined ? undefined : stores.volumes.get(volumeName),
    nodes: stores.nodes?.list() ?? [],
    restoring: stores.claims.byIndex(RESTORES_INDEX.name, key).flatMap((one) => (isPending(one) ? [keyOf(one)] : [])),
    confirmed: contentWent.has(uid) ? new Set(['content']) : new Set(),
    refusal: refusals.get(uid),
    posted: false,
  };
}

/** An empty phase is a claim that nobody looked at yet. */
function isPending({ status }: PersistentVolumeClaim): boolean {
  return status?.phase === 'Pending' || text(status?.phase) === undefined;
}

/** dataSource is of the claim's own namespace; dataSourceRef may name another one. */
function restoredFrom({ metadata, spec }: PersistentVolumeClaim): readonly string[] {
  const own = metadata?.namespace ?? '';
  const keys = [spec?.dataSource, spec?.dataSourceRef].flatMap((ref) => {
    if (ref?.kind !== 'VolumeSnapshot' || ref.apiGroup !== 'snapshot.storage.k8s.io') return [];
    return text(ref.name) === undefined ? [] : [`${text(ref.namespace) ?? own}/${ref.name}`];
  });
  return [...new Set(keys)];
}
