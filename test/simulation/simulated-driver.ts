/**
 * The mock driver as a simulated process: lives on one store, one after another, reachable through bytes
 * only. How a call goes wrong is the driver's own fault script, drawn by the seed; here are only the
 * connection, the lives, and the list of calls.
 *
 * When a life ends its timers fire no more and it commits nothing more; its callers lose their connection.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import type { RpcAnswer, RpcCall } from '../../lib/doors/rpc.ts';
import type { CallFacts, Fault } from '../../mock-driver/faults/fault.ts';
import type { JournalEntry } from '../../mock-driver/journal.ts';
import type { Change } from '../../mock-driver/model/records.ts';
import type { VolumeStore } from '../../mock-driver/store/store.ts';
import { drawDriverFault } from './driver-faults.ts';
import type { FaultRates } from './faults.ts';
import { formsOf } from './kept-secrets.ts';
import type { Scheduler } from './scheduler.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface DriverModel {
  handle(method: string, request: Uint8Array): Promise<RpcAnswer>;
}

/** What one life of the driver has from outside. */
export interface DriverLife {
  readonly clock: Clock;
  /** The view of the shared store that dies with this life. */
  mortal(store: VolumeStore): VolumeStore;
  fault(call: CallFacts): Fault;
  crash(): void;
  journal(entry: JournalEntry): void;
}

export interface SimulatedDriverInit {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly open: (life: DriverLife) => Promise<DriverModel>;
  readonly faults: () => FaultRates;
  /** What a story says of a call; undefined: the seed decides. */
  readonly script: (call: CallFacts) => Fault | undefined;
  /** How long a snapshot is not usable after its cut. */
  readonly notReadyMs: () => number;
  /** Secret values in a request: a talkative driver repeats them in its messages. */
  readonly secretsWithin: (request: Uint8Array) => readonly string[];
  /** Called in the turn in which a call takes effect, just before it. */
  readonly onCommit: (change: Change) => void;
}

/** The driver's clock is finer than ours: its times have nanoseconds. */
const PART_OF_A_MS = 0.4375;

interface Life {
  alive: boolean;
  model: DriverModel | undefined;
  /** Tells the caller of each call under way that the connection is lost. */
  readonly drops: Set<() => void>;
}

export interface DriverCallRecord extends Pick<JournalEntry, 'rpc' | 'code' | 'died' | 'effect'> {
  /** When it was answered, or the driver died in it. */
  readonly atMs: number;
}

export class SimulatedDriver {
  readonly calls: DriverCallRecord[] = [];
  private readonly listeners = new Set<(state: 'connected' | 'lost') => void>();
  private life: Life | undefined;
  /** Secrets in the call that is just being handed over. */
  private overheard: readonly string[] = [];
  /** Stays down until asked for. */
  private held = true;
  private readonly init: SimulatedDriverInit;

  constructor(init: SimulatedDriverInit) {
    this.init = init;
  }

  up(): boolean {
    return this.life?.model !== undefined;
  }

  onConnection(listener: (state: 'connected' | 'lost') => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** SIGKILL, and no restart until `start`. */
  stop(): void {
    this.held = true;
    this.end();
  }

  /** Opens the next life, where there is none. It is up before the next event. */
  async start(): Promise<void> {
    this.held = false;
    if (this.life !== undefined) return;
    const life: Life = { alive: true, model: undefined, drops: new Set() };
    this.life = life;
    const model = await this.init.open(this.doorsOf(life));
    if (!life.alive) return;
    life.model = model;
    for (const listener of [...this.listeners]) listener('connected');
  }

  handle(call: RpcCall): Promise<RpcAnswer> {
    const { life } = this;
    if (life?.model === undefined) return Promise.resolve(lostConnection());
    const { model } = life;
    return new Promise((resolve) => {
      const drop = (): void => resolve(lostConnection());
      life.drops.add(drop);
      // The model asks for its fault before it waits for anything.
      this.overheard = this.init.secretsWithin(call.request);
      void model.handle(call.method, call.request).then((answer) => {
        // What a dead process would have said was never sent.
        if (life.drops.delete(drop)) resolve(answer);
      });
    });
  }

  private doorsOf(life: Life): DriverLife {
    const { scheduler, random, faults, notReadyMs, script } = this.init;
    const clock = scheduler.clock('driver');
    return {
      clock: {
        ...clock,
        now: () => clock.now() + PART_OF_A_MS,
        setTimer: (delayMs, fire) => clock.setTimer(delayMs, () => (life.alive ? fire() : undefined)),
      },
      mortal: (store) => this.mortal(store, life),
      fault: (call) => {
        const drawn = repeating(script(call) ?? drawDriverFault(call, faults(), random), this.overheard);
        const notReady = notReadyMs();
        return call.rpc === 'CreateSnapshot' && notReady > 0 ? { ...drawn, notReadyMs: notReady } : drawn;
      },
      crash: () => this.crash(life),
      journal: ({ rpc, code, died, effect }) => {
        if (!life.alive) return;
        if (!/^(Get|Probe|Controller|List)/.test(rpc)) scheduler.note(`driver ${rpc} ${died ?? code} ${effect.join()}`);
        this.calls.push({ atMs: scheduler.elapsedMs, rpc, code, effect, ...(died === undefined ? {} : { died }) });
      },
    };
  }

  /** A dead process writes nothing, whatever its promises still do. */
  private mortal(store: VolumeStore, life: Life): VolumeStore {
    return {
      open: () => store.open(),
      exclusive: (work) => store.exclusive(work),
      news: () => store.news(),
      path: (id) => store.path(id),
      usage: (id) => store.usage(id),
      commit: (change, crashPoint) =>
        store.commit(change, async (step) => {
          await crashPoint(step);
          if (!life.alive) return new Promise(() => undefined);
          if (step === 0) this.init.onCommit(change);
          return undefined;
        }),
    };
  }

  /** The process dies of a fault; kubelet starts it again, now and then only after the sidecars gave up on it. */
  private crash(life: Life): void {
    if (!life.alive) return;
    this.end();
    const { scheduler, random } = this.init;
    scheduler.note('driver crashes');
    const downMs = random.chance(0.8) ? random.between(100, 8_000) : random.between(8_000, 40_000);
    scheduler.after(downMs, 'driver restarts', () => {
      if (!this.held) void this.start();
    });
  }

  private end(): void {
    const { life } = this;
    if (life === undefined) return;
    this.life = undefined;
    life.alive = false;
    const told = life.model !== undefined;
    for (const drop of life.drops) drop();
    life.drops.clear();
    if (told) for (const listener of [...this.listeners]) listener('lost');
  }
}

function repeating(fault: Fault, overheard: readonly string[]): Fault {
  if (overheard.length === 0 || fault.message === undefined) return fault;
  return { ...fault, message: `${fault.message}: the array refused the login with ${overheard.flatMap(formsOf).join(' and ')}` };
}

function lostConnection(): RpcAnswer {
  return { code: 14, message: 'the connection to the driver is lost', response: new Uint8Array() };
}
