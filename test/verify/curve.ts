/**
 * `npm run verify -- curve`: what an object costs the mock driver does not grow with how many there are.
 * Volumes first, then a snapshot of each; the last tenth must cost at most 1.5 times the first tenth, by
 * the clock or by the driver's processor time: growth shows in both, a busy machine only in the first.
 * Memory, start-up with everything on the disk, and a full listing are printed as they are.
 */
import { readFileSync } from 'node:fs';
import { capability } from '../../mock-driver/workbench.ts';
import { type DriverProcess, startDriverProcess } from '../component/mock-driver-process.ts';
import { openStage } from '../../harness/stage.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'curve';

const MOST = 1.5;

interface Curve {
  /** Milliseconds of the first and the last tenth. */
  readonly first: number;
  readonly last: number;
  /** Of the last tenth to the first, by the clock. */
  readonly ratio: number;
  /** The same, by processor time. */
  readonly cpuRatio: number;
}

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const count = size === 'full' ? 10_000 : 1000;
  const stage = openStage('curve');
  try {
    let driver = await startDriverProcess(stage);
    const empty = residentMiB(driver);
    // The first calls also pay for compilation; they are not what grows.
    await createVolumes(driver, 'warm', count / 10);
    const volumes = await createVolumes(driver, 'volume', count);
    report(log, 'volumes', volumes.curve);
    const snapshots = await timed(driver, count, async (index) => {
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
    const ok = !grows(volumes.curve) && !grows(snapshots) && listed === held;
    return { ok, count, volumes: volumes.curve, snapshots, residentMiB: { empty, full }, startMs, listMs, listed };
  } finally {
    await stage.close();
  }
}

async function createVolumes(
  driver: DriverProcess,
  prefix: string,
  count: number,
): Promise<{ readonly ids: readonly string[]; readonly curve: Curve }> {
  const ids: string[] = [];
  const volumeCapabilities = [capability()];
  const curve = await timed(driver, count, async (index) => {
    const { code, message, response } = await driver.client.createVolume({ name: `${prefix}-${index}`, volumeCapabilities });
    if (code !== 'OK') throw new Error(`CreateVolume ${index}: ${code} ${message}`);
    ids.push(response.volume?.volumeId ?? '');
  });
  return { ids, curve };
}

/** One after the other, so that a call's time is its own. */
async function timed({ program }: DriverProcess, count: number, act: (index: number) => Promise<void>): Promise<Curve> {
  const tenth = count / 10;
  const marks: { readonly wall: number; readonly cpu: number }[] = [];
  const mark = (): void => {
    marks.push({ wall: performance.now(), cpu: cpuTicks(program.pid) });
  };
  mark();
  for (let index = 0; index < count; index += 1) {
    await act(index);
    if ((index + 1) % tenth === 0) mark();
  }
  const cost = (from: number): { wall: number; cpu: number } => {
    const [a, b] = [marks[from], marks[from + 1]];
    if (a === undefined || b === undefined) throw new Error('a tenth was not measured');
    return { wall: b.wall - a.wall, cpu: b.cpu - a.cpu };
  };
  const [first, last] = [cost(0), cost(9)];
  const ratio = (a: number, b: number): number => Math.round((a / b) * 100) / 100;
  return {
    first: Math.round(first.wall),
    last: Math.round(last.wall),
    ratio: ratio(last.wall, first.wall),
    cpuRatio: ratio(last.cpu, first.cpu),
  };
}

const grows = ({ ratio, cpuRatio }: Curve): boolean => Math.min(ratio, cpuRatio) > MOST;

function report(log: (line: string) => void, what: string, { first, last, ratio, cpuRatio }: Curve): void {
  log(
    `${what}: the first tenth took ${first} ms, the last ${last} ms: ${ratio} times as much, ${cpuRatio} by processor time (at most ${MOST})`,
  );
}

/** User and system time of a process so far, in the kernel's ticks. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function residentMiB({ program }: DriverProcess): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${program.pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1024);
}
