/** Which failures of the API server are answers to show (it refused), and which are the loop's to repeat. */
import { ApiError, isPrecondition } from '../lib/kube/api-error.ts';
import type { KubeObject, Resource } from '../lib/kube/objects.ts';

/** Hands the answer of an own write to the cache of its kind. */
export type Absorb = <T extends KubeObject>(resource: Resource<T>, object: T) => void;

/** What the server said against it, where the same request will not do better by itself: 400, 403, 405, 422 with causes, … */
export function refusalOf(error: unknown): string | undefined {
  if (isPrecondition(error)) return undefined;
  if (!(error instanceof ApiError)) return undefined;
  const final = error.status >= 400 && error.status < 500 && error.status !== 401 && error.status !== 408 && error.status !== 429;
  return final ? error.message : undefined;
}
