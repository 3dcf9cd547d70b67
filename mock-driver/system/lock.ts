/**
 * A lock between processes that share a directory, held for one commit. Node has no flock, so it is a
 * row of tickets: `<n>` is a symbolic link whose target tells who holds ticket n, `<n>.free` the same
 * after release. Whoever sees the highest ticket free, or its holder dead, makes ticket n+1; only one
 * can. Nobody ever takes a ticket away from somebody, which is where lock files go wrong.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../lib/doors/clock.ts';
import { sleep } from '../../lib/doors/sleep.ts';
import { StoreError } from '../store/store.ts';

const RETRY_MS = 2;
/** A holder in another pid namespace cannot be looked up; this long without release it counts as dead. */
const FOREIGN_HOLDER_MS = 30_000;
const GIVE_UP_MS = 120_000;

export interface LockOptions {
  readonly directory: string;
  /** The node of this instance: a holder of the same node that is not this process is a former life of it. */
  readonly nodeId: string;
  readonly clock: Clock;
}

interface Ticket {
  readonly number: number;
  readonly free: boolean;
}

interface Holder {
  readonly pid: number;
  readonly started: string;
  readonly namespace: string;
  readonly node: string;
}

export class TicketLock {
  readonly #options: LockOptions;
  readonly #self: Holder;
  #held: number | undefined;

  constructor(options: LockOptions) {
    this.#options = options;
    this.#self = { pid: process.pid, started: startOf(process.pid), namespace: pidNamespace(), node: options.nodeId };
    mkdirSync(options.directory, { recursive: true });
  }

  /** Answers whether the holder before us died with the lock: what it was doing is half done. */
  async acquire(): Promise<{ readonly inherited: boolean }> {
    const { clock, directory } = this.#options;
    const began = clock.monotonic();
    for (;;) {
      const top = highest(directory);
      const dead = top !== undefined && !top.free && this.#isDead(top.number);
      if (top === undefined || top.free || dead) {
        const number = (top?.number ?? 0) + 1;
        if (this.#take(number)) return { inherited: dead };
      } else if (clock.monotonic() - began > GIVE_UP_MS) {
        throw new StoreError('busy', `another instance has held ${join(directory, String(top.number))} for ${GIVE_UP_MS / 1000} s`);
      } else {
        await sleep(clock, RETRY_MS, new AbortController().signal);
      }
    }
  }

  release(): void {
    if (this.#held === undefined) return;
    const ticket = join(this.#options.directory, String(this.#held));
    this.#held = undefined;
    renameSync(ticket, `${ticket}.free`);
  }

  #take(number: number): boolean {
    const { directory } = this.#options;
    const path = join(directory, String(number));
    try {
      symlinkSync(JSON.stringify(this.#self), path);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
    // The row may have moved on between looking and taking: then this number was used before and is void.
    const top = highest(directory);
    if (top === undefined || top.number !== number || top.free) {
      unlinkSync(path);
      return false;
    }
    this.#held = number;
    for (const name of readdirSync(directory)) if (Number.parseInt(name, 10) < number) remove(join(directory, name));
    return true;
  }

  #isDead(number: number): boolean {
    const path = join(this.#options.directory, String(number));
    const holder = readHolder(path);
    if (holder === undefined) return false;
    if (holder.namespace === this.#self.namespace) return startOf(holder.pid) !== holder.started || !exists(holder.pid);
    if (holder.node === this.#self.node) return true;
    const age = this.#options.clock.now() - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY);
    return age > FOREIGN_HOLDER_MS;
  }
}

function highest(directory: string): Ticket | undefined {
  const names = readdirSync(directory).filter((name) => /^[0-9]+(\.free)?$/.test(name));
  const number = Math.max(...names.map((name) => Number.parseInt(name, 10)));
  return names.length === 0 ? undefined : { number, free: names.includes(`${number}.free`) };
}

/** Undefined if the ticket has just gone or been freed: the caller looks again. */
function readHolder(path: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readlinkSync(path));
    if (typeof value !== 'object' || value === null) return undefined;
    const from = Object.fromEntries(Object.entries(value));
    return { pid: Number(from['pid']), started: String(from['started']), namespace: String(from['namespace']), node: String(from['node']) };
  } catch {
    return undefined;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** When a process started, so that a reused pid is not taken for the holder. Empty where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name may hold spaces and brackets: fields count from the last bracket; start time is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
