/**
 * The two snapshot roles over the sandbox and the mock driver, in one process and on a clock that stands
 * still until it is moved: every call of either program is on record.
 */
import { createEventRecorder } from '../../lib/controller/event-recorder.ts';
import { createInformerSet } from '../../lib/controller/informer-set.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import { fixedRandom } from '../../lib/controller/testing/fixed-random.ts';
import { ManualClock } from '../../lib/controller/testing/manual-clock.ts';
import { memoryLog } from '../../lib/controller/testing/memory-log.ts';
import { createCsiClient } from '../../lib/csi/client.ts';
import { readCapabilities } from '../../lib/csi/capabilities.ts';
import type { HttpDoor } from '../../lib/doors/http.ts';
import { createKubeClient } from '../../lib/kube/kube-client.ts';
import { noCredentials } from '../../lib/kube/credentials.ts';
import { parseJson, printJson } from '../../lib/kube/json.ts';
import { GROUP_SNAPSHOT_GROUP, INT64_FIELDS } from '../../lib/kube/resources.ts';
import type { CoreEvent, KubeObject, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { createMetrics } from '../../lib/process/metrics.ts';
import { readFlags } from '../../lib/process/flags.ts';
import type { RoleDefinition } from '../../lib/process/role-definition.ts';
import { createDriver } from '../../mock-driver/driver.ts';
import { MemoryStore } from '../../mock-driver/store/memory.ts';
import { capability, clientOver } from '../../mock-driver/workbench.ts';
import type { SchemaCache } from '../../sandbox/apiserver/schema/schema-cache.ts';
import { createSandbox } from '../../sandbox/sandbox.ts';
import { SNAPSHOT_CONTROLLER } from '../../snapshotter/controller-role.ts';
import { CSI_SNAPSHOTTER } from '../../snapshotter/sidecar-role.ts';
import type { CrdFile } from '../../harness/crds.ts';
import { readCrds } from '../../harness/crds.ts';

export const DRIVER = 'mock.csi.example';

export interface Call {
  readonly program: string;
  /** `PATCH volumesnapshots/status`. */
  readonly what: string;
  readonly status: number;
}

export interface WorldOptions {
  readonly disabled?: readonly string[];
  readonly sidecarFlags?: readonly { readonly name: string; readonly text: string }[];
  readonly controllerFlags?: readonly { readonly name: string; readonly text: string }[];
  readonly leaseIsFresh?: () => boolean;
  readonly nodeName?: string;
  /** The server stores custom resources of any shape, as one does whose CRDs came without a schema. */
  readonly lax?: boolean;
  /** To be shared by worlds, one after another. */
  readonly schemas?: SchemaCache;
}

export type World = Awaited<ReturnType<typeof openWorld>>;

export async function openWorld(options: WorldOptions = {}) {
  const clock = new ManualClock();
  const random = fixedRandom(0.5);
  const sandbox = createSandbox({ clock, random, parts: [], ...(options.schemas === undefined ? {} : { schemas: options.schemas }) });
  sandbox.start();
  const calls: Call[] = [];
  const lives = new Map<string, AbortController>();
  const rpcs: { readonly rpc: string; readonly atMs: number }[] = [];
  const driver = await createDriver({
    name: DRIVER,
    nodeId: 'node-1',
    clock,
    random,
    store: new MemoryStore().instance(),
    topology: [],
    disabled: new Set(options.disabled ?? []),
  });
  const bench = clientOver(driver.handle);

  const request = async <T extends KubeObject>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<T> => {
    const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json', 'user-agent': 'user' };
    const answer = await sandbox.handle({
      method,
      path,
      headers,
      ...(body === undefined ? {} : { body: new TextEncoder().encode(printJson(body)) }),
    });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${new TextDecoder().decode(answer.body)}`);
    return parseJson(answer.body, INT64_FIELDS) as T;
  };
  for (const crd of options.lax === true ? readCrds().map(withoutSchema) : readCrds())
    await request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);

  /** Writes and driver calls so far, and where a program dies: before its effect, or after it and before the answer. */
  const deaths: { passed: number; at: number; moment: 'before' | 'after' } = { passed: 0, at: 0, moment: 'before' };
  const never = new Promise<never>(() => undefined);
  const dying = async <A>(program: string, counts: boolean, effect: () => Promise<A>): Promise<A> => {
    if (lives.get(program)?.signal.aborted === true) return never;
    if (counts) deaths.passed += 1;
    const dies = counts && deaths.passed === deaths.at;
    if (dies && deaths.moment === 'before') lives.get(program)?.abort();
    if (dies && deaths.moment === 'before') return never;
    const answer = await effect();
    if (dies) lives.get(program)?.abort();
    return dies ? never : answer;
  };

  const doorOf = (program: string): HttpDoor => ({
    exchange: async (call) => {
      const counts = call.method !== 'GET' && !call.path.includes('/events');
      const answer = await dying(program, counts, () => sandbox.handle(call));
      if (call.method !== 'GET' || isObject(call.path))
        calls.push({ program, what: nameOf(call.method, call.path), status: answer.status });
      return answer;
    },
    stream: (call, signal) => sandbox.stream(call, signal),
    close: () => undefined,
  });

  const log = memoryLog();
  const metrics = createMetrics({ usage: () => ({ residentBytes: 0, cpuSeconds: 0, startSeconds: 0 }) });

  const start = async <O>(definition: RoleDefinition<O>, given: WorldOptions['sidecarFlags'] = []): Promise<void> => {
    const life = new AbortController();
    lives.set(definition.name, life);
    const client = createKubeClient({
      door: doorOf(definition.name),
      clock,
      random,
      credentials: noCredentials,
      userAgent: definition.name,
    });
    const informers = createInformerSet({ client, doors: { clock, random }, log });
    // The roles take time and chance from their doors, nothing else.
    const doors = { clock, random } as unknown as RoleContext['doors'];
    const csi = createCsiClient({
      clock,
      log,
      timeoutMs: 60_000,
      observe: () => undefined,
      door: {
        unary: async ({ method, request: bytes }, signal) => {
          const rpc = method.split('/').at(-1) ?? '';
          if (!rpc.startsWith('GetPlugin') && !rpc.endsWith('Capabilities')) rpcs.push({ rpc, atMs: clock.monotonic() });
          return dying(
            definition.name,
            rpc.endsWith('Snapshot'),
            () =>
              new Promise((resolve) => {
                signal.addEventListener('abort', () => resolve({ code: 1, message: 'cancelled', response: new Uint8Array() }));
                void driver.handle(method, bytes).then(resolve);
              }),
          );
        },
        onConnection: () => () => undefined,
        connect: () => undefined,
        close: () => undefined,
      },
    });
    const roleOptions = definition.options(readFlags(definition.flags, given), (name) =>
      name === 'NODE_NAME' ? options.nodeName : undefined,
    );
    const asked = { asks: definition.asksDriver?.(roleOptions) ?? [], withoutGroups: () => undefined };
    const identity = definition.needsDriver
      ? { ...(await csi.getPluginInfo({}, life.signal)), ...(await readCapabilities(csi, life.signal, asked)) }
      : undefined;
    const role = definition.create({
      context: {
        doors,
        log,
        client,
        informers,
        events: createEventRecorder({ client, doors, component: definition.eventComponent(DRIVER, 'host'), log }),
        queueMetrics: { opened: () => {}, added: () => {}, started: () => {}, finished: () => {}, retried: () => {} },
        leaseIsFresh: options.leaseIsFresh ?? (() => true),
        fatal: (error) => {
          throw error;
        },
      },
      openClient: () => client,
      options: roleOptions,
      driver: identity === undefined ? undefined : { client: csi, identity: () => identity },
      metrics,
      leaseNamespace: 'default',
      served: new Map([[GROUP_SNAPSHOT_GROUP, 'v1']]),
    });
    informers.start(life.signal);
    await settled();
    role.start(life.signal);
    await settled();
  };

  /** Lets every promise settle, the sandbox's and the programs' alike, without moving time. */
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn += 1) await clock.settle();
  };

  return {
    clock,
    sandbox,
    driver,
    calls,
    rpcs,
    log,
    metrics,
    request,
    settled,
    /** Moves time in small steps, so that what timers start can end. */
    advance: async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 250) {
        await clock.advance(Math.min(250, ms - passed));
        await settled();
      }
    },
    startController: () => start(SNAPSHOT_CONTROLLER, options.controllerFlags),
    startSidecar: () => start(CSI_SNAPSHOTTER, options.sidecarFlags),
    deaths,
    /** A crash: nothing is drained. */
    kill: (name: 'snapshot-controller' | 'csi-snapshotter') => lives.get(name)?.abort(),
    /** Starts again what died. */
    restart: async (): Promise<void> => {
      if (lives.get(SNAPSHOT_CONTROLLER.name)?.signal.aborted !== false) await start(SNAPSHOT_CONTROLLER, options.controllerFlags);
      if (lives.get(CSI_SNAPSHOTTER.name)?.signal.aborted !== false) await start(CSI_SNAPSHOTTER, options.sidecarFlags);
    },
    snapshot: (name: string) => request<VolumeSnapshot>('GET', `${SNAPSHOTS}/${name}`),
    reasons: async (): Promise<readonly string[]> => {
      const { items = [] } = await request<KubeObject & { items?: CoreEvent[] }>('GET', '/api/v1/events');
      return items.map(({ reason = '' }) => reason);
    },
    close: async () => {
      for (const life of lives.values()) life.abort();
      sandbox.stop();
      await settled();
    },
    /** What a program did since the last look, events apart. */
    takeCalls: (): { readonly writes: readonly string[]; readonly events: number } => {
      const taken = calls.splice(0);
      const events = taken.filter(({ what }) => what.includes('events'));
      return {
        writes: taken
          .filter(({ what }) => !what.includes('events'))
          .map(({ program, what, status }) => `${program === 'csi-snapshotter' ? 'S' : 'C'} ${what}${status < 300 ? '' : ` ${status}`}`),
        events: events.length,
      };
    },
    list: async <T extends KubeObject>(path: string): Promise<readonly T[]> =>
      (await request<KubeObject & { items?: T[] }>('GET', path)).items ?? [],
    takeInDriver: (name: string, sourceVolumeId: string) => bench.createSnapshot({ name, sourceVolumeId }),
    /** A snapshot in the driver that no object names; answers its handle. */
    foreignSnapshot: async (name: string): Promise<string> => {
      const volume = await bench.createVolume({ name: `pvc-of-${name}`, volumeCapabilities: [capability()] });
      const made = await bench.createSnapshot({ name, sourceVolumeId: volume.response.volume?.volumeId ?? '' });
      return made.response.snapshot?.snapshotId ?? '';
    },
    /** Volumes of the driver, with no object of the API. */
    volumes: (names: readonly string[]): Promise<readonly string[]> =>
      Promise.all(
        names.map(async (name) => {
          const made = await bench.createVolume({ name, volumeCapabilities: [capability()] });
          return made.response.volume?.volumeId ?? '';
        }),
      ),
    groupInDriver: (name: string, sourceVolumeIds: readonly string[]) => bench.createGroup({ name, sourceVolumeIds: [...sourceVolumeIds] }),
    /** A volume of the driver, its PV, and a claim bound to it. */
    boundClaim: async (name: string): Promise<string> => {
      const created = await bench.createVolume({ name: `pvc-${name}`, volumeCapabilities: [capability()] });
      const handle = created.response.volume?.volumeId ?? '';
      await request('POST', '/api/v1/persistentvolumes', {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: `pv-${name}` },
        spec: {
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Retain',
          storageClassName: 'none',
          claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: 'default', name },
          csi: { driver: DRIVER, volumeHandle: handle },
        },
      });
      await request('POST', CLAIMS, claimBody(name));
      await request('PATCH', `${CLAIMS}/${name}/status`, { status: { phase: 'Bound' } });
      return handle;
    },
  };
}

function withoutSchema({ spec, ...crd }: CrdFile): CrdFile {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return { ...crd, spec: { ...spec, versions: spec.versions.map((version) => ({ ...version, schema })) } };
}

export function claimBody(name: string, spec: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'default' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'none',
      volumeName: `pv-${name}`,
      resources: { requests: { storage: '1Gi' } },
      ...spec,
    },
  };
}

export function groupClassBody(more: object = {}): object {
  return {
    apiVersion: 'groupsnapshot.storage.k8s.io/v1',
    kind: 'VolumeGroupSnapshotClass',
    metadata: { name: 'groups' },
    driver: DRIVER,
    deletionPolicy: 'Delete',
    ...more,
  };
}

export function classBody(name: string, more: object = {}): object {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: { name },
    driver: DRIVER,
    deletionPolicy: 'Delete',
    ...more,
  };
}

/** `className` null: none is named. */
export function snapshotBody(name: string, claim: string, className: string | null = 'snap'): object {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name, namespace: 'default' },
    spec: { source: { persistentVolumeClaimName: claim }, ...(className === null ? {} : { volumeSnapshotClassName: className }) },
  };
}

/** What an administrator brings: a snapshot that the driver has, for the VolumeSnapshot of this name. */
export function contentBody(name: string, snapshotHandle: string | undefined, snapshot: string): object {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: { name },
    spec: {
      driver: DRIVER,
      deletionPolicy: 'Delete',
      source: { snapshotHandle },
      volumeSnapshotRef: { name: snapshot, namespace: 'default' },
    },
  };
}

export const SNAPSHOTS = '/apis/snapshot.storage.k8s.io/v1/namespaces/default/volumesnapshots';
export const CONTENTS = '/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents';
export const CLASSES = '/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses';
const GROUP_API = '/apis/groupsnapshot.storage.k8s.io/v1';
export const GROUPS = `${GROUP_API}/namespaces/default/volumegroupsnapshots`;
export const GROUP_CONTENTS = `${GROUP_API}/volumegroupsnapshotcontents`;
export const GROUP_CLASSES = `${GROUP_API}/volumegroupsnapshotclasses`;
export const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';

function partsOf(path: string): readonly string[] {
  const parts = path.replace(/\?.*$/, '').split('/').slice(1);
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  return rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
}

/** A read of one object; lists and watches are the caches'. */
function isObject(path: string): boolean {
  return partsOf(path).length > 1;
}

function nameOf(method: string, path: string): string {
  const [plural = '', , leaf] = partsOf(path);
  return `${method} ${plural}${leaf === undefined ? '' : `/${leaf}`}`;
}
