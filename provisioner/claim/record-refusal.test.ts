import { expect, test } from 'vitest';
import { ApiError } from '../../lib/kube/api-error.ts';
import { isRecordRefusal } from './record-refusal.ts';

const answer = (status: number): ApiError => new ApiError({ status, reason: 'x', message: 'x', request: 'x' });

test.each([400, 403, 404, 405, 413, 422])('a record that is answered %i will not be taken later either', (status) => {
  expect(isRecordRefusal(answer(status))).toBe(true);
});

test.each([0, 401, 409, 429, 500, 503])('%i says nothing about records: the claim waits and keeps its crash safety', (status) => {
  expect(isRecordRefusal(answer(status))).toBe(false);
});

test('what is no answer of the server is no refusal', () => {
  expect(isRecordRefusal(new Error('x'))).toBe(false);
});
