/** What users are told of a failed read or write. */
import { errorText } from '../errors/error-text.ts';
import { ApiError, isNotFound, isPrecondition } from '../kube/api-error.ts';

/** What the server said against it, where the same request will not do better by itself: 400, 403, 405, 422 with causes, … */
export function refusalOf(error: unknown): string | undefined {
  if (isPrecondition(error)) return undefined;
  if (!(error instanceof ApiError)) return undefined;
  const final = error.status >= 400 && error.status < 500 && error.status !== 401 && error.status !== 408 && error.status !== 429;
  return final ? error.message : undefined;
}

/** The words of any failure. Undefined where the object went meanwhile: nobody is left to be told. */
export function failureText(error: unknown): string | undefined {
  return isNotFound(error) ? undefined : errorText(error);
}
