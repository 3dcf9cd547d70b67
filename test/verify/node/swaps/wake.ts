/**
 * Who was the last of several VolumeSnapshots of a claim to become ready, or to go, may find the others in the Go snapshot-controller's cache as they
 * were before: the claim keeps the finalizer of sources until that program's next look, 15 minutes later. A label makes it look.
 */
import { VOLUME_SNAPSHOTS } from '../../../../lib/kube/resources.ts';
import { type Kube, nameOf } from '../../../../harness/kube.ts';

/** Of one namespace. */
export async function wakeForSources(kube: Kube, namespace: string, claims: readonly string[]): Promise<void> {
  const ofClaims = (await kube.list(VOLUME_SNAPSHOTS, namespace)).filter(({ spec }) =>
    claims.includes(spec?.source?.persistentVolumeClaimName ?? ''),
  );
  const label = { metadata: { labels: { 'looked-at': `${performance.now()}` } } };
  for (const snapshot of ofClaims.slice(0, 1)) await kube.mergePatch(VOLUME_SNAPSHOTS, nameOf(snapshot), label);
}
