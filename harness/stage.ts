/**
 * The stage a component or real test plays on: one temporary folder, the processes started in it, and
 * the order in which everything is taken down again.
 *
 * Invariants: every process is the leader of its own group and known to the reaper before anything
 * else happens; a process that ends by itself breaks the stage, and every wait on the stage fails at
 * once with the last lines of its log instead of running into a time limit; `close` always removes
 * everything, whatever failed before.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { leaksIn } from './leak-warning.ts';
import { startReaper } from './reaper.ts';
import type { Reaper } from './reaper.ts';

export interface ProgramSpec {
  /** For messages and the log file. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Added to a minimal environment; nothing of KUBECONFIG or KUBERNETES_* is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** True if its end is part of the test. Default false: an end breaks the stage. */
  readonly mayEnd?: boolean;
  /** True for a server whose last words nobody needs: `close` kills it. Default false: SIGTERM and a grace period. */
  readonly disposable?: boolean;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  readonly name: string;
  readonly pid: number;
  readonly ended: Promise<Ended>;
  running(): boolean;
  /** Everything it wrote so far, both streams. */
  log(): string;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL for the group after `graceMs`. */
  stop(graceMs?: number): Promise<Ended>;
  /** SIGKILL, as a crash. */
  kill(): Promise<Ended>;
}

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSpec extends ProgramSpec {
  readonly stdin?: string;
  readonly timeoutMs?: number;
  /** Hears each line of standard error as it comes. */
  readonly say?: (line: string) => void;
}

export interface Stage {
  readonly dir: string;
  /** Aborted with the reason when a program ended that should not have. */
  readonly broken: AbortSignal;
  start(spec: ProgramSpec): Program;
  /** Runs to the end; never throws for an exit code. */
  run(spec: RunSpec): Promise<RunResult>;
  /** Called by `close`, last added first, before the remaining programs are stopped. */
  defer(action: () => Promise<void> | void): void;
  close(): Promise<void>;
}

const HIDDEN_VARIABLES = /^(KUBECONFIG|KUBERNETES_.*|POD_NAME|POD_NAMESPACE|NODE_NAME|NAMESPACE|NODE_OPTIONS|VITEST.*)$/;

/** The runner's environment without what would change a sidecar's behaviour (the Go ones obey KUBECONFIG over their flag). */
export function plainEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !HIDDEN_VARIABLES.test(name));
  return { ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ''])), ...extra };
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

export interface StageOptions {
  /** What the programs write goes to memory, where the machine has a file system there: no disk that others use decides how long they take. */
  readonly inMemory?: boolean;
}

const MEMORY = '/dev/shm';

export function openStage(name: string, { inMemory = false }: StageOptions = {}): Stage {
  const dir = mkdtempSync(join(inMemory && existsSync(MEMORY) ? MEMORY : tmpdir(), `csi-${name}-`));
  const reaper = startReaper();
  reaper.removeAfter(dir);
  const broken = new AbortController();
  const programs: { readonly program: Program; readonly disposable: boolean }[] = [];
  const deferred: (() => Promise<void> | void)[] = [];
  mkdirSync(join(dir, 'logs'));

  return {
    dir,
    broken: broken.signal,
    start: (spec) => {
      const program = startProgram(spec, { dir, reaper });
      programs.push({ program, disposable: spec.disposable === true });
      if (spec.mayEnd !== true) {
        void program.ended.then(({ code, signal }) => {
          if (!program.expected())
            broken.abort(new Error(`${spec.name} ended (code ${code}, signal ${signal}):\n${lastLines(program.log(), 25)}`));
        });
      }
      return program;
    },
    run: (spec) => runToEnd(spec, { dir, reaper }),
    defer: (action) => {
      deferred.push(action);
    },
    close: async () => {
      const failures: unknown[] = [];
      for (const action of deferred.reverse()) {
        try {
          await action();
        } catch (error) {
          failures.push(error);
        }
      }
      // The last started first: programs before the servers they talk to.
      for (const { program, disposable } of programs.reverse()) {
        await (disposable ? program.kill() : program.stop());
        const leaks = leaksIn(program.log());
        if (leaks.length > 0) failures.push(new Error(`${program.name} leaks listeners:\n${leaks.join('\n')}`));
      }
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
      reaper.close();
      if (failures.length > 0) throw new AggregateError(failures, 'clean-up failed');
    },
  };
}

export interface Restartable {
  /** The process that runs now. */
  current(): Program;
  /** SIGKILL, and a new process in its place. */
  restart(): Promise<void>;
}

/** Started on the stage, and started anew as often as it is asked for. */
export function restartable(stage: Pick<Stage, 'start'>, spec: ProgramSpec): Restartable {
  let program = stage.start(spec);
  return {
    current: () => program,
    restart: async () => {
      await program.kill();
      program = stage.start(spec);
    },
  };
}

interface Grounds {
  readonly dir: string;
  readonly reaper: Reaper;
}

interface OwnedProgram extends Program {
  /** True once its end was asked for. */
  expected(): boolean;
}

function startProgram(spec: ProgramSpec, { dir, reaper }: Grounds): OwnedProgram {
  const logFile = freshLogFile(dir, spec.name);
  const descriptor = openSync(logFile, 'a');
  const child = spawn(spec.file, [...spec.args], {
    cwd: spec.cwd ?? dir,
    env: plainEnvironment(spec.env),
    detached: true,
    stdio: ['ignore', descriptor, descriptor],
  });
  closeSync(descriptor);
  const pid = child.pid;
  let running = pid !== undefined;
  let expected = false;
  if (pid !== undefined) reaper.watch(pid);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', (error) => {
      running = false;
      reject(new Error(`${spec.name} could not be started: ${error.message}`, { cause: error }));
    });
    child.once('exit', (code, signal) => {
      running = false;
      if (pid !== undefined) reaper.forget(pid);
      resolve({ code, signal });
    });
  });
  if (pid === undefined) {
    ended.catch(() => undefined);
    throw new Error(`${spec.name} could not be started: ${spec.file}`);
  }
  const send = (signal: NodeJS.Signals, target: number): void => {
    if (!running) return;
    try {
      process.kill(target, signal);
    } catch {
      // It ended between the check and the signal.
    }
  };
  const kill = (): Promise<Ended> => {
    expected = true;
    send('SIGKILL', -pid);
    return ended;
  };
  return {
    name: spec.name,
    pid,
    ended,
    running: () => running,
    expected: () => expected,
    log: () => readFileSync(logFile, 'utf8'),
    signal: (signal) => {
      expected = true;
      send(signal, pid);
    },
    stop: async (graceMs = 10_000) => {
      expected = true;
      send('SIGTERM', pid);
      const timer = setTimeout(() => void kill(), graceMs);
      const result = await ended;
      clearTimeout(timer);
      return result;
    },
    kill,
  };
}

function freshLogFile(dir: string, name: string): string {
  const at = (index: number): string => join(dir, 'logs', index === 0 ? `${name}.log` : `${name}.${index}.log`);
  let index = 0;
  while (existsSync(at(index))) index += 1;
  return at(index);
}

function runToEnd(spec: RunSpec, { dir, reaper }: Grounds): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(spec.file, [...spec.args], {
      cwd: spec.cwd ?? dir,
      env: plainEnvironment(spec.env),
      detached: true,
      stdio: 'pipe',
    });
    const { pid } = child;
    if (pid !== undefined) reaper.watch(pid);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    if (spec.say !== undefined) createInterface({ input: child.stderr }).on('line', spec.say);
    const timer = setTimeout(() => {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      stderr += `\n${spec.name}: killed after its time limit`;
    }, spec.timeoutMs ?? 120_000);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`${spec.name} could not be started: ${error.message}`, { cause: error }));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      if (pid !== undefined) reaper.forget(pid);
      resolve({ code, stdout, stderr });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(spec.stdin ?? '');
  });
}
