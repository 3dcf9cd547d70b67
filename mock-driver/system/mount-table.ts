/** What is mounted in this process's namespace, by the kernel's own list. Elsewhere than on Linux nothing is. */
import * as fs from 'node:fs/promises';
import { resolve } from 'node:path';

export interface Mount {
  readonly point: string;
  /** `8:1`, of the file system that is mounted. */
  readonly device: string;
}

export async function readMounts(): Promise<readonly Mount[]> {
  let table: string;
  try {
    table = await fs.readFile('/proc/self/mountinfo', 'utf8');
  } catch {
    return [];
  }
  // ID PARENT MAJOR:MINOR ROOT POINT …, with blanks and backslashes in octal.
  return table.split('\n').flatMap((line) => {
    const [, , device = '', , point = ''] = line.split(' ');
    if (point === '') return [];
    const plain = point.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    return [{ point: plain, device }];
  });
}

/** The mount at a path, the topmost where there are several. */
export async function mountAt(path: string): Promise<Mount | undefined> {
  const real = resolve(path);
  return (await readMounts()).findLast(({ point }) => point === real);
}
