/**
 * A node for the sandbox, or for a control plane without nodes: what a kubelet and an attacher do for the
 * volumes of Pods, and nothing for their containers. It registers a Node and a CSINode, watches the Pods
 * bound to it, brings their claims' volumes to a folder and reports the Pods Running; when a Pod goes it
 * takes the volumes back.
 *
 * Invariants: a client like any other (nothing here is known to the API server); one Pod at a time, so two
 * Pods never race for one volume; what was begun is recorded before the first call, so a way that broke
 * off is taken back too; a Pod that is deleting is let go only when its volumes are back.
 */
import type { Doors } from '../../lib/doors/doors.ts';
import type { HttpDoor, HttpTarget } from '../../lib/doors/http.ts';
import type { Logger } from '../../lib/doors/log.ts';
import { sleep } from '../../lib/doors/sleep.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { Credentials } from '../../lib/kube/credentials.ts';
import { createKubeClient } from '../../lib/kube/kube-client.ts';
import { EVENTS } from '../../lib/kube/resources.ts';
import type { NodeDriver } from './driver.ts';
import { openNodeDriver } from './driver.ts';
import type { Pod } from './pod.ts';
import { claimsOf, isFinished, isRunning, NODE_PODS, runningStatus } from './pod.ts';
import { registerDriver, registerNode } from './registration.ts';
import type { Published, VolumeWay } from './volume.ts';
import { findVolume, NotYetError, publish, publishedOf, unpublish } from './volume.ts';

export interface ClusterAccess {
  readonly target: HttpTarget;
  readonly credentials: Credentials;
}

export interface NodeOptions {
  readonly doors: Doors;
  /** Base URL of a server without authentication, or how to reach and convince one. */
  readonly server: string | ClusterAccess;
  readonly nodeName: string;
  /** Driver name → `unix:///path` of its socket. */
  readonly drivers: ReadonlyMap<string, string>;
  /** Volumes are published under `pods/UID/volumes/kubernetes.io~csi/PV/mount` of this folder. */
  readonly dir: string;
  readonly signal: AbortSignal;
}

/** Servers end a watch after a while anyway; this keeps a half-open connection from lasting for ever. */
const WATCH_SECONDS = 240;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 5_000;
const REGISTER_RETRY_MS = 500;
const USER_AGENT = 'sandbox-node';
/** kubelet gives a driver two minutes; a laptop's user should hear earlier. */
const CALL_LIMIT_MS = 30_000;

/** Failed calls are told where the Pod's user looks, as events. */
const SILENT: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => SILENT,
};

/** Runs until the signal fires, then resolves. A server or driver that does not answer is waited for. */
export async function startNode(options: NodeOptions): Promise<void> {
  const { doors, signal } = options;
  const access =
    typeof options.server === 'string' ? { target: { baseUrl: options.server }, credentials: async () => ({}) } : options.server;
  const door = doors.http(access.target);
  const client = createKubeClient({
    door,
    clock: doors.clock,
    random: doors.random,
    credentials: access.credentials,
    userAgent: USER_AGENT,
  });
  const node = createNode({ ...options, client, endPod: podEnder(door, access.credentials, signal) });
  try {
    await Promise.all([node.register(), node.watch(), node.work()]);
  } finally {
    door.close();
  }
}

interface NodeParts extends NodeOptions {
  readonly client: KubeClient;
  /** Deletes a Pod whose grace is over, as a kubelet does once nothing of it runs. */
  readonly endPod: (pod: Pod) => Promise<void>;
}

interface PodState {
  /** Undefined: the Pod is gone from the API server. */
  pod: Pod | undefined;
  /** Begun ways by volume name; `done` once published. */
  readonly volumes: Map<string, { readonly way: Published; done: boolean }>;
  failures: number;
  /** The last failure told, so that repeats make no further event. */
  told: string;
  /** Takes back the timer of the next attempt. */
  cancelRetry: () => void;
}

function createNode({ client, doors, nodeName, drivers: addresses, dir, signal, endPod }: NodeParts) {
  const { clock } = doors;
  const drivers = new Map<string, NodeDriver>();
  const pods = new Map<string, PodState>();
  const due = new Set<string>();
  let wake = (): void => undefined;
  signal.addEventListener('abort', () => wake());

  const now = (): string => new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const way: VolumeWay = { client, nodeName, dir, signal };

  const enqueue = (uid: string): void => {
    due.add(uid);
    wake();
  };

  const untilDone = async (what: string, attempt: () => Promise<void>): Promise<void> => {
    let told = '';
    while (!signal.aborted) {
      try {
        await attempt();
        return;
      } catch (error) {
        if (signal.aborted) return;
        const text = `${nodeName}: ${what}: ${textOf(error)}, trying again`;
        if (text !== told) doors.host.writeLog(`${text}\n`);
        told = text;
        await sleep(clock, REGISTER_RETRY_MS, signal);
      }
    }
  };

  const register = async (): Promise<void> => {
    const registration = { client, nodeName, signal };
    await untilDone('registering the node', () => registerNode({ ...registration, now: now() }));
    const each = async ([name, address]: readonly [string, string]): Promise<void> => {
      const door = doors.rpc(address);
      signal.addEventListener('abort', () => door.close());
      await untilDone(`registering driver ${name}`, async () => {
        const driver = await openNodeDriver({ door, clock, log: SILENT, timeoutMs: CALL_LIMIT_MS, observe: () => undefined }, signal);
        if (driver.name !== name) throw new Error(`the driver at ${address} calls itself ${driver.name}`);
        await registerDriver(driver, { ...registration, now: now() });
        drivers.set(name, driver);
        for (const uid of pods.keys()) enqueue(uid);
      });
    };
    await Promise.all([...addresses].map(each));
  };

  const see = (pod: Pod, gone: boolean): void => {
    const uid = pod.metadata?.uid ?? '';
    const state = pods.get(uid) ?? { pod, volumes: new Map(), failures: 0, told: '', cancelRetry: () => undefined };
    state.pod = gone ? undefined : pod;
    pods.set(uid, state);
    enqueue(uid);
  };

  const watch = async (): Promise<void> => {
    const fieldSelector = `spec.nodeName=${nodeName}`;
    while (!signal.aborted) {
      try {
        const page = await client.list(NODE_PODS, { fieldSelector, signal });
        const present = new Set(page.items.map(({ metadata }) => metadata?.uid ?? ''));
        for (const [uid, { pod }] of pods) if (pod !== undefined && !present.has(uid)) see(pod, true);
        for (const pod of page.items) see(pod, false);
        let { resourceVersion } = page;
        for (;;) {
          for await (const event of client.watch(NODE_PODS, { fieldSelector, resourceVersion, timeoutSeconds: WATCH_SECONDS, signal })) {
            resourceVersion =
              event.type === 'BOOKMARK' ? event.resourceVersion : (event.object.metadata?.resourceVersion ?? resourceVersion);
            if (event.type !== 'BOOKMARK') see(event.object, event.type === 'DELETED');
          }
          if (signal.aborted) return;
        }
      } catch {
        // An expired version or a broken connection: list again.
        await sleep(clock, REGISTER_RETRY_MS, signal);
      }
    }
  };

  const takeBack = async (uid: string, state: PodState): Promise<void> => {
    for (const [name, volume] of [...state.volumes]) {
      const used = [...pods].some(([other, { volumes }]) => other !== uid && volumes.has(name));
      await unpublish(way, volume.way, !used);
      state.volumes.delete(name);
    }
    if (state.pod?.metadata?.deletionTimestamp !== undefined) await endPod(state.pod);
    if (state.pod === undefined) pods.delete(uid);
  };

  const bring = async (pod: Pod, state: PodState): Promise<void> => {
    for (const use of claimsOf(pod)) {
      const volume = await findVolume(way, pod, use);
      const name = volume.metadata?.name ?? '';
      if (state.volumes.get(name)?.done === true) continue;
      const driver = drivers.get(volume.spec?.csi?.driver ?? '');
      if (driver === undefined) throw new NotYetError(`driver ${volume.spec?.csi?.driver ?? ''} is not registered on node ${nodeName}`);
      const begun = { way: publishedOf(volume, driver, { dir, podUid: pod.metadata?.uid ?? '' }), done: false };
      state.volumes.set(name, begun);
      await publish(way, begun.way, { volume, readOnly: use.readOnly });
      begun.done = true;
    }
    if (isRunning(pod)) return;
    const target = { namespace: pod.metadata?.namespace ?? '', name: pod.metadata?.name ?? '' };
    const body = { metadata: { uid: pod.metadata?.uid }, status: runningStatus(pod, now()) };
    await client.patch(NODE_PODS, target, { patch: { type: 'merge', body }, subresource: 'status', signal });
  };

  const tell = async (pod: Pod, message: string): Promise<void> => {
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    const at = now();
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name: `${name}.${doors.random.uuid().slice(0, 8)}` },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
      reason: 'FailedMount',
      message,
      type: 'Warning',
      source: { component: 'kubelet', host: nodeName },
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    };
    await client.create(EVENTS, event, { signal }).catch(() => undefined);
  };

  const fail = async (uid: string, state: PodState, error: unknown): Promise<void> => {
    if (signal.aborted) return;
    const message = textOf(error);
    if (state.pod !== undefined && message !== state.told) await tell(state.pod, message);
    state.told = message;
    state.failures += 1;
    state.cancelRetry = clock.setTimer(Math.min(RETRY_MIN_MS * 2 ** (state.failures - 1), RETRY_MAX_MS), () => enqueue(uid));
  };

  const attempt = async (uid: string): Promise<void> => {
    const state = pods.get(uid);
    if (state === undefined) return;
    state.cancelRetry();
    const { pod } = state;
    try {
      if (pod === undefined || pod.metadata?.deletionTimestamp !== undefined || isFinished(pod)) await takeBack(uid, state);
      else await bring(pod, state);
      state.failures = 0;
      state.told = '';
    } catch (error) {
      await fail(uid, state, error);
    }
  };

  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      const [uid] = due;
      if (uid === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      due.delete(uid);
      await attempt(uid);
    }
    for (const { cancelRetry } of pods.values()) cancelRetry();
  };

  return { register, watch, work };
}

/** The grace of a Pod ends with a delete of grace 0; nobody but a node sends it, so the client has no word for it. */
function podEnder(door: HttpDoor, credentials: Credentials, signal: AbortSignal): (pod: Pod) => Promise<void> {
  return async (pod) => {
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } };
    const headers = { accept: 'application/json', 'content-type': 'application/json', 'user-agent': USER_AGENT, ...(await credentials()) };
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const body = new TextEncoder().encode(JSON.stringify(options));
    const { status } = await door.exchange({ method: 'DELETE', path, headers, body }, signal);
    // 404 and 409: it is gone, or another Pod has its name.
    if (status >= 300 && status !== 404 && status !== 409) throw new Error(`deleting Pod ${namespace}/${name} was answered with ${status}`);
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
