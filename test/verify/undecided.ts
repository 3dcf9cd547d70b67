/**
 * `npm run verify -- undecided`: thousands of claims whose CreateVolume the driver leaves undecided, on a real
 * kube-apiserver. Others provision at their usual pace meanwhile; once the driver answers again every claim has its volume,
 * nothing is left over in the driver, and the journal is empty. No write of it was larger than promised.
 *
 * The driver syncs each volume to its disk, one after the other. On a disk that others use, too, that is all that anybody waits
 * for, whichever program asks: so it has its state in memory.
 *
 * Once with a driver that answers at once without a decision, once with one that lets every call run into its time limit.
 */
import type { PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { LEASES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '../../lib/kube/resources.ts';
import { countPhase, type PhaseCalls } from '../../harness/call-table.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { ScenarioRule } from '../../harness/driver-control.ts';
import { openEntries } from '../../harness/journal-entries.ts';
import { type JournalWrites, journalWrites } from '../../harness/journal-writes.ts';
import { type MockDriver, startSteeredDriver } from '../../harness/mock-driver.ts';
import { eventually } from '../../harness/wait.ts';
import { realLayerProblem } from '../../harness/real/binaries.ts';
import { freePort } from '../../harness/free-port.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { openScene, type Scene } from '../real/main-job.ts';
import { PROGRAM_USERS, startProgram, userOf } from '../real/programs.ts';
import { openSight, type Sight } from '../../harness/sight.ts';
import { inLanes, type Pace, paceOf, runClaims } from './undecided-claims.ts';
import { partOf, type VerificationOptions, type VerificationResult } from './verification.ts';

export const name = 'undecided';
export const takesPart = true;

const SIZES = { ci: { undecided: 300, others: 20 }, full: { undecided: 5000, others: 100 } } as const;
/** What a write of the journal may have (decision 008). */
const MOST_BYTES = 64 * 1024;
/**
 * Who waits for calls that hang waits for their time limit, 10 s, or for many of them in turn. What is less is the load of the
 * machine, which the retries of thousands share with the servers and the driver.
 */
const allowedMs = (alone: number): number => 3 * alone + 1000;
/** The default of --timeout: while the thousands are asked for the first time every worker may be at a call that hangs. */
const CALL_MS = 10_000;

/** The parameter of a class that tells the driver what becomes of its calls. */
const FATE = 'fate';
const FATES = ['made', 'not-made'] as const;
/**
 * One volume in ten is made all the same: what is undecided may be there. Not more, since the driver looks at its disk for
 * each, one after the other, and what the others wait for is to be ours.
 */
const fateOf = (index: number): (typeof FATES)[number] => (index % 10 === 0 ? 'made' : 'not-made');

/** Longer than CALL_MS. */
const HANG = '12s';
const WAYS = {
  'answered at once': [
    { rpc: 'CreateVolume', parameters: { [FATE]: 'made' }, code: 'DEADLINE_EXCEEDED', effect: true },
    { rpc: 'CreateVolume', parameters: { [FATE]: 'not-made' }, code: 'UNAVAILABLE' },
  ],
  'never answered': [
    { rpc: 'CreateVolume', parameters: { [FATE]: 'made' }, delay: HANG },
    { rpc: 'CreateVolume', parameters: { [FATE]: 'not-made' }, delay: HANG, code: 'UNAVAILABLE' },
  ],
} as const satisfies Readonly<Record<string, readonly ScenarioRule[]>>;
type Way = keyof typeof WAYS;

/** Of the provisioner, in the audit log. */
const USER = userOf('csi-provisioner', 'ours').name;

/** Hang guards: all are asked for once, a hundred at a time, and the last retry comes five minutes after the one before. */
const ASKED_GUARD_MS = 1_200_000;
const BOUND_GUARD_MS = 1_200_000;
const EMPTY_GUARD_MS = 60_000;
const CREATE_LANES = 16;

interface WayResult {
  readonly undecided: number;
  readonly alone: Pace;
  /** While most of the others are still to be asked for the first time. */
  readonly amidst: Pace;
  readonly meanwhile: Pace;
  readonly journal: JournalWrites;
  readonly calls: readonly PhaseCalls[];
  /** From the driver's first good answer to the last claim Bound. */
  readonly recoveredMs: number;
  readonly faults: readonly string[];
}

export async function run({ size, log, part }: VerificationOptions): Promise<VerificationResult> {
  const problem = realLayerProblem();
  if (problem !== undefined) {
    log(`undecided is not verified here: ${problem}`);
    return { ok: false, skipped: problem };
  }
  const figures: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const way of partOf(Object.keys(WAYS) as Way[], part)) {
    const result = await runWay(way, SIZES[size], log);
    report(way, result, log);
    const { calls, ...rest } = result;
    figures[way] = { ...rest, callsPerClaim: Object.fromEntries(calls.map(({ phase, perObject }) => [phase, perObject])) };
    faults.push(...result.faults.map((fault) => `${way}: ${fault}`));
  }
  return { ok: faults.length === 0, figures, faults };
}

async function runWay(way: Way, { undecided, others }: (typeof SIZES)['ci' | 'full'], log: (line: string) => void): Promise<WayResult> {
  const plane = await startControlPlane({ report: log, audit: true, users: PROGRAM_USERS, inMemory: true });
  const { stage, kube } = plane;
  const signal = stage.broken;
  try {
    await installCrds(plane.raw, readCrds());
    const { driver, control } = await startSteeredDriver(stage);
    const scene = await openScene({ plane, driver, name: 'undecided' });
    for (const fate of FATES)
      await kube.create(STORAGE_CLASSES, { metadata: { name: fate }, provisioner: driver.name, parameters: { [FATE]: fate } });
    const sight = openSight(plane.raw);
    stage.defer(() => sight.close());
    await sight.follow(PERSISTENT_VOLUME_CLAIMS);
    const metricsPort = await freePort();
    const program = await startProgram(stage, {
      ...{ role: 'csi-provisioner', side: 'ours', address: driver.address },
      kubeconfig: plane.kubeconfigOf(USER),
      args: [`--http-endpoint=127.0.0.1:${metricsPort}`],
    });
    const ofPhase = (from: number, phase: string, objects: number): PhaseCalls =>
      countPhase({ phase, objects, calls: plane.audit().slice(from), programs: [USER] });
    await runClaims({ scene, sight, prefix: 'warm', count: 1, signal });
    const warm = plane.audit().length;

    const alone = paceOf(await runClaims({ scene, sight, prefix: 'alone', count: others, signal }));
    const calls = [ofPhase(warm, 'alone', others)];
    const before = plane.audit().length;
    log(`${way}: ${others} claims alone: ${told(alone)}`);

    await control.bend(WAYS[way]);
    const began = performance.now();
    const waiting = await createUndecided(scene, undecided);
    const amidst = paceOf(await runClaims({ scene, sight, prefix: 'amidst', count: others, signal }));
    log(`${way}: ${others} claims amidst the first calls: ${told(amidst)}`);
    await untilUndecided(scene, metricsPort, undecided);
    log(`${way}: ${undecided} claims are undecided after ${seconds(performance.now() - began)} s`);

    const meanwhile = paceOf(await runClaims({ scene, sight, prefix: 'meanwhile', count: others, signal }));
    log(`${way}: ${others} claims meanwhile: ${told(meanwhile)}`);

    await control.heal();
    const healed = performance.now();
    const bound = await untilBound(scene, sight, waiting);
    const recoveredMs = Math.max(...bound) - healed;
    log(`${way}: all bound ${seconds(recoveredMs)} s after the driver answers again`);
    const faults = await leftOver(scene, driver);
    await program.stop();
    calls.push(ofPhase(before, 'undecided and meanwhile', undecided + 2 * others));
    const journal = journalWrites(plane.audit(), USER);
    if (journal.largestBytes > MOST_BYTES) faults.push(`a write of the journal has ${journal.largestBytes} bytes, more than ${MOST_BYTES}`);
    const allowed = allowedMs(alone.medianMs);
    if (amidst.medianMs > allowed + CALL_MS)
      faults.push(`amidst the first calls the others waited ${amidst.medianMs} ms (median), at most ${allowed + CALL_MS} are allowed`);
    if (meanwhile.medianMs > allowed) faults.push(`the others waited ${meanwhile.medianMs} ms (median), at most ${allowed} are allowed`);
    return { undecided, alone, amidst, meanwhile, journal, calls, recoveredMs: Math.round(recoveredMs), faults };
  } finally {
    await plane.stop();
  }
}

/** Answers their names. */
async function createUndecided({ kube, namespace }: Scene, count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => `undecided-${index}`);
  await inLanes({ count, lanes: CREATE_LANES }, async (index) => {
    await kube.create(PERSISTENT_VOLUME_CLAIMS, {
      metadata: { name: names[index] ?? '', namespace },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: fateOf(index),
        resources: { requests: { storage: '1Mi' } },
      },
    });
  });
  return names;
}

/** The driver was asked for each of them, and left it open. */
async function untilUndecided({ plane }: Scene, metricsPort: number, count: number): Promise<void> {
  let found = 0;
  const isReached = async (): Promise<true | undefined> => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    found = Number(/^csi_provisioner_journal_entries\{.*state="undecided".*\} (\d+)$/m.exec(text)?.[1]);
    return found >= count ? true : undefined;
  };
  await eventually('all to be undecided', isReached, { timeoutMs: ASKED_GUARD_MS, everyMs: 250, signal: plane.stage.broken }).catch(
    (error: unknown) => {
      throw new Error(`${found} of ${count} claims became undecided`, { cause: error });
    },
  );
}

/** Times at which they were Bound. */
async function untilBound({ namespace, plane }: Scene, sight: Sight, claims: readonly string[]): Promise<number[]> {
  const giveUp = new AbortController();
  let bound = 0;
  const guard = setTimeout(
    () => giveUp.abort(new Error(`${claims.length - bound} of ${claims.length} claims are not bound`)),
    BOUND_GUARD_MS,
  );
  const broke = (): void => giveUp.abort(plane.stage.broken.reason);
  plane.stage.broken.addEventListener('abort', broke);
  try {
    const until = { test: (claim?: PersistentVolumeClaim) => claim?.status?.phase === 'Bound', signal: giveUp.signal };
    return await Promise.all(
      claims.map(async (name) => {
        const at = await sight.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, until);
        bound += 1;
        return at;
      }),
    );
  } finally {
    clearTimeout(guard);
    plane.stage.broken.removeEventListener('abort', broke);
  }
}

/** What the driver holds and what PVs name are the same, and the journal has no entry. */
async function leftOver({ kube, plane }: Scene, driver: MockDriver): Promise<string[]> {
  let open: readonly string[] = [];
  const isEmpty = async (): Promise<true | undefined> => {
    open = openEntries(await kube.list(LEASES));
    return open.length === 0 ? true : undefined;
  };
  await eventually('an empty journal', isEmpty, { timeoutMs: EMPTY_GUARD_MS, signal: plane.stage.broken }).catch(() => undefined);
  const named = new Set((await kube.list<PersistentVolume>(PERSISTENT_VOLUMES)).map(({ spec }) => spec?.csi?.volumeHandle ?? ''));
  const held = new Set((await driver.ledger()).volumes.map(({ id }) => id));
  return [
    ...open.map((uid) => `the journal still holds an entry of claim uid ${uid}`),
    ...[...held].filter((id) => !named.has(id)).map((id) => `volume ${id} has no PersistentVolume`),
    ...[...named].filter((id) => !held.has(id)).map((id) => `the driver has no volume ${id}`),
  ];
}

function report(way: Way, { undecided, alone, amidst, meanwhile, journal, calls, faults }: WayResult, log: (line: string) => void): void {
  log(`\n${way}: ${undecided} claims undecided`);
  log(`  the others, creation to Bound: ${told(alone)} alone, ${told(amidst)} amidst the first calls, ${told(meanwhile)} meanwhile`);
  log(
    `  journal: ${journal.puts} PUTs, ${journal.posts} POSTs, ${journal.deletes} DELETEs (${journal.refused} of them refused), the largest ${journal.largestBytes} bytes, ${journal.mostShards} shards at the peak`,
  );
  for (const { phase, perObject, programs } of calls) {
    log(`  calls per claim, ${phase}: ${perObject.toFixed(2)}`);
    for (const [verb, count] of programs.flatMap(({ byVerb }) => byVerb)) log(`    ${count.toFixed(2).padStart(7)}  ${verb}`);
  }
  for (const fault of faults.slice(0, 40)) log(`  ${fault}`);
  if (faults.length > 40) log(`  and ${faults.length - 40} more`);
}

function told({ medianMs, p99Ms }: Pace): string {
  return `median ${medianMs} ms, p99 ${p99Ms} ms`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
