/**
 * The content of a VolumeSnapshot or of a VolumeGroupSnapshot: what it is for, the volumes that it is of, and the driver that
 * makes and deletes it.
 */
import { isRest } from '../../../lib/controller/step.ts';
import type { VolumeGroupSnapshotContent, VolumeSnapshotContent } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUMES } from '../../../lib/kube/resources.ts';
import { hasMark, isReady, text, volumeHandleOf, volumeIndexValue } from '../../../snapshotter/content-accessors.ts';
import type { Content } from '../../../snapshotter/content/kind.ts';
import type { ContentEffect, ContentState } from '../../../snapshotter/content/state.ts';
import type { ContentProtectionEffect, ContentProtectionState } from '../../../snapshotter/content-protection/state.ts';
import { readNote } from '../../../snapshotter/failure-note.ts';
import type { ContentObject, SnapshotClass, SnapshotKind, SnapshotObject } from '../../../snapshotter/kinds/kind.ts';
import { volumeHandlesOf } from '../../../snapshotter/kinds/group-kind.ts';
import { type KindInformers, VOLUME_INDEX } from '../../../snapshotter/snapshot-informers.ts';
import { kubectlName, placeOf } from '../../reading/place.ts';
import type { Link, Turn } from '../explanation.ts';
import { readError } from '../last-error.ts';
import type { Rehearsed } from '../rehearse.ts';
import { deleteByHand, logsOf, makeAgain, makeSecret } from '../remedies.ts';
import { type Act, controllersTurn, isGoing, link, readiness, type Scene, told, withoutDriver } from '../scene.ts';
import type { KindTheatre } from '../snapshot-theatre.ts';
import { contentProtectionWords, contentWords } from '../words.ts';

export function explainContent(scene: Scene, content: VolumeSnapshotContent): Promise<Act> {
  const { singles, caches } = scene.theatre;
  const handle = volumeHandleOf(content);
  return actOfContent(scene, content, { of: singles, own: caches, sources: handle === undefined ? [] : [handle] });
}

export async function explainGroupContent(scene: Scene, content: VolumeGroupSnapshotContent): Promise<Act> {
  const { groups, caches } = scene.theatre;
  if (groups === undefined || caches.groups === undefined) return unserved();
  return actOfContent(scene, content, { of: groups, own: caches.groups, sources: volumeHandlesOf(content) });
}

/** The object was found, and its kinds could not be listed. */
export function unserved(): Act {
  const why = 'the kinds of group snapshots cannot be listed';
  return { state: 'not known', chain: [], turn: { who: 'administrator', why, command: 'csi-sidecars install-crds' }, next: [] };
}

interface OfKind<S extends SnapshotObject, C extends ContentObject> {
  readonly of: KindTheatre<S, C>;
  readonly own: KindInformers<S, C>;
  /** Handles of the volumes that it is made of. */
  readonly sources: readonly string[];
}

/** As csi-snapshotter has it where nobody sets --retry-interval-max. */
const MAX_BACKOFF_MS = 5 * 60_000;

async function actOfContent<S extends SnapshotObject, C extends ContentObject & Content>(
  scene: Scene,
  content: C,
  parts: OfKind<S, C>,
): Promise<Act> {
  const { name = '' } = content.metadata ?? {};
  const sidecar = await parts.of.content(content.spec?.driver ?? '', name);
  const controller = (await parts.of.contentProtection(name))?.next;
  const { error } = content.status ?? {};
  return {
    state: isGoing(content) ? 'being deleted' : readiness(content),
    chain: chainOf(scene, content, parts),
    turn: turnOf(scene, content, { kind: parts.of.kind, sidecar, controller }),
    next: [
      ...(sidecar === undefined
        ? []
        : [told(sidecar.next, isRest(sidecar.next) ? undefined : contentWords(sidecar.next), 'csi-snapshotter')]),
      ...(controller === undefined
        ? []
        : [told(controller, isRest(controller) ? undefined : contentProtectionWords(controller), 'snapshot-controller')]),
    ],
    error: error?.message === undefined ? undefined : readError(error.message, error.time, readNote(content)),
    pause: sidecar === undefined || sidecar.next.kind === 'done' ? undefined : MAX_BACKOFF_MS,
    unknown: sidecar?.blind === undefined ? [] : [`what comes after: ${sidecar.blind}`],
  };
}

function chainOf<S extends SnapshotObject, C extends ContentObject>(
  { theatre }: Scene,
  content: C,
  { of: { kind }, own, sources }: OfKind<S, C>,
): Link[] {
  const { volumes } = theatre.caches;
  const links: Link[] = classLink(kind, own, content);
  for (const handle of sources) {
    const value = volumeIndexValue(content.spec?.driver, handle);
    for (const volume of value === undefined ? [] : volumes.store.byIndex(VOLUME_INDEX.name, value))
      links.push(link('source', placeOf(PERSISTENT_VOLUMES, volume), { object: volume, state: volume.status?.phase }));
  }
  const { name, namespace = '', uid } = kind.referenceOf(content) ?? {};
  if (name !== undefined) {
    const found = own.snapshots.store.get(`${namespace}/${name}`);
    const object = uid === undefined || uid === found?.metadata?.uid ? found : undefined;
    links.push(link('snapshot', { kind: kind.snapshots.kind, name, namespace }, { object, state: readiness(object) }));
  }
  return links;
}

/** To the class that a snapshot or a content names. */
export function classLink<S extends SnapshotObject, C extends ContentObject>(
  { classNameOf, classes }: Pick<SnapshotKind<S, C>, 'classNameOf' | 'classes'>,
  own: KindInformers<S, C>,
  object: S | C,
): Link[] {
  const name = classNameOf(object) ?? '';
  const found: SnapshotClass | undefined = own.classes.store.get(name);
  return name === '' ? [] : [link('class', { kind: classes.kind, name }, { object: found, state: found?.driver })];
}

interface Decided<S extends SnapshotObject, C extends ContentObject & Content> {
  readonly kind: SnapshotKind<S, C>;
  readonly sidecar: Rehearsed<ContentState<C>, ContentEffect> | undefined;
  readonly controller: Rehearsed<ContentProtectionState<S, C>, ContentProtectionEffect>['next'] | undefined;
}

function turnOf<S extends SnapshotObject, C extends ContentObject & Content>(
  scene: Scene,
  content: C,
  { kind, sidecar, controller }: Decided<S, C>,
): Turn {
  const driver = content.spec?.driver ?? '';
  const place = placeOf(kind.contents, content);
  const describe = `kubectl describe ${kubectlName(place)}`;
  const isDone = isReady(content) && !isGoing(content);
  const { name: snapshotName = '', namespace = '', uid = '' } = kind.referenceOf(content) ?? {};
  const orphaned = isGoing(content)
    ? withoutDriver(scene, driver, {
        what: `its driver ${driver} is to delete it, and is not there`,
        remedy: deleteByHand(place),
      })
    : withoutDriver(scene, driver, { what: `its driver ${driver} is not there`, remedy: `kubectl delete ${kubectlName(place)}` });
  if (!isDone && orphaned !== undefined) return orphaned;
  const ordered = controller === undefined || isRest(controller) ? undefined : controller;
  if (isGoing(content) && !hasMark(content, kind.beingDeleted) && uid !== '') {
    if (ordered !== undefined) return controllersTurn(contentProtectionWords(ordered));
    const snapshot = { kind: kind.snapshots.kind, name: snapshotName, namespace };
    return {
      who: 'user',
      why: `it was deleted by itself, while its ${kind.snapshots.kind} ${namespace}/${snapshotName} lives: nothing is destroyed under it`,
      command: `kubectl delete ${kubectlName(snapshot)}`,
    };
  }
  if (sidecar === undefined) return { who: 'csi-snapshotter', why: 'the content is not in the list yet', command: describe };
  const { next, state, done } = sidecar;
  const read = done.findLast((step) => 'action' in step && step.action === 'read-secret');
  if (state.answer?.kind === 'failed' && read !== undefined && 'secret' in read)
    return { who: 'administrator', why: state.answer.message, command: makeSecret(read.secret) };
  if (!isRest(next)) return whileActing(next, { isMaking: kind.hasHandle(content) && !isGoing(content), driver });
  if (ordered !== undefined && ordered.kind !== 'protect-content')
    return { who: 'snapshot-controller', why: `snapshot-controller ${contentProtectionWords(ordered)}`, command: describe };
  if (isDone) return { who: 'nobody', why: `the ${kind.snapshots.kind} is ready` };
  if (next.kind === 'done' && !isGoing(content) && text(uid) === undefined)
    return {
      who: 'user',
      why: `it waits for the ${kind.snapshots.kind} that it names`,
      command: `kubectl get ${kind.snapshots.plural} -n ${namespace} # make ${snapshotName}, with ${place.name} as its source`,
    };
  return {
    who: next.kind === 'done' ? 'user' : 'administrator',
    why: next.reason,
    command: isGoing(content)
      ? describe
      : makeAgain({ kind: kind.snapshots.kind, name: snapshotName, namespace }, 'so that the driver takes it'),
  };
}

function whileActing(next: ContentEffect, { isMaking, driver }: { readonly isMaking: boolean; readonly driver: string }): Turn {
  const calls = next.kind === 'create-snapshot' || next.kind === 'refresh-snapshot' || next.kind === 'delete-snapshot';
  const why =
    calls && isMaking
      ? `${driver} has made the snapshot and calls it not ready yet`
      : `csi-snapshotter ${contentWords(next)}${calls ? ` of ${driver}, and nothing in the cluster stands in the way` : ''}`;
  return { who: calls ? 'driver' : 'csi-snapshotter', why, command: logsOf('csi-snapshotter', driver) };
}
