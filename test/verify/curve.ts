/**
 * `npm run verify -- curve`: what an object costs the mock driver does not grow with how many there are.
 * Volumes first, then a snapshot of each; the last tenth must cost at most 1.5 times the first tenth.
 * Memory, start-up with everything on the disk, and a full listing are printed as they are.
 */
import { readFileSync } from 'node:fs';
import { capability, type Client } from '../../mock-driver/workbench.ts';
import { type DriverProcess, startDriverProcess } from '../component/mock-driver-process.ts';
import { openStage } from '../harness/stage.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'curve';

const MOST = 1.5;

interface Curve {
  /** Milliseconds of the first and the last tenth. */
  readonly first: number;
  readonly last: number;
  readonly ratio: number;
}

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const count = size === 'full' ? 10_000 : 1000;
  const stage = openStage('curve');
  try {
    let driver = await startDriverProcess(stage);
    const empty = residentMiB(driver);
    // The first calls also pay for compilation; they are not what grows.
    await createVolumes(driver.client, 'warm', count / 10);
    const volumes = await createVolumes(driver.client, 'volume', count);
    report(log, 'volumes', volumes.curve);
    const snapshots = await timed(count, async (index) => {
      const { code, message } = await driver.client.createSnapshot({ name: `snapshot-${index}`, sourceVolumeId: volumes.ids[index] ?? '' });
      if (code !== 'OK') throw new Error(`CreateSnapshot ${index}: ${code} ${message}`);
    });
    report(log, 'snapshots', snapshots);
    const full = residentMiB(driver);
    await driver.program.stop();
    const began = performance.now();
    driver = await startDriverProcess(stage);
    const startMs = Math.round(performance.now() - began);
    const listing = performance.now();
    const listed =
      (await driver.client.listVolumes()).response.entries.length + (await driver.client.listSnapshots()).response.entries.length;
    const listMs = Math.round(performance.now() - listing);
    const held = count * 2 + count / 10;
    log(`resident memory: ${empty} MiB empty, ${full} MiB with ${held} objects, ${residentMiB(driver)} MiB after a restart with them`);
    log(`start-up with them: ${startMs} ms; a listing of all: ${listMs} ms`);
    const ok = volumes.curve.ratio <= MOST && snapshots.ratio <= MOST && listed === held;
    return { ok, count, volumes: volumes.curve, snapshots, residentMiB: { empty, full }, startMs, listMs, listed };
  } finally {
    await stage.close();
  }
}

async function createVolumes(
  client: Client,
  prefix: string,
  count: number,
): Promise<{ readonly ids: readonly string[]; readonly curve: Curve }> {
  const ids: string[] = [];
  const volumeCapabilities = [capability()];
  const curve = await timed(count, async (index) => {
    const { code, message, response } = await client.createVolume({ name: `${prefix}-${index}`, volumeCapabilities });
    if (code !== 'OK') throw new Error(`CreateVolume ${index}: ${code} ${message}`);
    ids.push(response.volume?.volumeId ?? '');
  });
  return { ids, curve };
}

/** One after the other, so that a call's time is its own. */
async function timed(count: number, act: (index: number) => Promise<void>): Promise<Curve> {
  const tenth = count / 10;
  const ends: number[] = [performance.now()];
  for (let index = 0; index < count; index += 1) {
    await act(index);
    ends.push(performance.now());
  }
  const between = (from: number, to: number): number => (ends[to] ?? 0) - (ends[from] ?? 0);
  const [first, last] = [between(0, tenth), between(count - tenth, count)];
  return { first: Math.round(first), last: Math.round(last), ratio: Math.round((last / first) * 100) / 100 };
}

function report(log: (line: string) => void, what: string, { first, last, ratio }: Curve): void {
  log(`${what}: the first tenth took ${first} ms, the last ${last} ms, ${ratio} times as much (at most ${MOST})`);
}

function residentMiB({ program }: DriverProcess): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${program.pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1024);
}
