/** What the kernel says of processes. Source: proc(5). */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let ticksPerSecond: number | undefined;

/** CPU time of a process and its threads since it began, ms. Its steps are 10 ms. */
export function cpuMs(pid: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  // The name in brackets may hold blanks.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  const [user = 0, system = 0] = fields.slice(11, 13).map(Number);
  return ((user + system) * 1000) / ticksPerSecond;
}

export interface Memory {
  /** Sum of the programs. */
  readonly residentMiB: number;
  /** A page that several of them have is counted once: programs of one engine have the same text of it mapped. */
  readonly togetherMiB: number;
}

export function memoryOf(pids: readonly number[]): Memory {
  return memoryIn(pids.map((pid) => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')));
}

/** Of what the kernel says of each program. What they share with others, too, is counted as theirs. Pure. */
export function memoryIn(rollups: readonly string[]): Memory {
  const sizes = rollups.map((rollup) => {
    const mib = mibOf(rollup);
    return { resident: mib('Rss'), shared: mib('Shared_Clean') + mib('Shared_Dirty') };
  });
  const residentMiB = sizes.reduce((sum, { resident }) => sum + resident, 0);
  const shared = sizes.map((size) => size.shared);
  const again = shared.reduce((sum, mib) => sum + mib, 0) - Math.max(0, ...shared);
  return { residentMiB, togetherMiB: residentMiB - again };
}

const mibOf =
  (rollup: string) =>
  (name: string): number => {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1];
    if (kib === undefined) throw new Error(`the kernel does not say ${name} of a process`);
    return Number(kib) / 1024;
  };

export function totalCpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
}
