/** What the steps of a trial work on. */
import type { Doors } from '../../../lib/doors/doors.ts';
import { sleep } from '../../../lib/doors/sleep.ts';
import { errorText } from '../../../lib/errors/error-text.ts';
import type { Snapshot, Volume } from '../../../proto/gen/csi.ts';
import type { CallJournal } from '../journal/call-journal.ts';
import type { TryClasses } from './classes.ts';
import type { TryCluster } from './cluster.ts';
import type { DriverCalls, TriedDriver } from './driver.ts';
import type { Sidecars } from './sidecars.ts';
import type { SocketProxy } from './socket-proxy.ts';
import type { Trap } from './trap.ts';

/** What later steps take from earlier ones. */
export interface Notes {
  driver?: TriedDriver;
  classes?: TryClasses;
  /** Made by the trial's own calls. */
  volume?: Volume;
  snapshot?: Snapshot;
  /** Ids that the lists held before anything was made. */
  listedBefore?: { readonly volumes: ReadonlySet<string>; readonly snapshots: ReadonlySet<string> };
  /** Why nothing can be published here; undefined: it can. */
  withoutNode?: string;
  /** Checksums of what Pods wrote or read, by step. */
  readonly checksums: Map<string, string>;
}

export interface TryWorld {
  readonly doors: Doors;
  /** Of the step that runs: its limit, or the end of the trial. */
  readonly signal: AbortSignal;
  /** Part of every name, so that two trials of one driver do not meet. */
  readonly run: string;
  readonly dir: string;
  readonly calls: DriverCalls;
  readonly journal: CallJournal;
  readonly cluster: TryCluster;
  readonly sidecars: Sidecars;
  readonly proxy: SocketProxy;
  readonly trap: Trap;
  readonly notes: Notes;
  /** Documents of `--class`. */
  readonly classFile: readonly object[];
  /** Notes what no single call shows; without a breach it is as it should be. `calls`: numbers of those that show it together. */
  observe(clause: string, breach?: string, calls?: readonly number[]): void;
  startNode(driver: string): void;
}

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 150;

/** Asks until there is an answer. Rejects when the step's time is over, with `hint`'s words on why. */
export async function until<T>(
  world: Pick<TryWorld, 'doors' | 'signal' | 'sidecars'>,
  what: string,
  { probe, hint }: { readonly probe: () => Promise<T | undefined>; readonly hint?: () => Promise<string> },
): Promise<T> {
  const { clock } = world.doors;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const failure = world.sidecars.failure();
    if (failure !== undefined) throw failure;
    const answer = await probe();
    if (answer !== undefined) return answer;
    if (world.signal.aborted) {
      const why = await hint?.().catch((error: unknown) => errorText(error));
      throw new Error(`${what} did not come about in time${why === undefined || why === '' ? '' : `: ${why}`}`);
    }
    await sleep(clock, pauseMs, world.signal);
    pauseMs = Math.min(pauseMs * 1.4, LONGEST_PAUSE_MS);
  }
}

export function driverOf({ notes }: Pick<TryWorld, 'notes'>): TriedDriver {
  if (notes.driver === undefined) throw new Error('the driver has not introduced itself');
  return notes.driver;
}

export function classesOf({ notes }: Pick<TryWorld, 'notes'>): TryClasses {
  if (notes.classes === undefined) throw new Error('the classes are not known');
  return notes.classes;
}
