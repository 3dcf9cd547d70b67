import type { KubeObject, Resource } from '../../lib/kube/objects.ts';

/** The part of a Pod that its node acts on. */
export interface Pod extends KubeObject {
  spec?: {
    nodeName?: string;
    containers?: { name?: string; image?: string }[];
    volumes?: { name?: string; persistentVolumeClaim?: { claimName?: string; readOnly?: boolean } }[];
  };
  status?: {
    phase?: string;
    reason?: string;
    startTime?: string;
    conditions?: { type?: string; status?: string }[];
  };
}

export const NODE_PODS: Resource<Pod> = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };

export interface ClaimUse {
  readonly claimName: string;
  readonly readOnly: boolean;
}

/** The claims that a Pod mounts, each once; other kinds of volume are no matter of a CSI driver. */
export function claimsOf(pod: Pod): ClaimUse[] {
  const uses = new Map<string, ClaimUse>();
  for (const { persistentVolumeClaim: claim } of pod.spec?.volumes ?? []) {
    if (claim?.claimName === undefined) continue;
    const before = uses.get(claim.claimName);
    // Mounted twice, it is read-only if both are.
    uses.set(claim.claimName, { claimName: claim.claimName, readOnly: (claim.readOnly ?? false) && (before?.readOnly ?? true) });
  }
  return [...uses.values()];
}

export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isRunning(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && (pod.status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** What a kubelet would report once every container runs. */
export function runningStatus(pod: Pod, now: string): object {
  const conditions = ['PodScheduled', 'PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'Ready'];
  return {
    phase: 'Running',
    startTime: pod.status?.startTime ?? now,
    conditions: conditions.map((type) => ({ type, status: 'True', lastTransitionTime: now })),
    containerStatuses: (pod.spec?.containers ?? []).map(({ name = '', image = '' }) => ({
      name,
      image,
      imageID: '',
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
  };
}
