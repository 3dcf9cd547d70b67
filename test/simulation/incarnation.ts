/**
 * One life of one program: the doors it lives through. A crash kills the doors: pending promises never
 * settle, timers do not fire, late answers are dropped; effects already sent still apply.
 *
 * Every door call counts as three crash points: before it is sent, applied but before the answer, and
 * after the answer. `CrashPlan` picks one of them, or chance does.
 */
import { ENDED } from '../../lib/doors/ended.ts';
import type { Doors } from '../../lib/doors/doors.ts';
import type { HttpAnswer, HttpDoor, HttpRequest, HttpStream } from '../../lib/doors/http.ts';
import { HttpDoorError } from '../../lib/doors/http.ts';
import type { RpcAnswer, RpcCall, RpcDoor } from '../../lib/doors/rpc.ts';
import type { FaultRates } from './faults.ts';
import { HeardCalls } from './heard-calls.ts';
import { holdsJournal } from './journal.ts';
import type { Scheduler } from './scheduler.ts';
import type { SeededRandom } from './seeded-random.ts';

export type CrashPhase = 'before' | 'applied' | 'answered';

/** The servers on the other side of the doors. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly api: {
    /** False: connections are refused. */
    up(): boolean;
    handle(request: HttpRequest): Promise<HttpAnswer>;
    stream(request: HttpRequest, signal: AbortSignal): Promise<HttpStream>;
  };
  readonly driver: {
    /** UNAVAILABLE where the driver is down or dies meanwhile. */
    handle(call: RpcCall): Promise<RpcAnswer>;
    up(): boolean;
    onConnection(listener: (state: 'connected' | 'lost') => void): () => void;
  };
  /** A program asks the driver something. The answer takes what it hears; undefined: of no interest. */
  called?(program: string, call: RpcCall): ((answer: { code: number; message: string }) => void) | undefined;
  /** A request takes so much longer than the ordinary. */
  delayed?(ms: number): void;
  /** A watch of the program shows nothing of what the server says now before that time, ms since the start. */
  lags?(program: string, path: string, untilMs: number): void;
  faults(): FaultRates;
  /** Called at every crash point in order; true kills the incarnation there. */
  crashHere(program: string, point: string, phase: CrashPhase): boolean;
  died(program: string, how: 'crash' | 'exit', code: number): void;
  readonly env: Readonly<Record<string, string>>;
  readonly files: ReadonlyMap<string, string>;
  log(program: string, line: string): void;
}

/** A request lives up to a minute at the API server (its --request-timeout), however its sender fares. */
const LIMBO_MS = { from: 1_000, to: 55_000 };

/** Marks a request that was in limbo, or whose sender has died since, for those who ask what its sender knew. */
export const SENT_LONG_AGO = 'x-sent-long-ago';

/** A Unix socket on the same machine: what a dead process sent has arrived long before its next life asks. */
const SOCKET_MS = [0.1, 20] as const;

/** A promise of its own for each dead caller: one for all would keep whatever waits on it, world after world. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** Names of points by `method path`. Many calls go to the same path, and worlds are many: it is emptied now and then. */
const POINTS = new Map<string, string>();
const MOST_POINTS = 5_000;

/** Requests that only read or hold the lease are crash points of no interest to the state of the system. */
export function pointOf(method: string, path: string, body?: Uint8Array): string {
  const key = `${method} ${path}`;
  let point = POINTS.get(key);
  if (point === undefined) {
    point = pointOfPath(method, path);
    if (POINTS.size >= MOST_POINTS) POINTS.clear();
    POINTS.set(key, point);
  }
  return point.includes(' leases') && holdsJournal(body) ? `${point}/journal` : point;
}

function pointOfPath(method: string, path: string): string {
  const bare = path.replace(/\?.*$/, '').replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID');
  const parts = bare.split('/').filter((part) => part !== '');
  const start = parts[0] === 'api' ? 2 : 3;
  const rest = parts.slice(start);
  const kind = rest[0] === 'namespaces' && rest.length > 2 ? rest[2] : rest[0];
  const leaf = rest.at(-1) === 'status' ? '/status' : '';
  return `${method} ${kind ?? bare}${leaf}`;
}

export class Incarnation {
  alive = true;
  readonly doors: Doors;
  readonly program: string;
  /** What the driver answered it. */
  readonly heard = new HeardCalls();
  readonly bornMs: number;
  private served: ((request: HttpRequest) => Promise<HttpAnswer>) | undefined;
  private readonly world: Surroundings;
  private readonly random: SeededRandom;
  private readonly hostname: string;
  private readonly streams = new Set<AbortController>();
  /** Breaks each open watch, or ends it as the server does, by the request that opened it. */
  private readonly cuts = new Map<(how: 'reset' | 'end') => void, HttpRequest>();
  /** Breaks each request under way, so that it neither arrives nor is answered. */
  private readonly resets = new Set<() => void>();
  private paused = false;
  private readonly backlog: { readonly label: string; readonly run: () => void }[] = [];
  private readonly signalListeners = new Set<(signal: 'SIGTERM' | 'SIGINT') => void>();

  constructor(init: { readonly program: string; readonly world: Surroundings; readonly random: SeededRandom; readonly hostname: string }) {
    this.program = init.program;
    this.bornMs = init.world.scheduler.elapsedMs;
    this.world = init.world;
    this.random = init.random;
    this.hostname = init.hostname;
    this.doors = this.open();
  }

  /** SIGSTOP: nothing reaches the program, no timer fires, until `resume`; the world goes on. False: it was so. */
  pause(): boolean {
    const ran = !this.paused;
    this.paused = true;
    return ran;
  }

  /** False: it was not stopped. */
  resume(): boolean {
    if (!this.paused) return false;
    this.paused = false;
    for (const { label, run } of this.backlog.splice(0)) this.later(0, `${label} late`, run);
    return true;
  }

  crash(): void {
    if (!this.alive) return;
    this.kill();
    this.world.died(this.program, 'crash', 137);
  }

  /** Watches that are open. */
  watches(): number {
    return this.cuts.size;
  }

  cutWatches(): void {
    for (const cut of [...this.cuts.keys()]) cut('reset');
  }

  /** The server ends the watches that it no longer grants. */
  endWatches(ends: (request: HttpRequest) => boolean): void {
    for (const [cut, request] of [...this.cuts]) if (ends(request)) cut('end');
  }

  /** The server goes: everything that is open breaks. */
  breakConnections(): void {
    this.cutWatches();
    for (const reset of [...this.resets]) reset();
  }

  /** What its port answers; undefined before it listens. */
  get(path: string): Promise<HttpAnswer> | undefined {
    return this.served?.({ method: 'GET', path, headers: {} });
  }

  /** A signal, as from a kubelet. */
  signal(name: 'SIGTERM' | 'SIGINT'): void {
    if (!this.alive) return;
    for (const listener of [...this.signalListeners]) listener(name);
  }

  private kill(): void {
    this.alive = false;
    for (const stream of this.streams) stream.abort(ENDED);
    this.streams.clear();
  }

  private open(): Doors {
    const { scheduler } = this.world;
    return {
      clock: {
        now: () => scheduler.now(),
        monotonic: () => scheduler.elapsedMs,
        setTimer: (delayMs, fire) => this.later(delayMs, 'timer', fire),
      },
      random: this.random,
      files: {
        read: (path) => {
          const text = this.world.files.get(path);
          if (text === undefined) return Promise.reject(Object.assign(new Error(`${path}: no such file`), { code: 'ENOENT' }));
          return Promise.resolve(new TextEncoder().encode(text));
        },
        write: () => Promise.resolve(),
        exists: (path) => Promise.resolve(this.world.files.has(path)),
      },
      host: {
        env: (name) => this.world.env[name],
        hostname: () => this.hostname,
        pid: 1,
        onSignal: (listener) => {
          this.signalListeners.add(listener);
          return () => this.signalListeners.delete(listener);
        },
        writeLog: (line) => {
          if (this.alive) this.world.log(this.program, line);
        },
        usage: () => ({ residentBytes: 0, cpuSeconds: 0, startSeconds: 0 }),
        exit: (code) => {
          if (!this.alive) return;
          this.kill();
          this.world.died(this.program, 'exit', code);
        },
        listen: (_address, handle) => {
          this.served = handle;
          return Promise.resolve({ port: 8080, close: () => Promise.resolve() });
        },
      },
      http: () => this.httpDoor(),
      rpc: () => this.rpcDoor(),
    };
  }

  /** An event that reaches into the program: dropped when it is dead, kept when it is stopped. */
  private later(delayMs: number, label: string, run: () => void): () => void {
    let cancelled = false;
    const cancel = this.world.scheduler.after(delayMs, `${this.program} ${label}`, () => {
      if (!this.alive || cancelled) return;
      if (this.paused) this.backlog.push({ label, run: () => (cancelled ? undefined : run()) });
      else run();
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }

  private latency(): number {
    if (!this.random.chance(0.03)) return this.random.between(0.5, 12);
    const slow = this.random.between(50, 2000);
    this.world.delayed?.(slow);
    return slow;
  }

  /** True if the incarnation dies at this point. */
  private crashes(point: string, phase: CrashPhase): boolean {
    if (!this.alive) return true;
    if (!this.world.crashHere(this.program, point, phase)) return false;
    this.crash();
    return true;
  }

  private httpDoor(): HttpDoor {
    return {
      exchange: (request, signal) => this.exchange(request, signal),
      stream: (request, signal) => this.stream(request, signal),
      close: () => undefined,
    };
  }

  private exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { scheduler, api } = this.world;
    const point = pointOf(request.method, request.path, request.body);
    const read = request.method === 'GET';
    if (this.crashes(point, 'before')) return never();
    const faults = this.world.faults();
    return new Promise<HttpAnswer>((resolve, reject) => {
      let open = true;
      let connected = true;
      const settle = (delayMs: number, label: string, done: () => void): void => {
        this.later(delayMs, `${point} ${label}`, () => {
          if (!open) return;
          open = false;
          this.resets.delete(reset);
          done();
        });
      };
      const broken = (label: string): void =>
        settle(this.latency(), label, () => reject(new HttpDoorError('ECONNRESET', `${request.method} ${request.path}: connection reset`)));
      const reset = (): void => {
        connected = false;
        this.resets.delete(reset);
        settle(0, 'reset', () => reject(new HttpDoorError('ECONNRESET', `${request.method} ${request.path}: connection reset`)));
      };
      const abort = (): void => {
        if (!open) return;
        open = false;
        this.resets.delete(reset);
        reject(new HttpDoorError('ABORTED', `${request.method} ${request.path}: aborted`));
      };
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort);
      this.resets.add(reset);
      if (this.random.chance(faults.lost)) return broken('lost');
      if (this.random.chance(faults.refused))
        return settle(this.latency(), 'refused', () => resolve(refusal(this.random.chance(0.5) ? 429 : 500)));
      if (!read && request.method !== 'POST' && this.random.chance(faults.conflict)) {
        return settle(this.latency(), 'conflict', () => resolve(refusal(409)));
      }
      if (!read && this.random.chance(faults.limbo)) {
        scheduler.after(this.random.between(LIMBO_MS.from, LIMBO_MS.to), `${this.program} ${point} arrives late`, () => {
          void api.handle(sentLongAgo(request));
        });
        return broken('in limbo');
      }
      scheduler.after(this.latency(), `${this.program} ${point} arrives`, () => {
        if (!connected) return;
        if (!api.up()) return settle(1, 'refused', () => reject(refusedConnection(request)));
        void api.handle(this.alive ? request : sentLongAgo(request)).then((answer) => {
          if (!read && this.crashes(point, 'applied')) return;
          if (this.random.chance(faults.lateAnswer)) return broken('answer lost');
          settle(this.latency(), `answered ${answer.status}`, () => {
            if (!read && this.crashes(point, 'answered')) return;
            resolve(answer);
          });
        });
      });
      return undefined;
    });
  }

  private stream(request: HttpRequest, signal: AbortSignal): Promise<HttpStream> {
    const { scheduler, api } = this.world;
    const point = `${pointOf(request.method, request.path)} watch`;
    if (!this.alive) return never();
    const serverSide = new AbortController();
    this.streams.add(serverSide);
    return new Promise<HttpStream>((resolve, reject) => {
      let failed = false;
      const abort = (): void => {
        serverSide.abort(ENDED);
        if (failed) return;
        failed = true;
        reject(new HttpDoorError('ABORTED', `${request.path}: aborted`));
      };
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort);
      const reset = (): void => {
        this.resets.delete(reset);
        this.later(0, `${point} reset`, () => {
          if (failed) return;
          failed = true;
          serverSide.abort(ENDED);
          reject(new HttpDoorError('ECONNRESET', `${request.path}: connection reset`));
        });
      };
      this.resets.add(reset);
      scheduler.after(this.latency(), `${this.program} ${point} arrives`, () => {
        if (failed || !this.alive || !this.resets.delete(reset)) return;
        if (!api.up()) {
          failed = true;
          reject(refusedConnection(request));
          return;
        }
        const faults = this.world.faults();
        if (this.random.chance(faults.lost)) {
          failed = true;
          reject(new HttpDoorError('ECONNRESET', `${request.path}: connection reset`));
          return;
        }
        void api.stream(request, serverSide.signal).then((answer) => {
          if (failed || !this.alive) return;
          failed = true;
          signal.removeEventListener('abort', abort);
          const channel = this.deliver({ point, request }, answer.chunks, serverSide, signal);
          resolve({ status: answer.status, headers: answer.headers, chunks: channel });
        });
      });
      return undefined;
    });
  }

  /** Moves chunks from the server to the reader with latency, in order, until a fault or an abort ends it. */
  private deliver(
    { point, request }: { readonly point: string; readonly request: HttpRequest },
    source: AsyncIterable<Uint8Array>,
    serverSide: AbortController,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    const { scheduler } = this.world;
    const waiting: ((result: IteratorResult<Uint8Array>) => void)[] = [];
    const failing: ((error: unknown) => void)[] = [];
    const ready: Uint8Array[] = [];
    let ended = false;
    let error: unknown;
    let lastDelivery = 0;
    let silent = false;
    const finish = (why?: unknown): void => {
      if (ended) return;
      ended = true;
      error = why;
      this.cuts.delete(cut);
      serverSide.abort(ENDED);
      this.streams.delete(serverSide);
      if (!this.alive) return;
      const resolvers = waiting.splice(0);
      const rejecters = failing.splice(0);
      resolvers.forEach((resolve, i) => {
        if (why === undefined) resolve({ done: true, value: undefined });
        else rejecters[i]?.(why);
      });
    };
    const schedule = (delayMs: number, label: string, run: () => void): void => {
      const at = Math.max(lastDelivery, scheduler.elapsedMs + delayMs);
      lastDelivery = at;
      this.later(at - scheduler.elapsedMs, `${point} ${label}`, () => {
        if (!ended && !silent) run();
      });
    };
    const cut = (how: 'reset' | 'end'): void =>
      finish(how === 'end' ? undefined : new HttpDoorError('ECONNRESET', `${point}: connection reset`));
    this.cuts.set(cut, request);
    signal.addEventListener('abort', () => finish(new HttpDoorError('ABORTED', `${point}: aborted`)));
    void (async () => {
      for await (const chunk of source) {
        if (ended || !this.alive) return;
        const faults = this.world.faults();
        const late = this.random.chance(faults.staleWatch) ? this.random.between(500, 15_000) : 0;
        if (this.random.chance(faults.silentWatch))
          schedule(0, 'goes silent', () => {
            silent = true;
          });
        if (late > 0) this.world.lags?.(this.program, request.path, scheduler.elapsedMs + late);
        schedule(this.latency() + late, 'chunk', () => {
          const resolve = waiting.shift();
          failing.shift();
          if (resolve === undefined) ready.push(chunk);
          else resolve({ done: false, value: chunk });
        });
        if (this.random.chance(faults.cutWatch)) schedule(0, 'cut', () => cut('reset'));
      }
      if (!ended) schedule(this.latency(), 'ends', () => finish());
    })().catch((why: unknown) => schedule(this.latency(), 'breaks', () => finish(why)));
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          const chunk = ready.shift();
          if (chunk !== undefined) return Promise.resolve({ done: false, value: chunk });
          if (ended) return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
          return new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
            waiting.push(resolve);
            failing.push(reject);
          });
        },
        return: () => {
          finish();
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
  }

  private rpcDoor(): RpcDoor {
    const { driver } = this.world;
    const unsubscribe: (() => void)[] = [];
    return {
      unary: (call, signal) => this.unary(call, signal),
      onConnection: (listener) => {
        const off = driver.onConnection((state) => {
          this.later(1, `connection ${state}`, () => listener(state));
        });
        unsubscribe.push(off);
        if (driver.up()) {
          this.later(1, 'connection connected', () => listener('connected'));
        }
        return off;
      },
      connect: () => undefined,
      close: () => {
        for (const off of unsubscribe) off();
      },
    };
  }

  private unary(call: RpcCall, signal: AbortSignal): Promise<RpcAnswer> {
    const { scheduler, driver } = this.world;
    const rpc = call.method.split('/').at(-1) ?? call.method;
    const point = `RPC ${rpc}`;
    const mutating = /^(Create|Delete)/.test(rpc);
    if (mutating ? this.crashes(point, 'before') : !this.alive) return never();
    const heard = this.world.called?.(this.program, call);
    return new Promise<RpcAnswer>((settle) => {
      let open = true;
      const resolve = (value: RpcAnswer): void => {
        this.heard.heard(call.method, value.code);
        heard?.(value);
        settle(value);
      };
      const answer = (delayMs: number, label: string, value: RpcAnswer): void => {
        this.later(delayMs, `${point} ${label}`, () => {
          if (!open) return;
          if (mutating && this.crashes(point, 'answered')) return;
          open = false;
          resolve(value);
        });
      };
      const abort = (): void => {
        if (!open) return;
        open = false;
        resolve(status(1, 'the call was cancelled'));
      };
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort);
      if (!driver.up()) return answer(this.latency(), 'no driver', status(14, 'no connection established'));
      scheduler.after(this.random.between(...SOCKET_MS), `${this.program} ${point} arrives`, () => {
        void driver.handle(call).then((value) => {
          if (mutating && this.crashes(point, 'applied')) return;
          answer(this.latency(), `answered ${value.code}`, value);
        });
      });
      return undefined;
    });
  }
}

function sentLongAgo(request: HttpRequest): HttpRequest {
  return { ...request, headers: { ...request.headers, [SENT_LONG_AGO]: 'yes' } };
}

function status(code: number, message: string): RpcAnswer {
  return { code, message, response: new Uint8Array() };
}

function refusedConnection({ path }: HttpRequest): HttpDoorError {
  return new HttpDoorError('ECONNREFUSED', `${path}: connection refused`);
}

function refusal(code: 409 | 429 | 500): HttpAnswer {
  const reason = { 409: 'Conflict', 429: 'TooManyRequests', 500: 'InternalError' }[code];
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: `injected ${reason}`, reason, code };
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (code === 429) headers['retry-after'] = '1';
  return { status: code, headers, body: new TextEncoder().encode(JSON.stringify(body)) };
}
