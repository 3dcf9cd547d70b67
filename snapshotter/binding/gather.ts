/** Reads the stores for one snapshot. Every object that decides here also wakes here: see controller.ts. */
import type { KubeObject, Node, Resource } from '../../lib/kube/objects.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import type { Store } from '../../lib/controller/store.ts';
import { contentNames, refersTo } from '../kinds/accessors.ts';
import type { ContentObject, SnapshotClass, SnapshotKind, SnapshotObject } from '../kinds/kind.ts';
import { isDefaultClass } from './default-class.ts';
import type { Relations } from './relations.ts';
import type { BindingSettings, BindingState, Refusal } from './state.ts';

export interface BindingStores<S extends SnapshotObject, C extends ContentObject> {
  readonly snapshots: Store<S>;
  readonly contents: Store<C>;
  readonly classes: Store<SnapshotClass>;
  /** Undefined unless distributed. */
  readonly nodes: Store<Node> | undefined;
}

export interface BindingGatherDeps<S extends SnapshotObject, C extends ContentObject> {
  readonly kind: SnapshotKind<S, C>;
  readonly stores: BindingStores<S, C>;
  readonly relations: Pick<Relations<S, C>, 'of' | 'contentNames'>;
  readonly groupKind: Pick<Resource<KubeObject>, 'group' | 'version' | 'kind'> | undefined;
  readonly settings: BindingSettings;
  readonly clock: Clock;
  /** By uid. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  /** Snapshots (uid) whose content was seen going. */
  readonly contentWent: ReadonlySet<string>;
}

export function gather<S extends SnapshotObject, C extends ContentObject>(
  deps: BindingGatherDeps<S, C>,
  key: string,
): BindingState<S, C> | undefined {
  const { kind, stores, relations } = deps;
  const snapshot = stores.snapshots.get(key);
  if (snapshot === undefined) return undefined;
  const uid = snapshot.metadata?.uid ?? '';
  const className = kind.classNameOf(snapshot);
  const names = [...relations.contentNames(snapshot), ...contentNames(kind, snapshot)];
  const contents = names.flatMap((name) => stores.contents.get(name) ?? []);
  const content = contents.find((one) => refersTo(kind, one, snapshot)) ?? contents[0];
  return {
    now: deps.clock.now(),
    settings: deps.settings,
    kind,
    groupKind: deps.groupKind,
    snapshot,
    gone: false,
    content,
    snapshotClass: className === undefined ? undefined : stores.classes.get(className),
    defaultClasses: className === undefined ? stores.classes.list().filter((one) => isDefaultClass(kind, one)) : [],
    nodes: stores.nodes?.list() ?? [],
    ...relations.of(snapshot, content),
    confirmed: new Set(deps.contentWent.has(uid) ? ['content'] : []),
    refusal: deps.refusals.get(uid),
    posted: false,
  };
}
