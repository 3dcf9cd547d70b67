/**
 * A scheduler for volumes: places Pods where their volumes are or can be made, tells provisioners the
 * chosen node, and binds the Pod once all its claims are bound. Resources, taints and affinities between
 * Pods are not looked at. A choice that the provisioner takes back is made again after a growing pause.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import type { CsiStorageCapacity, KubeObject, PersistentVolume, PersistentVolumeClaim, Resource } from '../../lib/kube/objects.ts';
import {
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
} from '../../lib/kube/resources.ts';
import type { LocalClient, ObjectChange } from '../apiserver/local-client.ts';
import { WorkLoop } from '../apiserver/work-loop.ts';
import { timestamp } from '../apiserver/verbs/write.ts';
import { BOUND_BY_CONTROLLER, isDeleting, keyOf, SELECTED_NODE } from '../binder/names.ts';
import { Notices } from '../binder/notices.ts';
import type { Pod } from '../binder/pods.ts';
import { hasEnded, PODS_OF_SANDBOX } from '../binder/pods.ts';
import { splitKey } from '../binder/world.ts';
import type { Cluster, PodStep } from './decide-pod.ts';
import { decidePod } from './decide-pod.ts';

interface CsiDriver extends KubeObject {
  spec?: { storageCapacity?: boolean };
}

const CSI_DRIVERS: Resource<CsiDriver> = {
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'csidrivers',
  kind: 'CSIDriver',
  namespaced: false,
};
const SCHEDULER_NAME = 'default-scheduler';
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 10_000;
/** Kinds whose change may let a waiting Pod go on. */
const CONCERNS = new Set([
  'PersistentVolumeClaim',
  'PersistentVolume',
  'Node',
  'CSINode',
  'StorageClass',
  'CSIStorageCapacity',
  'CSIDriver',
]);

/** How a Pod's choice of a node went so far. */
interface Choice {
  /** Selected-node marks set so far; from the second on each is a choice that was taken back. */
  selections: number;
  notBeforeMs: number;
}

/** Started after the API server has its namespaces; what exists by then is looked at first. */
export class Scheduler {
  readonly #client: LocalClient;
  readonly #clock: Clock;
  readonly #notices: Notices;
  readonly #loop: WorkLoop;
  readonly #waiting = new Set<string>();
  readonly #choices = new Map<string, Choice>();
  readonly #podsOnNode = new Map<string, Set<string>>();
  #unsubscribe: () => void = () => undefined;

  constructor(client: LocalClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    this.#notices = new Notices(client, clock, SCHEDULER_NAME);
    this.#loop = new WorkLoop(clock, (key) => this.#work(key));
  }

  start(): void {
    this.#unsubscribe = this.#client.subscribe((change) => this.#note(change));
    for (const object of this.#client.list(PODS_OF_SANDBOX)) this.#note({ kind: 'Pod', object, deleted: false });
    this.#loop.start();
  }

  stop(): void {
    this.#unsubscribe();
    this.#loop.stop();
  }

  #note({ kind, object, deleted }: ObjectChange): void {
    if (kind === 'Pod') this.#notePod(object, deleted);
    else if (CONCERNS.has(kind)) for (const key of this.#waiting) this.#loop.wake(key);
  }

  #notePod(pod: Pod, deleted: boolean): void {
    const key = keyOf(pod);
    const node = pod.spec?.nodeName ?? '';
    const ours =
      node === '' && !deleted && !isDeleting(pod) && !hasEnded(pod) && (pod.spec?.schedulerName ?? SCHEDULER_NAME) === SCHEDULER_NAME;
    if (ours) {
      this.#waiting.add(key);
      this.#loop.wake(key);
      return;
    }
    this.#waiting.delete(key);
    this.#choices.delete(key);
    if (deleted) {
      this.#notices.forget(pod);
      this.#podsOnNode.get(node)?.delete(key);
    } else if (node !== '') this.#podsOnNode.set(node, (this.#podsOnNode.get(node) ?? new Set()).add(key));
  }

  #work(key: string): void {
    const pod = this.#client.get(PODS_OF_SANDBOX, splitKey(key));
    if (pod === undefined || !this.#waiting.has(key)) return;
    this.#carryOut(decidePod(pod, this.#cluster(key)), pod, key);
  }

  #cluster(key: string): Cluster {
    const client = this.#client;
    const { namespace } = splitKey(key);
    return {
      nodes: client.list(NODES),
      claim: (name) => client.get(PERSISTENT_VOLUME_CLAIMS, { name, namespace }),
      volume: (name) => client.get(PERSISTENT_VOLUMES, { name }),
      volumes: () => client.list(PERSISTENT_VOLUMES),
      class: (name) => client.get(STORAGE_CLASSES, { name }),
      csiNode: (name) => client.get(CSI_NODES, { name }),
      reportsCapacity: (name) => client.get(CSI_DRIVERS, { name })?.spec?.storageCapacity === true,
      capacities: (): readonly CsiStorageCapacity[] => client.list(CSI_STORAGE_CAPACITIES),
      podCount: (node) => this.#podsOnNode.get(node)?.size ?? 0,
      rejections: Math.max((this.#choices.get(key)?.selections ?? 0) - 1, 0),
    };
  }

  #carryOut(step: PodStep, pod: Pod, key: string): void {
    switch (step.kind) {
      case 'wait':
        return;
      case 'bind': {
        this.#client.bind(PODS_OF_SANDBOX, pod, step.node);
        const message = `Successfully assigned ${key} to ${step.node}`;
        this.#notices.say({ kind: 'Pod', apiVersion: 'v1', object: pod }, { type: 'Normal', reason: 'Scheduled', message });
        return;
      }
      case 'select':
        this.#select(step.claim, step.node, key);
        return;
      case 'reserve':
        this.#client.update(PERSISTENT_VOLUMES, reserved(step.volume, step.claim));
        return;
      case 'unschedulable':
        this.#sayUnschedulable(pod, step.message);
    }
  }

  #select(claim: PersistentVolumeClaim, node: string, key: string): void {
    const choice = this.#choices.get(key) ?? { selections: 0, notBeforeMs: 0 };
    const now = this.#clock.now();
    if (now < choice.notBeforeMs) {
      this.#loop.wakeAfter(key, choice.notBeforeMs - now);
      return;
    }
    const annotations = { ...claim.metadata?.annotations, [SELECTED_NODE]: node };
    this.#client.update(PERSISTENT_VOLUME_CLAIMS, { ...claim, metadata: { ...claim.metadata, annotations } });
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** choice.selections, LONGEST_PAUSE_MS);
    this.#choices.set(key, { selections: choice.selections + 1, notBeforeMs: now + pause });
  }

  #sayUnschedulable(pod: Pod, message: string): void {
    this.#notices.say({ kind: 'Pod', apiVersion: 'v1', object: pod }, { type: 'Warning', reason: 'FailedScheduling', message });
    const known = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
    if (known?.status === 'False' && known.message === message) return;
    const lastTransitionTime = known?.status === 'False' ? known.lastTransitionTime : timestamp(this.#clock.now());
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
    };
    const others = (pod.status?.conditions ?? []).filter((other) => other.type !== 'PodScheduled');
    this.#client.update(PODS_OF_SANDBOX, { ...pod, status: { ...pod.status, conditions: [...others, condition] } }, 'status');
  }
}

/** The binder finishes what the claimRef begins. */
function reserved(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { name = '', namespace = '', uid = '' } = claim.metadata ?? {};
  const claimRef = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid };
  const annotations = { ...volume.metadata?.annotations, [BOUND_BY_CONTROLLER]: 'yes' };
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec: { ...volume.spec, claimRef } };
}
