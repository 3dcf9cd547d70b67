/** Whose turn it is with a VolumeSnapshot or a VolumeGroupSnapshot: what it names, its sources, and its content below it. */
import { isRest } from '../../../lib/controller/step.ts';
import type { KubeObject, ObjectMeta, Resource } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from '../../../lib/kube/resources.ts';
import { didYouMean } from '../../../lib/process/nearest.ts';
import type { BindingEffect, BindingState } from '../../../snapshotter/binding/state.ts';
import { readNote } from '../../../snapshotter/failure-note.ts';
import { contentNames, refersTo } from '../../../snapshotter/kinds/accessors.ts';
import type { ContentObject, SnapshotClass, SnapshotObject } from '../../../snapshotter/kinds/kind.ts';
import { findSources, type SourceFault } from '../../../snapshotter/kinds/sources.ts';
import type { KindInformers } from '../../../snapshotter/snapshot-informers.ts';
import { kubectlName, type Place, placeOf } from '../../reading/place.ts';
import type { Turn } from '../explanation.ts';
import { readError } from '../last-error.ts';
import type { Rehearsed } from '../rehearse.ts';
import { lookAndMake, makeAgain, makeDefault } from '../remedies.ts';
import { type Act, controllersTurn, isGoing, readiness, type Scene, told, waitFor } from '../scene.ts';
import type { KindTheatre } from '../snapshot-theatre.ts';
import { bindingWords } from '../words.ts';

/** One kind of snapshots: who acts for it, and the lists of its objects. */
export interface OfKind<S extends SnapshotObject, C extends ContentObject> {
  readonly of: Pick<KindTheatre<S, C>, 'kind'>;
  readonly own: KindInformers<S, C>;
}

export interface Binding<S extends SnapshotObject, C extends ContentObject> {
  readonly snapshot: S;
  readonly content: C | undefined;
  /** Of the content; undefined where there is none, or the snapshot is ready. */
  readonly below: Act | undefined;
  readonly rehearsal: Rehearsed<BindingState<S, C>, BindingEffect<C>>;
}

/** Its own content, or one that stands under the name of it. */
export function contentOf<S extends SnapshotObject, C extends ContentObject>(
  { of: { kind }, own: { contents } }: OfKind<S, C>,
  snapshot: S,
): C | undefined {
  const found = contentNames(kind, snapshot).flatMap((name) => contents.store.get(name) ?? []);
  return found.find((each) => refersTo(kind, each, snapshot)) ?? found[0];
}

/** While it lives. */
export function turnOfBinding<S extends SnapshotObject, C extends ContentObject>(
  scene: Scene,
  parts: OfKind<S, C>,
  { snapshot, content, below, rehearsal: { next, state } }: Binding<S, C>,
): Turn {
  const { kind } = parts.of;
  const place = placeOf(kind.snapshots, snapshot);
  if (snapshot.status?.readyToUse === true && next.kind === 'done') return { who: 'nobody', why: `the ${kind.snapshots.kind} is ready` };
  if (!isRest(next) && !isTelling(next) && (below === undefined || below.turn.who === 'nobody')) return controllersTurn(bindingWords(next));
  const cause = inTheWay(scene, parts, state);
  if (cause !== undefined) return cause;
  if (content !== undefined && below !== undefined && below.turn.who !== 'nobody')
    return { ...below.turn, waitsFor: below.turn.waitsFor ?? placeOf(kind.contents, content) };
  const said = snapshot.status?.error?.message;
  const decided = isRest(next) ? next.reason.replace(/^waits for a change: /, '') : (next.before?.[0]?.message ?? bindingWords(next));
  const why = isTelling(next) ? (said ?? decided) : decided;
  if (next.kind === 'done' || isTelling(next)) return { who: 'user', why, command: makeAgain(place, 'as the reason asks') };
  return { who: 'snapshot-controller', why, command: `kubectl describe ${kubectlName(place)}` };
}

/** It says what is wrong, and does nothing about it. */
function isTelling({ kind }: { readonly kind: string }): boolean {
  return kind === 'write-error' || kind === 'note-failure';
}

/** What it names and nobody has, or has otherwise; undefined once it has its content. */
function inTheWay<S extends SnapshotObject, C extends ContentObject>(
  scene: Scene,
  { of: { kind }, own }: OfKind<S, C>,
  { snapshot, snapshotClass, defaultClasses, sources, selector }: BindingState<S, C>,
): Turn | undefined {
  const { namespace = '' } = snapshot.metadata ?? {};
  const place = placeOf(kind.snapshots, snapshot);
  const source = kind.sourceOf(snapshot);
  if ((kind.boundNameOf(snapshot) ?? '') !== '') return undefined;
  if (source.kind === 'content') {
    const name = source.contentName;
    if (own.contents.store.get(name) !== undefined) return undefined;
    const near = didYouMean(name, own.contents.store.keys());
    const command = lookAndMake(kind.contents, { name }, `make the ${kind.snapshots.kind} again with the name of one that is there`);
    return { who: 'administrator', why: `${kind.contents.kind} ${name} is not there${near}`, command };
  }
  if (selector !== undefined && sources.length === 0)
    return {
      who: 'user',
      why: `its selector ${selector} finds no claim in namespace ${namespace}`,
      command: `kubectl label pvc CLAIM -n ${namespace} ${selector} # each claim of the group`,
    };
  const found = findSources(sources);
  if (!found.ok) return ofSource(scene, found.fault, snapshot.metadata);
  const drivers = found.found.map(({ source: { driver } }) => driver);
  const className = kind.classNameOf(snapshot);
  const classes = own.classes.store.list();
  if (className === undefined) {
    const [driver = ''] = drivers;
    if (defaultClasses.some((each) => each.driver === driver)) return undefined;
    const why = `it names no class, and ${driver} has no default ${kind.classes.kind}`;
    const ofDriver = classes.filter((each) => each.driver === driver);
    return { who: 'administrator', why, command: makeDefault(kind.classes, kind.isDefaultClass, ofDriver) };
  }
  if (snapshotClass === undefined) {
    const near = didYouMean(className, own.classes.store.keys());
    const command = lookAndMake(kind.classes, { name: className }, `make the ${kind.snapshots.kind} again with one that is there`);
    return { who: 'administrator', why: `${kind.classes.kind} ${className} is not there${near}`, command };
  }
  const other = drivers.find((driver) => driver !== snapshotClass.driver);
  return other === undefined ? undefined : ofAnotherDriver({ place, snapshotClass, other, classes }, kind);
}

interface OtherDriver {
  readonly place: Place;
  readonly snapshotClass: SnapshotClass;
  /** Of the volume. */
  readonly other: string;
  readonly classes: readonly SnapshotClass[];
}

/** A snapshot whose class is of another driver than its volume. */
export function ofAnotherDriver(
  { place, snapshotClass, other, classes }: OtherDriver,
  { classes: { kind } }: { readonly classes: Resource<KubeObject> },
): Turn {
  const { metadata, driver = '' } = snapshotClass;
  const fitting = classes.find((each) => each.driver === other)?.metadata?.name;
  return {
    who: 'user',
    why: `${kind} ${metadata?.name ?? ''} is of driver ${driver} while the source volume is of driver ${other}`,
    command: makeAgain(place, fitting === undefined ? `with a class of ${other}` : `with class ${fitting}`),
  };
}

function ofSource({ theatre: { caches } }: Scene, fault: SourceFault, { namespace = '' }: ObjectMeta = {}): Turn | undefined {
  switch (fault.kind) {
    case 'nothing-selected':
      return undefined;
    case 'no-claim': {
      const names = caches.claims.store.list().flatMap(({ metadata }) => (metadata?.namespace === namespace ? [metadata.name ?? ''] : []));
      const why = `the claim ${fault.claim} is not there${didYouMean(fault.claim, names)}`;
      const command = lookAndMake(
        PERSISTENT_VOLUME_CLAIMS,
        { name: fault.claim, namespace },
        'take the snapshot again of one that is there',
      );
      return { who: 'user', why, command };
    }
    case 'claim-unbound': {
      const place = { kind: PERSISTENT_VOLUME_CLAIMS.kind, name: fault.claim, namespace };
      return waitFor(place, 'csi-provisioner', `the claim ${fault.claim} has no volume yet`);
    }
    case 'no-volume':
    case 'volume-of-another': {
      const command = `csi-sidecars explain ${kubectlName({ kind: PERSISTENT_VOLUME_CLAIMS.kind, name: fault.claim, namespace })}`;
      const has = fault.kind === 'no-volume' ? 'is not there' : 'belongs to another claim';
      return { who: 'administrator', why: `volume ${fault.volume} of claim ${fault.claim} ${has}`, command };
    }
    case 'no-csi-volume': {
      const command = `kubectl get ${kubectlName({ kind: PERSISTENT_VOLUMES.kind, name: fault.volume })} -o yaml`;
      return { who: 'user', why: `volume ${fault.volume} of claim ${fault.claim} is of no CSI driver: it cannot be snapshotted`, command };
    }
    default:
      return fault satisfies never;
  }
}

export function notListed(resource: Resource<KubeObject>, object: KubeObject): Turn {
  const place = placeOf(resource, object);
  return { who: 'snapshot-controller', why: `the ${place.kind} is not in the list yet`, command: `kubectl describe ${kubectlName(place)}` };
}

/** All but the chain and the turn. */
export function actOfBinding<S extends SnapshotObject, C extends ContentObject>({
  snapshot,
  rehearsal,
  below,
}: Pick<Binding<S, C>, 'snapshot' | 'below'> & { readonly rehearsal: Binding<S, C>['rehearsal'] | undefined }): Omit<
  Act,
  'chain' | 'turn'
> {
  const { error } = snapshot.status ?? {};
  const own =
    rehearsal === undefined
      ? []
      : [told(rehearsal.next, isRest(rehearsal.next) ? undefined : bindingWords(rehearsal.next), 'snapshot-controller')];
  return {
    state: isGoing(snapshot) ? 'being deleted' : readiness(snapshot),
    next: [...own, ...(below?.next ?? [])],
    error: error?.message === undefined ? below?.error : readError(error.message, error.time, readNote(snapshot)),
    pause: below?.pause,
    unknown: [...(rehearsal?.blind === undefined ? [] : [`what comes after: ${rehearsal.blind}`]), ...(below?.unknown ?? [])],
  };
}
