/**
 * The program csi-provisioner as it runs in production, over the in-process sandbox and mock driver, on
 * virtual time: no socket, no sleeping, the same course each time. The snapshot programs can play along.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { HttpAnswer, HttpRequest } from '../../lib/doors/http.ts';
import type { KubeObject } from '../../lib/kube/objects.ts';
import { parseJson } from '../../lib/kube/json.ts';
import { INT64_FIELDS } from '../../lib/kube/resources.ts';
import { runProgram } from '../../lib/process/program.ts';
import type { RolePlan } from '../../lib/process/role-plan.ts';
import { planRole } from '../../lib/process/role-plan.ts';
import type { Driver } from '../../mock-driver/driver.ts';
import { createDriver } from '../../mock-driver/driver.ts';
import type { CallFacts, Fault } from '../../mock-driver/faults/fault.ts';
import type { Pool } from '../../mock-driver/model/records.ts';
import { MemoryStore } from '../../mock-driver/store/memory.ts';
import { CSI_PROVISIONER } from '../../provisioner/role.ts';
import { createSandbox } from '../../sandbox/sandbox.ts';
import { CSI_SNAPSHOTTER } from '../../snapshotter/sidecar-role.ts';
import { SNAPSHOT_CONTROLLER } from '../../snapshotter/controller-role.ts';
import { repositoryRoot } from '../../harness/repository.ts';
import { NO_FAULTS } from '../simulation/faults.ts';
import { Incarnation, pointOf } from '../simulation/incarnation.ts';
import { Scheduler } from '../simulation/scheduler.ts';
import { SeededRandom } from '../simulation/seeded-random.ts';

export const DRIVER = 'mock.csi.example';
const PROVISIONER = 'csi-provisioner';
const MAX_EVENTS = 2_000_000;
const LIMIT_MS = 12 * 3_600_000;

export interface StageOptions {
  /** Default: DRIVER. */
  readonly driverName?: string;
  /** Segments of the driver; the first is the node's own. */
  readonly topology?: readonly Readonly<Record<string, string>>[];
  /** Room by segment. Absent: more than enough. */
  readonly pools?: readonly Pool[];
  /** Environment of the provisioner, beyond where it runs. */
  readonly env?: Readonly<Record<string, string>>;
  /** Calls without these secrets are refused. */
  readonly requireSecrets?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** With snapshot-controller and csi-snapshotter. */
  readonly snapshots?: boolean;
  readonly disabled?: readonly string[];
  /** A provisioner and a driver on each of these nodes, instead of one for all. The driver's segment is `{ node: NAME }`. */
  readonly nodes?: readonly string[];
  /** The whole command line of a program, in the place of the stage's own. */
  readonly commandLines?: Readonly<Record<string, readonly string[]>>;
}

export interface Stage {
  /** Status and object of any request, at once. */
  send(
    method: HttpRequest['method'],
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly object: KubeObject & { items?: readonly KubeObject[] } }>;
  create(path: string, body: object): Promise<void>;
  get<T extends KubeObject>(path: string): Promise<T | undefined>;
  list<T extends KubeObject>(path: string): Promise<readonly T[]>;
  /** Virtual time passes until it holds. Fails after `limitMs`. */
  until(what: string, holds: () => Promise<boolean>, limitMs?: number): Promise<void>;
  pause(ms: number): Promise<void>;
  /** Writes and single reads of the provisioner since the last `forget`, as `POST persistentvolumes`. */
  readonly calls: string[];
  /** Calls to the driver: virtual time and name. */
  readonly rpcs: {
    readonly atMs: number;
    readonly rpc: string;
    readonly code: number;
    readonly request: Uint8Array;
    readonly node: string;
  }[];
  readonly log: string[];
  forget(): void;
  /** Chooses what goes wrong with a driver call. */
  driverFault: ((call: CallFacts & { readonly node: string }) => Fault | undefined) | undefined;
  /** Answers a request of the provisioner with this status instead of doing it. */
  refuse: ((request: HttpRequest) => number | undefined) | undefined;
  /** Of the first node. */
  readonly driver: Driver;
  /** SIGKILL and a new start. */
  restart(): Promise<void>;
  /** SIGKILL of both, and a driver of other abilities on the same storage. */
  upgrade(driver: Pick<StageOptions, 'topology' | 'disabled'>): Promise<void>;
  /** SIGTERM: it ends in its own time. */
  terminate(): void;
  /** The node is gone: its provisioner ends and does not come back until it is regained. */
  lose(node: string): void;
  regain(node: string): void;
}

const CRD_FILES = join(repositoryRoot(), 'deploy', 'crds');
const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'user' };

/** Opens a stage, plays the story on it in virtual time, and closes it. */
export async function onStage(options: StageOptions, story: (stage: Stage) => Promise<void>): Promise<void> {
  const scheduler = new Scheduler(1, { keepTrace: false });
  const sandbox = createSandbox({ clock: scheduler.clock('sandbox'), random: new SeededRandom(1, 1), parts: ['binder', 'scheduler'] });
  sandbox.start();
  const lives = new Map<string, Incarnation>();
  let fault: Stage['driverFault'];
  let refuse: Stage['refuse'];
  const calls: string[] = [];
  const rpcs: Stage['rpcs'] = [];
  const log: string[] = [];
  const stores = new Map<string, MemoryStore>();
  const openDriver = (nodeId: string, { topology = [], disabled = [] }: Pick<StageOptions, 'topology' | 'disabled'>): Promise<Driver> => {
    const store = stores.get(nodeId) ?? new MemoryStore();
    stores.set(nodeId, store);
    return createDriver({
      name: options.driverName ?? DRIVER,
      nodeId,
      clock: scheduler.clock('driver'),
      random: new SeededRandom(1, 2),
      store: store.instance(),
      topology,
      disabled: new Set(disabled),
      ...(options.pools === undefined ? {} : { pools: options.pools }),
      ...(options.requireSecrets === undefined ? {} : { requireSecrets: options.requireSecrets }),
      fault: (call) => fault?.({ ...call, node: nodeId }),
    });
  };
  const drivers = new Map<string, Driver>();
  for (const node of options.nodes ?? []) drivers.set(node, await openDriver(node, { ...options, topology: [{ node }] }));
  let driver = [...drivers.values()][0] ?? (await openDriver('node-1', options));
  const programOf = (node: string): string => `${PROVISIONER}-${node}`;
  const api = async (request: HttpRequest): Promise<HttpAnswer> => {
    if (!(request.headers['user-agent'] ?? '').startsWith(PROVISIONER)) return sandbox.handle(request);
    const single = request.method !== 'GET' || !/\?/.test(request.path);
    if (single && !isElection(request)) calls.push(pointOf(request.method, request.path));
    const status = refuse?.(request);
    return status === undefined ? sandbox.handle(request) : refusal(status);
  };
  const provisioners = options.nodes?.map(programOf) ?? [PROVISIONER];
  const plans = new Map<string, RolePlan>(provisioners.map((name) => [name, planRole(CSI_PROVISIONER)]));
  if (options.snapshots === true) {
    plans.set('snapshot-controller', planRole(SNAPSHOT_CONTROLLER));
    plans.set('csi-snapshotter', planRole(CSI_SNAPSHOTTER));
  }
  const start = (name: string, plan: RolePlan): void => {
    const node = options.nodes?.find((one) => programOf(one) === name);
    const own = drivers.get(node ?? '') ?? driver;
    const life = new Incarnation({
      program: name,
      hostname: `${name}-host`,
      random: new SeededRandom(1, 100 + lives.size),
      world: {
        scheduler,
        api: { up: () => true, handle: api, stream: (request, signal) => watch(request, signal) },
        driver: {
          handle: async (call) => {
            const answer = await own.handle(call.method, call.request);
            rpcs.push({
              atMs: scheduler.elapsedMs,
              rpc: call.method.split('/').at(-1) ?? '',
              code: answer.code,
              request: call.request,
              node: node ?? '',
            });
            return answer;
          },
          up: () => true,
          onConnection: () => () => undefined,
        },
        faults: () => NO_FAULTS,
        crashHere: () => false,
        died: () => undefined,
        env: {
          KUBERNETES_SERVICE_HOST: '10.0.0.1',
          KUBERNETES_SERVICE_PORT: '443',
          POD_NAMESPACE: 'kube-system',
          ...(node === undefined ? {} : { NODE_NAME: node }),
          ...options.env,
        },
        files: new Map(
          ['token', 'ca.crt', 'namespace'].map((file) => [`/var/run/secrets/kubernetes.io/serviceaccount/${file}`, 'kube-system']),
        ),
        log: (_, line) => log.push(line),
      },
    });
    lives.set(name, life);
    const flags = name === 'snapshot-controller' ? [] : ['--csi-address=/csi.sock', '--v=2'];
    const argv = options.commandLines?.[name] ?? (provisioners.includes(name) ? [...flags, ...(options.flags ?? [])] : flags);
    const { doors } = life;
    const print = (): void => undefined;
    void runProgram({ program: name, version: 'test', syntax: plan.syntax, plans: [plan], doors, argv, print }).then((code) =>
      doors.host.exit(code),
    );
  };
  const watch: typeof sandbox.stream = async (request, signal) => {
    const status = refuse?.(request);
    if (status === undefined) return sandbox.stream(request, signal);
    const { headers, body } = refusal(status);
    return {
      status,
      headers,
      chunks: (async function* () {
        yield await Promise.resolve(body);
      })(),
    };
  };
  const send: Stage['send'] = async (method, path, body) => {
    const encoded = body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) };
    const answer = await sandbox.handle({
      method,
      path,
      headers: method === 'PATCH' ? { ...JSON_HEADERS, 'content-type': 'application/merge-patch+json' } : JSON_HEADERS,
      ...encoded,
    });
    return { status: answer.status, object: parseJson(new TextDecoder().decode(answer.body), INT64_FIELDS) as KubeObject };
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void scheduler.after(ms, 'story waits', resolve));
  const stage: Stage = {
    send,
    create: async (path, body) => {
      const { status, object } = await send('POST', path, body);
      if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(object)}`);
    },
    get: async <T extends KubeObject>(path: string) => {
      const { status, object } = await send('GET', path);
      return status === 200 ? (object as T) : undefined;
    },
    list: async <T extends KubeObject>(path: string) => ((await send('GET', path)).object.items ?? []) as readonly T[],
    until: async (what, holds, limitMs = 60_000) => {
      for (let waited = 0; waited <= limitMs; waited += 50) {
        if (await holds()) return;
        await pause(50);
      }
      throw new Error(`${what} did not happen within ${limitMs} virtual ms; log:\n${log.slice(-30).join('')}`);
    },
    pause,
    calls,
    rpcs,
    log,
    forget: () => {
      calls.length = 0;
      rpcs.length = 0;
    },
    set driverFault(value) {
      fault = value;
    },
    get driverFault() {
      return fault;
    },
    set refuse(value) {
      refuse = value;
    },
    get refuse() {
      return refuse;
    },
    get driver() {
      return driver;
    },
    restart: async () => {
      lives.get(PROVISIONER)?.crash();
      await pause(100);
      start(PROVISIONER, planRole(CSI_PROVISIONER));
    },
    upgrade: async (abilities) => {
      lives.get(PROVISIONER)?.crash();
      driver = await openDriver('node-1', abilities);
      await pause(100);
      start(PROVISIONER, planRole(CSI_PROVISIONER));
    },
    terminate: () => lives.get(PROVISIONER)?.signal('SIGTERM'),
    lose: (node) => lives.get(programOf(node))?.crash(),
    regain: (node) => start(programOf(node), planRole(CSI_PROVISIONER)),
  };
  for (const file of readdirSync(CRD_FILES).filter((name) => name.startsWith('snapshot.'))) {
    await stage.create(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      load(readFileSync(join(CRD_FILES, file), 'utf8')) as object,
    );
  }
  for (const [name, plan] of plans) start(name, plan);
  let outcome: { readonly error?: unknown } | undefined;
  void story(stage).then(
    () => {
      outcome = {};
    },
    (error: unknown) => {
      outcome = { error };
    },
  );
  await scheduler.run(LIMIT_MS, () => outcome !== undefined, MAX_EVENTS);
  for (const life of lives.values()) life.crash();
  sandbox.stop();
  if (outcome === undefined) throw new Error('the story did not end');
  if ('error' in outcome) throw outcome.error;
}

function isElection({ path }: HttpRequest): boolean {
  return (
    /\/leases/.test(path) && !path.includes('csi-journal-') && !path.includes('labelSelector=csi-sidecars') && !path.endsWith('/leases')
  );
}

function refusal(code: number): HttpAnswer {
  const reason = { 403: 'Forbidden', 404: 'NotFound', 500: 'InternalError' }[code] ?? 'Unknown';
  const body = new TextEncoder().encode(
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message: `refused: ${reason}`, code }),
  );
  return { status: code, headers: { 'content-type': 'application/json' }, body };
}
