import { expect, test } from 'vitest';
import { decide } from './decide.ts';
import { absorb } from './execute.ts';
import type { CapacityDecision, CapacityState } from './state.ts';
import { aCapacity, aState } from './testing/objects.ts';

const GIB = 1n << 30n;
const ONE = { available: GIB, largest: undefined };
const TWO = { available: 2n * GIB, largest: undefined };
const second = aCapacity({ metadata: { name: 'csisc-second', uid: 'capacity-2' } });
const kind = (change: Partial<CapacityState>): string => decide(aState(change)).kind;

test('the driver is asked about the class in the segment', () => {
  expect(decide(aState())).toMatchObject({ kind: 'ask', backoff: 'ask', inputs: '0 ssd' });
});

test('what the driver says is published where nothing is', () => {
  const step = decide(aState({ objects: [], room: ONE, asked: true }));
  expect(step).toMatchObject({ kind: 'create', object: { storageClassName: 'fast', capacity: '1Gi' } });
});

test('an object that is there is taken over under its name, and written only where it differs', () => {
  expect(decide(aState({ room: TWO, asked: true }))).toMatchObject({
    kind: 'update',
    object: { metadata: { name: 'csisc-x7k2p' }, capacity: '2Gi' },
  });
  expect(decide(aState({ room: ONE, asked: true }))).toEqual({
    kind: 'poll',
    backoff: 'ask',
    afterMs: 60_000,
    reason: 'what is published is what the driver says',
  });
});

test('what somebody changed or took away is mended from what the driver said, without asking', () => {
  expect(kind({ room: ONE, objects: [] })).toBe('create');
  expect(kind({ room: ONE, objects: [aCapacity({ capacity: '9Gi' })] })).toBe('update');
});

test('of two that say the same the second goes, before anything else', () => {
  const step = decide(aState({ objects: [aCapacity(), second], room: TWO, asked: true }));
  expect(step).toMatchObject({ kind: 'delete', object: { metadata: { name: 'csisc-second' } } });
});

test('where class or segment is gone every object goes, and nobody is asked', () => {
  expect(decide(aState({ wanted: undefined, room: ONE }))).toMatchObject({ kind: 'delete', object: { metadata: { uid: 'capacity-1' } } });
  expect(kind({ wanted: undefined, objects: [] })).toBe('done');
});

test('what the driver refuses to say stays as it is published, and is asked for again', () => {
  const failed = { failure: 'rpc error: code = Internal desc = no' };
  expect(decide(aState(failed))).toEqual({ kind: 'retry', backoff: 'ask', reason: 'rpc error: code = Internal desc = no' });
  expect(kind({ ...failed, objects: [] })).toBe('retry');
});

test('where capacities cannot be listed nothing is asked for or written', () => {
  expect(kind({ cached: false, objects: [] })).toBe('poll');
  expect(kind({ cached: false, wanted: undefined })).toBe('poll');
});

/** One run with these answers of the server, in its order. */
function run(start: CapacityState, answers: Readonly<Record<string, unknown>>): string[] {
  let state = start;
  const steps: string[] = [];
  for (let step: CapacityDecision = decide(state); steps.length < 20; step = decide(state)) {
    steps.push(step.kind);
    if (step.kind === 'done' || step.kind === 'poll' || step.kind === 'retry') break;
    state = absorb(state, step, answers[step.kind] as never);
  }
  return steps;
}

test('a run: surplus first, then the question, then one write', () => {
  const answers = {
    delete: { kind: 'object', object: undefined },
    ask: { kind: 'room', room: TWO },
    update: { kind: 'object', object: aCapacity({ capacity: '2Gi' }) },
  };
  expect(run(aState({ objects: [aCapacity(), second] }), answers)).toEqual(['delete', 'ask', 'update', 'poll']);
});

test('an object that went before it was written is made anew', () => {
  const answers = {
    ask: { kind: 'room', room: TWO },
    update: { kind: 'object', object: undefined },
    create: { kind: 'object', object: second },
  };
  expect(run(aState(), answers).slice(0, 3)).toEqual(['ask', 'update', 'create']);
});

test('who changes what is written on its way is not argued with', () => {
  const answers = { ask: { kind: 'room', room: TWO }, update: { kind: 'object', object: aCapacity({ capacity: '1Gi' }) } };
  expect(run(aState(), answers)).toEqual(['ask', 'update', 'poll']);
});

test('a name that another object has leads to one that the server makes up', () => {
  const state = aState({ objects: [], room: ONE, asked: true });
  const step = decide(state);
  if (step.kind !== 'create') throw new Error(step.kind);
  const next = decide(absorb(state, step, { kind: 'name-taken' }));
  expect(next).toMatchObject({ kind: 'create', object: { metadata: { generateName: 'csisc-' } } });
  expect(next).not.toMatchObject({ inputs: step.inputs });
});
