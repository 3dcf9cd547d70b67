/** Runs a program of ours as the only inhabitant of private namespaces: what it starts and mounts ends with it. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lock } from '../lock.ts';
import { binary, type BinaryName } from '../real/binaries.ts';
import { repositoryRoot } from '../repository.ts';
import { openStage } from '../stage.ts';
import { type MachineState, nodeProblem, readMachine, restoreMachine } from './machine.ts';

/** Of the whole machine; only root gets here. */
const LOCK = '/run/csi-sidecars-node.lock';
const ENDING_MS = 10_000;
const AGAIN_MS = 200;
const NAMESPACES = ['--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];

export interface PrivateRun {
  /** A bundle under dist/. Its first argument is a folder that outlives the namespaces. */
  readonly program: string;
  readonly args?: readonly string[];
  /** What it runs: built before the namespaces are entered, which have no network. */
  readonly binaries: readonly BinaryName[];
  /** A hang guard. */
  readonly timeoutMs: number;
  readonly say: (line: string) => void;
}

export interface PrivateResult {
  /** The last line of its standard output; empty where it ended without one. */
  readonly last: string;
  /** Lines: mounts, loop devices, cgroups, folders, processes that were not there before. */
  readonly leftOnMachine: readonly string[];
}

/** Rejects where no node can be had here. */
export async function runPrivately({ program, args = [], binaries, timeoutMs, say }: PrivateRun): Promise<PrivateResult> {
  const problem = nodeProblem(say);
  if (problem !== undefined) throw new Error(problem);
  for (const name of binaries) await binary(name, { report: say });
  // Cgroups are everybody's: two nodes at once would take each other's for their own.
  const release = await lock(LOCK, () => say('node: another one is on this machine, waiting for its end'));
  const before = readMachine();
  const stage = openStage('node');
  // A shell is the first process: it takes in whose parent has gone.
  const script = `"$0" "$@"; exit $?`;
  const file = join(repositoryRoot(), 'dist', `${program}.mjs`);
  try {
    const { stdout } = await stage.run({
      name: program,
      file: 'unshare',
      args: [...NAMESPACES, 'sh', '-c', script, process.execPath, file, stage.dir, ...args],
      // One that was forgotten is an error, not a wait for a network.
      env: { GOPROXY: 'off' },
      timeoutMs,
      say,
    });
    return { last: stdout.trim().split('\n').at(-1) ?? '', leftOnMachine: await restored(before) };
  } finally {
    await stage.close();
    release();
  }
}

/** What was killed with the namespaces needs a moment to end. */
async function restored(before: MachineState): Promise<readonly string[]> {
  const end = performance.now() + ENDING_MS;
  for (;;) {
    const left = restoreMachine(before);
    if (left.length === 0 || performance.now() > end) return left;
    await pause(AGAIN_MS);
  }
}
