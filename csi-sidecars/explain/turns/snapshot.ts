/** A VolumeSnapshot: the claim that it is of, its class, its content, and what is restored from it. */
import { isRest } from '../../../lib/controller/step.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../../lib/kube/objects.ts';
import {
  PERSISTENT_VOLUME_CLAIMS,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../../lib/kube/resources.ts';
import { SNAPSHOT_FINALIZER } from '../../../provisioner/facts/names.ts';
import { RESTORES_INDEX } from '../../../snapshotter/binding/relations.ts';
import { contentNames, refersTo } from '../../../snapshotter/kinds/accessors.ts';
import { readNote } from '../../../snapshotter/failure-note.ts';
import { SINGLE } from '../../../snapshotter/kinds/single-kind.ts';
import { sourceOf } from '../../../snapshotter/source.ts';
import type { Link, Turn } from '../explanation.ts';
import { readError } from '../last-error.ts';
import { kubectlName, placeOf } from '../../reading/place.ts';
import { type Act, controllersTurn, isGoing, link, type Scene, told, waitFor } from '../scene.ts';
import { bindingWords } from '../words.ts';
import { explainContent } from './content.ts';

export async function explainSnapshot(scene: Scene, snapshot: VolumeSnapshot): Promise<Act> {
  const { namespace = '', name = '' } = snapshot.metadata ?? {};
  const rehearsal = await scene.theatre.singles.binding(`${namespace}/${name}`);
  const content = contentOf(scene, snapshot);
  // An un-ready snapshot is as far as its content is.
  const below = content === undefined || snapshot.status?.readyToUse === true ? undefined : await explainContent(scene, content);
  const { error } = snapshot.status ?? {};
  const own =
    rehearsal === undefined
      ? []
      : [told(rehearsal.next, isRest(rehearsal.next) ? undefined : bindingWords(rehearsal.next), 'snapshot-controller')];
  return {
    state: isGoing(snapshot) ? 'being deleted' : snapshot.status?.readyToUse === true ? 'ready' : 'not ready',
    chain: chainOf(scene, snapshot, content),
    turn: turnOf(scene, { snapshot, content, below, next: rehearsal?.next }),
    next: [...own, ...(below?.next ?? [])],
    error: error?.message === undefined ? below?.error : readError(error.message, error.time, readNote(snapshot)),
    pause: below?.pause,
    unknown: [...(rehearsal?.blind === undefined ? [] : [`what comes after: ${rehearsal.blind}`]), ...(below?.unknown ?? [])],
  };
}

function contentOf({ theatre }: Scene, snapshot: VolumeSnapshot): VolumeSnapshotContent | undefined {
  const { contents } = theatre.caches;
  const found = contentNames(SINGLE, snapshot).flatMap((name) => contents.store.get(name) ?? []);
  return found.find((each) => refersTo(SINGLE, each, snapshot)) ?? found[0];
}

function chainOf({ theatre }: Scene, snapshot: VolumeSnapshot, content: VolumeSnapshotContent | undefined): Link[] {
  const { claims, classes } = theatre.caches;
  const { namespace = '', name = '' } = snapshot.metadata ?? {};
  const links: Link[] = [];
  const className = snapshot.spec?.volumeSnapshotClassName ?? '';
  if (className !== '')
    links.push(
      link(
        'class',
        { kind: VOLUME_SNAPSHOT_CLASSES.kind, name: className },
        { object: classes.store.get(className), state: classes.store.get(className)?.driver },
      ),
    );
  const source = sourceOf(snapshot);
  if (source.kind === 'claim') {
    const claim = claims.store.get(`${namespace}/${source.claimName}`);
    links.push(
      link(
        'source',
        { kind: PERSISTENT_VOLUME_CLAIMS.kind, name: source.claimName, namespace },
        { object: claim, state: claim?.status?.phase },
      ),
    );
  }
  const contentName =
    content?.metadata?.name ?? snapshot.status?.boundVolumeSnapshotContentName ?? snapshot.spec?.source?.volumeSnapshotContentName;
  if (contentName !== undefined)
    links.push(
      link(
        'content',
        { kind: VOLUME_SNAPSHOT_CONTENTS.kind, name: contentName },
        { object: content, state: content?.status?.readyToUse === true ? 'ready' : 'not ready' },
      ),
    );
  for (const claim of claims.store.byIndex(RESTORES_INDEX.name, `${namespace}/${name}`))
    links.push(link('restored to', placeOf(PERSISTENT_VOLUME_CLAIMS, claim), { object: claim, state: claim.status?.phase }));
  return links;
}

interface Facts {
  readonly snapshot: VolumeSnapshot;
  readonly content: VolumeSnapshotContent | undefined;
  readonly below: Act | undefined;
  readonly next: NonNullable<Awaited<ReturnType<Scene['theatre']['singles']['binding']>>>['next'] | undefined;
}

function turnOf(scene: Scene, facts: Facts): Turn {
  const { snapshot, content, below, next } = facts;
  const describe = `kubectl describe ${kubectlName(placeOf(VOLUME_SNAPSHOTS, snapshot))}`;
  if (next === undefined) return { who: 'snapshot-controller', why: 'the VolumeSnapshot is not in the list yet', command: describe };
  if (isGoing(snapshot)) return whileDeleted(scene, facts);
  const reason = 'reason' in next ? next.reason : '';
  if (snapshot.status?.readyToUse === true && reason === 'ready') return { who: 'nobody', why: 'the snapshot is ready' };
  if (!isRest(next) && !isTelling(next) && (below === undefined || below.turn.who === 'nobody')) return controllersTurn(bindingWords(next));
  const cause = missing(scene, snapshot);
  if (cause !== undefined) return cause;
  if (content !== undefined && below !== undefined && below.turn.who !== 'nobody')
    return { ...below.turn, waitsFor: below.turn.waitsFor ?? placeOf(VOLUME_SNAPSHOT_CONTENTS, content) };
  const said = snapshot.status?.error?.message;
  const decided = isRest(next) ? next.reason.replace(/^waits for a change: /, '') : (next.before?.[0]?.message ?? bindingWords(next));
  const why = isTelling(next) ? (said ?? decided) : decided;
  return { who: next.kind === 'done' || isTelling(next) ? 'user' : 'snapshot-controller', why, command: describe };
}

/** It says what is wrong, and does nothing about it. */
function isTelling({ kind }: { readonly kind: string }): boolean {
  return kind === 'write-error' || kind === 'note-failure';
}

/** What the snapshot names and nobody has. */
function missing({ theatre }: Scene, snapshot: VolumeSnapshot): Turn | undefined {
  const { claims, classes, contents } = theatre.caches;
  const { namespace = '' } = snapshot.metadata ?? {};
  const className = snapshot.spec?.volumeSnapshotClassName ?? '';
  const source = sourceOf(snapshot);
  if ((snapshot.status?.boundVolumeSnapshotContentName ?? '') !== '') return undefined;
  if (source.kind === 'claim') {
    const claim = claims.store.get(`${namespace}/${source.claimName}`);
    if (claim === undefined)
      return { who: 'user', why: `the claim ${source.claimName} is not there`, command: `kubectl get pvc -n ${namespace}` };
    if (claim.status?.phase !== 'Bound')
      return waitFor(placeOf(PERSISTENT_VOLUME_CLAIMS, claim), 'csi-provisioner', `the claim ${source.claimName} has no volume yet`);
  }
  const given = snapshot.spec?.source?.volumeSnapshotContentName;
  if (given !== undefined && contents.store.get(given) === undefined)
    return { who: 'administrator', why: `VolumeSnapshotContent ${given} is not there`, command: 'kubectl get volumesnapshotcontent' };
  if (className !== '' && classes.store.get(className) === undefined)
    return { who: 'administrator', why: `VolumeSnapshotClass ${className} is not there`, command: 'kubectl get volumesnapshotclass' };
  return undefined;
}

function whileDeleted({ theatre }: Scene, { snapshot, content, below, next }: Facts): Turn {
  const { namespace = '', name = '', finalizers = [] } = snapshot.metadata ?? {};
  const restoring = theatre.caches.claims.store
    .byIndex(RESTORES_INDEX.name, `${namespace}/${name}`)
    .find(({ status }) => status?.phase !== 'Bound');
  if (next?.kind === 'retry' && restoring !== undefined)
    return waitFor(
      placeOf(PERSISTENT_VOLUME_CLAIMS, restoring),
      'csi-provisioner',
      `claim ${restoring.metadata?.name ?? ''} is being restored from it`,
    );
  if (finalizers.length === 1 && finalizers[0] === SNAPSHOT_FINALIZER)
    return {
      who: 'csi-provisioner',
      why: 'a volume may still be restored from it, or nobody took the mark of that away',
      command: 'kubectl get pods -A # does csi-provisioner run?',
    };
  if (next !== undefined && !isRest(next)) return controllersTurn(bindingWords(next));
  if (content !== undefined && isGoing(content))
    return {
      ...(below?.turn ?? { who: 'csi-snapshotter', why: 'its content is being deleted' }),
      waitsFor: placeOf(VOLUME_SNAPSHOT_CONTENTS, content),
    };
  const [first] = finalizers;
  return first === undefined
    ? { who: 'nobody', why: 'the server is about to remove it' }
    : {
        who: 'program',
        why: next?.reason ?? `it is held by ${first}`,
        command: `kubectl describe ${kubectlName(placeOf(VOLUME_SNAPSHOTS, snapshot))}`,
      };
}
