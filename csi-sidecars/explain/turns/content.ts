/** A VolumeSnapshotContent: the snapshot that it is for, the volume that it is of, and the driver that makes and deletes it. */
import { isRest } from '../../../lib/controller/step.ts';
import type { VolumeSnapshotContent } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CLASSES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import { readNote } from '../../../snapshotter/failure-note.ts';
import { VOLUME_INDEX } from '../../../snapshotter/snapshot-informers.ts';
import { hasMark, isReady, snapshotKeyOf, volumeHandleOf, volumeIndexValue } from '../../../snapshotter/content-accessors.ts';
import { BEING_DELETED } from '../../../snapshotter/names.ts';
import type { ContentEffect, ContentState } from '../../../snapshotter/content/state.ts';
import type { ContentProtectionEffect, ContentProtectionState } from '../../../snapshotter/content-protection/state.ts';
import type { Link, Turn } from '../explanation.ts';
import { readError } from '../last-error.ts';
import { kubectlName, placeOf } from '../../reading/place.ts';
import type { Rehearsed } from '../rehearse.ts';
import { type Act, controllersTurn, isDriverThere, isGoing, link, type Scene, told } from '../scene.ts';
import { contentProtectionWords, contentWords } from '../words.ts';

/** As csi-snapshotter has it where nobody sets --retry-interval-max. */
const MAX_BACKOFF_MS = 5 * 60_000;

export async function explainContent(scene: Scene, content: VolumeSnapshotContent): Promise<Act> {
  const { name = '' } = content.metadata ?? {};
  const driver = content.spec?.driver ?? '';
  const sidecar = await scene.theatre.content(driver, name);
  const controller = await scene.theatre.singles.contentProtection(name);
  const { error } = content.status ?? {};
  return {
    state: isGoing(content) ? 'being deleted' : isReady(content) ? 'ready' : 'not ready',
    chain: chainOf(scene, content),
    turn: turnOf(scene, content, { sidecar, controller }),
    next: [
      ...(sidecar === undefined
        ? []
        : [told(sidecar.next, isRest(sidecar.next) ? undefined : contentWords(sidecar.next), 'csi-snapshotter')]),
      ...(controller === undefined
        ? []
        : [told(controller.next, isRest(controller.next) ? undefined : contentProtectionWords(controller.next), 'snapshot-controller')]),
    ],
    error: error?.message === undefined ? undefined : readError(error.message, error.time, readNote(content)),
    pause: sidecar === undefined || sidecar.next.kind === 'done' ? undefined : MAX_BACKOFF_MS,
    unknown: sidecar?.blind === undefined ? [] : [`what comes after: ${sidecar.blind}`],
  };
}

function chainOf({ theatre }: Scene, content: VolumeSnapshotContent): Link[] {
  const { snapshots, classes, volumes } = theatre.caches;
  const links: Link[] = [];
  const className = content.spec?.volumeSnapshotClassName ?? '';
  if (className !== '')
    links.push(
      link(
        'class',
        { kind: VOLUME_SNAPSHOT_CLASSES.kind, name: className },
        { object: classes.store.get(className), state: classes.store.get(className)?.driver },
      ),
    );
  const source = volumeIndexValue(content.spec?.driver, volumeHandleOf(content));
  for (const volume of source === undefined ? [] : volumes.store.byIndex(VOLUME_INDEX.name, source))
    links.push(link('source', placeOf(PERSISTENT_VOLUMES, volume), { object: volume, state: volume.status?.phase }));
  const key = snapshotKeyOf(content);
  if (key !== undefined) {
    const [namespace = '', name = ''] = key.split('/');
    const found = snapshots.store.get(key);
    const { uid } = content.spec?.volumeSnapshotRef ?? {};
    const object = uid === undefined || uid === found?.metadata?.uid ? found : undefined;
    links.push(
      link(
        'snapshot',
        { kind: VOLUME_SNAPSHOTS.kind, name, namespace },
        { object, state: object?.status?.readyToUse === true ? 'ready' : 'not ready' },
      ),
    );
  }
  return links;
}

interface Rehearsals {
  readonly sidecar: Rehearsed<ContentState, ContentEffect> | undefined;
  readonly controller: Rehearsed<ContentProtectionState, ContentProtectionEffect> | undefined;
}

function turnOf(scene: Scene, content: VolumeSnapshotContent, { sidecar, controller }: Rehearsals): Turn {
  const driver = content.spec?.driver ?? '';
  const place = placeOf(VOLUME_SNAPSHOT_CONTENTS, content);
  const describe = `kubectl describe ${kubectlName(place)}`;
  if (!isDriverThere(scene, driver)) {
    if (!isReady(content) || isGoing(content))
      return {
        who: 'administrator',
        why: `its driver ${driver} is not there: no CSIDriver and no node has it`,
        command: 'csi-sidecars doctor',
      };
  }
  if (isGoing(content) && !hasMark(content, BEING_DELETED) && (content.spec?.volumeSnapshotRef?.uid ?? '') !== '') {
    const next = controller?.next;
    if (next !== undefined && !isRest(next)) return controllersTurn(contentProtectionWords(next));
    const name = content.spec?.volumeSnapshotRef?.name ?? '';
    const namespace = content.spec?.volumeSnapshotRef?.namespace ?? '';
    return {
      who: 'user',
      why: `it was deleted by itself, while its VolumeSnapshot ${namespace}/${name} lives: nothing is destroyed under it`,
      command: `kubectl delete volumesnapshot/${name} -n ${namespace}`,
    };
  }
  if (sidecar === undefined) return { who: 'csi-snapshotter', why: 'the content is not in the list yet', command: describe };
  const { next } = sidecar;
  if (!isRest(next)) {
    const calls = next.kind === 'create-snapshot' || next.kind === 'refresh-snapshot' || next.kind === 'delete-snapshot';
    const isMaking = calls && content.status?.snapshotHandle !== undefined && !isGoing(content);
    const why = isMaking
      ? `${driver} has made the snapshot and calls it not ready yet`
      : `csi-snapshotter ${contentWords(next)}${calls ? ` of ${driver}, and nothing in the cluster stands in the way` : ''}`;
    return {
      who: calls ? 'driver' : 'csi-snapshotter',
      why,
      command: `kubectl logs -n NAMESPACE POD -c csi-snapshotter # of the controller part of ${driver}`,
    };
  }
  const orphaned = controller === undefined || isRest(controller.next) ? undefined : controller.next;
  if (orphaned !== undefined && orphaned.kind !== 'protect-content')
    return { who: 'snapshot-controller', why: `snapshot-controller ${contentProtectionWords(orphaned)}`, command: describe };
  if (isReady(content) && !isGoing(content)) return { who: 'nobody', why: 'the snapshot is ready' };
  if (next.kind === 'done' && !isGoing(content) && (content.spec?.volumeSnapshotRef?.uid ?? '') === '')
    return {
      who: 'user',
      why: 'it waits for the VolumeSnapshot that it names',
      command: `kubectl get volumesnapshot -n ${content.spec?.volumeSnapshotRef?.namespace ?? ''}`,
    };
  return { who: next.kind === 'done' ? 'user' : 'administrator', why: next.reason, command: describe };
}
