/**
 * The one error of the API server, made once at the transport boundary. Above it nobody parses text:
 * callers ask the predicates below. Source: Kubernetes API conventions (Status).
 */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** A metav1.Status as the server sends it. */
export interface ApiStatus {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly group?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
}

export interface ApiErrorInit {
  /** HTTP status; 0 when no answer came at all. */
  readonly status: number;
  /** Status reason (`NotFound`, `Conflict`, …), or `Unreachable`, `Timeout`, `Aborted`, `BadAnswer` of our own. */
  readonly reason: string;
  readonly message: string;
  readonly causes?: readonly StatusCause[];
  /** Verb and path, for the log. */
  readonly request: string;
  /** True if a JSON patch with a `test` operation was sent: decides what a 422 means. */
  readonly hadPatchTest?: boolean;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

export class ApiError extends Error {
  readonly code = 'API_ERROR';
  readonly status: number;
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  readonly request: string;
  readonly hadPatchTest: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(init: ApiErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'ApiError';
    this.status = init.status;
    this.reason = init.reason;
    this.causes = init.causes ?? [];
    this.request = init.request;
    this.hadPatchTest = init.hadPatchTest ?? false;
    this.retryAfterMs = init.retryAfterMs;
  }
}

export function isNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 404;
}

export function isAlreadyExists(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 409 && error.reason === 'AlreadyExists';
}

export function isForbidden(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 403;
}

/**
 * The object was not in the state that the write was made for: gather again, say nothing to the user.
 * 409 Conflict, or 422 without causes on a patch that held a `test` (kube-apiserver 1.36, seen).
 */
export function isPrecondition(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  if (error.status === 409) return error.reason !== 'AlreadyExists';
  return error.status === 422 && error.hadPatchTest && error.causes.length === 0;
}

/** No answer, or an answer that says nothing about whether the write was applied. */
export function isUnknownOutcome(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500);
}

/** Undefined where there is no such object. */
export async function orNothing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
