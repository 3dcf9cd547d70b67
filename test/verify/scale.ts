/**
 * `npm run verify -- scale`: csi-provisioner beside 12,000 nodes in 3 regions x 40 zones x racks. What a claim's topology requirement
 * costs, and how that grows; how many writes the capacities of 2,000 segments and classes need after 1,000 label changes;
 * and, on a real kube-apiserver, how much memory 10,000 objects of each kind cost both provisioners.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import type { Informer } from '../../lib/controller/informer.ts';
import type { CsiNode, KubeObject, Node, Resource } from '../../lib/kube/objects.ts';
import {
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
} from '../../lib/kube/resources.ts';
import { createTopologyBook } from '../../provisioner/claim/topology-book.ts';
import { topologyFor, toRequirement } from '../../provisioner/claim/topology.ts';
import { openBench } from '../../provisioner/capacity/testing/bench.ts';
import { DRIVER } from '../../provisioner/testing/objects.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { realLayerProblem } from '../../harness/real/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../harness/real/control-plane.ts';
import { SeededRandom } from '../simulation/seeded-random.ts';
import { PROGRAM_USERS, type Side, startProgram, userOf } from '../real/programs.ts';
import { inLanes } from './undecided-claims.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'scale';

const NODE_COUNT = 12_000;
const [REGIONS, ZONES] = [3, 40];
const KEYS = ['topology.example/region', 'topology.example/zone', 'topology.example/rack'];
/** Racks in a zone, one run each. */
const RACKS = [1, 4, 16];
const [WARM_UP, CLAIMS] = [500, 3_000];
const MOST_P99_MS = 2;
/** Of the mean, against the growth of the segments: what is more is no noise. */
const GROWTH_SLACK = 1.5;

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const faults: string[] = [];
  const topology = RACKS.map(topologyOf);
  for (const { segments, meanMs, p99Ms } of topology) {
    log(`topology: ${segments} segments, a requirement costs ${meanMs.toFixed(3)} ms, p99 ${p99Ms.toFixed(3)} ms`);
    if (p99Ms > MOST_P99_MS) faults.push(`${segments} segments: p99 ${p99Ms.toFixed(3)} ms, more than ${MOST_P99_MS}`);
  }
  const [first, last] = [topology[0], topology.at(-1)];
  if (first !== undefined && last !== undefined && last.meanMs / first.meanMs > (GROWTH_SLACK * last.segments) / first.segments)
    faults.push(`${last.segments / first.segments} times the segments cost ${(last.meanMs / first.meanMs).toFixed(1)} times the time`);
  const capacity = await capacityWrites();
  log(
    `capacity: ${capacity.objects} objects, ${capacity.changes} label changes, ${capacity.changed} objects changed, ${capacity.writes} writes`,
  );
  if (!capacity.right) faults.push('capacity: what is published is not what there is');
  if (capacity.writes !== capacity.changed) faults.push(`capacity: ${capacity.writes} writes for ${capacity.changed} changed objects`);
  const memory = await memoryOf(size === 'full' ? 10_000 : 500, log);
  return { ok: faults.length === 0, topology, capacity, memory, faults };
}

function informerOf<T extends KubeObject>(objects: readonly T[]): Informer<T> {
  const byName = new Map(objects.map((object) => [object.metadata?.name ?? '', object]));
  return {
    store: { get: (key: string) => byName.get(key), list: () => objects },
    onEvent: () => () => undefined,
  } as unknown as Informer<T>;
}

function labelsOf(index: number, racks: number): Record<string, string> {
  const zone = index % (REGIONS * ZONES);
  const rack = Math.floor(index / (REGIONS * ZONES)) % racks;
  const [region, zones, rackKey] = KEYS as [string, string, string];
  return { [region]: `region-${zone % REGIONS}`, [zones]: `zone-${zone}`, [rackKey]: `rack-${rack}`, 'kubernetes.io/os': 'linux' };
}

function topologyOf(racks: number): { readonly segments: number; readonly meanMs: number; readonly p99Ms: number } {
  const nodes = Array.from(
    { length: NODE_COUNT },
    (_, index): Node => ({ metadata: { name: `node-${index}`, labels: labelsOf(index, racks) } }),
  );
  const csiNodes = nodes.map(
    (node): CsiNode => ({ metadata: { name: node.metadata?.name ?? '' }, spec: { drivers: [{ name: DRIVER, topologyKeys: KEYS }] } }),
  );
  const book = createTopologyBook(DRIVER, { nodes: informerOf(nodes), csiNodes: informerOf(csiNodes) });
  const times: number[] = [];
  let segments = 0;
  for (let index = 0; index < WARM_UP + CLAIMS; index += 1) {
    const began = performance.now();
    const result = topologyFor(
      book.inputFor({
        claim: { name: `data-web-${index}`, uid: `uid-${index}` },
        selectedNode: index % 2 === 0 ? undefined : `node-${(index * 7919) % NODE_COUNT}`,
        allowed: undefined,
        strict: false,
        immediate: true,
      }),
    );
    if (result.kind !== 'terms') throw new Error(`claim ${index}: ${result.kind}`);
    segments = toRequirement(result).requisite.length;
    if (index >= WARM_UP) times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return { segments, meanMs: times.reduce((sum, ms) => sum + ms, 0) / times.length, p99Ms: times[Math.floor(times.length * 0.99)] ?? 0 };
}

/** Of the real controller over an API server in memory: two classes, a thousand zones, twelve nodes in each. */
async function capacityWrites() {
  const [zones, changes] = [1_000, 1_000];
  const bench = openBench({ workers: 8 });
  const random = new SeededRandom(1);
  const zoneOf = new Map<string, string>();
  for (let index = 0; index < NODE_COUNT; index += 1) zoneOf.set(`node-${index}`, `zone-${index % zones}`);
  for (const [node, zone] of zoneOf) bench.addNode(node, zone);
  for (const each of ['fast', 'slow']) bench.addClass(each);
  const wanted = (): readonly string[] => [...new Set(zoneOf.values())].flatMap((zone) => [`fast ${zone}: 0`, `slow ${zone}: 0`]).sort();
  await bench.start();
  const before = new Set(bench.published());
  const objects = before.size;
  bench.writes();
  for (let index = 0; index < changes; index += 1) {
    // Some go where there are others, some to a new place, and a zone may be left by its last.
    const node = `node-${random.chance(0.5) ? random.below(24) * zones : random.below(NODE_COUNT)}`;
    const zone = random.chance(0.5) ? `zone-${random.below(zones)}` : `new-${index}`;
    zoneOf.set(node, zone);
    bench.addNode(node, zone);
  }
  await bench.clock.advance(0);
  const after = new Set(bench.published());
  const changed = [...before].filter((line) => !after.has(line)).length + [...after].filter((line) => !before.has(line)).length;
  const right = [...after].join('\n') === wanted().join('\n');
  const writes = bench.writes().length;
  bench.stop();
  return { objects, changes, changed, writes, right };
}

interface Memory {
  readonly kind: string;
  /** Resident, for 10,000 objects. */
  readonly oursMiB: number;
  readonly goMiB: number;
}

const NAMESPACE = 'default';

/** One kind after the other, `count` objects of each. */
async function memoryOf(count: number, log: (line: string) => void): Promise<readonly Memory[] | string> {
  const problem = realLayerProblem();
  if (problem !== undefined) return problem;
  const plane = await startControlPlane({ controllerManager: false, users: PROGRAM_USERS });
  try {
    await installCrds(plane.raw, readCrds());
    const driver = await startMockDriver(plane.stage, { args: [`--topology=${KEYS[1]}=zone-0`] });
    await plane.kube.create(STORAGE_CLASSES, {
      metadata: { name: 'late' },
      provisioner: driver.name,
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    const pids = new Map<Side, number>();
    for (const side of ['ours', 'go'] as const) {
      const program = await startProgram(plane.stage, {
        ...{ role: 'csi-provisioner', side, address: driver.address },
        kubeconfig: plane.kubeconfigOf(userOf('csi-provisioner', side).name),
        args: ['--enable-capacity', '--capacity-ownerref-level=-1', '--capacity-poll-interval=1h'],
        env: { NAMESPACE },
        ...(side === 'ours' ? { nodeFlags: ['--max-semi-space-size=2'] } : {}),
      });
      pids.set(side, program.pid);
    }
    let before = await settledMemory(pids);
    log(`memory: ${before.ours.toFixed(0)} MiB ours, ${before.go.toFixed(0)} MiB Go, with nothing to know`);
    const figures: Memory[] = [];
    for (const { kind, make } of kindsOf(driver.name)) {
      await inLanes({ count, lanes: 16 }, (index) => make(plane, index));
      const now = await settledMemory(pids);
      const of = (side: Side): number => ((now[side] - before[side]) * 10_000) / count;
      figures.push({ kind, oursMiB: of('ours'), goMiB: of('go') });
      log(`memory: 10,000 ${kind}: ${of('ours').toFixed(1)} MiB ours, ${of('go').toFixed(1)} MiB Go`);
      before = now;
    }
    return figures;
  } finally {
    await plane.stop();
  }
}

function kindsOf(
  driver: string,
): readonly { readonly kind: string; readonly make: (plane: ControlPlane, index: number) => Promise<void> }[] {
  const maker =
    <T extends KubeObject>(resource: Resource<T>, object: (index: number) => T) =>
    async ({ kube }: ControlPlane, index: number): Promise<void> => {
      await kube.create(resource, object(index));
    };
  const claim = (index: number): string => `claim-${index}`;
  return [
    { kind: 'Nodes', make: maker(NODES, (index) => ({ metadata: { name: `node-${index}`, labels: labelsOf(index, 4) } })) },
    {
      kind: 'CSINodes',
      make: maker(CSI_NODES, (index) => ({
        metadata: { name: `node-${index}` },
        spec: { drivers: [{ name: 'other.csi.example', nodeID: `node-${index}`, topologyKeys: KEYS }] },
      })),
    },
    {
      kind: 'PersistentVolumeClaims',
      make: maker(PERSISTENT_VOLUME_CLAIMS, (index) => ({
        metadata: { name: claim(index), namespace: NAMESPACE, annotations: { 'volume.kubernetes.io/storage-provisioner': driver } },
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'late',
          resources: { requests: { storage: '1Gi' } },
          volumeName: `pv-${index}`,
        },
      })),
    },
    {
      kind: 'PersistentVolumes',
      make: maker(PERSISTENT_VOLUMES, (index) => ({
        metadata: { name: `pv-${index}`, annotations: { 'pv.kubernetes.io/provisioned-by': driver } },
        spec: {
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '1Gi' },
          storageClassName: 'late',
          persistentVolumeReclaimPolicy: 'Delete',
          claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: NAMESPACE, name: claim(index) },
          csi: { driver, volumeHandle: `handle-${index}` },
        },
      })),
    },
    {
      // Of another manager: neither program deletes them, and both are told of none.
      kind: 'CSIStorageCapacities of others',
      make: maker(CSI_STORAGE_CAPACITIES, (index) => ({
        metadata: { name: `capacity-${index}`, namespace: NAMESPACE },
        storageClassName: 'late',
        capacity: '1Gi',
      })),
    },
  ];
}

/** MiB, the least of some looks once it has come to rest. */
async function settledMemory(pids: ReadonlyMap<Side, number>): Promise<Record<Side, number>> {
  const least: Record<Side, number> = { ours: Infinity, go: Infinity };
  await pause(5_000);
  for (let look = 0; look < 5; look += 1) {
    await pause(1_000);
    for (const [side, pid] of pids) least[side] = Math.min(least[side], residentMiB(pid));
  }
  return least;
}

function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
