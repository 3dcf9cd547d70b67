/** What Linux tells of this process in /proc, as the Go programs' process collector reads it. Text files of a few lines, made in memory. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Usage } from '../../doors/host.ts';

/** Undefined where there is no such /proc. */
export function readProc(folder = '/proc/self'): Usage['linux'] {
  try {
    const read = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8');
    // In kB; the files with numbers alone count pages of a size that Node does not know.
    const virtual = Number(/^VmSize:\s+(\d+) kB$/m.exec(read('status'))?.[1]);
    const [, limit] = /^Max open files\s+(\d+|unlimited)/m.exec(read('limits')) ?? [];
    const traffic = octets(read('net/netstat'));
    return {
      virtualBytes: virtual * 1024,
      // One of them is the listing itself.
      openFiles: readdirSync(`${folder}/fd`).length - 1,
      maxFiles: limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit),
      receivedBytes: traffic.get('InOctets') ?? 0,
      sentBytes: traffic.get('OutOctets') ?? 0,
    };
  } catch {
    return undefined;
  }
}

/** A line of names, then a line of numbers, both behind the same word. */
function octets(netstat: string): ReadonlyMap<string, number> {
  const [names = '', values = ''] = netstat.split('\n').filter((line) => line.startsWith('IpExt:'));
  const numbers = values.split(' ');
  return new Map(names.split(' ').map((name, index) => [name, Number(numbers[index])]));
}
