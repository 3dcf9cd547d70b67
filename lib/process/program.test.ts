import { describe, expect, test } from 'vitest';
import { createSandbox } from '../../sandbox/sandbox.ts';
import { GetPluginInfoResponse } from '../../proto/gen/csi.ts';
import { eventReason } from '../controller/testing/event-reason.ts';
import { createFakeDriver, createHandClock, type FakeDriver, type HandClock, settled } from '../csi/fake-driver.ts';
import type { Doors } from '../doors/doors.ts';
import type { HttpAnswer, HttpRequest } from '../doors/http.ts';
import { DRIVER_FLAGS, ELECTION_FLAGS, KLOG_FLAGS, KUBE_FLAGS, PROCESS_FLAGS } from './flag-groups.ts';
import { readOptions } from './flags.ts';
import { runProgram } from './program.ts';
import type { RoleDefinition, RoleInput } from './role-definition.ts';
import { planRole } from './role-plan.ts';

// --master spares the tests the kubeconfig library, whose import takes real time.
const MASTER = { name: 'master', type: 'string', default: '', help: 'URL.', origin: 'peer' } as const;
const FLAGS = [...KLOG_FLAGS, ...PROCESS_FLAGS, ...KUBE_FLAGS, ...ELECTION_FLAGS, ...DRIVER_FLAGS, MASTER] as const;
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/default/leases/lease-d-example';

/** The host name as far as a lease identity may hold it, and what no other process has. */
const IDENTITY = /^node-a-b_[0-9a-f]{8}(?:-[0-9a-f.]{4,12}){4}$/;

interface Bench {
  readonly clock: HandClock;
  readonly driver: FakeDriver;
  /** What happened, in order: listen, connect, create, start, stop, drain. */
  readonly seen: string[];
  readonly lines: string[];
  readonly printed: string[];
  readonly files: Map<string, string>;
  readonly ended: () => Promise<number>;
  readonly exitCode: () => number | undefined;
  readonly signal: () => void;
  readonly get: (path: string) => Promise<{ readonly status: number; readonly text: string }>;
  readonly lease: () => Promise<{
    readonly metadata?: { readonly labels?: object };
    readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string };
  }>;
  readonly api: (request: Partial<HttpRequest>) => Promise<HttpAnswer>;
  readonly input: () => RoleInput<unknown>;
  /** Ends the drain of the role, where it hangs. */
  readonly drained: () => void;
}

interface BenchOptions {
  readonly argv?: readonly string[];
  readonly role?: Partial<RoleDefinition<unknown>>;
  readonly drainHangs?: boolean;
  readonly reachable?: boolean;
  /** How long the API server takes to store an event. */
  readonly eventsTakeMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

function bench({ argv = [], role = {}, drainHangs = false, reachable = true, eventsTakeMs = 0, env = {} }: BenchOptions = {}): Bench {
  const [clock, driver] = [createHandClock(), createFakeDriver()];
  const [seen, lines, printed]: [string[], string[], string[]] = [[], [], []];
  const files = new Map([['/empty', '']]);
  const listeners = new Set<(signal: 'SIGTERM' | 'SIGINT') => void>();
  let serve: ((request: HttpRequest) => Promise<HttpAnswer>) | undefined;
  let made: RoleInput<unknown> | undefined;
  let drained = (): void => undefined;
  let exitCode: number | undefined;
  let random = 0;
  const chance = {
    next: () => (random = (random + 0.37) % 1),
    uuid: () =>
      `00000000-0000-4000-8000-${String((random += 1))
        .padStart(12, '0')
        .slice(-12)}`,
  };
  const sandbox = createSandbox({ clock, random: chance, parts: [] });
  sandbox.start();
  const doors: Doors = {
    clock,
    random: chance,
    files: {
      read: (path) => {
        const text = files.get(path);
        if (text === 'hangs') return new Promise(() => undefined);
        return text === undefined
          ? Promise.reject(Object.assign(new Error(`no such file ${path}`), { code: 'ENOENT' }))
          : Promise.resolve(new TextEncoder().encode(text));
      },
      write: (path, content) => Promise.resolve(void files.set(path, new TextDecoder().decode(content))),
      exists: (path) => Promise.resolve(files.has(path)),
    },
    host: {
      env: (name) => env[name],
      hostname: () => 'node.a_b',
      pid: 1,
      onSignal: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      writeLog: (line) => lines.push(line),
      usage: () => ({ residentBytes: 1, cpuSeconds: 1, startSeconds: 1 }),
      exit: () => undefined,
      listen: (address, handle) => {
        seen.push(`listen ${address}`);
        serve = handle;
        return Promise.resolve({ port: 1, close: () => Promise.resolve(void seen.push('closed')) });
      },
    },
    http: () => ({
      exchange: async (request) => {
        if (!reachable) throw new Error('connect ECONNREFUSED 127.0.0.1:1');
        if (eventsTakeMs === 0 || !request.path.endsWith('/events')) return sandbox.handle(request);
        await new Promise<void>((resolve) => clock.setTimer(eventsTakeMs, resolve));
        seen.push('told');
        return sandbox.handle(request);
      },
      stream: (request, signal) => sandbox.stream(request, signal),
      close: () => undefined,
    }),
    rpc: () => {
      seen.push('connect');
      return driver;
    },
  };
  const definition: RoleDefinition<unknown> = {
    name: 'csi-snapshotter',
    syntax: 'go',
    flags: FLAGS,
    options: (values) => readOptions(FLAGS, values),
    needsDriver: true,
    requiredResources: [],
    lockName: (name) => `lease-${name}`,
    eventComponent: (name) => `csi-snapshotter ${name}`,
    create: (input) => {
      made = input;
      seen.push('create');
      return {
        name: 'csi-snapshotter',
        start: (stop) => {
          seen.push('start');
          stop.addEventListener('abort', () => seen.push('stop'));
        },
        drain: (cancel) => {
          seen.push('drain');
          cancel?.addEventListener('abort', () => seen.push('give up'));
          return drainHangs ? new Promise((resolve) => (drained = resolve)) : Promise.resolve();
        },
      };
    },
    ...role,
  };
  const ended = runProgram({
    program: 'csi-snapshotter',
    version: '1.2.3',
    syntax: 'go',
    plans: [planRole(definition)],
    doors,
    argv: ['--master=http://127.0.0.1:1', ...argv],
    print: (text) => printed.push(text),
  }).then((code) => (exitCode = code));
  const get: Bench['get'] = async (path) => {
    const answer = await serve?.({ method: 'GET', path, headers: {} });
    return { status: answer?.status ?? 0, text: new TextDecoder().decode(answer?.body) };
  };
  const api: Bench['api'] = (request) =>
    sandbox.handle({ method: 'GET', path: '/', headers: { 'content-type': 'application/json' }, ...request });
  return {
    clock,
    driver,
    seen,
    lines,
    printed,
    files,
    get,
    api,
    ended: () => ended,
    exitCode: () => exitCode,
    signal: () => {
      for (const listener of [...listeners]) listener('SIGTERM');
    },
    lease: async () => JSON.parse(new TextDecoder().decode((await api({ path: LEASE })).body)),
    input: () => {
      if (made === undefined) throw new Error('the role was not created');
      return made;
    },
    drained: () => drained(),
  };
}

/** Until the program knocks at the driver's door. */
async function connecting(world: Bench): Promise<void> {
  for (let turn = 0; turn < 100 && !world.seen.includes('connect'); turn += 1) await settled();
}

/** Until the role works. */
async function working(world: Bench): Promise<void> {
  await connecting(world);
  world.driver.say('connected');
  await world.clock.advance(1000);
}

describe('the command line', () => {
  test('a fault is one line that names flag and remedy, with exit code 2', async () => {
    const world = bench({ argv: ['--timout=5s', '--drain-timeout=5'] });
    expect(await world.ended()).toBe(2);
    expect(world.lines).toEqual(['csi-snapshotter: unknown flag --timout: --help lists the flags\n']);
    const second = bench({ argv: ['--drain-timeout=5'] });
    expect(await second.ended()).toBe(2);
    expect(second.lines).toEqual([expect.stringContaining('--drain-timeout="5": not a duration')]);
  });

  test('--help and --version answer and exit 0', async () => {
    const help = bench({ argv: ['--help'] });
    expect(await help.ended()).toBe(0);
    expect(help.lines.join('')).toMatch(/^Usage of csi-snapshotter:\n/);
    const version = bench({ argv: ['--version'] });
    expect(await version.ended()).toBe(0);
    expect(version.printed).toEqual(['csi-snapshotter 1.2.3\n']);
  });
});

describe('the start', () => {
  test('the server listens first, then comes the driver, then the role, then its work', async () => {
    const world = bench({ argv: ['--http-endpoint=:8080'] });
    await working(world);
    expect(world.seen).toEqual(['listen :8080', 'connect', 'create', 'start']);
    expect(await world.get('/readyz')).toMatchObject({ status: 200 });
    expect(world.input()).toMatchObject({ leaseNamespace: 'default', driver: expect.anything() });
    expect(world.input().driver?.identity().name).toBe('d.example');
    expect((await world.get('/metrics')).text).toContain(
      'csi_sidecar_operations_seconds_count{driver_name="d.example",method_name="/csi.v1.Identity/Probe",grpc_status_code="OK"} 1',
    );
  });

  test('a process that waits for its driver says so', async () => {
    const world = bench({ argv: ['--http-endpoint=:8080'] });
    await connecting(world);
    expect(await world.get('/readyz')).toEqual({ status: 503, text: 'waiting for the CSI driver, caches' });
    expect(await world.get('/healthz')).toMatchObject({ status: 200 });
  });

  test('a bad kubeconfig is one line and exit code 1', async () => {
    const world = bench({ argv: ['--kubeconfig=/empty'] });
    expect(await world.ended()).toBe(1);
    expect(world.lines.filter((line) => line.startsWith('E'))).toEqual([expect.stringContaining('kubeconfig /empty is empty')]);
  });

  test.each([
    ['the flag', '/empty', {}],
    ['the environment, where the Go program lets it win', '/other', { kubeconfigOfEnvironmentFirst: true }],
  ])('with a flag and KUBECONFIG, %s is used', async (_, file, role) => {
    const world = bench({ argv: ['--kubeconfig=/empty'], env: { KUBECONFIG: '/other' }, role });
    expect(await world.ended()).toBe(1);
    expect(world.lines.filter((line) => line.startsWith('E')).join('')).toContain(`kubeconfig ${file} `);
    expect(world.lines.join('').includes('instead of --kubeconfig')).toBe(file === '/other');
  });

  test('KUBECONFIG alone is used', async () => {
    const world = bench({ argv: ['--master='], env: { KUBECONFIG: '/empty' } });
    expect(await world.ended()).toBe(1);
    expect(world.lines.join('')).toContain('kubeconfig /empty is empty');
  });

  test('an API server that cannot be reached is named, and waited for', async () => {
    const world = bench({ reachable: false });
    for (let turn = 0; turn < 100 && !world.lines.join('').includes('ECONNREFUSED'); turn += 1) await world.clock.advance(100);
    expect(world.lines.join('')).toMatch(/Waiting for the API server.*ECONNREFUSED.*--kubeconfig/);
    expect(world.exitCode()).toBeUndefined();
  });

  test('a driver that lacks what the role needs ends the process with the remedy', async () => {
    const world = bench({ role: { checkDriver: (driver) => `driver ${driver.identity().name} lacks CREATE_DELETE_SNAPSHOT` } });
    await working(world);
    expect(await world.ended()).toBe(1);
    expect(world.lines.filter((line) => line.startsWith('E'))).toEqual([
      expect.stringContaining('driver d.example lacks CREATE_DELETE_SNAPSHOT'),
    ]);
  });

  test('a signal while waiting ends the process in good order', async () => {
    const world = bench();
    await connecting(world);
    world.signal();
    expect(await world.ended()).toBe(0);
    expect(world.seen).not.toContain('create');
  });
});

describe('an election that cannot succeed', () => {
  test('is warned of and makes the process unready, naming what is refused', async () => {
    const world = bench({ argv: ['--leader-election', '--http-endpoint=:8080', '--leader-election-namespace=nosuch'] });
    await working(world);
    const said = world.lines.filter((line) => line.includes('lease is refused'));
    expect(said).toEqual([expect.stringMatching(/lease="nosuch\/lease-d-example".*404 NotFound.*remedy="create the namespace nosuch/)]);
    const ready = await world.get('/readyz');
    expect(ready.status).toBe(503);
    expect(ready.text).toMatch(/^waiting for the lease nosuch\/lease-d-example \(404 NotFound: /);
    expect(await world.get('/healthz')).toMatchObject({ status: 200 });
  });

  test('a driver name that is none is refused before it', async () => {
    const world = bench({ argv: ['--leader-election'] });
    world.driver.answers.set('GetPluginInfo', () => ({
      response: GetPluginInfoResponse.encode({ name: '../../etc', vendorVersion: '1', manifest: {} }).finish(),
    }));
    await working(world);
    expect(await world.ended()).toBe(1);
    expect(world.lines.filter((line) => line.startsWith('E'))).toEqual([expect.stringMatching(/calls itself .*\.\.\/etc.*63 characters/)]);
    expect(world.seen).not.toContain('create');
  });
});

describe('a replica that stands by', () => {
  /** Another process holds the lease until its record says otherwise. */
  async function heldByOther(): Promise<{ readonly world: Bench; readonly release: () => Promise<void> }> {
    const world = bench({ argv: ['--leader-election', '--http-endpoint=:8080'] });
    const write = async (method: 'POST' | 'PUT', path: string, holderIdentity: string): Promise<void> => {
      const now = '2023-11-14T22:13:20.000000Z';
      const spec = { holderIdentity, leaseDurationSeconds: 3600, acquireTime: now, renewTime: now, leaseTransitions: 0 };
      const present =
        method === 'PUT'
          ? await world.lease()
          : { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'lease-d-example' } };
      const body = { ...present, spec };
      await world.api({ method, path, body: new TextEncoder().encode(JSON.stringify(body)) });
    };
    await write('POST', LEASE.replace(/\/[^/]+$/, ''), 'other');
    await working(world);
    return { world, release: () => write('PUT', LEASE, '') };
  }

  test('has warm caches and is ready, but does not work until the lease is its own', async () => {
    const { world, release } = await heldByOther();
    await world.clock.advance(60_000);
    expect(world.seen).toEqual(['listen :8080', 'connect', 'create']);
    expect(await world.get('/readyz')).toMatchObject({ status: 200 });
    expect(world.input().context.leaseIsFresh()).toBe(false);
    await release();
    await world.clock.advance(15_000);
    expect(world.seen.at(-1)).toBe('start');
    expect((await world.get('/metrics')).text).toContain('leader_election_master_status{name=""} 1');
  });

  test('ends with 0 on SIGTERM and leaves the lease alone', async () => {
    const { world } = await heldByOther();
    world.signal();
    await world.clock.advance(20_000);
    expect(await world.ended()).toBe(0);
    expect(world.seen).not.toContain('drain');
    expect((await world.lease()).spec?.holderIdentity).toBe('other');
  });
});

test('the labels that a role hands over are put on its lease', async () => {
  const world = bench({ argv: ['--leader-election'], role: { frame: () => ({ leaseLabels: { tier: 'storage' } }) } });
  await working(world);
  expect(await world.lease()).toMatchObject({ metadata: { labels: { tier: 'storage' } } });
});

test('the event of the election is told by the lock and the host, as csi-lib-utils tells it', async () => {
  const world = bench({ argv: ['--leader-election'] });
  await working(world);
  world.signal();
  await world.ended();
  const events = JSON.parse(new TextDecoder().decode((await world.api({ path: '/api/v1/namespaces/default/events' })).body));
  expect(events.items).toMatchObject([{ reason: 'LeaderElection', source: { component: 'lease-d.example/node.a_b' } }]);
});

describe('the end', () => {
  test('SIGTERM stops the intake, drains, gives the lease back and exits 0', async () => {
    const world = bench({ argv: ['--leader-election', '--http-endpoint=:8080'], drainHangs: true });
    await working(world);
    expect((await world.lease()).spec?.holderIdentity).toMatch(IDENTITY);
    expect(world.input().context.leaseIsFresh()).toBe(true);
    world.signal();
    await world.clock.advance(5000);
    expect(world.seen.slice(-2)).toEqual(['stop', 'drain']);
    expect((await world.lease()).spec?.holderIdentity).toMatch(IDENTITY);
    world.drained();
    await world.clock.advance(100);
    world.drained();
    await world.clock.advance(100);
    expect(await world.ended()).toBe(0);
    expect((await world.lease()).spec?.holderIdentity ?? '').toBe('');
    expect(world.seen.at(-1)).toBe('closed');
  });

  test('work that does not finish within the drain time has its driver calls cancelled', async () => {
    const world = bench({ argv: ['--drain-timeout=3s'], drainHangs: true });
    await working(world);
    world.driver.answers.set('DeleteVolume', () => 'never');
    const call = world.input().driver?.client.deleteVolume({ volumeId: 'v', secrets: {} }, new AbortController().signal);
    call?.catch(() => undefined);
    world.signal();
    await world.clock.advance(2999);
    expect(world.exitCode()).toBeUndefined();
    await world.clock.advance(1);
    await expect(call).rejects.toMatchObject({ grpcCode: 1 });
    await world.clock.advance(1000);
    expect(await world.ended()).toBe(0);
  });

  test('what a role has under way is given up when the drain time is over, and no earlier', async () => {
    const world = bench({ argv: ['--drain-timeout=3s'], drainHangs: true });
    await working(world);
    world.signal();
    await world.clock.advance(2999);
    expect(world.seen).not.toContain('give up');
    await world.clock.advance(1);
    expect(world.seen).toContain('give up');
    await world.clock.advance(1000);
    expect(await world.ended()).toBe(0);
  });

  test('work that ends within the drain time is not given up', async () => {
    const world = bench({ argv: ['--drain-timeout=3s'], drainHangs: true });
    await working(world);
    world.signal();
    world.drained();
    await world.clock.advance(100);
    world.drained();
    await world.clock.advance(10_000);
    expect(await world.ended()).toBe(0);
    expect(world.seen).not.toContain('give up');
  });

  const MISSING = { group: 'nowhere.example', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };

  test.each([
    ['after its caches were filled', false, ['create', 'start']],
    ['before they are, since the API server lacks a kind', true, ['create']],
  ])('%s: events of the last moment are written out', async (_, lacksKind, steps) => {
    const seen: string[] = [];
    let tell = (): void => undefined;
    const create: RoleDefinition<unknown>['create'] = ({ context }) => {
      if (lacksKind) context.informers.informer(MISSING, { fields: [] });
      const regarding = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', namespace: 'default', uid: 'u' } };
      tell = () => context.events.record({ regarding, type: 'Warning', reason: eventReason('Told'), message: 'at the last moment' });
      seen.push('create');
      return { name: 'csi-snapshotter', start: () => seen.push('start'), drain: () => Promise.resolve() };
    };
    const world = bench({ role: { create }, argv: ['--http-endpoint=:8080'], eventsTakeMs: 500 });
    await working(world);
    expect(seen).toEqual(steps);
    world.signal();
    tell();
    await world.clock.advance(1000);
    expect(await world.ended()).toBe(0);
    expect(world.seen.slice(-2)).toEqual(['told', 'closed']);
  });

  test('a start that hangs does not outlast a signal', async () => {
    const world = bench({ role: { name: 'snapshot-controller', needsDriver: false } });
    world.files.set('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'hangs');
    await settled();
    world.signal();
    await world.clock.advance(1000);
    expect(await world.ended()).toBe(0);
    expect(world.seen).not.toContain('create');
  });

  test('a second signal leaves at once', async () => {
    const world = bench({ drainHangs: true });
    await working(world);
    world.signal();
    world.signal();
    expect(await world.ended()).toBe(1);
  });

  test('a lost lease ends the process with 1, without draining', async () => {
    const world = bench({ argv: ['--leader-election'] });
    await working(world);
    const lease = await world.lease();
    const stolen = { ...lease, spec: { ...lease.spec, holderIdentity: 'other', renewTime: '2099-01-01T00:00:00.000000Z' } };
    await world.api({ method: 'PUT', path: LEASE, body: new TextEncoder().encode(JSON.stringify(stolen)) });
    await world.clock.advance(12_000);
    expect(await world.ended()).toBe(1);
    expect(world.seen).not.toContain('drain');
    expect((await world.lease()).spec?.holderIdentity).toBe('other');
  });

  test('a driver that stays away costs the lease: it is given back, the reason is left for the kubelet, exit 1', async () => {
    const world = bench({ argv: ['--leader-election', '--driver-lost-timeout=4s'] });
    await working(world);
    world.files.set('/dev/termination-log', '');
    world.driver.say('lost');
    await world.clock.advance(10_000);
    expect(await world.ended()).toBe(1);
    expect(world.files.get('/dev/termination-log')).toContain('lost for 4 s');
    expect((await world.lease()).spec?.holderIdentity ?? '').toBe('');
  });

  test('what a role calls fatal ends the process with 1', async () => {
    const world = bench();
    await working(world);
    world.input().context.fatal(new Error('cannot go on'));
    expect(await world.ended()).toBe(1);
    expect(world.lines.join('')).toContain('cannot go on');
  });
});
