/** A PersistentVolumeClaim: from its class to its volume, and who uses it. */
import { isRest } from '../../../lib/controller/step.ts';
import type { KubeObject, PersistentVolumeClaim, Resource, StorageClass } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import { BY_SOURCE, sourceValue } from '../../../provisioner/caches.ts';
import type { ClaimState, ClaimStep } from '../../../provisioner/claim/state.ts';
import { dataSourceOf, isSource, type SourceObject } from '../../../provisioner/facts/data-source.ts';
import { BETA_STORAGE_PROVISIONER, CLONE_FINALIZER, MIGRATED_TO, STORAGE_PROVISIONER } from '../../../provisioner/facts/names.ts';
import { classNameOf, waitsForConsumer } from '../../../provisioner/facts/ownership.ts';
import { CLAIM_PROTECTION } from '../../../snapshotter/names.ts';
import { CLAIM_INDEX } from '../../../snapshotter/snapshot-informers.ts';
import { listVisible } from '../../reading/read-only-client.ts';
import type { Link, Next, Turn } from '../explanation.ts';
import { kubectlName, placeOf } from '../../reading/place.ts';
import type { Rehearsed } from '../rehearse.ts';
import { type Act, isDriverThere, isGoing, link, type Scene, told, waitFor } from '../scene.ts';
import type { ProvisionerTheatre } from '../provisioner-theatre.ts';
import { claimWords } from '../words.ts';

interface PodOfClaim extends KubeObject {
  spec?: { nodeName?: string; volumes?: { persistentVolumeClaim?: { claimName?: string } }[] };
  status?: { phase?: string; conditions?: { type?: string; status?: string; message?: string }[] };
}

interface Facts {
  readonly scene: Scene;
  readonly claim: PersistentVolumeClaim;
  readonly key: string;
  readonly pods: readonly PodOfClaim[];
  readonly storageClass: StorageClass | undefined;
  readonly provisioner: ProvisionerTheatre;
  readonly driver: string;
  readonly source: SourceObject | undefined;
}

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
  const facts: Facts = {
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
    turn: isGoing(claim) ? whileDeleted(facts) : (beforeProvisioning(facts) ?? provisioning(facts, rehearsal)),
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

function chainOf({ scene: { theatre }, claim, key, pods, storageClass, source, provisioner }: Facts): Link[] {
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
      ? snapshots.store.get(`${namespace}/${name}`)?.status?.readyToUse === true
        ? 'ready'
        : 'not ready'
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
        state: snapshot.status?.readyToUse === true ? 'ready' : 'not ready',
      }),
    );
  for (const clone of provisioner.caches.claims.store.byIndex(BY_SOURCE, sourceValue('claim', key)))
    links.push(link('cloned to', placeOf(PERSISTENT_VOLUME_CLAIMS, clone), { object: clone, state: clone.status?.phase }));
  return links;
}

/** Everything that stands before csi-provisioner, and the end of it. */
function beforeProvisioning({ scene, claim, storageClass, pods, provisioner, key }: Facts): Turn | undefined {
  const place = placeOf(PERSISTENT_VOLUME_CLAIMS, claim);
  const { phase } = claim.status ?? {};
  const volumeName = claim.spec?.volumeName ?? '';
  if (phase === 'Bound') return { who: 'nobody', why: 'the claim has its volume' };
  if (phase === 'Lost')
    return {
      who: 'administrator',
      why: `volume ${volumeName} is gone, or belongs to another claim; the claim cannot get it back`,
      command: `kubectl get pv ${volumeName} -o yaml`,
    };
  if (volumeName !== '') {
    const volume = scene.theatre.caches.volumes.store.get(volumeName);
    if (volume === undefined)
      return {
        who: 'administrator',
        why: `the claim names volume ${volumeName}, which is not there`,
        command: `kubectl get pv # the claim waits until ${volumeName} exists, or is made again without volumeName`,
      };
    const { claimRef } = volume.spec ?? {};
    if (claimRef !== undefined && `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` !== key)
      return {
        who: 'administrator',
        why: `volume ${volumeName} is for the claim ${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`,
        command: `kubectl get pv ${volumeName} -o yaml`,
      };
    return { who: 'binder', why: `volume ${volumeName} is about to be bound to it` };
  }
  const className = classNameOf(claim);
  if (className === '')
    return {
      who: 'administrator',
      why: 'the claim wants no class, so only a volume that an administrator makes can be bound to it',
      command: 'kubectl get pv',
    };
  if (className === undefined) {
    const isDefault = provisioner.caches.classes.store
      .list()
      .some(({ metadata }) => metadata?.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true');
    return isDefault
      ? { who: 'binder', why: 'the claim names no class, and is about to get the default one' }
      : {
          who: 'administrator',
          why: 'the claim names no class, and none is the default',
          command: 'kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true',
        };
  }
  if (storageClass === undefined)
    return { who: 'administrator', why: `StorageClass ${className} is not there`, command: 'kubectl get storageclass' };
  if (waitsForConsumer(claim, storageClass)) {
    const [pod] = pods;
    if (pod === undefined)
      return {
        who: 'user',
        why: `class ${className} makes a volume only once a Pod uses the claim, and none does`,
        command: 'kubectl apply -f POD # one whose volumes name this claim',
      };
    const said = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')?.message;
    return {
      who: 'scheduler',
      why: `no node is chosen yet for Pod ${pod.metadata?.name ?? ''}${said === undefined ? '' : `: ${said}`}`,
      command: `kubectl describe ${kubectlName(placeOf(PODS, pod))}`,
    };
  }
  const annotations = claim.metadata?.annotations ?? {};
  if (annotations[STORAGE_PROVISIONER] === undefined && annotations[BETA_STORAGE_PROVISIONER] === undefined)
    return {
      who: 'binder',
      why: 'the volume controller of Kubernetes has not handed the claim to a provisioner yet',
      command: `kubectl describe ${kubectlName(place)}`,
    };
  return undefined;
}

function provisioning(
  { scene, driver, source, storageClass, claim }: Facts,
  rehearsal: Rehearsed<ClaimState, ClaimStep> | undefined,
): Turn {
  const describe = `kubectl describe ${kubectlName(placeOf(PERSISTENT_VOLUME_CLAIMS, claim))}`;
  const logs = `kubectl logs -n NAMESPACE POD -c csi-provisioner # of the controller part of ${driver}`;
  if (rehearsal === undefined) return { who: 'program', why: `${driver} is to make the volume`, command: describe };
  const { next, state } = rehearsal;
  if (next.kind !== 'done' && !isDriverThere(scene, driver))
    return {
      who: 'administrator',
      why: `${driver} is to make the volume, and no CSIDriver and no node has it`,
      command: 'csi-sidecars doctor',
    };
  if (!isRest(next)) {
    const calls = next.kind === 'create-volume' || next.kind === 'write-intent' || next.kind === 'delete-unwanted';
    const why = calls
      ? `csi-provisioner calls ${driver} for the volume, and nothing in the cluster stands in the way`
      : `csi-provisioner ${claimWords(next)}`;
    return { who: calls ? 'driver' : 'csi-provisioner', why, command: logs };
  }
  const { reason } = next;
  if (state.volume !== undefined && next.kind === 'done')
    return { who: 'binder', why: `its volume ${state.volume.metadata?.name ?? ''} is there, and is about to be bound` };
  if (state.dataSource.kind === 'foreign')
    return { who: 'program', why: 'the claim is to be filled by a populator, which makes the volume', command: describe };
  const className = storageClass?.metadata?.name ?? '';
  if (state.callFailure?.kind === 'no-secret') {
    const why = `the secret that class ${className} names cannot be used: ${reason}`;
    return { who: 'administrator', why, command: `kubectl get storageclass ${className} -o yaml # its parameters name the Secret` };
  }
  if (source !== undefined) return fromSource(state, { source, reason });
  // What the class alone asks for is not the user's to mend.
  const isOfClaim = claim.spec?.selector !== undefined || (claim.spec?.volumeAttributesClassName ?? '') !== '';
  return isOfClaim
    ? { who: 'user', why: reason, command: describe }
    : { who: 'administrator', why: reason, command: `kubectl get storageclass ${className} -o yaml` };
}

/** By what the source is, since the words of a refusal are the Go program's, and few. */
function fromSource(
  { source: facts, live }: ClaimState,
  { source, reason }: { readonly source: SourceObject; readonly reason: string },
): Turn {
  const { namespace, name } = source;
  const ofSnapshot = source.kind === 'snapshot';
  const place = { kind: ofSnapshot ? VOLUME_SNAPSHOTS.kind : PERSISTENT_VOLUME_CLAIMS.kind, name, namespace };
  const snapshot = live.snapshot === undefined ? facts.snapshot : live.snapshot.object;
  const isThere = ofSnapshot ? snapshot !== undefined : facts.claim !== undefined;
  if (!isThere) {
    const command = `kubectl get ${ofSnapshot ? 'volumesnapshot' : 'pvc'} -n ${namespace}`;
    return { who: 'user', why: `the source ${place.kind} ${namespace}/${name} is not there`, command };
  }
  const isUsable = ofSnapshot ? snapshot?.status?.readyToUse === true : facts.claim?.status?.phase === 'Bound';
  if (!isUsable)
    return waitFor(place, 'csi-provisioner', `the source ${place.kind} ${namespace}/${name} is not ${ofSnapshot ? 'ready' : 'bound'}`);
  return waitFor(place, 'user', `the claim does not fit its source: ${reason}`);
}

function whileDeleted(facts: Facts): Turn {
  const { scene, claim, key, pods, provisioner } = facts;
  const held = claim.metadata?.finalizers ?? [];
  // One that is on no node holds nothing yet.
  const pod = pods.find(({ spec }) => spec?.nodeName !== undefined);
  if (held.includes('kubernetes.io/pvc-protection'))
    return pod === undefined
      ? { who: 'binder', why: 'no Pod uses the claim any more: its protection is about to be taken away' }
      : {
          who: 'user',
          why: `Pod ${pod.metadata?.name ?? ''} still uses the claim`,
          command: `kubectl delete ${kubectlName(placeOf(PODS, pod))}`,
        };
  if (held.includes(CLAIM_PROTECTION)) {
    const decided = scene.theatre.claimProtection(key);
    const snapshot = scene.theatre.caches.snapshots.store.byIndex(CLAIM_INDEX.name, key).find(({ status }) => status?.readyToUse !== true);
    if (decided?.kind === 'done' && snapshot !== undefined)
      return waitFor(
        placeOf(VOLUME_SNAPSHOTS, snapshot),
        'csi-snapshotter',
        `a snapshot is being made of it: ${snapshot.metadata?.name ?? ''} is not ready`,
      );
    return {
      who: 'snapshot-controller',
      why:
        decided?.kind === 'done'
          ? `the claim is ${decided.reason ?? 'held'}`
          : 'its protection as a source of snapshots is about to be taken away',
    };
  }
  if (held.includes(CLONE_FINALIZER)) {
    const decided = provisioner.cloneProtection(key);
    const clone = provisioner.caches.claims.store.byIndex(BY_SOURCE, sourceValue('claim', key))[0];
    if (decided?.kind === 'done' && clone !== undefined)
      return waitFor(placeOf(PERSISTENT_VOLUME_CLAIMS, clone), 'csi-provisioner', decided.reason ?? 'it is being cloned');
    return { who: 'csi-provisioner', why: 'its protection as a source of clones is about to be taken away' };
  }
  const [first] = held;
  return first === undefined
    ? { who: 'nobody', why: 'the server is about to remove it' }
    : {
        who: 'program',
        why: `another program holds it by ${first}`,
        command: `kubectl patch ${kubectlName(placeOf(PERSISTENT_VOLUME_CLAIMS, claim))} --type=merge -p '{"metadata":{"finalizers":null}}' # only if that program is gone for good`,
      };
}
