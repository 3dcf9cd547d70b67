/** Pods as far as volumes are concerned. */
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { PODS } from '../../lib/kube/resources.ts';

interface PodVolume {
  name?: string;
  persistentVolumeClaim?: { claimName?: string };
  ephemeral?: unknown;
}

/** As far as it is looked at here; every field may be missing. */
export interface Pod extends KubeObject {
  spec?: {
    nodeName?: string;
    schedulerName?: string;
    nodeSelector?: Record<string, string>;
    volumes?: PodVolume[];
  };
  status?: {
    phase?: string;
    conditions?: { type?: string; status?: string; reason?: string; message?: string; lastTransitionTime?: string }[];
  };
}

/** The Pod resource with the view above. */
export const PODS_OF_SANDBOX: Resource<Pod> = {
  group: PODS.group,
  version: PODS.version,
  plural: PODS.plural,
  kind: PODS.kind,
  namespaced: true,
};

/** Names of the claims in the Pod's namespace that it uses; a generic ephemeral volume has one of its own. */
export function claimNamesOf(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    const name = volume.persistentVolumeClaim?.claimName;
    if (name !== undefined) return [name];
    return volume.ephemeral === undefined ? [] : [`${pod.metadata?.name ?? ''}-${volume.name ?? ''}`];
  });
}

/** A Pod that ended still exists, and still counts as a user of its claims. */
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}
