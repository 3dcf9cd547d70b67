/** One process at a time, by a file with its number: the file of one that has died is taken over. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { eventually } from './wait.ts';

/** A hang guard. */
const LONGEST_MS = 3_600_000;

/** Its folder must be there. Answers what gives it back. `waits` is called once where somebody else has it. */
export async function lock(file: string, waits: () => void): Promise<() => void> {
  let told = false;
  await eventually(
    `the lock ${file}`,
    () => {
      try {
        writeFileSync(file, String(process.pid), { flag: 'wx' });
        return true;
      } catch {
        if (!holderLives(file)) rmSync(file, { force: true });
        else if (!told) waits();
        told = true;
        return undefined;
      }
    },
    { timeoutMs: LONGEST_MS, everyMs: 250 },
  );
  return () => rmSync(file, { force: true });
}

function holderLives(file: string): boolean {
  try {
    const holder = Number(readFileSync(file, 'utf8'));
    if (!Number.isInteger(holder) || holder <= 0) return false;
    process.kill(holder, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else. Otherwise the file or the process is gone.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
