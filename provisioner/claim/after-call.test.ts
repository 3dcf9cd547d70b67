import { expect, test } from 'vitest';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import { STORAGE_PROVISIONER } from '../names.ts';
import { aClaim, DRIVER } from '../testing/objects.ts';
import { aState, anIntent, LEASE } from '../testing/states.ts';
import { decide } from './decide.ts';
import type { CallFailure } from './state.ts';

const OPEN = { opened: true, doubt: { times: 0, sinceMs: 0 } };
const CONFIRMED = { ...OPEN, recordConfirmed: true };
const CLOSED = { opened: true, recordConfirmed: true };
const record = { intent: anIntent(), lease: LEASE };

// Answers of the driver

const refusal = (outcome: 'failed' | 'unknown' | 'reschedule', grpcCode: number, gaveUp = false): CallFailure => ({
  kind: 'refused',
  outcome,
  grpcCode,
  gaveUp,
  message: 'rpc error',
});

test('an unknown answer keeps the case open and is told', () => {
  const step = decide(aState({ record, memory: CONFIRMED, callFailure: refusal('unknown', GrpcCode.DEADLINE_EXCEEDED) }));
  expect(step).toMatchObject({ kind: 'retry', backoff: 'create-volume', events: [{ type: 'Warning', reason: 'ProvisioningFailed' }] });
});

test('a final answer is told and tried again, from the first live read on', () => {
  const failed = { record, memory: CLOSED, callFailure: refusal('failed', GrpcCode.INTERNAL) };
  expect(decide(aState(failed))).toMatchObject({ kind: 'retry', backoff: 'create-volume' });
  expect(decide(aState({ ...failed, door: 'read-content' }))).toMatchObject({ kind: 'retry', backoff: 'read-content' });
});

test('an infeasible claim is retried at the longest interval', () => {
  const step = decide(aState({ record, memory: CLOSED, callFailure: refusal('failed', GrpcCode.INVALID_ARGUMENT) }));
  expect(step).toMatchObject({ kind: 'retry', atLeastMs: 300_000, events: [{ message: expect.stringContaining('retries are delayed') }] });
});

test('a final answer for a claim that left meanwhile closes the case', () => {
  const failed = { record, memory: CLOSED, callFailure: refusal('failed', GrpcCode.INTERNAL) };
  expect(decide(aState({ ...failed, claim: undefined })).kind).toBe('drop-record');
  expect(decide(aState({ ...failed, claim: undefined, record: undefined })).kind).toBe('done');
});

test('no room on the selected node: the record goes, then the node, and that is all', () => {
  const annotations = { [STORAGE_PROVISIONER]: DRIVER, 'volume.kubernetes.io/selected-node': 'node-1' };
  const claim = aClaim({ metadata: { annotations } });
  const full = { claim, memory: CLOSED, callFailure: refusal('reschedule', GrpcCode.RESOURCE_EXHAUSTED) };
  expect(decide(aState({ ...full, record })).kind).toBe('drop-record');
  expect(decide(aState(full))).toMatchObject({ kind: 'reschedule', claim, after: [{ type: 'Warning', reason: 'ProvisioningFailed' }] });
  expect(decide(aState({ ...full, rescheduled: true })).kind).toBe('done');
});

test('while a volume may exist nobody is sent to another node', () => {
  const step = decide(aState({ record, memory: CONFIRMED, callFailure: refusal('unknown', GrpcCode.RESOURCE_EXHAUSTED) }));
  expect(step).toMatchObject({ kind: 'retry', backoff: 'create-volume' });
});

test('a missing secret is told, and heals', () => {
  const step = decide(aState({ record, memory: CLOSED, callFailure: { kind: 'not-sent', message: 'secret vault/s is not found' } }));
  expect(step).toMatchObject({ kind: 'retry', backoff: 'create-volume', events: [{ message: expect.stringContaining('vault/s') }] });
});

test('a record whose secret vanished stays while a volume may exist', () => {
  const failure: CallFailure = { kind: 'not-sent', message: 'x' };
  expect(decide(aState({ claim: undefined, record, memory: CONFIRMED, callFailure: failure }))).toMatchObject({
    kind: 'retry',
    backoff: 'create-volume',
    events: [],
  });
  expect(decide(aState({ claim: undefined, record, memory: CLOSED, callFailure: failure })).kind).toBe('drop-record');
});

test('a volume that does not fit is neither given out nor forgotten', () => {
  const step = decide(aState({ record, memory: CONFIRMED, callFailure: { kind: 'unfit', message: 'too small' } }));
  expect(step).toMatchObject({ kind: 'retry', backoff: 'create-volume', events: [{ message: expect.stringContaining('too small') }] });
});

test('after ten minutes of one final answer the doubt ends, with a word about it', () => {
  const step = decide(aState({ record, memory: CLOSED, callFailure: refusal('failed', GrpcCode.INTERNAL, true) }));
  expect(step).toMatchObject({ kind: 'retry', events: [{ message: expect.stringContaining('taken not to exist') }] });
});
