/** A VolumeGroupSnapshot: the claims that it selects, its class, its content and its members. */
import { isRest } from '../../../lib/controller/step.ts';
import type { VolumeGroupSnapshot, VolumeGroupSnapshotContent } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import { GROUP_INDEX } from '../../../snapshotter/membership.ts';
import { kubectlName, placeOf } from '../../reading/place.ts';
import type { Link, Turn } from '../explanation.ts';
import { type Act, controllersTurn, isGoing, link, readiness, type Scene } from '../scene.ts';
import { bindingWords } from '../words.ts';
import { actOfBinding, type Binding, contentOf, notListed, type OfKind, turnOfBinding } from './binding.ts';
import { classLink, explainGroupContent, unserved } from './content.ts';

export async function explainGroup(scene: Scene, group: VolumeGroupSnapshot): Promise<Act> {
  const { namespace = '', name = '' } = group.metadata ?? {};
  const { caches, groups: of } = scene.theatre;
  const { groups: own } = caches;
  if (own === undefined || of === undefined) return unserved();
  const { kind } = of;
  const rehearsal = await of.binding(`${namespace}/${name}`);
  const content = contentOf({ of, own }, group);
  const below = content === undefined || group.status?.readyToUse === true ? undefined : await explainGroupContent(scene, content);
  const contentName = content?.metadata?.name ?? kind.boundNameOf(group) ?? group.spec?.source?.volumeGroupSnapshotContentName;
  const chain: Link[] = [
    ...classLink(kind, own, group),
    ...(rehearsal?.state.sources ?? []).map(({ name: claimName, claim }) =>
      link('source', { kind: PERSISTENT_VOLUME_CLAIMS.kind, name: claimName, namespace }, { object: claim, state: claim?.status?.phase }),
    ),
    ...(contentName === undefined
      ? []
      : [link('content', { kind: kind.contents.kind, name: contentName }, { object: content, state: readiness(content) })]),
    ...caches.snapshots.store
      .byIndex(GROUP_INDEX.name, `${namespace}/${name}`)
      .map((member) => link('member', placeOf(VOLUME_SNAPSHOTS, member), { object: member, state: readiness(member) })),
  ];
  const turn = (): Turn => {
    if (rehearsal === undefined) return notListed(kind.snapshots, group);
    const binding = { snapshot: group, content, below, rehearsal };
    return isGoing(group) ? whileDeleted(binding, { of, own }) : turnOfBinding(scene, { of, own }, binding);
  };
  return { ...actOfBinding({ snapshot: group, rehearsal, below }), chain, turn: turn() };
}

function whileDeleted(
  { snapshot, content, below, rehearsal: { next } }: Binding<VolumeGroupSnapshot, VolumeGroupSnapshotContent>,
  { of: { kind } }: OfKind<VolumeGroupSnapshot, VolumeGroupSnapshotContent>,
): Turn {
  if (!isRest(next)) return controllersTurn(bindingWords(next));
  if (content !== undefined && isGoing(content) && below !== undefined) return { ...below.turn, waitsFor: placeOf(kind.contents, content) };
  const [first] = snapshot.metadata?.finalizers ?? [];
  if (first === undefined) return { who: 'nobody', why: 'the server is about to remove it' };
  return { who: 'program', why: next.reason, command: `kubectl describe ${kubectlName(placeOf(kind.snapshots, snapshot))}` };
}
