import type { KubeObject } from '../lib/kube/objects.ts';
import { CSI_NODES, NODES } from '../lib/kube/resources.ts';
import type { Kube } from './kube.ts';

export interface ReadyNodeSpec {
  readonly name: string;
  readonly labels: Record<string, string>;
  /** The CSI drivers on it, as CSINode lists them. */
  readonly drivers: { name: string; nodeID: string; topologyKeys?: string[] }[];
}

/** What a kubelet would do: a Node that is ready and has room, and where each driver is on it. */
export async function registerReadyNode(kube: Kube, { name, labels, drivers }: ReadyNodeSpec): Promise<void> {
  const made: KubeObject & { status?: object } = await kube.create(NODES, { metadata: { name, labels } });
  const room = { cpu: '8', memory: '16Gi', pods: '110' };
  const conditions = [{ type: 'Ready', status: 'True', reason: 'Test', message: '', lastHeartbeatTime: null, lastTransitionTime: null }];
  await kube.replaceStatus<KubeObject & { status?: object }>(NODES, { ...made, status: { allocatable: room, capacity: room, conditions } });
  // Admission taints every new Node as not ready; there is no node controller here to take the taint away.
  await kube.mergePatch(NODES, { name }, { spec: { taints: null } });
  await kube.create(CSI_NODES, { metadata: { name }, spec: { drivers } });
}
