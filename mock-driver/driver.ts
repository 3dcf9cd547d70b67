/**
 * The mock driver: a CSI driver whose behaviour can be trusted and bent at will.
 *
 * A call is decoded, matched against the fault script, decided by the model (pure), committed by the
 * store, applied to the state, answered. `handle` is the only way in: the gRPC server, the simulation
 * and the tests all use it.
 *
 * Invariants: the state changes only after a commit. One commit at a time. No object has two operations
 * pending: the second is answered ABORTED. An answer is sent only for what is committed, unless a fault
 * says otherwise, and the journal tells which it was.
 */
import type { Clock } from '../lib/doors/clock.ts';
import type { Random } from '../lib/doors/random.ts';
import { sleep } from '../lib/doors/sleep.ts';
import { capabilities as capabilitiesFor } from './capabilities.ts';
import { type Codec, loadCodec, type Method } from './codec.ts';
import { distort, mishear } from './faults/distort.ts';
import type { CallFacts, Fault } from './faults/fault.ts';
import { type FaultScript, faultScript } from './faults/script.ts';
import { effectOf, type JournalEntry, visible } from './journal.ts';
import { type Ledger, ledgerOf, recordsOf } from './ledger.ts';
import { MINIMUM_VOLUME_BYTES } from './model/capacity.ts';
import type { Pool, Segment } from './model/records.ts';
import { State } from './model/state.ts';
import { CODES, type CodeName, Refusal } from './model/status.ts';
import type { Outcome, World } from './model/world.ts';
import { nowhere, type Publisher } from './publisher.ts';
import { checkSecrets, type SecretRule } from './secrets.ts';
import type { CallContext, Rpc } from './services/rpc.ts';
import { services } from './services/services.ts';
import { StoreError, type VolumeStore } from './store/store.ts';
import type { Message } from './wire.ts';
import { map, text } from './wire.ts';

/** Long enough for an answer to leave the process before `crash: answered` ends it. */
const ANSWER_LEAVES_MS = 20;
export const DEFAULT_POOL_BYTES = 1n << 47n;
/** Below the largest file of common file systems. */
export const DEFAULT_MAX_VOLUME_BYTES = 1n << 43n;

export interface DriverOptions {
  readonly name: string;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: VolumeStore;
  /** The first segment is this node's own; all are segments that it can provision in. Empty: no topology. */
  readonly topology: readonly Segment[];
  /** Capability names that are switched off; `capabilities.ts` lists them. */
  readonly disabled: ReadonlySet<string>;
  readonly publisher?: Publisher;
  /** Pool sizes by segment; a segment without one has `DEFAULT_POOL_BYTES`. */
  readonly pools?: readonly Pool[];
  /** Of volumes that are mounted. Default 1. */
  readonly minVolumeBytes?: bigint;
  readonly maxVolumeBytes?: bigint;
  readonly maxVolumesPerNode?: number;
  /** Undefined: secrets are ignored. */
  readonly requireSecrets?: SecretRule;
  readonly vendorVersion?: string;
  readonly journal?: (entry: JournalEntry) => void;
  /** Ends the process (or the incarnation). What it was working on stays as it is. */
  readonly crash?: () => void;
  /** Chooses a fault where the script has none: for a simulation, by its seed. */
  readonly fault?: (call: CallFacts) => Fault | undefined;
  readonly codec?: Codec;
}

export interface DriverAnswer {
  /** gRPC status code, 0 to 16. */
  readonly code: number;
  readonly message: string;
  /** Empty unless code is 0. */
  readonly response: Uint8Array;
}

export interface Driver {
  /** One unary call on encoded bytes. Never rejects; never settles if a fault ends the process first. */
  handle(method: string, request: Uint8Array): Promise<DriverAnswer>;
  /** What exists now, as far as this instance has seen. */
  ledger(): Ledger;
  readonly faults: FaultScript;
}

/** Opens the store, registers this node and answers a driver that is ready. Rejects with StoreError. */
export async function createDriver(options: DriverOptions): Promise<Driver> {
  const { clock, store } = options;
  const codec = options.codec ?? loadCodec();
  const capabilities = capabilitiesFor(options.disabled, options.topology.length > 0);
  const state = new State();
  const faults = faultScript();
  const pending = new Set<string>();
  const startedMs = clock.now();
  const maxVolumesPerNode = options.maxVolumesPerNode ?? 0;
  const own = capabilities.features.topology ? options.topology[0] : undefined;
  let calls = 0;
  let queue: Promise<unknown> = Promise.resolve();

  const world = (): World => ({
    state,
    features: capabilities.features,
    nowMs: clock.now(),
    nodeId: options.nodeId,
    ownSegment: own,
    minVolumeBytes: options.minVolumeBytes ?? MINIMUM_VOLUME_BYTES,
    maxVolumeBytes: options.maxVolumeBytes ?? DEFAULT_MAX_VOLUME_BYTES,
    maxVolumesPerNode,
    newId: (kind) => `${kind}-${options.random.uuid()}`,
  });

  /** One after the other, whatever becomes of those before. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work, work);
    queue = turn.catch(() => undefined);
    return turn;
  };

  const catchUp = async (): Promise<void> => {
    const news = await store.news();
    if (news.kind === 'everything') state.reset(news.records);
    else for (const change of news.changes) state.apply(change);
  };

  const read = <T>(decide: (world: World) => T): Promise<T> =>
    inTurn(async () => {
      await catchUp();
      return decide(world());
    });

  const change = <T>(decide: (world: World) => Outcome<T>, flight: Flight): Promise<T> =>
    inTurn(() =>
      store.exclusive(async () => {
        await catchUp();
        const outcome = decide(world());
        if (outcome.change !== undefined) {
          await store.commit(outcome.change, (step) => flight.crashPoint(step));
          state.apply(outcome.change);
          flight.effect.push(effectOf(outcome.change));
        }
        return outcome.answer;
      }),
    );

  /** The process ends here, and with it this call. */
  const die = (): Promise<never> => {
    options.crash?.();
    return new Promise(() => undefined);
  };

  const run = async (method: Method, rpc: Rpc, flight: Flight): Promise<Uint8Array> => {
    const { fault, request } = flight;
    if (fault.delayMs !== undefined) await sleep(clock, fault.delayMs, new AbortController().signal);
    if (fault.crash === 'before') return flight.die('before');
    if (fault.code !== undefined && fault.effect !== true) throw scripted(fault.code, fault);
    if (rpc.secrets === true && options.requireSecrets !== undefined) checkSecrets(request, options.requireSecrets);
    const context: CallContext = {
      capabilities,
      driverName: options.name,
      vendorVersion: options.vendorVersion ?? 'unknown',
      store,
      publisher: options.publisher ?? nowhere,
      processingMs: fault.notReadyMs ?? 0,
      ready: clock.now() >= startedMs + (fault.notReadyMs ?? 0),
      read,
      change: (decide) => change(decide, flight),
    };
    const response = await rpc.run(context, request);
    if (fault.crash === 'after') return flight.die('after');
    if (fault.answerDelayMs !== undefined) await sleep(clock, fault.answerDelayMs, new AbortController().signal);
    if (fault.code !== undefined) throw scripted(fault.code, fault);
    if (fault.answer !== undefined) return distort(response, fault.answer, { asked: flight.asked, encode: method.encode });
    return method.encode(response);
  };

  const handle = async (path: string, bytes: Uint8Array): Promise<DriverAnswer> => {
    const method = codec.get(path);
    const rpc = method === undefined ? undefined : services(path);
    if (method === undefined || rpc === undefined) return refused(new Refusal('UNIMPLEMENTED', `${path} is not implemented`));
    const asked = decode(method, bytes);
    if (asked instanceof Refusal) return refused(asked);
    const arrived = { ms: clock.now(), monotonic: clock.monotonic() };
    calls += 1;
    const number = calls;
    const facts = { rpc: method.name, subject: subjectOf(asked), parameters: map(asked, 'parameters') };
    const fault = faults.next(facts) ?? options.fault?.(facts) ?? {};
    const request = fault.request === undefined ? asked : mishear(asked, fault.request);
    const effect: string[] = [];
    const record = (answer: { code: CodeName; message?: string; died?: string }): void =>
      options.journal?.({
        number,
        time: new Date(arrived.ms).toISOString(),
        ms: clock.monotonic() - arrived.monotonic,
        rpc: method.name,
        request: visible(asked),
        ...answer,
        effect,
        ...(Object.keys(fault).length > 0 ? { fault } : {}),
      });
    const flight: Flight = {
      asked,
      request,
      fault,
      effect,
      die: (moment) => {
        record({ code: 'UNAVAILABLE', died: moment });
        return die();
      },
      crashPoint: async (step) => {
        if (fault.crash === 'during' && step === (fault.crashStep ?? 0)) await flight.die(`during, at step ${step}`);
      },
    };
    const key = rpc.pending === undefined ? undefined : `${rpc.pending.join(' ')} ${text(request, rpc.pending[1])}`;
    try {
      if (rpc.offered !== undefined && !rpc.offered(capabilities)) throw new Refusal('UNIMPLEMENTED', `${method.name} is switched off`);
      if (key !== undefined && pending.has(key)) throw new Refusal('ABORTED', 'an operation on this object is pending');
      if (key !== undefined) pending.add(key);
      try {
        const response = await run(method, rpc, flight);
        record({ code: 'OK' });
        if (fault.crash === 'answered') clock.setTimer(ANSWER_LEAVES_MS, () => options.crash?.());
        return { code: CODES.OK, message: '', response };
      } finally {
        if (key !== undefined) pending.delete(key);
      }
    } catch (error) {
      const refusal = asRefusal(error);
      record({ code: refusal.code, message: refusal.message });
      return refused(refusal);
    }
  };

  state.reset(await store.open());
  const node = { id: options.nodeId, segment: own, pools: poolsOf(options, capabilities.features.topology) };
  await store.exclusive(async () => {
    await catchUp();
    await store.commit({ op: 'put-node', node }, () => Promise.resolve());
    state.apply({ op: 'put-node', node });
  });
  return { handle, faults, ledger: () => ledgerOf(recordsOf(state), clock.now()) };
}

/** One call on its way. */
interface Flight {
  /** As it came. */
  readonly asked: Message;
  /** As it is taken. */
  readonly request: Message;
  readonly fault: Fault;
  readonly effect: string[];
  die(moment: string): Promise<never>;
  crashPoint(step: number): Promise<void>;
}

const scripted = (code: CodeName, fault: Fault): Refusal => new Refusal(code, fault.message ?? 'scripted fault');

const refused = (refusal: Refusal): DriverAnswer => ({ code: CODES[refusal.code], message: refusal.message, response: new Uint8Array() });

function decode(method: Method, bytes: Uint8Array): Message | Refusal {
  try {
    return method.decode(bytes);
  } catch (error) {
    return new Refusal('INTERNAL', 'the request is not a message of this method', { cause: error });
  }
}

/** What a human would call the object of a request. */
function subjectOf(request: Message): string {
  for (const field of ['name', 'volume_id', 'snapshot_id', 'group_snapshot_id', 'source_volume_id']) {
    const value = text(request, field);
    if (value !== '') return value;
  }
  return '';
}

function poolsOf(options: DriverOptions, topology: boolean): readonly Pool[] {
  const given = options.pools ?? [];
  const segments = topology ? options.topology : [undefined];
  return segments.map((segment) => {
    const same = given.find((pool) => JSON.stringify(pool.segment) === JSON.stringify(segment));
    const any = given.find((pool) => pool.segment === undefined);
    return { segment, bytes: (same ?? any)?.bytes ?? DEFAULT_POOL_BYTES };
  });
}

const STORE_CODES = { full: 'RESOURCE_EXHAUSTED', busy: 'ABORTED', damaged: 'INTERNAL', newer: 'INTERNAL', failed: 'INTERNAL' } as const;

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof StoreError) return new Refusal(STORE_CODES[error.kind], error.message, { cause: error });
  return new Refusal('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
}
