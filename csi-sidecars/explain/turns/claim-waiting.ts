/** A claim that has no volume yet: what stands before csi-provisioner, and what csi-provisioner meets. */
import { isRest } from '../../../lib/controller/step.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import { didYouMean } from '../../../lib/process/nearest.ts';
import type { ClaimState, ClaimStep } from '../../../provisioner/claim/state.ts';
import type { SourceObject } from '../../../provisioner/facts/data-source.ts';
import { BETA_STORAGE_PROVISIONER, STORAGE_PROVISIONER } from '../../../provisioner/facts/names.ts';
import { classNameOf, waitsForConsumer } from '../../../provisioner/facts/ownership.ts';
import { IS_DEFAULT_STORAGE_CLASS } from '../../reading/default-class.ts';
import { kubectlName, type Place, placeOf } from '../../reading/place.ts';
import type { Turn } from '../explanation.ts';
import type { Rehearsed } from '../rehearse.ts';
import { logsOf, lookAndMake, makeAgain, makeDefault, makeSecret } from '../remedies.ts';
import { isGoing, waitFor, withoutDriver } from '../scene.ts';
import { claimWords } from '../words.ts';
import type { ClaimFacts } from './claim-facts.ts';

type Rehearsal = Rehearsed<ClaimState, ClaimStep> | undefined;

/** `rehearsal`: of csi-provisioner; undefined where the claim is nobody's yet. */
export function whileWaiting(facts: ClaimFacts, rehearsal: Rehearsal): Turn {
  return byVolume(facts) ?? bySource(facts) ?? byClass(facts) ?? provisioning(facts, rehearsal);
}

/** It has a volume, or names one. */
function byVolume({ scene, claim, key }: ClaimFacts): Turn | undefined {
  const place = placeOf(PERSISTENT_VOLUME_CLAIMS, claim);
  const { phase } = claim.status ?? {};
  const volumeName = claim.spec?.volumeName ?? '';
  if (phase === 'Bound') return { who: 'nobody', why: 'the claim has its volume' };
  if (phase === 'Lost')
    return {
      who: 'administrator',
      why: `volume ${volumeName} is gone, or belongs to another claim; the claim cannot get it back`,
      command: makeAgain(place, 'without volumeName, from a snapshot if there is one'),
    };
  if (volumeName === '') return undefined;
  const volume = scene.theatre.caches.volumes.store.get(volumeName);
  if (volume === undefined)
    return {
      who: 'administrator',
      why: `the claim names volume ${volumeName}, which is not there`,
      command: lookAndMake(PERSISTENT_VOLUMES, { name: volumeName }, 'make the claim again without volumeName'),
    };
  const { claimRef } = volume.spec ?? {};
  if (claimRef !== undefined && `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` !== key)
    return {
      who: 'administrator',
      why: `volume ${volumeName} is for the claim ${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`,
      command: makeAgain(place, 'with a volume that is free, or without volumeName'),
    };
  return { who: 'binder', why: `volume ${volumeName} is about to be bound to it` };
}

/** From a snapshot that is being deleted nothing is restored any more, and it stays as long as a claim waits for it. */
function bySource({ scene, claim, source }: ClaimFacts): Turn | undefined {
  if (source?.kind !== 'snapshot') return undefined;
  const snapshot = scene.theatre.caches.snapshots.store.get(`${source.namespace}/${source.name}`);
  if (snapshot === undefined || !isGoing(snapshot)) return undefined;
  return {
    who: 'user',
    why: `its source VolumeSnapshot ${source.namespace}/${source.name} is being deleted, which waits for the claim in turn`,
    command: makeAgain(placeOf(PERSISTENT_VOLUME_CLAIMS, claim), 'from a source that stays'),
  };
}

/** Until it is handed to a provisioner. */
function byClass({ claim, storageClass, pods, provisioner }: ClaimFacts): Turn | undefined {
  const place = placeOf(PERSISTENT_VOLUME_CLAIMS, claim);
  const className = classNameOf(claim);
  const classes = provisioner.caches.classes.store;
  if (className === '')
    return {
      who: 'administrator',
      why: 'the claim wants no class, so only a volume that an administrator makes can be bound to it',
      command: 'kubectl get pv # make one that fits, or make the claim again with a class',
    };
  if (className === undefined) {
    const isDefault = classes.list().some(({ metadata }) => metadata?.annotations?.[IS_DEFAULT_STORAGE_CLASS] === 'true');
    return isDefault
      ? { who: 'binder', why: 'the claim names no class, and is about to get the default one' }
      : {
          who: 'administrator',
          why: 'the claim names no class, and none is the default',
          command: makeDefault(STORAGE_CLASSES, IS_DEFAULT_STORAGE_CLASS, classes.list()),
        };
  }
  if (storageClass === undefined)
    return {
      who: 'administrator',
      why: `StorageClass ${className} is not there${didYouMean(className, classes.keys())}`,
      command: lookAndMake(STORAGE_CLASSES, { name: className }, 'make the claim again with one that is there'),
    };
  if (waitsForConsumer(claim, storageClass)) {
    const [pod] = pods;
    if (pod === undefined)
      return {
        who: 'user',
        why: `class ${className} makes a volume only once a Pod uses the claim, and none does`,
        command: 'kubectl apply -f POD # one whose volumes name this claim',
      };
    const said = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')?.message;
    const podPlace = placeOf(PODS, pod);
    return {
      who: 'scheduler',
      why: `no node is chosen yet for Pod ${podPlace.name}${said === undefined ? '' : `: ${said}`}`,
      command: `kubectl describe ${kubectlName(podPlace)} # what it asks for is to be on a node: change the node, or make the Pod again`,
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

function provisioning({ scene, driver, source, storageClass, claim }: ClaimFacts, rehearsal: Rehearsal): Turn {
  const place = placeOf(PERSISTENT_VOLUME_CLAIMS, claim);
  const describe = `kubectl describe ${kubectlName(place)}`;
  if (rehearsal === undefined) return { who: 'program', why: `${driver} is to make the volume`, command: describe };
  const { next, state, done } = rehearsal;
  const className = storageClass?.metadata?.name ?? '';
  const orphaned = withoutDriver(scene, driver, {
    what: `${driver} is to make the volume, and is not there`,
    remedy: `make class ${className} again with a provisioner that is there`,
  });
  if (next.kind !== 'done' && orphaned !== undefined) return orphaned;
  if (!isRest(next)) {
    const calls = next.kind === 'create-volume' || next.kind === 'write-intent' || next.kind === 'delete-unwanted';
    const why = calls
      ? `csi-provisioner calls ${driver} for the volume, and nothing in the cluster stands in the way`
      : `csi-provisioner ${claimWords(next)}`;
    return { who: calls ? 'driver' : 'csi-provisioner', why, command: logsOf('csi-provisioner', driver) };
  }
  const { reason } = next;
  if (state.volume !== undefined && next.kind === 'done')
    return { who: 'binder', why: `its volume ${state.volume.metadata?.name ?? ''} is there, and is about to be bound` };
  if (state.dataSource.kind === 'foreign')
    return { who: 'program', why: 'the claim is to be filled by a populator, which makes the volume', command: describe };
  const read = done.findLast((step) => step.kind === 'read-secret');
  if (state.callFailure?.kind === 'no-secret' && read?.kind === 'read-secret') {
    const why = `the secret that class ${className} names cannot be used: ${reason}`;
    return { who: 'administrator', why, command: makeSecret(read.secret) };
  }
  if (source !== undefined) return fromSource(state, { source, reason, claim: place });
  // What the class alone asks for is not the user's to mend.
  const isOfClaim = claim.spec?.selector !== undefined || (claim.spec?.volumeAttributesClassName ?? '') !== '';
  return isOfClaim
    ? { who: 'user', why: reason, command: makeAgain(place, 'as the reason asks') }
    : { who: 'administrator', why: reason, command: makeAgain({ kind: STORAGE_CLASSES.kind, name: className }, 'as the reason asks') };
}

interface FromSource {
  readonly source: SourceObject;
  readonly reason: string;
  readonly claim: Place;
}

/** By what the source is, since the words of a refusal are the Go program's, and few. */
function fromSource({ source: facts, live }: ClaimState, { source, reason, claim }: FromSource): Turn {
  const { namespace, name } = source;
  const ofSnapshot = source.kind === 'snapshot';
  const resource = ofSnapshot ? VOLUME_SNAPSHOTS : PERSISTENT_VOLUME_CLAIMS;
  const place = { kind: resource.kind, name, namespace };
  const snapshot = live.snapshot === undefined ? facts.snapshot : live.snapshot.object;
  const isThere = ofSnapshot ? snapshot !== undefined : facts.claim !== undefined;
  if (!isThere) {
    const command = lookAndMake(resource, { name, namespace }, 'make the claim again from one that is there');
    return { who: 'user', why: `the source ${place.kind} ${namespace}/${name} is not there`, command };
  }
  const isUsable = ofSnapshot ? snapshot?.status?.readyToUse === true : facts.claim?.status?.phase === 'Bound';
  if (!isUsable)
    return waitFor(place, 'csi-provisioner', `the source ${place.kind} ${namespace}/${name} is not ${ofSnapshot ? 'ready' : 'bound'}`);
  return { who: 'user', why: `the claim does not fit its source: ${reason}`, command: makeAgain(claim, 'so that it fits') };
}
