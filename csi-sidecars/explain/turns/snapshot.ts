/** A VolumeSnapshot: the claim that it is of, its class, its content, and what is restored from it. */
import { isRest } from '../../../lib/controller/step.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import { SNAPSHOT_FINALIZER } from '../../../provisioner/facts/names.ts';
import { RESTORES_INDEX } from '../../../snapshotter/binding/relations.ts';
import { SINGLE } from '../../../snapshotter/kinds/single-kind.ts';
import { sourceOf } from '../../../snapshotter/source.ts';
import { kubectlName, placeOf } from '../../reading/place.ts';
import type { Link, Turn } from '../explanation.ts';
import { type Act, controllersTurn, isGoing, link, readiness, type Scene, waitFor } from '../scene.ts';
import { bindingWords } from '../words.ts';
import { actOfBinding, type Binding, contentOf, notListed, ofAnotherDriver, turnOfBinding } from './binding.ts';
import { classLink, explainContent } from './content.ts';

export async function explainSnapshot(scene: Scene, snapshot: VolumeSnapshot): Promise<Act> {
  const { namespace = '', name = '' } = snapshot.metadata ?? {};
  const { singles: of, caches: own } = scene.theatre;
  const rehearsal = await of.binding(`${namespace}/${name}`);
  const content = contentOf({ of, own }, snapshot);
  // An un-ready snapshot is as far as its content is.
  const below = content === undefined || snapshot.status?.readyToUse === true ? undefined : await explainContent(scene, content);
  const turn = (): Turn => {
    if (rehearsal === undefined) return notListed(VOLUME_SNAPSHOTS, snapshot);
    const binding = { snapshot, content, below, rehearsal };
    return isGoing(snapshot) ? whileDeleted(scene, binding) : (ofWrongClass(scene, binding) ?? turnOfBinding(scene, { of, own }, binding));
  };
  return { ...actOfBinding({ snapshot, rehearsal, below }), chain: chainOf(scene, snapshot, content), turn: turn() };
}

/** The Go program makes a content of the class's driver, whatever driver the volume is of; that driver never takes it. */
function ofWrongClass(
  { theatre }: Scene,
  { snapshot, content }: Pick<Binding<VolumeSnapshot, VolumeSnapshotContent>, 'snapshot' | 'content'>,
): Turn | undefined {
  const { claims, volumes, classes } = theatre.caches;
  const source = sourceOf(snapshot);
  if (content === undefined || SINGLE.hasHandle(content) || source.kind !== 'claim') return undefined;
  const claim = claims.store.get(`${snapshot.metadata?.namespace ?? ''}/${source.claimName}`);
  const other = volumes.store.get(claim?.spec?.volumeName ?? '')?.spec?.csi?.driver;
  const snapshotClass = classes.store.get(SINGLE.classNameOf(snapshot) ?? '');
  if (snapshotClass === undefined || other === undefined || other === snapshotClass.driver) return undefined;
  return ofAnotherDriver({ place: placeOf(VOLUME_SNAPSHOTS, snapshot), snapshotClass, other, classes: classes.store.list() }, SINGLE);
}

function chainOf({ theatre }: Scene, snapshot: VolumeSnapshot, content: VolumeSnapshotContent | undefined): Link[] {
  const { claims } = theatre.caches;
  const { namespace = '', name = '' } = snapshot.metadata ?? {};
  const links: Link[] = classLink(SINGLE, theatre.caches, snapshot);
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
    links.push(link('content', { kind: VOLUME_SNAPSHOT_CONTENTS.kind, name: contentName }, { object: content, state: readiness(content) }));
  for (const claim of claims.store.byIndex(RESTORES_INDEX.name, `${namespace}/${name}`))
    links.push(link('restored to', placeOf(PERSISTENT_VOLUME_CLAIMS, claim), { object: claim, state: claim.status?.phase }));
  return links;
}

function whileDeleted(
  { theatre }: Scene,
  { snapshot, content, below, rehearsal: { next } }: Binding<VolumeSnapshot, VolumeSnapshotContent>,
): Turn {
  const { namespace = '', name = '', finalizers = [] } = snapshot.metadata ?? {};
  const restoring = theatre.caches.claims.store
    .byIndex(RESTORES_INDEX.name, `${namespace}/${name}`)
    .find(({ status }) => status?.phase !== 'Bound');
  if (next.kind === 'retry' && restoring !== undefined)
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
  if (!isRest(next)) return controllersTurn(bindingWords(next));
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
        why: next.reason,
        command: `kubectl describe ${kubectlName(placeOf(VOLUME_SNAPSHOTS, snapshot))}`,
      };
}
