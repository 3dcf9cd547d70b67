/** A PersistentVolumeClaim: from its class to its volume, and who uses it. */
import { isRest } from '../../../lib/controller/step.ts';
import type { PersistentVolumeClaim, Resource } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import { BY_SOURCE, sourceValue } from '../../../provisioner/caches.ts';
import type { ClaimState, ClaimStep } from '../../../provisioner/claim/state.ts';
import { dataSourceOf, isSource } from '../../../provisioner/facts/data-source.ts';
import { BETA_STORAGE_PROVISIONER, MIGRATED_TO, STORAGE_PROVISIONER } from '../../../provisioner/facts/names.ts';
import { classNameOf } from '../../../provisioner/facts/ownership.ts';
import { CLAIM_INDEX } from '../../../snapshotter/snapshot-informers.ts';
import { placeOf } from '../../reading/place.ts';
import { listVisible } from '../../reading/read-only-client.ts';
import type { Link, Next } from '../explanation.ts';
import type { ProvisionerTheatre } from '../provisioner-theatre.ts';
import type { Rehearsed } from '../rehearse.ts';
import { type Act, isGoing, link, readiness, type Scene, told } from '../scene.ts';
import { claimWords } from '../words.ts';
import { whileDeleted } from './claim-deletion.ts';
import type { ClaimFacts, PodOfClaim } from './claim-facts.ts';
import { whileWaiting } from './claim-waiting.ts';

export async function explainClaim(scene: Scene, claim: PersistentVolumeClaim): Promise<Act> {
  const { namespace = '', name = '', uid = '', annotations = {} } = claim.metadata ?? {};
  const { client, theatre, signal } = scene;
  const handedTo = annotations[MIGRATED_TO] ?? annotations[STORAGE_PROVISIONER] ?? annotations[BETA_STORAGE_PROVISIONER] ?? '';
  const classes = (await theatre.provisionerOf(handedTo)).caches.classes.store;
  const storageClass = classes.get(classNameOf(claim) ?? '');
  const driver = handedTo === '' ? (storageClass?.provisioner ?? '') : handedTo;
  const provisioner = await theatre.provisionerOf(driver);
  const { items, blind } = await listVisible(client, PODS as Resource<PodOfClaim>, { signal, namespace });
  const pods = items.filter(
    ({ spec, status }) =>
      spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name) === true &&
      status?.phase !== 'Succeeded' &&
      status?.phase !== 'Failed',
  );
  const data = dataSourceOf(claim, { crossNamespace: true });
  const facts: ClaimFacts = {
    scene,
    claim,
    key: `${namespace}/${name}`,
    pods,
    storageClass,
    provisioner,
    driver,
    source: isSource(data) ? data : undefined,
  };
  const rehearsal = driver === '' || isGoing(claim) ? undefined : await provisioner.claim(uid);
  const next: Next[] = [];
  if (rehearsal !== undefined)
    next.push(told(rehearsal.next, isRest(rehearsal.next) ? undefined : claimWords(rehearsal.next), 'csi-provisioner'));
  return {
    state: isGoing(claim) ? 'being deleted' : (claim.status?.phase ?? 'new'),
    chain: chainOf(facts),
    turn: isGoing(claim) ? whileDeleted(facts) : whileWaiting(facts, rehearsal),
    next,
    pause: pauseOf(rehearsal, provisioner),
    unknown: [
      ...(blind === undefined ? [] : [`which Pods use the claim: ${blind.message}`]),
      ...(rehearsal?.blind === undefined ? [] : [`what comes after: ${rehearsal.blind}`]),
    ],
  };
}

function pauseOf(rehearsal: Rehearsed<ClaimState, ClaimStep> | undefined, { maxBackoffMs }: ProvisionerTheatre): Act['pause'] {
  const { next } = rehearsal ?? {};
  if (next === undefined || next.kind === 'done') return undefined;
  return next.backoff === 'report' ? 'change' : maxBackoffMs;
}

function chainOf({ scene: { theatre }, claim, key, pods, storageClass, source, provisioner }: ClaimFacts): Link[] {
  const { snapshots, volumes, claims } = theatre.caches;
  const links: Link[] = [];
  const className = classNameOf(claim) ?? '';
  if (className !== '')
    links.push(link('class', { kind: STORAGE_CLASSES.kind, name: className }, { object: storageClass, state: storageClass?.provisioner }));
  if (source !== undefined) {
    const { namespace, name } = source;
    const ofSnapshot = source.kind === 'snapshot';
    const object = ofSnapshot ? snapshots.store.get(`${namespace}/${name}`) : claims.store.get(`${namespace}/${name}`);
    const state = ofSnapshot
      ? readiness(snapshots.store.get(`${namespace}/${name}`))
      : claims.store.get(`${namespace}/${name}`)?.status?.phase;
    links.push(
      link('source', { kind: ofSnapshot ? VOLUME_SNAPSHOTS.kind : PERSISTENT_VOLUME_CLAIMS.kind, name, namespace }, { object, state }),
    );
  }
  const volumeName = claim.spec?.volumeName ?? '';
  if (volumeName !== '') {
    const volume = provisioner.caches.volumes.store.get(volumeName) ?? volumes.store.get(volumeName);
    links.push(link('volume', { kind: PERSISTENT_VOLUMES.kind, name: volumeName }, { object: volume, state: volume?.status?.phase }));
  }
  for (const pod of pods) links.push(link('used by', placeOf(PODS, pod), { object: pod, state: pod.status?.phase }));
  for (const snapshot of snapshots.store.byIndex(CLAIM_INDEX.name, key))
    links.push(
      link('snapshot', placeOf(VOLUME_SNAPSHOTS, snapshot), {
        object: snapshot,
        state: readiness(snapshot),
      }),
    );
  for (const clone of provisioner.caches.claims.store.byIndex(BY_SOURCE, sourceValue('claim', key)))
    links.push(link('cloned to', placeOf(PERSISTENT_VOLUME_CLAIMS, clone), { object: clone, state: clone.status?.phase }));
  return links;
}
