/** Pods that a real kube-scheduler places: no kubelet runs them, where they go is what is asked. */
import type { CoreEvent, KubeObject } from '../../lib/kube/objects.ts';
import { EVENTS, PODS } from '../../lib/kube/resources.ts';
import { eventually } from '../../harness/wait.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { guard, type Scene } from './main-job.ts';

export interface ScheduledPod extends KubeObject {
  spec?: {
    nodeName?: string;
    nodeSelector?: Record<string, string>;
    affinity?: object;
    containers?: object[];
    volumes?: object[];
  };
}

export interface Wish {
  /** The only nodes that it may go to. */
  readonly only?: Record<string, string>;
  /** Where it goes rather, by a label. */
  readonly rather?: Readonly<Record<string, string>>;
}

/** A Pod of the name of its claim. */
export async function createPod({ kube, namespace }: Scene, claimName: string, { only, rather }: Wish = {}): Promise<void> {
  await kube.create<ScheduledPod>(PODS, {
    metadata: { name: claimName, namespace },
    spec: {
      ...(only === undefined ? {} : { nodeSelector: only }),
      ...(rather === undefined ? {} : { affinity: preferring(rather) }),
      containers: [{ name: 'main', image: 'none.example/main', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    },
  });
}

function preferring(labels: Readonly<Record<string, string>>): object {
  const matchExpressions = Object.entries(labels).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
  return { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: { matchExpressions } }] } };
}

/** The name of the node that the scheduler gave it. */
export async function untilPlaced(scene: Scene, name: string): Promise<string> {
  const { kube, namespace } = scene;
  const test = ({ spec }: ScheduledPod): boolean => spec?.nodeName !== undefined;
  const pod = await kube.until<ScheduledPod>(PODS, { namespace, name }, { what: 'placed', test, ...guard(scene) });
  return pod.spec?.nodeName ?? '';
}

/** What is told of an object, once it holds these words. */
export async function untilTold(scene: Scene, name: string, words: string): Promise<CoreEvent> {
  const { kube, namespace } = scene;
  return eventually(
    `"${words}" told of ${name}`,
    async () => {
      const events = await kube.list<CoreEvent>(EVENTS, namespace);
      return events.find((event) => event.involvedObject?.name === name && `${event.reason}: ${event.message}`.includes(words));
    },
    guard(scene),
  );
}

export async function deletePod(plane: ControlPlane, { namespace }: Scene, name: string): Promise<void> {
  await plane.kubectl(['delete', 'pod', '--namespace', namespace, name, '--grace-period=0', '--force']);
}
