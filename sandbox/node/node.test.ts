import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../lib/doors/clock.ts';
import type { Doors } from '../../lib/doors/doors.ts';
import type { HttpDoor } from '../../lib/doors/http.ts';
import type { RpcDoor } from '../../lib/doors/rpc.ts';
import type { CsiNode, KubeObject, Node, PersistentVolume, PersistentVolumeClaim, VolumeAttachment } from '../../lib/kube/objects.ts';
import {
  ControllerPublishVolumeRequest,
  CreateVolumeRequest,
  CreateVolumeResponse,
  NodePublishVolumeRequest,
  NodeStageVolumeRequest,
} from '../../proto/gen/csi.ts';
import type { Driver } from '../../mock-driver/driver.ts';
import { createDriver } from '../../mock-driver/driver.ts';
import { MemoryStore } from '../../mock-driver/store/memory.ts';
import type { Sandbox } from '../sandbox.ts';
import { createSandbox } from '../sandbox.ts';
import { startNode } from './node.ts';
import type { Pod } from './pod.ts';
import { capabilityOf } from './volume.ts';

const DRIVER = 'mock.csi.example';

/** Retries wait for nobody's watch: a timer of up to ten seconds fires once nothing else happens; longer ones never do. */
interface IdleClock extends Clock {
  fireNext(): void;
}
function idleClock(): IdleClock {
  let time = 0;
  let timers: { at: number; fire: () => void }[] = [];
  return {
    now: () => 1_700_000_000_000 + time,
    monotonic: () => time,
    setTimer: (delayMs, fire) => {
      const timer = { at: time + delayMs, fire };
      if (delayMs <= 10_000) timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    fireNext: () => {
      const next = timers.sort((a, b) => a.at - b.at).shift();
      if (next === undefined) return;
      time = Math.max(time, next.at);
      next.fire();
    },
  };
}

let ids = 0;
const random = { next: () => 0.5, uuid: () => `${String(++ids).padStart(8, '0')}-0000-4000-8000-000000000000` };

/** What was called, and the sandbox, driver and node that it happened between. */
interface Bench {
  readonly calls: string[];
  readonly requests: Map<string, Uint8Array>;
  readonly driver: Driver;
  ask<T = KubeObject>(method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: object): Promise<T>;
  until<T>(what: string, probe: () => Promise<T | undefined>): Promise<T>;
  /** The driver answers UNAVAILABLE while this is true. */
  down: boolean;
}

/** A hang guard: nothing here takes a second. */
const HANG_MS = 30_000;

let dir: string;
let stop: AbortController;
let running: Promise<void> | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'node-test-'));
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await running;
  running = undefined;
  rmSync(dir, { recursive: true, force: true });
});

async function openBench(
  options: { readonly disabled?: readonly string[]; readonly topology?: readonly Record<string, string>[] } = {},
): Promise<Bench> {
  const clock = idleClock();
  const sandbox: Sandbox = createSandbox({ clock, random, parts: [] });
  sandbox.start();
  const store = new MemoryStore();
  const driver = await createDriver({
    name: DRIVER,
    nodeId: 'id-of-node',
    clock,
    random,
    store: store.instance(),
    topology: options.topology ?? [],
    disabled: new Set(options.disabled ?? []),
  });
  const calls: string[] = [];
  const requests = new Map<string, Uint8Array>();
  const rpc = (): RpcDoor => ({
    unary: async ({ method, request }) => {
      if (bench.down) return { code: 14, message: 'connection refused', response: new Uint8Array() };
      const name = method.slice(method.lastIndexOf('/') + 1);
      if (name.endsWith('Volume')) calls.push(name);
      requests.set(name, request);
      const answer = await driver.handle(method, request);
      if (answer.code !== 0) calls.push(`(${answer.message})`);
      return answer;
    },
    onConnection: () => () => undefined,
    connect: () => undefined,
    close: () => undefined,
  });
  const http = (): HttpDoor => ({
    exchange: (request) => sandbox.handle(request),
    stream: (request, signal) => sandbox.stream(request, signal),
    close: () => undefined,
  });
  const host = { writeLog: () => undefined } as unknown as Doors['host'];
  const files = {} as unknown as Doors['files'];
  const ask: Bench['ask'] = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await sandbox.handle({
      method: method as 'GET',
      path,
      headers: { 'content-type': type, accept: 'application/json' },
      ...(body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }),
    });
    return { ...(JSON.parse(new TextDecoder().decode(answer.body)) as T), httpStatus: answer.status };
  };
  const until: Bench['until'] = async (what, probe) => {
    // The node makes and removes real folders, which takes real time however many turns pass meanwhile.
    const end = performance.now() + HANG_MS;
    for (let turn = 1; performance.now() < end; turn += 1) {
      const answer = await probe();
      if (answer !== undefined) return answer;
      await new Promise((resolve) => setImmediate(resolve));
      if (turn % 100 === 0) clock.fireNext();
    }
    throw new Error(`${what} never happened; calls: ${calls.join(' ')}`);
  };
  const bench: Bench = { calls, requests, driver, ask, until, down: false };
  const doors: Doors = { clock, random, files, host, http, rpc };
  running = startNode({
    doors,
    server: 'http://sandbox',
    nodeName: 'n1',
    drivers: new Map([[DRIVER, 'unix:///s']]),
    dir,
    signal: stop.signal,
  });
  return bench;
}

const registered = (bench: Bench): Promise<CsiNode> =>
  bench.until('registration', async () => {
    const node = await bench.ask<CsiNode>('GET', '/apis/storage.k8s.io/v1/csinodes/n1');
    return node.spec?.drivers?.[0] === undefined ? undefined : node;
  });

/** A bound claim `name` whose volume exists in the driver. */
async function addClaim(bench: Bench, name: string): Promise<string> {
  const answer = await bench.driver.handle(
    '/csi.v1.Controller/CreateVolume',
    CreateVolumeRequest.encode({
      name: `pvc-${name}`,
      capacityRange: { requiredBytes: 1n << 20n, limitBytes: 0n },
      volumeCapabilities: [
        capabilityOf({
          accessModes: ['ReadWriteOnce'],
          volumeMode: 'Filesystem',
          mountOptions: [],
          fsType: '',
          driver: { tellsWritersApart: false },
        }),
      ],
      parameters: {},
      secrets: {},
      volumeContentSource: undefined,
      accessibilityRequirements: undefined,
      mutableParameters: {},
    }).finish(),
  );
  const { volumeId = '', volumeContext = {} } = CreateVolumeResponse.decode(answer.response).volume ?? {};
  const access = { accessModes: ['ReadWriteOnce'] };
  const claim: PersistentVolumeClaim = {
    metadata: { name },
    spec: { ...access, resources: { requests: { storage: '1Mi' } }, volumeName: `pvc-${name}`, storageClassName: '' },
  };
  await bench.ask('POST', '/api/v1/namespaces/default/persistentvolumeclaims', claim);
  await bench.ask('PATCH', `/api/v1/namespaces/default/persistentvolumeclaims/${name}/status`, { status: { phase: 'Bound' } });
  const volume: PersistentVolume = {
    metadata: { name: `pvc-${name}` },
    spec: {
      ...access,
      capacity: { storage: '1Mi' },
      csi: { driver: DRIVER, volumeHandle: volumeId, volumeAttributes: volumeContext },
    },
  };
  await bench.ask('POST', '/api/v1/persistentvolumes', volume);
  return volumeId;
}

async function addPod(bench: Bench, name: string, claimName: string): Promise<void> {
  await bench.ask('POST', '/api/v1/namespaces/default/pods', {
    metadata: { name },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }],
    },
  });
}
const podRuns = (bench: Bench, name: string): Promise<Pod> =>
  bench.until(`Pod ${name} running`, async () => {
    const pod = await bench.ask<Pod>('GET', `/api/v1/namespaces/default/pods/${name}`);
    return pod.status?.phase === 'Running' ? pod : undefined;
  });
const podGone = (bench: Bench, name: string): Promise<true> =>
  bench.until(`Pod ${name} gone`, async () => {
    const { httpStatus } = await bench.ask<{ httpStatus: number }>('GET', `/api/v1/namespaces/default/pods/${name}`);
    return httpStatus === 404 ? true : undefined;
  });

test('a node registers itself, its driver and the topology that the driver gives it', async () => {
  const bench = await openBench({ topology: [{ zone: 'a', rack: '1' }] });
  const csiNode = await registered(bench);
  expect(csiNode.spec?.drivers).toEqual([{ name: DRIVER, nodeID: 'id-of-node', topologyKeys: ['rack', 'zone'] }]);
  const node = await bench.ask<Node & { status?: { allocatable?: object; conditions?: { type: string; status: string }[] } }>(
    'GET',
    '/api/v1/nodes/n1',
  );
  expect(node.metadata?.labels).toMatchObject({ zone: 'a', rack: '1', 'kubernetes.io/hostname': 'n1' });
  expect(node.status?.allocatable).toMatchObject({ pods: '250' });
  expect(node.status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
});

test('a driver that is not there yet is waited for', async () => {
  const bench = await openBench();
  bench.down = true;
  await bench.until('the node without a driver', async () => {
    const { httpStatus } = await bench.ask<{ httpStatus: number }>('GET', '/apis/storage.k8s.io/v1/csinodes/n1');
    return httpStatus === 200 ? true : undefined;
  });
  bench.down = false;
  expect((await registered(bench)).spec?.drivers).toHaveLength(1);
});

test("a Pod's volume is attached, staged and published before the Pod runs, and taken back the same way", async () => {
  const bench = await openBench();
  const volumeId = await addClaim(bench, 'data');
  await addPod(bench, 'p', 'data');
  const pod = await podRuns(bench, 'p');
  expect(pod.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
  expect(bench.calls).toEqual(['ControllerPublishVolume', 'NodeStageVolume', 'NodePublishVolume']);

  const published = NodePublishVolumeRequest.decode(bench.requests.get('NodePublishVolume') ?? new Uint8Array());
  const staged = NodeStageVolumeRequest.decode(bench.requests.get('NodeStageVolume') ?? new Uint8Array());
  expect(published.targetPath).toBe(join(dir, 'pods', pod.metadata?.uid ?? '', 'volumes/kubernetes.io~csi/pvc-data/mount'));
  expect(published.stagingTargetPath).toBe(staged.stagingTargetPath);
  expect(published.volumeId).toBe(volumeId);
  expect(ControllerPublishVolumeRequest.decode(bench.requests.get('ControllerPublishVolume') ?? new Uint8Array()).nodeId).toBe(
    'id-of-node',
  );
  const attachments = await bench.ask<{ items: VolumeAttachment[] }>('GET', '/apis/storage.k8s.io/v1/volumeattachments');
  expect(attachments.items).toMatchObject([
    { spec: { attacher: DRIVER, nodeName: 'n1', source: { persistentVolumeName: 'pvc-data' } }, status: { attached: true } },
  ]);

  await bench.ask('DELETE', '/api/v1/namespaces/default/pods/p');
  await podGone(bench, 'p');
  expect(bench.calls.slice(3)).toEqual(['NodeUnpublishVolume', 'NodeUnstageVolume', 'ControllerUnpublishVolume']);
  expect((await bench.ask<{ items: unknown[] }>('GET', '/apis/storage.k8s.io/v1/volumeattachments')).items).toEqual([]);
  expect(bench.driver.ledger().volumes[0]).toMatchObject({ publishedOn: [], paths: [] });
});

test('a volume that a second Pod of the node uses stays staged and attached until that one goes too', async () => {
  const bench = await openBench();
  await addClaim(bench, 'data');
  await addPod(bench, 'p', 'data');
  await podRuns(bench, 'p');
  await addPod(bench, 'q', 'data');
  await podRuns(bench, 'q');
  bench.calls.length = 0;
  await bench.ask('DELETE', '/api/v1/namespaces/default/pods/p');
  await podGone(bench, 'p');
  expect(bench.calls).toEqual(['NodeUnpublishVolume']);
  await bench.ask('DELETE', '/api/v1/namespaces/default/pods/q');
  await podGone(bench, 'q');
  expect(bench.calls).toEqual(['NodeUnpublishVolume', 'NodeUnpublishVolume', 'NodeUnstageVolume', 'ControllerUnpublishVolume']);
});

test('a Pod deleted without grace is gone at once, and its volume is taken back all the same', async () => {
  const bench = await openBench();
  await addClaim(bench, 'data');
  await addPod(bench, 'p', 'data');
  await podRuns(bench, 'p');
  await bench.ask('DELETE', '/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0');
  await bench.until('the way back', async () => (bench.calls.includes('ControllerUnpublishVolume') ? true : undefined));
});

test('a driver without staging and attaching is asked for neither', async () => {
  const bench = await openBench({ disabled: ['STAGE_UNSTAGE_VOLUME', 'PUBLISH_UNPUBLISH_VOLUME'] });
  await addClaim(bench, 'data');
  await addPod(bench, 'p', 'data');
  await podRuns(bench, 'p');
  await bench.ask('DELETE', '/api/v1/namespaces/default/pods/p');
  await podGone(bench, 'p');
  expect(bench.calls).toEqual(['NodePublishVolume', 'NodeUnpublishVolume']);
});

test('a failure is told once as an event of the Pod, tried again, and heals', async () => {
  const bench = await openBench();
  await registered(bench);
  await addPod(bench, 'p', 'late');
  const events = async () =>
    (await bench.ask<{ items: { reason?: string; message?: string }[] }>('GET', '/api/v1/namespaces/default/events')).items;
  const told = await bench.until('the event', async () => {
    const list = await events();
    return list.length > 0 ? list : undefined;
  });
  expect(told[0]).toMatchObject({ reason: 'FailedMount', message: expect.stringContaining('late') });
  let turns = 0;
  await bench.until('some retries', async () => (++turns > 600 ? true : undefined));
  expect(await events()).toHaveLength(1);
  await addClaim(bench, 'late');
  await podRuns(bench, 'p');
  bench.down = true;
  await bench.ask('DELETE', '/api/v1/namespaces/default/pods/p');
  await bench.until('the second event', async () =>
    (await events()).some(({ message }) => message?.includes('connection refused')) ? true : undefined,
  );
  expect((await bench.ask<Pod>('GET', '/api/v1/namespaces/default/pods/p')).status?.phase).toBe('Running');
  bench.down = false;
  await podGone(bench, 'p');
});

test('the access mode told to the driver is the widest of the volume, in the words that the driver knows', () => {
  const modeOf = (accessModes: string[], tellsWritersApart: boolean) =>
    capabilityOf({ accessModes, volumeMode: 'Filesystem', mountOptions: [], fsType: 'ext4', driver: { tellsWritersApart } }).accessMode
      ?.mode;
  expect(modeOf(['ReadWriteOnce'], false)).toBe(1);
  expect(modeOf(['ReadWriteOncePod'], false)).toBe(1);
  expect(modeOf(['ReadWriteOnce'], true)).toBe(7);
  expect(modeOf(['ReadWriteOncePod'], true)).toBe(6);
  expect(modeOf(['ReadOnlyMany'], false)).toBe(3);
  expect(modeOf(['ReadWriteOnce', 'ReadWriteMany'], true)).toBe(5);
  const block = capabilityOf({
    accessModes: [],
    volumeMode: 'Block',
    mountOptions: ['ro'],
    fsType: 'ext4',
    driver: { tellsWritersApart: false },
  });
  expect(block.accessType?.$case).toBe('block');
});
