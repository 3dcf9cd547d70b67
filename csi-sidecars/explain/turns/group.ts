/** A VolumeGroupSnapshot and its content: the claims that it selects, its members, and the driver that makes it. */
import { isRest } from '../../../lib/controller/step.ts';
import type { VolumeGroupSnapshot, VolumeGroupSnapshotContent } from '../../../lib/kube/objects.ts';
import { groupSnapshotResources, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import { readNote } from '../../../snapshotter/failure-note.ts';
import { GROUP_INDEX } from '../../../snapshotter/membership.ts';
import type { Link, Turn } from '../explanation.ts';
import { readError } from '../last-error.ts';
import { kubectlName, placeOf } from '../../reading/place.ts';
import { type Act, controllersTurn, isDriverThere, isGoing, link, type Scene, told } from '../scene.ts';
import { bindingWords, contentProtectionWords } from '../words.ts';

const { snapshots: GROUPS, contents: GROUP_CONTENTS } = groupSnapshotResources('v1');

export async function explainGroup(scene: Scene, group: VolumeGroupSnapshot): Promise<Act> {
  const { namespace = '', name = '' } = group.metadata ?? {};
  const { caches, groups } = scene.theatre;
  const rehearsal = await groups?.binding(`${namespace}/${name}`);
  const contentName = group.status?.boundVolumeGroupSnapshotContentName ?? group.spec?.source?.volumeGroupSnapshotContentName;
  const content = contentName === undefined ? undefined : caches.groups?.contents.store.get(contentName);
  const chain: Link[] = [];
  if (contentName !== undefined)
    chain.push(link('content', { kind: GROUP_CONTENTS.kind, name: contentName }, { object: content, state: readiness(content) }));
  for (const member of caches.snapshots.store.byIndex(GROUP_INDEX.name, `${namespace}/${name}`))
    chain.push(link('member', placeOf(VOLUME_SNAPSHOTS, member), { object: member, state: readiness(member) }));
  const { error } = group.status ?? {};
  const next = rehearsal?.next;
  const words = next === undefined || isRest(next) ? undefined : bindingWords(next as Parameters<typeof bindingWords>[0]);
  return {
    state: isGoing(group) ? 'being deleted' : readiness(group),
    chain,
    turn: turnOfGroup(group, { reason: words ?? (next !== undefined && isRest(next) ? next.reason : ''), next: next?.kind, content }),
    next: next === undefined ? [] : [told(next, words, 'snapshot-controller')],
    error: error?.message === undefined ? undefined : readError(error.message, error.time, readNote(group)),
    unknown: rehearsal?.blind === undefined ? [] : [`what comes after: ${rehearsal.blind}`],
  };
}

function readiness(object: { readonly status?: { readonly readyToUse?: boolean } } | undefined): string {
  return object?.status?.readyToUse === true ? 'ready' : 'not ready';
}

interface Decided {
  readonly next: string | undefined;
  readonly reason: string;
  readonly content: VolumeGroupSnapshotContent | undefined;
}

function turnOfGroup(group: VolumeGroupSnapshot, { next, reason, content }: Decided): Turn {
  const place = placeOf(GROUPS, group);
  const describe = `kubectl describe ${kubectlName(place)}`;
  if (next === undefined) return { who: 'administrator', why: 'the group kinds are not served', command: 'csi-sidecars install-crds' };
  if (group.status?.readyToUse === true && !isGoing(group) && next === 'done') return { who: 'nobody', why: 'the group snapshot is ready' };
  const said = group.status?.error?.message;
  if (next === 'write-error' || next === 'note-failure' || (next === 'done' && said !== undefined))
    return { who: 'user', why: said ?? reason, command: describe };
  if (next !== 'done' && next !== 'poll' && next !== 'retry') return controllersTurn(reason);
  if (content !== undefined && (content.status?.readyToUse !== true || isGoing(content)))
    return {
      who: 'driver',
      why: `${content.spec?.driver ?? ''} is asked by csi-snapshotter to ${isGoing(content) ? 'delete' : 'make'} the group`,
      waitsFor: placeOf(GROUP_CONTENTS, content),
      command: `csi-sidecars explain ${kubectlName(placeOf(GROUP_CONTENTS, content))}`,
    };
  return { who: 'user', why: reason, command: describe };
}

export async function explainGroupContent(scene: Scene, content: VolumeGroupSnapshotContent): Promise<Act> {
  const { caches, groups } = scene.theatre;
  const rehearsal = await groups?.contentProtection(content.metadata?.name ?? '');
  const { name, namespace = '', uid } = content.spec?.volumeGroupSnapshotRef ?? {};
  const found = caches.groups?.snapshots.store.get(`${namespace}/${name ?? ''}`);
  const group = uid === undefined || uid === found?.metadata?.uid ? found : undefined;
  const chain =
    name === undefined ? [] : [link('snapshot', { kind: GROUPS.kind, name, namespace }, { object: group, state: readiness(group) })];
  const { error } = content.status ?? {};
  const next = rehearsal?.next;
  const words = next === undefined || isRest(next) ? undefined : contentProtectionWords(next);
  const driver = content.spec?.driver ?? '';
  const describe = `kubectl describe ${kubectlName(placeOf(GROUP_CONTENTS, content))}`;
  const turn = (): Turn => {
    if (words !== undefined) return { who: 'snapshot-controller', why: `snapshot-controller ${words}`, command: describe };
    if (content.status?.readyToUse === true && !isGoing(content)) return { who: 'nobody', why: 'the group snapshot is ready' };
    if (!isDriverThere(scene, driver))
      return {
        who: 'administrator',
        why: `its driver ${driver} is not there: no CSIDriver and no node has it`,
        command: 'csi-sidecars doctor',
      };
    return {
      who: 'driver',
      why: `${driver} is asked by csi-snapshotter to ${isGoing(content) ? 'delete' : 'make'} the group`,
      command: describe,
    };
  };
  return {
    state: isGoing(content) ? 'being deleted' : readiness(content),
    chain,
    turn: turn(),
    next: next === undefined ? [] : [told(next, words, 'snapshot-controller')],
    error: error?.message === undefined ? undefined : readError(error.message, error.time, readNote(content)),
  };
}
