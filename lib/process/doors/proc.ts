/** What Linux tells of this process in /proc, each part read when it is asked for. Undefined where there is no such file. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Usage } from '../../doors/host.ts';

type OfLinux = Pick<Usage, 'virtualBytes' | 'virtualMaxBytes' | 'openFiles' | 'maxFiles' | 'receivedBytes' | 'sentBytes'>;

/** `root`: /proc/self, or a folder of the same shape. */
export function readProc(root: string): OfLinux {
  const read = (name: string): string => attempt(() => readFileSync(`${root}/${name}`, 'utf8')) ?? '';
  return {
    get virtualBytes() {
      const kilobytes = /^VmSize:\s+(\d+) kB$/m.exec(read('status'))?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
    },
    get virtualMaxBytes() {
      return limit(read('limits'), 'Max address space');
    },
    get openFiles() {
      // The folder itself is open while it is read.
      const files = attempt(() => readdirSync(`${root}/fd`).length);
      return files === undefined ? undefined : files - 1;
    },
    get maxFiles() {
      return limit(read('limits'), 'Max open files');
    },
    get receivedBytes() {
      return octets(read('net/netstat'), 'InOctets');
    },
    get sentBytes() {
      return octets(read('net/netstat'), 'OutOctets');
    },
  };
}

/** The soft limit. */
function limit(limits: string, name: string): number | undefined {
  const value = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(limits)?.[1];
  if (value === undefined) return undefined;
  return value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value);
}

/** Two lines of a group: the names, then the values. */
function octets(netstat: string, name: string): number | undefined {
  const [names, values] = netstat.split('\n').filter((line) => line.startsWith('IpExt:'));
  const value = values?.split(' ')[names?.split(' ').indexOf(name) ?? -1];
  return value === undefined ? undefined : Number(value);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
