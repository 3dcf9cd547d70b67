/**
 * How instances that share a directory learn of each other's commits: a file with a line per commit,
 * appended under the lock. Each instance remembers which file it read and how far. Whoever cannot
 * tell what happened removes the file, and everybody reads everything once.
 */
import { appendFileSync, closeSync, fstatSync, openSync, readSync, rmSync, statSync } from 'node:fs';

/** The file starts anew beyond this size. */
const MAX_BYTES = 4 << 20;
const NO_FILE = 'none';
/** No file is this one: the next look reads everything. */
const LOST = 'lost';

export class ChangeFeed {
  readonly #file: string;
  #identity: string = LOST;
  #offset = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** The lines since the last look, each once; `lost` where they cannot be had. */
  read(): readonly string[] | 'lost' {
    const { identity, size } = this.#look();
    if (identity !== this.#identity || size < this.#offset) return 'lost';
    return size === this.#offset ? [] : this.#lines();
  }

  /** Call before reading everything: what is announced from here on is news. */
  catchUp(): void {
    closeSync(openSync(this.#file, 'a'));
    const { identity, size } = this.#look();
    this.#identity = identity;
    this.#offset = size;
  }

  /** Makes the next `read` answer `lost`, for this instance only. */
  lose(): void {
    this.#identity = LOST;
  }

  /** Makes it so for all instances. */
  drop(): void {
    rmSync(this.#file, { force: true });
    this.#identity = LOST;
  }

  /** For a commit that is done. If the disk has no room for the line, the file goes, which says more. */
  announce(line: string): void {
    try {
      if (this.#offset > MAX_BYTES) rmSync(this.#file);
      appendFileSync(this.#file, `${line}\n`);
      this.catchUp();
    } catch {
      this.drop();
    }
  }

  #look(): { readonly identity: string; readonly size: number } {
    const stats = statSync(this.#file, { bigint: true, throwIfNoEntry: false });
    // An inode is used again at once; together with the time of birth it is one file only.
    return { identity: stats === undefined ? NO_FILE : `${stats.ino} ${stats.birthtimeNs}`, size: Number(stats?.size ?? 0n) };
  }

  #lines(): readonly string[] {
    const file = openSync(this.#file, 'r');
    try {
      const buffer = Buffer.alloc(fstatSync(file).size - this.#offset);
      const read = readSync(file, buffer, 0, buffer.length, this.#offset);
      // A line that is still being written is left for the next look.
      const whole = buffer.subarray(0, buffer.subarray(0, read).lastIndexOf(10) + 1);
      this.#offset += whole.length;
      return [...new Set(whole.toString('utf8').split('\n'))].filter((line) => line !== '');
    } finally {
      closeSync(file);
    }
  }
}
