import { isAlreadyExists, isNotFound } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { CsiNode, KubeObject } from '../../lib/kube/objects.ts';
import { CSI_NODES, NODES } from '../../lib/kube/resources.ts';
import type { NodeDriver } from './driver.ts';

export interface Registration {
  readonly client: KubeClient;
  readonly nodeName: string;
  /** RFC 3339. */
  readonly now: string;
  readonly signal: AbortSignal;
}

/** Room for whatever a Pod of an example asks for: nothing runs here, so nothing runs out. */
const CAPACITY = { cpu: '8', memory: '16Gi', 'ephemeral-storage': '100Gi', pods: '250' };

/**
 * Makes the Node and its CSINode, or takes over those that are there. The taint that kube-apiserver puts
 * on every new node is the node controller's to remove; without one nothing would ever be scheduled.
 */
export async function registerNode({ client, nodeName, now, signal }: Registration): Promise<void> {
  const labels = { 'kubernetes.io/hostname': nodeName, 'kubernetes.io/os': 'linux' };
  await createUnlessThere(client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, labels } }, { signal }));
  await client.patch(NODES, { name: nodeName }, { patch: { type: 'merge', body: { spec: { taints: null } } }, signal });
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'volumes are published, no container runs' };
  const status = {
    capacity: CAPACITY,
    allocatable: CAPACITY,
    conditions: [{ ...ready, lastHeartbeatTime: now, lastTransitionTime: now }],
    nodeInfo: NODE_INFO,
  };
  await client.patch(NODES, { name: nodeName }, { patch: { type: 'merge', body: { status } }, subresource: 'status', signal });
  const csiNode: CsiNode = { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name: nodeName }, spec: { drivers: [] } };
  await createUnlessThere(client.create(CSI_NODES, csiNode, { signal }));
}

/** kubectl prints the version column from here; the API wants every field. */
const NODE_INFO = {
  architecture: 'amd64',
  bootID: '',
  containerRuntimeVersion: '',
  kernelVersion: '',
  kubeProxyVersion: '',
  kubeletVersion: 'v0.0.0-sandbox',
  machineID: '',
  operatingSystem: 'linux',
  osImage: '',
  systemUUID: '',
};

/** Writes what the driver said of this node: its id and topology keys to the CSINode, the topology to the Node's labels. */
export async function registerDriver(driver: NodeDriver, { client, nodeName, signal }: Registration): Promise<void> {
  if (Object.keys(driver.topology).length > 0)
    await client.patch(NODES, { name: nodeName }, { patch: { type: 'merge', body: { metadata: { labels: driver.topology } } }, signal });
  const csiNode = await client.get(CSI_NODES, { name: nodeName }, signal);
  const others = (csiNode.spec?.drivers ?? []).filter(({ name }) => name !== driver.name);
  const entry = {
    name: driver.name,
    nodeID: driver.nodeId,
    topologyKeys: Object.keys(driver.topology).sort(),
    ...(driver.maxVolumes > 0n ? { allocatable: { count: Number(driver.maxVolumes) } } : {}),
  };
  // The version makes two drivers that register at once take turns.
  await client.replace(CSI_NODES, { ...csiNode, spec: { drivers: [...others, entry] } }, { signal });
}

async function createUnlessThere(created: Promise<KubeObject>): Promise<void> {
  try {
    await created;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

export async function ignoreNotFound(deleted: Promise<unknown>): Promise<void> {
  try {
    await deleted;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
