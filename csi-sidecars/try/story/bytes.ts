import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILES = ['first', 'second'];

/** Writes files whose bytes follow from `text`; answers their checksum. */
export async function writeBytes(folder: string, text: string): Promise<string> {
  for (const file of FILES) await writeFile(join(folder, file), `${file} ${text}\n`.repeat(512), { flush: true });
  return checksum(folder);
}

/** Of the files that `writeBytes` writes; what else is on a volume (`lost+found`) does not count. */
export async function checksum(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of FILES) hash.update(await readFile(join(folder, file)).catch(() => `no file ${file}`));
  return hash.digest('hex').slice(0, 16);
}
