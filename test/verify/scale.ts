/**
 * `npm run verify -- scale`: csi-provisioner among 12,000 nodes. What one claim costs by the number of places, and what capacities cost
 * when the labels of nodes change. Judged by counts and by ratios within one run; times are told.
 */
import { performance } from 'node:perf_hooks';
import { createInformerSet } from '../../lib/controller/informer-set.ts';
import { fixedRandom } from '../../lib/controller/testing/fixed-random.ts';
import { ManualClock } from '../../lib/controller/testing/manual-clock.ts';
import { MemoryApi } from '../../lib/controller/testing/memory-api.ts';
import { memoryLog } from '../../lib/controller/testing/memory-log.ts';
import { CSI_NODES, NODES } from '../../lib/kube/resources.ts';
import { createTopologyBook, type TopologyBook } from '../../provisioner/claim/topology-book.ts';
import { topologyFor } from '../../provisioner/claim/topology.ts';
import { openBench } from '../../provisioner/capacity/testing/bench.ts';
import { DRIVER } from '../../provisioner/testing/objects.ts';
import { median, quantile } from '../bench/statistics.ts';
import { memoryOfObjects } from './scale-memory.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'scale';

const MACHINES = 12_000;
const REGIONS = 3;
const ZONES_OF_A_REGION = 40;
/** In each zone; with them a cluster has so many hundred places: 120, 480, 1,920, and each machine its own. */
const RACKS = [1, 4, 16, 100] as const;
const KEYS = ['topology.example/region', 'topology.example/zone', 'topology.example/rack'] as const;
const WARM_UP = 200;
const CLAIMS = { ci: 2_000, full: 20_000 } as const;
/** Times what the places alone would explain: for noise, and for lists that no longer fit a processor's caches. */
const MOST_BEYOND_PLACES = 4;
const CLAIMS_AMONG_CHANGES = 50;
const CHANGES = 1_000;

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const requirements = [];
  for (const racks of RACKS) requirements.push(await requirementsAmong(racks, CLAIMS[size], log));
  const faults = requirements.flatMap((figures) => figures.faults);
  const [, , most, each] = requirements;
  if (most !== undefined && each !== undefined && each.medianMs / most.medianMs > (MOST_BEYOND_PLACES * each.places) / most.places)
    faults.push(`from ${most.places} to ${each.places} places a claim takes ${(each.medianMs / most.medianMs).toFixed(1)} times as long`);
  const capacities = await labelChanges(log);
  const memory = size === 'full' ? await memoryOfObjects(log) : undefined;
  const all = [...faults, ...capacities.faults];
  for (const fault of all) log(fault);
  return { ok: all.length === 0, requirements, capacities, memory, faults: all };
}

/** Its place among so many racks a zone. */
function labelsOf(machine: number, racks: number): Record<string, string> {
  const zone = machine % (REGIONS * ZONES_OF_A_REGION);
  const rack = Math.floor(machine / (REGIONS * ZONES_OF_A_REGION)) % racks;
  return { [KEYS[0]]: `r${zone % REGIONS}`, [KEYS[1]]: `z${zone}`, [KEYS[2]]: `z${zone}-${rack}` };
}

interface Requirements {
  readonly places: number;
  readonly firstMs: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Of a claim right after a place came or went, at the median. */
  readonly afterChangeMs: number;
  /** Different places in the requests of all claims, as objects. */
  readonly made: number;
  readonly faults: readonly string[];
}

async function requirementsAmong(racks: number, claims: number, log: (line: string) => void): Promise<Requirements> {
  const { api, book, settle, stop } = await openCluster((machine) => labelsOf(machine, racks));
  const made = new Set<unknown>();
  const ask = (index: number): number => {
    const from = performance.now();
    // By turns a claim without a node, and one of a Pod on some machine.
    const selectedNode = index % 2 === 0 ? undefined : `node-${(index * 37) % MACHINES}`;
    const claim = { name: `data-web-${index}`, uid: `uid-${index}` };
    const result = topologyFor(book.inputFor({ claim, selectedNode, allowed: undefined, strict: false, immediate: true }));
    const took = performance.now() - from;
    if (result.kind !== 'terms') throw new Error(`claim ${index} has no places`);
    for (const place of [...result.requirement.asked.requisite, ...result.requirement.asked.preferred]) made.add(place);
    return took;
  };
  const calls = api.calls.length;
  const firstMs = ask(0);
  for (let index = 0; index < WARM_UP; index += 1) ask(index);
  const times = Array.from({ length: claims }, (_, index) => ask(index));
  const places = racks * REGIONS * ZONES_OF_A_REGION;
  const placesMade = made.size;
  const faults = placesMade === places ? [] : [`${claims} claims among ${places} places made ${placesMade} of them`];
  if (api.calls.length !== calls) faults.push(`${claims} claims made ${api.calls.length - calls} requests to the API server`);
  const changing: number[] = [];
  for (let index = 0; index < CLAIMS_AMONG_CHANGES; index += 1) {
    api.put(NODES, { metadata: { name: `node-${index}`, labels: { ...labelsOf(index, racks), [KEYS[2]]: `new-${index}` } } });
    await settle();
    changing.push(ask(index));
  }
  stop();
  const afterChangeMs = median(changing);
  const figures = { places, firstMs, medianMs: median(times), p99Ms: quantile(times, 0.99), afterChangeMs, made: placesMade, faults };
  log(
    `${MACHINES} nodes, ${places} places: the first claim ${firstMs.toFixed(1)} ms, then ${figures.medianMs.toFixed(3)} ms at the median and ` +
      `${figures.p99Ms.toFixed(3)} ms at p99 of ${claims}; places made for all of them: ${placesMade}; ` +
      `${afterChangeMs.toFixed(1)} ms where a place came right before`,
  );
  return figures;
}

async function openCluster(
  labels: (machine: number) => Record<string, string>,
): Promise<{ api: MemoryApi; book: TopologyBook; settle: () => Promise<void>; stop: () => void }> {
  const api = new MemoryApi();
  for (let machine = 0; machine < MACHINES; machine += 1) {
    api.put(NODES, { metadata: { name: `node-${machine}`, labels: labels(machine) } });
    api.put(CSI_NODES, { metadata: { name: `node-${machine}` }, spec: { drivers: [{ name: DRIVER, topologyKeys: [...KEYS] }] } });
  }
  const clock = new ManualClock();
  const informers = createInformerSet({ client: api.client(), doors: { clock, random: fixedRandom(0) }, log: memoryLog(), resyncMs: 0 });
  const nodes = informers.informer(NODES, { fields: ['metadata.labels'] });
  const csiNodes = informers.informer(CSI_NODES, { fields: ['spec.drivers'] });
  const book = createTopologyBook(DRIVER, { nodes, csiNodes });
  const stop = new AbortController();
  informers.start(stop.signal);
  await clock.settle();
  await informers.waitSynced(stop.signal);
  return { api, book, settle: () => clock.settle(), stop: () => stop.abort() };
}

interface Changes {
  readonly objects: number;
  readonly writes: number;
  readonly ms: number;
  readonly faults: readonly string[];
}

/** A thousand machines get other labels: most of them leave a zone that goes with them for one that nobody was in. */
async function labelChanges(log: (line: string) => void): Promise<Changes> {
  const zones = 1_000;
  const emptied = 80;
  const bench = openBench({ workers: 8 });
  for (const each of ['fast', 'slow']) bench.addClass(each);
  for (let zone = 0; zone < zones + emptied; zone += 1) bench.room.set(`z${zone}`, BigInt(2 * zone + 1) << 30n);
  for (let machine = 0; machine < MACHINES; machine += 1) bench.addNode(`node-${machine}`, `z${machine % zones}`);
  await bench.start();
  const before = bench.published().length;
  bench.writes();
  const askedBefore = bench.asked.length;
  const from = performance.now();
  let changed = 0;
  const move = (machine: number, zone: number): void => {
    bench.api.put(NODES, { metadata: { name: `node-${machine}`, labels: { zone: `z${zone}` } } });
    changed += 1;
  };
  for (let machine = 0; machine < MACHINES; machine += 1) if (machine % zones < emptied) move(machine, zones + (machine % zones));
  // The others move among zones that stay.
  for (let machine = emptied; changed < CHANGES; machine += 1) move(machine, machine + 1);
  await bench.clock.advance(0);
  const ms = Math.round(performance.now() - from);
  const writes = bench.writes();
  const wanted = [...Array(zones + emptied).keys()]
    .slice(emptied)
    .flatMap((zone) => ['fast', 'slow'].map((each) => `${each} z${zone}: ${2 * zone + 1}Gi`))
    .sort();
  const faults: string[] = [];
  if (before !== 2 * zones) faults.push(`${before} capacities before, ${2 * zones} wanted`);
  if (JSON.stringify(bench.published()) !== JSON.stringify(wanted))
    faults.push('what is published after the changes is not what the driver says');
  if (writes.length !== 4 * emptied) faults.push(`${writes.length} writes for ${4 * emptied} objects that came or went`);
  const asked = bench.asked.length - askedBefore;
  if (asked !== 2 * emptied) faults.push(`the driver was asked ${asked} times, for ${2 * emptied} new places`);
  bench.stop();
  log(`${changed} label changes among ${MACHINES} nodes and ${before} capacities: ${writes.length} writes, ${asked} GetCapacity, ${ms} ms`);
  return { objects: 4 * emptied, writes: writes.length, ms, faults };
}
