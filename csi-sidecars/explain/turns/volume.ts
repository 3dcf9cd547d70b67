/** A PersistentVolume: its claim, its snapshots, and the way out. */
import { isRest } from '../../../lib/controller/step.ts';
import type { PersistentVolume } from '../../../lib/kube/objects.ts';
import {
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
} from '../../../lib/kube/resources.ts';
import { BY_VOLUME } from '../../../provisioner/caches.ts';
import { MIGRATED_TO, PROVISIONED_BY, VOLUME_FINALIZER } from '../../../provisioner/facts/names.ts';
import { classNameOf } from '../../../provisioner/facts/ownership.ts';
import { SOURCE_INDEX } from '../../../snapshotter/snapshot-informers.ts';
import { volumeIndexValue } from '../../../snapshotter/content-accessors.ts';
import type { Link, Turn } from '../explanation.ts';
import { readError } from '../last-error.ts';
import { kubectlName, placeOf } from '../../reading/place.ts';
import { deleteByHand, logsOf } from '../remedies.ts';
import { type Act, isGoing, link, readiness, type Scene, told, withoutDriver } from '../scene.ts';
import type { ProvisionerTheatre } from '../provisioner-theatre.ts';
import { volumeWords } from '../words.ts';

export async function explainVolume(scene: Scene, volume: PersistentVolume): Promise<Act> {
  const { annotations = {}, name = '' } = volume.metadata ?? {};
  const driver = annotations[MIGRATED_TO] ?? annotations[PROVISIONED_BY] ?? volume.spec?.csi?.driver ?? '';
  const provisioner = await scene.theatre.provisionerOf(driver);
  const rehearsal = driver === '' ? undefined : provisioner.volume(name);
  const { message } = volume.status ?? {};
  return {
    state: isGoing(volume) ? 'being deleted' : (volume.status?.phase ?? 'new'),
    chain: chainOf(scene, volume, provisioner),
    turn: turnOf(scene, volume, rehearsal),
    next:
      rehearsal === undefined
        ? []
        : [told(rehearsal.next, isRest(rehearsal.next) ? undefined : volumeWords(rehearsal.next), 'csi-provisioner')],
    error: message === undefined || message === '' ? undefined : readError(message, undefined),
    pause:
      rehearsal === undefined || rehearsal.next.kind === 'done'
        ? undefined
        : rehearsal.next.backoff === 'report'
          ? 'change'
          : provisioner.maxBackoffMs,
  };
}

function chainOf({ theatre }: Scene, volume: PersistentVolume, { caches }: ProvisionerTheatre): Link[] {
  const { contents, claims } = theatre.caches;
  const { claimRef, csi } = volume.spec ?? {};
  const links: Link[] = [];
  const className = classNameOf(volume) ?? '';
  if (className !== '')
    links.push(link('class', { kind: STORAGE_CLASSES.kind, name: className }, { object: caches.classes.store.get(className) }));
  if (claimRef?.name !== undefined) {
    const { name, namespace = '', uid } = claimRef;
    const found = claims.store.get(`${namespace}/${name}`);
    const object = uid === undefined || found?.metadata?.uid === uid ? found : undefined;
    links.push(link('claim', { kind: PERSISTENT_VOLUME_CLAIMS.kind, name, namespace }, { object, state: object?.status?.phase }));
  }
  for (const attachment of caches.attachments?.store.byIndex(BY_VOLUME, volume.metadata?.name ?? '') ?? [])
    links.push({
      relation: 'attached to',
      place: { kind: NODES.kind, name: attachment.spec?.nodeName ?? '' },
      state: attachment.metadata?.name ?? '',
    });
  const source = volumeIndexValue(csi?.driver, csi?.volumeHandle);
  for (const content of source === undefined ? [] : contents.store.byIndex(SOURCE_INDEX.name, source))
    links.push(
      link('snapshot', placeOf(VOLUME_SNAPSHOT_CONTENTS, content), {
        object: content,
        state: readiness(content),
      }),
    );
  return links;
}

function turnOf(scene: Scene, volume: PersistentVolume, rehearsal: ReturnType<ProvisionerTheatre['volume']>): Turn {
  const place = placeOf(PERSISTENT_VOLUMES, volume);
  const next = rehearsal?.next;
  const { phase } = volume.status ?? {};
  const { claimRef, persistentVolumeReclaimPolicy: policy, csi } = volume.spec ?? {};
  const claimName = `${claimRef?.namespace ?? ''}/${claimRef?.name ?? ''}`;
  if (phase === 'Bound' && !isGoing(volume)) return { who: 'nobody', why: `it is bound to ${claimName}` };
  if (phase === 'Bound')
    return {
      who: 'user',
      why: `it was deleted while claim ${claimName} uses it, and goes after it`,
      command: `kubectl delete pvc/${claimRef?.name ?? ''} -n ${claimRef?.namespace ?? ''}`,
    };
  if (phase === 'Available' || phase === 'Pending' || phase === undefined)
    return {
      who: claimRef === undefined ? 'nobody' : 'user',
      why: claimRef === undefined ? 'it is free, and waits for a claim' : `it is kept for claim ${claimName}, which does not take it`,
    };
  const driver = csi?.driver ?? '';
  const orphaned = withoutDriver(scene, driver, {
    what: `its driver ${driver} is not there`,
    remedy: deleteByHand(place),
  });
  if (csi !== undefined && policy === 'Delete' && orphaned !== undefined) return orphaned;
  if (next !== undefined && !isRest(next))
    return {
      who: next.kind === 'delete-volume' || next.kind === 'finish-closing' ? 'driver' : 'csi-provisioner',
      why: `csi-provisioner ${volumeWords(next)}`,
      command: logsOf('csi-provisioner', driver),
    };
  if (policy !== 'Delete')
    return {
      who: 'administrator',
      why: `its claim is gone and its reclaim policy is ${policy ?? 'Retain'}: it is kept until somebody decides`,
      command: `kubectl patch ${kubectlName(place)} --type=json -p '[{"op":"remove","path":"/spec/claimRef"}]' # to use it again; kubectl delete ${kubectlName(place)} leaves the storage`,
    };
  const [node] = next?.kind === 'retry' ? (rehearsal?.state.attachedTo ?? []) : [];
  if (node !== undefined)
    return {
      who: 'attacher',
      why: `it is still attached to node ${node}`,
      command: `kubectl get volumeattachment | grep ${place.name} # does the attacher run, and the node?`,
    };
  if (isGoing(volume) && volume.metadata?.finalizers?.includes(VOLUME_FINALIZER) !== true) return byFinalizer(volume);
  return {
    who: next?.kind === 'retry' ? 'administrator' : 'program',
    why: next?.reason ?? 'nobody is known who deletes it',
    command: `kubectl describe ${kubectlName(place)}`,
  };
}

function byFinalizer(volume: PersistentVolume): Turn {
  const [first] = volume.metadata?.finalizers ?? [];
  if (first === undefined) return { who: 'nobody', why: 'the server is about to remove it' };
  if (first.startsWith('external-attacher/'))
    return {
      who: 'attacher',
      why: 'external-attacher has not detached it everywhere',
      command: `kubectl get volumeattachment | grep ${volume.metadata?.name ?? ''}`,
    };
  return { who: first === 'kubernetes.io/pv-protection' ? 'binder' : 'program', why: `it is held by ${first}` };
}
