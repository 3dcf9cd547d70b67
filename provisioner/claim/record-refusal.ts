import { ApiError } from '../../lib/kube/api-error.ts';

/**
 * The server will not take a record the next time either: no right, no namespace, no such kind, a body it does not
 * like. A refused credential (401) is none of these: it says nothing about what may be written with a good one.
 */
export function isRecordRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && [400, 403, 404, 405, 413, 422].includes(error.status);
}
