/**
 * What the journal promises, under any order of events: an entry whose record() resolved, and that was not closed, is
 * found by the next take-over, with that value or one that was being recorded since.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiError } from '../controller/testing/memory-api.ts';
import type { LeaseFault } from '../../provisioner/intent/testing/lease-server.ts';
import type { Bench, TestProcess } from '../../provisioner/intent/testing/workbench.ts';
import { createBench, HEAD, watched } from '../../provisioner/intent/testing/workbench.ts';

type Move =
  | { readonly kind: 'record'; readonly who: number; readonly uid: number; readonly bytes: number }
  | { readonly kind: 'close'; readonly who: number; readonly uid: number }
  | { readonly kind: 'take-over' }
  | { readonly kind: 'crash'; readonly who: number }
  | { readonly kind: 'stale'; readonly who: number }
  | { readonly kind: 'flush'; readonly who: number }
  | { readonly kind: 'fault'; readonly fault: string }
  | { readonly kind: 'arrive' }
  | { readonly kind: 'wait'; readonly ms: number };

const who = fc.nat({ max: 2 });
const uid = fc.nat({ max: 11 });
const MOVE: fc.Arbitrary<Move> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('record' as const), who, uid, bytes: fc.constantFrom(10, 900, 7_000, 15_000) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('close' as const), who, uid }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'take-over' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stale' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const), who }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      fault: fc.constantFrom('lost', 'late', '0', '500', '429', '409', '422', 'slow'),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'arrive' as const }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 0, 60, 1_000, 7_000) }) },
);

/** What the journal owes for a uid. */
interface Debt {
  owner: TestProcess | undefined;
  required: boolean;
  serial: number;
  values: Set<number>;
  /** Closings so far: a record() that was begun before one counts for nothing after it. */
  closings: number;
}

class Run {
  readonly bench: Bench = createBench();
  readonly processes: TestProcess[] = [];
  readonly debts = new Map<string, Debt>();
  readonly faults: string[] = [];
  readonly slow: (() => void)[] = [];
  readonly pending = new Set<Promise<unknown>>();
  values = 0;
  /** Values whose record() waits. */
  readonly waiting = new Set<number>();
  serial = 0;
  identities = 0;
  readonly faulty: string[] = [];

  constructor() {
    this.bench.server.fault = () => this.#fault();
  }

  #fault(): LeaseFault {
    const fault = this.faults.shift();
    if (fault === undefined) return undefined;
    if (fault === 'lost' || fault === 'late') return fault;
    if (fault === 'slow') return new Promise((resolve) => this.slow.push(resolve));
    return apiError(Number(fault), 'x');
  }

  holder(): string | undefined {
    return this.bench.server.leases.get(HEAD)?.spec?.holderIdentity;
  }

  debt(uid: string): Debt {
    const debt = this.debts.get(uid) ?? { owner: undefined, required: false, serial: 0, values: new Set<number>(), closings: 0 };
    this.debts.set(uid, debt);
    return debt;
  }

  async takeOver(signal = this.bench.signal): Promise<void> {
    this.identities += 1;
    const process = this.bench.process(`process-${this.identities}`);
    process.journal.onFound((entries) => {
      for (const { uid } of entries) this.debt(uid).owner = process;
    });
    for (const older of this.processes) older.fresh = false;
    const owed = [...this.debts].filter(([, debt]) => debt.required).map(([uid, debt]) => ({ uid, serial: debt.serial }));
    this.processes.unshift(process);
    if (this.processes.length > 3) this.processes.pop()?.journal.stop();
    const found = await process.journal.takeOver(signal);
    if (process.reasons.length > 0) return;
    const values = new Map(found.map(({ uid, value }) => [uid, (value as { n: number }).n]));
    for (const { uid, serial } of owed) {
      const debt = this.debt(uid);
      if (!debt.required || debt.serial !== serial) continue;
      if (!values.has(uid)) this.faulty.push(`${uid} was not found by ${this.identities}`);
      else if (!debt.values.has(values.get(uid) ?? -1)) this.faulty.push(`${uid} has a value that is gone`);
    }
    for (const [uid] of values) this.debt(uid).owner = process;
  }

  record(process: TestProcess, uid: string, bytes: number): void {
    this.values += 1;
    const n = this.values;
    const debt = this.debt(uid);
    debt.values.add(n);
    const before = new Set(debt.values);
    const { closings } = debt;
    this.waiting.add(n);
    const recording = process.journal.record(uid, { n, text: 'x'.repeat(bytes) }, this.bench.signal);
    this.follow(
      recording
        .finally(() => this.waiting.delete(n))
        .then((result) => {
          if (result !== 'recorded' || debt.closings !== closings) return;
          this.serial += 1;
          debt.serial = this.serial;
          debt.owner = process;
          debt.required = true;
          // What was tried since may stand too, what was tried before may not.
          for (const older of before) if (older !== n && !this.waiting.has(older)) debt.values.delete(older);
        }),
    );
  }

  follow(promise: Promise<unknown>): void {
    const done = promise.then(
      () => undefined,
      () => undefined,
    );
    this.pending.add(done);
    void done.then(() => this.pending.delete(done));
  }

  async move(move: Move): Promise<void> {
    const process = 'who' in move ? this.processes[move.who] : undefined;
    switch (move.kind) {
      case 'record': {
        if (process !== undefined) this.record(process, `uid-${move.uid}`, move.bytes);
        break;
      }
      case 'close': {
        const debt = this.debt(`uid-${move.uid}`);
        if (process === undefined) break;
        // Whoever holds the journal by now may close what it knows, whoever found it last.
        if (debt.owner === process || this.holder() === process.identity) debt.required = false;
        debt.closings += 1;
        process.journal.close(`uid-${move.uid}`);
        break;
      }
      case 'take-over':
        this.follow(this.takeOver());
        break;
      case 'crash':
        process?.journal.stop();
        break;
      case 'stale':
        if (process !== undefined) process.fresh = !process.fresh;
        break;
      case 'flush':
        if (process !== undefined) this.follow(process.journal.flush(this.bench.signal));
        break;
      case 'fault':
        this.faults.push(move.fault);
        break;
      case 'arrive':
        this.bench.server.arrive();
        for (const go of this.slow.splice(0)) go();
        break;
      case 'wait':
        await this.bench.clock.advance(move.ms);
        break;
      default:
        move satisfies never;
    }
    await Promise.resolve();
  }

  async end(): Promise<void> {
    this.faults.length = 0;
    for (let times = 0; times < 3; times += 1) {
      this.bench.server.arrive();
      for (const go of this.slow.splice(0)) go();
      await this.bench.clock.advance(3_000);
    }
    // The second finds what the first has written itself.
    for (let times = 0; times < 2; times += 1) {
      const taking = watched(this.takeOver());
      for (let seconds = 0; taking.result === 'waiting' && seconds < 60; seconds += 1) await this.bench.clock.advance(1_000);
      expect(taking.error).toBeUndefined();
      expect(taking.result, 'a take-over without faults').not.toBe('waiting');
      await this.bench.clock.advance(20_000);
    }
    for (const { journal } of this.processes) journal.stop();
    await this.bench.clock.settle();
  }
}

test('what was recorded and not closed is found by whoever takes over', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(MOVE, { minLength: 5, maxLength: 60, size: 'max' }), async (moves) => {
      const run = new Run();
      await run.takeOver();
      for (const move of moves) await run.move(move);
      await run.end();
      expect(run.faulty).toEqual([]);
      expect(run.pending.size).toBe(0);
      // Nobody is in a loop, whatever the others do.
      expect(run.bench.server.calls.length).toBeLessThan(2_000);
      expect(Math.max(...run.bench.server.sizes)).toBeLessThanOrEqual(64 * 1024);
    }),
    { numRuns: Number(process.env.JOURNAL_RUNS ?? 200), seed: Number(process.env.JOURNAL_SEED ?? 11) },
  );
});
