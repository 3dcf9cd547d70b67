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
import { DRIVER } from './manifests.ts';
import type { Scenario } from './scenario.ts';
import type { Scheduler } from './scheduler.ts';
import { SeededRandom } from './seeded-random.ts';
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
  const store = new MemoryStore();
  // Ids stay unique over the lives of the driver.
  const ids = new SeededRandom(seed, 11);
  const demands = scenario.driver?.demandedSecrets;
  const demandedSecrets = { ...demands };
  const pools = scenario.driver?.pools?.(new SeededRandom(seed, 13));
  const programs = startPrograms(scenario, seed);
  const records = readOnce(store);
  return new World({
    seed,
    scheduler,
    sandbox,
    openDriver: (life) =>
      createDriver({
        name: DRIVER,
        nodeId: 'node-1',
        clock: life.clock,
        random: ids,
        store: life.mortal(store.instance()),
        topology: scenario.driver?.topology ?? [],
        ...(pools === undefined ? {} : { pools }),
        ...(demands === undefined ? {} : { requireSecrets: demandedSecrets }),
        disabled: new Set(),
        codec: CODEC,
        fault: (call) => life.fault(call),
        crash: () => life.crash(),
        journal: (entry) => life.journal(entry),
      }),
    demandedSecrets,
    elects: scenario.election === true,
    hasTopology: scenario.driver?.topology !== undefined,
    hasGroups: scenario.groups === true,
    publishesCapacity: scenario.publishesCapacity === true,
    ...(scenario.driver?.promised === undefined ? {} : { promisedPlaces: scenario.driver.promised }),
    records,
    ledger: () => ledgerOf(records(), scheduler.now()),
    data: {
      write: (volumeId, text) => store.write(volumeId, new TextEncoder().encode(text)),
      read: (volumeId) => new TextDecoder().decode(store.content(volumeId) ?? new Uint8Array()),
    },
    programs: programs.names,
    start: programs.start,
    crashChance: scenario.crashes ?? 0,
    ...(crashAt === undefined ? {} : { crashAt }),
    ...(onLog === undefined ? {} : { onLog }),
  });
}

/** The records as the invariants see them, who ask far more often than something changes. */
function readOnce(store: MemoryStore): () => Records {
  let seen = { length: -1, records: store.records() };
  return () => {
    if (seen.length !== store.length) seen = { length: store.length, records: store.records() };
    return seen.records;
  };
}
