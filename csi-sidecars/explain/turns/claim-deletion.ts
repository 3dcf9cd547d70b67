/** A claim that is being deleted: what holds it, and who lets it go. */
import { PERSISTENT_VOLUME_CLAIMS, PODS, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import { BY_SOURCE, sourceValue } from '../../../provisioner/caches.ts';
import { CLONE_FINALIZER } from '../../../provisioner/facts/names.ts';
import { CLAIM_PROTECTION } from '../../../snapshotter/names.ts';
import { CLAIM_INDEX } from '../../../snapshotter/snapshot-informers.ts';
import { kubectlName, placeOf } from '../../reading/place.ts';
import type { Turn } from '../explanation.ts';
import { takeFinalizersOff } from '../remedies.ts';
import { waitFor } from '../scene.ts';
import type { ClaimFacts } from './claim-facts.ts';

export function whileDeleted(facts: ClaimFacts): Turn {
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
        command: `${takeFinalizersOff(placeOf(PERSISTENT_VOLUME_CLAIMS, claim))} # only if that program is gone for good`,
      };
}
