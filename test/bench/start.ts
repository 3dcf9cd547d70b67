/** From the start of a side's programs until they do nothing any more. */
import { setTimeout as pause } from 'node:timers/promises';
import { isCounted } from '../../harness/call-table.ts';
import { stopCast } from '../real/programs.ts';
import type { Outcome } from './figures.ts';
import { memoryOf, totalCpuMs } from './gauges.ts';
import { type SideInput, type SideName, startSide, usersOf } from './sides.ts';
import type { Experiment } from './table.ts';

/** CPU time so far, read from time to time. */
export interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
  /** Of kube-apiserver and etcd: while they work on an answer, who waits for it is not quiet. */
  readonly serversMs: number;
}

const EVERY_MS = 100;
/** In the steps of the kernel's clock: a reading off three processes may jump by so much. */
const NOTHING_MS = 20;
/** A profiler takes its samples of an idle program, too. */
const NOTHING_PROFILED_MS = 600;
/** Of one core, without requests. */
const SERVERS_SHARE = 0.3;
const MOST_MS = 120_000;
const QUIET_MS = 2_000;

export const start: Experiment = {
  size: () => `no objects in place; quiet: at most ${NOTHING_MS} ms of CPU time in the ${QUIET_MS / 1000} s that follow`,
  sides: ['go', 'one', 'three'],
  rounds: 'all',
  play: (side, { plane, driver, profiles }) =>
    startUntilQuiet(side, { input: { plane, address: driver.address, profiles }, quietMs: QUIET_MS, idleMs: 0 }),
};

export interface StartOptions {
  readonly input: SideInput;
  /** So long nothing may happen; longer where the server is slow to answer and the programs wait for it. */
  readonly quietMs: number;
  /** Then idle CPU time is measured for so long; 0: it is not. */
  readonly idleMs: number;
}

export async function startUntilQuiet(side: SideName, { input, quietMs, idleMs }: StartOptions): Promise<Outcome> {
  const { plane } = input;
  const nothingMs = input.profiles === undefined ? NOTHING_MS : NOTHING_PROFILED_MS;
  const from = plane.auditSize();
  const began = performance.now();
  const programs = await startSide(side, input);
  const pids = programs.map(({ pid }) => pid);
  const { apiserver, etcd } = plane.servers;
  const samples: Sample[] = [];
  let quiet: Sample | undefined;
  while (quiet === undefined) {
    await pause(EVERY_MS);
    samples.push({ atMs: performance.now() - began, cpuMs: totalCpuMs(pids), serversMs: totalCpuMs([apiserver.pid, etcd.pid]) });
    quiet = quietFrom(samples, { quietMs, nothingMs });
    if (performance.now() - began > MOST_MS) throw new Error(`${side} was not quiet within ${MOST_MS / 1000} s`);
  }
  const memory = memoryOf(pids);
  let idle: number | undefined;
  if (idleMs > 0) {
    const before = totalCpuMs(pids);
    await pause(idleMs);
    idle = ((totalCpuMs(pids) - before) * 60_000) / idleMs;
  }
  await stopCast(programs);
  const users = usersOf(side);
  const calls = plane.audit(from).filter((call) => users.includes(call.user) && isCounted(call));
  return {
    phases: [],
    totals: {
      startMs: quiet.atMs,
      startCpuMs: quiet.cpuMs,
      startWrites: calls.filter(({ verb }) => verb !== 'get' && verb !== 'list').length,
      ...memory,
      ...(idle === undefined ? {} : { idleCpuMsPerMinute: idle }),
    },
  };
}

export interface Quiet {
  readonly quietMs: number;
  /** CPU time in it that counts as none. */
  readonly nothingMs?: number;
}

/** The first sample after which next to nothing happened for so long; undefined while there is none. Pure. */
export function quietFrom(samples: readonly Sample[], { quietMs, nothingMs = NOTHING_MS }: Quiet): Sample | undefined {
  return samples.find((sample, index) => {
    const end = samples.slice(index).find(({ atMs }) => atMs >= sample.atMs + quietMs);
    if (sample.cpuMs === 0 || end === undefined || end.cpuMs - sample.cpuMs > nothingMs) return false;
    return end.serversMs - sample.serversMs <= SERVERS_SHARE * (end.atMs - sample.atMs);
  });
}
