/** Puts a world together from the real parts: sandbox, mock driver, and the programs over simulated doors. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { startPrograms } from './programs.ts';
import { loadCodec } from '../../mock-driver/codec.ts';
import { createDriver } from '../../mock-driver/driver.ts';
import { ledgerOf } from '../../mock-driver/ledger.ts';
import type { Records } from '../../mock-driver/model/records.ts';
import { MemoryStore } from '../../mock-driver/store/memory.ts';
import { SchemaCache } from '../../sandbox/apiserver/schema/schema-cache.ts';
import { createSandbox } from '../../sandbox/sandbox.ts';
import { ZONE } from './manifests.ts';
import type { Scenario } from './scenario.ts';
import type { Scheduler } from './scheduler.ts';
import { SeededRandom } from './seeded-random.ts';
import { PLAIN_DRIVER } from './volume-source.ts';
import { World } from './world.ts';

export interface OpenWorld {
  readonly scheduler: Scheduler;
  readonly seed: number;
  readonly scenario: Scenario;
  readonly crashAt: number | undefined;
  readonly onLog: ((program: string, line: string) => void) | undefined;
}

const ROOTS = ['../deploy/crds/', '../../deploy/crds/'];

/** The three CRDs that the main job needs, and those of groups; read once, since thousands of worlds are opened. */
export const CRDS: readonly Uint8Array[] = readCrds('snapshot.');
const GROUP_CRDS: readonly Uint8Array[] = readCrds('groupsnapshot.');
const CODEC = loadCodec();
/** Compiled once: what a schema says does not depend on the world. */
const SCHEMAS = new SchemaCache();

function readCrds(group: string): Uint8Array[] {
  for (const root of ROOTS) {
    const folder = fileURLToPath(new URL(root, import.meta.url));
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch {
      continue;
    }
    return names
      .filter((name) => name.startsWith(group))
      .map((name) => new TextEncoder().encode(JSON.stringify(load(readFileSync(folder + name, 'utf8')))));
  }
  throw new Error('deploy/crds was not found beside the program');
}

export async function openWorld({ scheduler, seed, scenario, crashAt, onLog }: OpenWorld): Promise<World> {
  const sandbox = createSandbox({
    clock: scheduler.clock('sandbox'),
    random: new SeededRandom(seed, 10),
    parts: scenario.parts ?? ['binder'],
    schemas: SCHEMAS,
  });
  sandbox.start();
  for (const body of [...CRDS, ...(scenario.groups === true ? GROUP_CRDS : [])]) {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const answer = await sandbox.handle({ method: 'POST', path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', headers, body });
    if (answer.status !== 201) throw new Error(`the sandbox refused a CRD: ${new TextDecoder().decode(answer.body)}`);
  }
  // Ids stay unique over the lives of all drivers.
  const ids = new SeededRandom(seed, 11);
  const { driver: init = {} } = scenario;
  const demands = init.demandedSecrets;
  const demandedSecrets = { ...demands };
  const nodes = init.nodes?.(new SeededRandom(seed, 14));
  const pools = init.pools?.(new SeededRandom(seed, 13));
  const stores = new Map((nodes ?? [undefined]).map((node) => [node, new MemoryStore()] as const));
  const storeOf = (volumeId: string): MemoryStore | undefined =>
    [...stores.values()].find((store) => store.content(volumeId) !== undefined);
  const programs = startPrograms(scenario, { seed, nodes });
  const records = readOnce([...stores.values()]);
  return new World({
    seed,
    scheduler,
    sandbox,
    driver: init.names ?? PLAIN_DRIVER,
    nodes,
    openDriver: (node) => (life) => {
      const topology = node === undefined ? (init.topology ?? []) : [{ [ZONE]: node }];
      const own = pools?.filter(({ segment }) => node === undefined || segment?.[ZONE] === node);
      return createDriver({
        name: (init.names ?? PLAIN_DRIVER).name,
        nodeId: node ?? 'node-1',
        clock: life.clock,
        random: ids,
        store: life.mortal(stores.get(node)?.instance() ?? new MemoryStore().instance()),
        topology,
        ...(own === undefined ? {} : { pools: own }),
        ...(demands === undefined ? {} : { requireSecrets: demandedSecrets }),
        disabled: new Set(),
        codec: CODEC,
        fault: (call) => life.fault(call),
        crash: () => life.crash(),
        journal: (entry) => life.journal(entry),
      });
    },
    demandedSecrets,
    elects: scenario.election === true,
    hasTopology: init.topology !== undefined || nodes !== undefined,
    hasGroups: scenario.groups === true,
    publishesCapacity: scenario.publishesCapacity === true,
    ...(init.promised === undefined ? {} : { promisedPlaces: init.promised }),
    records,
    ledger: () => ledgerOf(records(), scheduler.now()),
    data: {
      write: (volumeId, text) => storeOf(volumeId)?.write(volumeId, new TextEncoder().encode(text)),
      read: (volumeId) => new TextDecoder().decode(storeOf(volumeId)?.content(volumeId) ?? new Uint8Array()),
    },
    adopt: (volume) => stores.get(nodes?.[0])?.put({ op: 'create-volume', volume }),
    programs: programs.programs,
    start: programs.start,
    crashChance: scenario.crashes ?? 0,
    ...(crashAt === undefined ? {} : { crashAt }),
    ...(onLog === undefined ? {} : { onLog }),
  });
}

/** The records of all drivers as the invariants see them, who ask far more often than something changes. */
function readOnce(stores: readonly MemoryStore[]): () => Records {
  const changes = (): number => stores.reduce((sum, { length }) => sum + length, 0);
  let seen: { readonly changes: number; readonly records: Records } | undefined;
  return () => {
    if (seen?.changes !== changes()) seen = { changes: changes(), records: merged(stores.map((store) => store.records())) };
    return seen.records;
  };
}

function merged(all: readonly Records[]): Records {
  return {
    volumes: all.flatMap(({ volumes }) => volumes),
    snapshots: all.flatMap(({ snapshots }) => snapshots),
    groups: all.flatMap(({ groups }) => groups),
    nodes: all.flatMap(({ nodes }) => nodes),
  };
}
