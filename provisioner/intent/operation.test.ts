import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import { aVolume, VOLUME_NAME } from '../testing/objects.ts';
import { anIntent, anOpen } from '../testing/states.ts';
import type { Intent } from './intent.ts';
import { MOST_REQUESTS, sameIntent } from './intent.ts';
import type { Answer, Inherited, OpenOperation, Operation } from './operation.ts';
import {
  adopted,
  answered,
  deletedUnwanted,
  inherited,
  intentsOf,
  isOpen,
  madeUnwanted,
  NO_OPERATION,
  notOpened,
  opened,
  opening,
  sourceInUse,
  uncertainOf,
  unsavable,
  volumeNameOf,
} from './operation.ts';

const SOURCE = { kind: 'snapshot', namespace: 'shop', name: 'monday', uid: 'snap-1' } as const;
const MINUTE_MS = 60_000;

/** One of several requests of the same claim, told apart by a parameter. */
const request = (kind: string): Intent => anIntent({ request: { ...anIntent().request, parameters: { kind } } });
const [A, B, C] = [request('a'), request('b'), request('c')];

const answer = (change: Partial<Answer> = {}): Answer => ({ outcome: 'failed', grpcCode: GrpcCode.INTERNAL, nowMs: 5, ...change });
const unknown = (nowMs = 5): Answer => answer({ outcome: 'unknown', grpcCode: GrpcCode.DEADLINE_EXCEEDED, nowMs });
const entry = (...intents: readonly [Intent, ...Intent[]]): Inherited => ({ intents, deleting: undefined });
const kindsOf = (operation: Operation): unknown => uncertainOf(operation)?.intents.map((intent) => intent.request.parameters['kind']);
const aCreated = (): Operation => ({ phase: 'created', intent: A, volume: aVolume(), startedMs: undefined });
const aClosing = (): Operation => ({ phase: 'closing', name: VOLUME_NAME });

describe('what is read of it', () => {
  test.each<[string, Operation, boolean, string | undefined]>([
    ['none', NO_OPERATION, false, undefined],
    ['opening', opening(NO_OPERATION, A), true, VOLUME_NAME],
    ['open', anOpen(), true, VOLUME_NAME],
    ['created', aCreated(), true, VOLUME_NAME],
    ['closing', aClosing(), true, VOLUME_NAME],
  ])('%s says whether something stands, and about which volume', (_, operation, open, name) => {
    expect([isOpen(operation), volumeNameOf(operation)]).toEqual([open, name]);
  });

  test('the source is in use until the latest answer is final or a PV names the volume', () => {
    const intent = anIntent({ source: SOURCE });
    expect(sourceInUse(opening(NO_OPERATION, intent))).toBe(SOURCE);
    for (const call of ['not-sent', 'running', 'unknown'] as const) expect(sourceInUse(anOpen({ intent, call }))).toBe(SOURCE);
    expect(sourceInUse({ phase: 'created', intent, volume: aVolume(), startedMs: undefined })).toBe(SOURCE);
    expect(sourceInUse(anOpen({ intent, call: 'final', uncertain: [intent] }))).toBeUndefined();
    expect([sourceInUse(NO_OPERATION), sourceInUse(aClosing())]).toEqual([undefined, undefined]);
  });

  test('the journal holds the request that is sent next and each uncertain one, none of them twice', () => {
    expect(intentsOf(A, undefined)).toEqual([A]);
    expect(intentsOf(A, anOpen({ uncertain: [B, A] }).uncertain)).toEqual([A, B]);
  });
});

describe('opening', () => {
  test('a request is written down first, and what is uncertain stays beside it', () => {
    expect(opening(NO_OPERATION, A)).toEqual({ phase: 'opening', intent: A, uncertain: undefined });
    expect(kindsOf(opening(anOpen({ uncertain: [B] }), A))).toEqual(['b']);
    expect(kindsOf(opening(aClosing(), A))).toBeUndefined();
  });

  test('once it stands the call may be sent', () => {
    expect(opened(A, undefined)).toEqual({
      phase: 'open',
      intent: A,
      call: 'not-sent',
      uncertain: undefined,
      unwanted: undefined,
      startedMs: undefined,
    });
  });

  test('where it could not be written there is nothing, but for what was uncertain before', () => {
    // An earlier entry may stand: it goes.
    expect(notOpened(opening(NO_OPERATION, A))).toEqual(aClosing());
    expect(notOpened(opening(anOpen({ uncertain: [B, C] }), A))).toMatchObject({ phase: 'open', call: 'unknown', intent: B });
    expect(kindsOf(notOpened(opening(anOpen({ uncertain: [B, C] }), A)))).toEqual(['b', 'c']);
    for (const other of [NO_OPERATION, anOpen(), aCreated(), aClosing()]) expect(notOpened(other)).toBe(other);
  });
});

describe('answers without a volume', () => {
  test('a final answer without a past ends the operation', () => {
    expect(answered(anOpen({ call: 'running' }), A, answer())).toEqual({ operation: aClosing(), gaveUp: false });
    const full = answer({ outcome: 'reschedule', grpcCode: GrpcCode.RESOURCE_EXHAUSTED });
    expect(answered(anOpen({ call: 'running' }), A, full).operation.phase).toBe('closing');
  });

  test('an unknown answer puts the request on the account, with the time of the first', () => {
    const first = answered(anOpen({ intent: A }), A, unknown(5)).operation as OpenOperation;
    expect(first).toMatchObject({ phase: 'open', call: 'unknown', uncertain: { sinceMs: 5, ambiguity: { times: 0, sinceMs: 5 } } });
    expect(kindsOf(first)).toEqual(['a']);
    const second = answered(first, A, unknown(9)).operation;
    expect(kindsOf(second)).toEqual(['a']);
    expect(uncertainOf(second)).toMatchObject({ sinceMs: 5, ambiguity: { sinceMs: 9 } });
  });

  test('a final answer after an unknown one decides for the user and leaves the account', () => {
    const { operation, gaveUp } = answered(anOpen({ intent: A, uncertain: [A] }), A, answer());
    expect([(operation as OpenOperation).call, kindsOf(operation), gaveUp]).toEqual(['final', ['a'], false]);
  });

  test('the same final answer five times over ten minutes ends the account, with a word about it', () => {
    let operation: Operation = anOpen({ intent: A, uncertain: [A] });
    for (const minute of [0, 3, 6, 9]) {
      const next = answered(operation as OpenOperation, A, answer({ nowMs: minute * MINUTE_MS }));
      expect(next.gaveUp).toBe(false);
      operation = next.operation;
    }
    expect(answered(operation as OpenOperation, A, answer({ nowMs: 10 * MINUTE_MS }))).toEqual({ operation: aClosing(), gaveUp: true });
  });

  test('an unknown answer between them begins the count anew', () => {
    let operation: Operation = anOpen({ intent: A, uncertain: [A] });
    const answers = [
      answer({ nowMs: 0 }),
      answer({ nowMs: MINUTE_MS }),
      unknown(2 * MINUTE_MS),
      ...[3, 5, 7, 13].map((minute) => answer({ nowMs: minute * MINUTE_MS })),
    ];
    for (const one of answers) operation = answered(operation as OpenOperation, A, one).operation;
    expect(kindsOf(operation)).toEqual(['a']);
  });

  test.each(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'ALREADY_EXISTS'] as const)('%s says nothing about a request with a past', (code) => {
    let operation: Operation = anOpen({ intent: A, uncertain: [A] });
    for (const minute of [0, 5, 10, 15, 20, 25])
      operation = answered(operation as OpenOperation, A, answer({ grpcCode: GrpcCode[code], nowMs: minute * MINUTE_MS })).operation;
    expect(kindsOf(operation)).toEqual(['a']);
  });

  test('final answers to another request, however many, say nothing about the uncertain one', () => {
    let operation: Operation = anOpen({ intent: B, uncertain: [A] });
    for (const minute of [0, 5, 10, 15, 20, 25]) {
      const next = answered(operation as OpenOperation, B, answer({ grpcCode: GrpcCode.INVALID_ARGUMENT, nowMs: minute * MINUTE_MS }));
      expect([next.gaveUp, kindsOf(next.operation)]).toEqual([false, ['a']]);
      operation = next.operation;
    }
  });

  test('of more uncertain requests than an entry holds the latest and the oldest are kept', () => {
    const full = anOpen({ uncertain: ['4th', '3rd', '2nd', '1st'].map(request) });
    expect(kindsOf(answered(full, request('5th'), unknown()).operation)).toEqual(['5th', '4th', '3rd', '1st']);
  });
});

describe('what an earlier process left', () => {
  test('all of it is uncertain, and was asked for last by its first request', () => {
    const operation = inherited(entry(A, B), 7);
    expect(operation).toMatchObject({ phase: 'open', intent: A, call: 'unknown', uncertain: { sinceMs: 7 } });
    expect(kindsOf(operation)).toEqual(['a', 'b']);
  });

  test('an entry that is as full as one may be leaves room for the next request', () => {
    const found = inherited(entry(request('d'), A, B, C), 7);
    expect(intentsOf(request('next'), found.uncertain).length).toBeLessThanOrEqual(MOST_REQUESTS);
  });

  test('it is added to what this process is at work on', () => {
    expect(adopted(NO_OPERATION, entry(A), 7)).toEqual(inherited(entry(A), 7));
    expect(kindsOf(adopted(anOpen({ uncertain: [B] }), entry(A, B), 7))).toEqual(['b', 'a']);
    expect(kindsOf(adopted(opening(NO_OPERATION, B), entry(A), 7))).toEqual(['a']);
    expect(adopted(anOpen({ intent: B, call: 'final', uncertain: [B] }), entry(A), 7)).toMatchObject({ intent: B, call: 'final' });
  });

  test('a volume that is found already is saved, whatever else turns up', () => {
    expect(adopted(aCreated(), entry(A), 7)).toEqual(aCreated());
  });

  test('while the end of an operation is being written it begins a new one', () => {
    expect(kindsOf(adopted(aClosing(), entry(A), 7))).toEqual(['a']);
  });

  test('it does not make the account younger', () => {
    expect(uncertainOf(adopted(anOpen({ uncertain: [B] }), entry(A), 700))?.sinceMs).toBe(0);
  });
});

describe('volumes that are not to be used', () => {
  test('one that was made stays until it is deleted, and its request on the account', () => {
    const made = madeUnwanted(anOpen({ intent: A, call: 'running' }), { handle: 'vol-9', sent: A, nowMs: 5 });
    expect(made).toMatchObject({ phase: 'open', call: 'final', unwanted: { handle: 'vol-9' }, uncertain: { sinceMs: 5 } });
    expect(kindsOf(made)).toEqual(['a']);
    expect(kindsOf(madeUnwanted(anOpen({ intent: B, uncertain: [A] }), { handle: 'vol-9', sent: A, nowMs: 5 }))).toEqual(['a']);
  });

  test('while its deletion may still be carried out it is known by its handle, and after it no longer', () => {
    const made = madeUnwanted(anOpen({ intent: B, uncertain: [A] }), { handle: 'vol-9', sent: A, nowMs: 5 }) as OpenOperation;
    expect(made.uncertain?.deleting).toBe('vol-9');
    expect(uncertainOf(answered(made, B, unknown()).operation)?.deleting).toBe('vol-9');
    expect(uncertainOf(answered(made, B, answer()).operation)?.deleting).toBe('vol-9');
    const deleted = deletedUnwanted(made);
    expect([deleted.unwanted, deleted.uncertain?.deleting, kindsOf(deleted)]).toEqual([undefined, undefined, ['a']]);
  });

  test('the deletion that an earlier process asked for is known to the next', () => {
    const left = { intents: [A] as const, deleting: 'vol-9' };
    expect(inherited(left, 7).uncertain?.deleting).toBe('vol-9');
    expect(uncertainOf(adopted(anOpen({ uncertain: [B] }), left, 7))?.deleting).toBe('vol-9');
  });

  test('one whose PV cannot be saved is asked for anew by the same call', () => {
    expect(unsavable(A, 5)).toMatchObject({ phase: 'open', intent: A, call: 'unknown', uncertain: { sinceMs: 5 } });
    expect(kindsOf(unsavable(A, 5))).toEqual(['a']);
  });

  test('uncertain requests are tried in turn: one whose name another request made is asked for last', () => {
    const exists = answer({ grpcCode: GrpcCode.ALREADY_EXISTS });
    expect(kindsOf(answered(anOpen({ uncertain: [A, B, C] }), A, exists).operation)).toEqual(['b', 'c', 'a']);
    expect(kindsOf(answered(anOpen({ uncertain: [A] }), A, exists).operation)).toEqual(['a']);
  });
});

// Any sequence of events

type Event =
  | { readonly kind: 'begin' | 'unknown' | 'final' | 'unwanted' | 'adopt'; readonly request: number }
  | { readonly kind: 'inherit'; readonly count: number }
  | { readonly kind: 'written' | 'refused' | 'made' | 'deleted' | 'closed' | 'unsavable' };

const event = (requests: number): fc.Arbitrary<Event> =>
  fc.oneof(
    fc.record({
      kind: fc.constantFrom('begin', 'unknown', 'final', 'unwanted', 'adopt'),
      request: fc.integer({ min: 0, max: requests - 1 }),
    }),
    fc.record({ kind: fc.constant('inherit' as const), count: fc.integer({ min: 1, max: Math.min(requests, MOST_REQUESTS) }) }),
    fc.record({ kind: fc.constantFrom('written', 'refused', 'made', 'deleted', 'closed', 'unsavable') }),
  );

interface Run {
  readonly operation: Operation;
  /** Requests that may have made a volume, by what was seen alone. */
  readonly owed: readonly Intent[];
}

function add(owed: readonly Intent[], more: readonly Intent[]): readonly Intent[] {
  return [...owed, ...more.filter((one) => !owed.some((other) => sameIntent(one, other)))];
}

const pool = Array.from({ length: 8 }, (_, index) => request(`${index}`));

/** Does the event where it can happen at all. */
function happen({ operation, owed }: Run, what: Event, nowMs: number): Run {
  const { phase } = operation;
  const sent = 'request' in what ? (pool[what.request] ?? A) : A;
  if (phase === 'open') {
    switch (what.kind) {
      case 'begin':
        return operation.unwanted === undefined ? { operation: opening(operation, sent), owed } : { operation, owed };
      case 'unknown':
        return { operation: answered(operation, sent, unknown(nowMs)).operation, owed: add(owed, [sent]) };
      case 'final': {
        const after = answered(operation, sent, answer({ nowMs }));
        return { operation: after.operation, owed: after.gaveUp ? owed.filter((one) => !sameIntent(one, sent)) : owed };
      }
      case 'made':
        return { operation: { phase: 'created', intent: operation.intent, volume: aVolume(), startedMs: undefined }, owed: [] };
      case 'unwanted':
        return { operation: madeUnwanted(operation, { handle: 'vol', sent, nowMs }), owed: owed.length === 0 ? [sent] : owed };
      case 'deleted':
        return { operation: deletedUnwanted(operation), owed };
      case 'adopt':
        return { operation: adopted(operation, entry(sent), nowMs), owed: add(owed, [sent]) };
      default:
        return { operation, owed };
    }
  }
  if (what.kind === 'begin' && (phase === 'none' || phase === 'closing')) return { operation: opening(operation, sent), owed };
  if (what.kind === 'adopt' && (phase === 'none' || phase === 'opening'))
    return { operation: adopted(operation, entry(sent), nowMs), owed: add(owed, [sent]) };
  if (what.kind === 'inherit' && phase === 'none') {
    const [first = A, ...rest] = pool.slice(0, what.count);
    return { operation: inherited(entry(first, ...rest), nowMs), owed: [first, ...rest] };
  }
  if (what.kind === 'written' && phase === 'opening') return { operation: opened(operation.intent, operation.uncertain), owed };
  if (what.kind === 'refused') return { operation: notOpened(operation), owed };
  if (what.kind === 'closed' && phase === 'closing') return { operation: NO_OPERATION, owed };
  if (phase === 'created' && what.kind === 'made') return { operation: aClosing(), owed };
  if (phase === 'created' && what.kind === 'unsavable') return { operation: unsavable(operation.intent, nowMs), owed: [operation.intent] };
  return { operation, owed };
}

function eachStep(events: readonly Event[], check: (run: Run) => void): void {
  let run: Run = { operation: NO_OPERATION, owed: [] };
  for (const [index, what] of events.entries()) {
    run = happen(run, what, index * MINUTE_MS);
    check(run);
  }
}

test('no sequence of events loses an uncertain request, but for a volume that is found and an account that is given up', () => {
  fc.assert(
    fc.property(fc.array(event(MOST_REQUESTS - 1), { maxLength: 40 }), (events) => {
      eachStep(events, ({ operation, owed }) => {
        const kept = uncertainOf(operation)?.intents ?? [];
        expect(owed.filter((one) => !kept.some((other) => sameIntent(one, other)))).toEqual([]);
      });
    }),
    { seed: 13, numRuns: 500 },
  );
});

test('no sequence of events makes an entry that holds too many requests to be read again', () => {
  fc.assert(
    fc.property(fc.array(event(pool.length), { maxLength: 40 }), (events) => {
      eachStep(events, ({ operation }) => {
        if (operation.phase !== 'open' && operation.phase !== 'opening') return;
        expect(intentsOf(operation.intent, operation.uncertain).length).toBeLessThanOrEqual(MOST_REQUESTS);
      });
    }),
    { seed: 17, numRuns: 500 },
  );
});
