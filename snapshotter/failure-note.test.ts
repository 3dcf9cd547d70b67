import { expect, test } from 'vitest';
import { CAUSE, causeOfAnswer, causeOfRefusal, noteChange, readNote } from './failure-note.ts';
import { FAILURE } from './names.ts';
import { EPOCH_MS, aContent, noted } from './testing/objects.ts';

test.each([
  [undefined, 'Unknown', true],
  [1, 'Canceled', true],
  [3, 'InvalidArgument', false],
  [4, 'DeadlineExceeded', true],
  [5, 'NotFound', false],
  [6, 'AlreadyExists', false],
  [7, 'PermissionDenied', false],
  [8, 'ResourceExhausted', true],
  [9, 'FailedPrecondition', false],
  [10, 'Aborted', true],
  [11, 'OutOfRange', false],
  [12, 'Unimplemented', false],
  [13, 'Internal', true],
  [14, 'Unavailable', true],
  [15, 'DataLoss', false],
  [16, 'Unauthenticated', false],
  [99, 'Code(99)', true],
])('an answer with code %s is %s, and waiting can heal it: %s', (grpcCode, code, retryable) => {
  expect(causeOfAnswer(grpcCode)).toEqual({ code, retryable });
});

test.each([
  [400, 'InvalidArgument'],
  [401, 'Unauthenticated'],
  [403, 'PermissionDenied'],
  [404, 'NotFound'],
  [422, 'InvalidArgument'],
])('a refusal of the API server with %i is %s', (status, code) => {
  expect(causeOfRefusal(status)).toEqual({ code, retryable: false });
});

test('a failure is noted with the time since when it is this one, and not again while it is', () => {
  const since = '2026-01-01T00:00:00Z';
  expect(noteChange(aContent(), CAUSE.missing, EPOCH_MS)).toBe(`{"code":"NotFound","retryable":false,"since":"${since}"}`);
  const content = aContent({ metadata: { annotations: noted(CAUSE.missing) } });
  expect(noteChange(content, CAUSE.missing, EPOCH_MS)).toBeUndefined();
  expect(noteChange(content, { ...CAUSE.missing, retryable: true }, EPOCH_MS)).toContain(since);
  expect(noteChange(content, causeOfAnswer(14), EPOCH_MS)).toContain('"code":"Unavailable"');
  expect(noteChange(content, undefined, EPOCH_MS)).toBeNull();
  expect(noteChange(aContent(), undefined, EPOCH_MS)).toBeUndefined();
  const copied = { ...CAUSE.missing, since: '2025-12-31T23:00:00Z' };
  expect(noteChange(aContent(), copied, EPOCH_MS)).toBe(noted(CAUSE.missing)[FAILURE]);
});

test.each(['', 'yes', 'null', '[]', '{"code":5}', '{"code":"NotFound","retryable":"no","since":""}'])('%j is no note', (text) => {
  expect(readNote(aContent({ metadata: { annotations: { [FAILURE]: text } } }))).toBeUndefined();
});
