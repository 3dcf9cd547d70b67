/**
 * Refusals, as the metav1.Status that kube-apiserver would send. Thrown anywhere below the server's
 * entry and turned into an answer there. Reasons, codes and message shapes are the real server's:
 * clients tell cases apart by them.
 */
import type { Json, JsonObject } from './json.ts';
import { printJson } from './json.ts';

/** Names what a refusal is about; `type` is the plural for most errors and the kind for Invalid. */
export interface Subject {
  readonly group: string;
  readonly type: string;
  readonly name?: string;
}

/** One thing that is wrong with one field. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

interface StatusInit {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  /** Where it is given, the answer has `details`, even empty ones. */
  readonly subject?: Subject;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
  /** Of an expired list: where a list that gives up consistency may go on. */
  readonly continueToken?: string;
  /** Never sent. */
  readonly cause?: string;
  /** Answered as text, not as a Status. */
  readonly plain?: boolean;
}

/** The only error that is meant for a client. Anything else that is thrown becomes a 500. */
export class StatusError extends Error {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly #init: StatusInit;

  constructor(init: StatusInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'StatusError';
    this.status = init.code;
    this.retryAfterSeconds = init.retryAfterSeconds;
    this.#init = init;
  }

  /** The message alone, where that is the whole answer. */
  get plainText(): string | undefined {
    return this.#init.plain === true ? this.#init.message : undefined;
  }

  body(): JsonObject {
    const { code, reason, message, subject, causes, retryAfterSeconds, continueToken } = this.#init;
    const details: JsonObject = {};
    if (subject?.name !== undefined && subject.name !== '') details.name = subject.name;
    if (subject !== undefined && subject.group !== '') details.group = subject.group;
    if (subject !== undefined && subject.type !== '') details.kind = subject.type;
    if (causes !== undefined && causes.length > 0) details.causes = causes.map((cause) => ({ ...cause }));
    if (retryAfterSeconds !== undefined) details.retryAfterSeconds = retryAfterSeconds;
    const status: JsonObject = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message };
    if (reason !== '') status.reason = reason;
    if (subject !== undefined || Object.keys(details).length > 0) status.details = details;
    status.code = code;
    if (continueToken !== undefined) status.metadata = { continue: continueToken };
    return status;
  }
}

function qualified(subject: Subject): string {
  return subject.group === '' ? subject.type : `${subject.type}.${subject.group}`;
}

export function notFound(subject: Subject): StatusError {
  return new StatusError({ code: 404, reason: 'NotFound', message: `${qualified(subject)} "${subject.name ?? ''}" not found`, subject });
}

const NOTHING: Subject = { group: '', type: '' };

/** A path below a group or version that is not served: the real server has no Status for it. */
export function noSuchGroup(): StatusError {
  return new StatusError({ code: 404, reason: 'NotFound', message: '404 page not found\n', plain: true });
}

/** A path that no resource answers to. */
export function noSuchPath(): StatusError {
  return new StatusError({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', subject: NOTHING });
}

export function alreadyExists(subject: Subject): StatusError {
  const message = `${qualified(subject)} "${subject.name ?? ''}" already exists`;
  return new StatusError({ code: 409, reason: 'AlreadyExists', message, subject });
}

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(subject: Subject, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name ?? ''}": ${why}`;
  return new StatusError({ code: 409, reason: 'Conflict', message, subject });
}

export function forbidden(subject: Subject, why: string, causes: readonly Cause[] = []): StatusError {
  const message = `${qualified(subject)} "${subject.name ?? ''}" is forbidden: ${why}`;
  return new StatusError({ code: 403, reason: 'Forbidden', message, subject, causes });
}

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

export function expired(message: string, continueToken?: string): StatusError {
  return new StatusError({ code: 410, reason: 'Expired', message, ...(continueToken === undefined ? {} : { continueToken }) });
}

/** The version asked for lies in the future. Clients retry after a second. */
export function versionTooLarge(asked: number, current: number): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

export function methodNotAllowed(): StatusError {
  const message = 'the server does not allow this method on the requested resource';
  return new StatusError({ code: 405, reason: 'MethodNotAllowed', message, subject: NOTHING });
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new StatusError({ code: 415, reason: 'UnsupportedMediaType', message });
}

export function tooLarge(limit: number): StatusError {
  return new StatusError({ code: 413, reason: 'RequestEntityTooLarge', message: `Request entity too large: limit is ${limit}` });
}

export function internal(why: string): StatusError {
  return new StatusError({ code: 500, reason: 'InternalError', message: `Internal error occurred: ${why}` });
}

/** 422. One cause reads alone, several as a bracketed list, each once. */
export function invalid(subject: Subject, causes: readonly Cause[]): StatusError {
  const texts = [...new Set(causes.map((cause) => `${cause.field ?? ''}: ${cause.message}`))];
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const message = `${qualified(subject)} "${subject.name ?? ''}" is invalid${texts.length === 0 ? '' : `: ${list}`}`;
  return new StatusError({ code: 422, reason: 'Invalid', message, subject, causes });
}

/**
 * A patch that does not apply: 422 with empty details, which is how clients know a failed precondition.
 * The real server does not say what failed; `why` is for whoever debugs this one.
 */
export function patchFailed(why: string): StatusError {
  const message = 'the server rejected our request due to an error in our request';
  return new StatusError({ code: 422, reason: 'Invalid', message, subject: NOTHING, cause: why });
}

/** PATCH with a content type that is none of a patch; POST and PUT name the types they take. */
export function unsupportedPatch(): StatusError {
  return new StatusError({ code: 415, reason: 'UnsupportedMediaType', message: '415: Unsupported Media Type', subject: NOTHING });
}

function withDetail(title: string, detail: string): string {
  return detail === '' ? title : `${title}: ${detail}`;
}

/** The reasons of causes below are those of the API's CauseType. */
export function required(field: string, detail = ''): Cause {
  return { reason: 'FieldValueRequired', message: withDetail('Required value', detail), field };
}

export function forbiddenField(field: string, detail: string): Cause {
  return { reason: 'FieldValueForbidden', message: withDetail('Forbidden', detail), field };
}

export function invalidField(field: string, value: Json | undefined, detail: string): Cause {
  return { reason: 'FieldValueInvalid', message: withDetail(`Invalid value: ${printJson(value ?? null)}`, detail), field };
}

export function typeInvalid(field: string, value: Json | undefined, detail: string): Cause {
  return { ...invalidField(field, value, detail), reason: 'FieldValueTypeInvalid' };
}

export function duplicate(field: string, value: Json): Cause {
  return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${printJson(value)}`, field };
}

export function notSupported(field: string, value: Json, supported: readonly string[]): Cause {
  const list = supported.map((item) => JSON.stringify(item)).join(', ');
  return {
    reason: 'FieldValueNotSupported',
    message: withDetail(`Unsupported value: ${printJson(value)}`, `supported values: ${list}`),
    field,
  };
}

export function tooLong(field: string, limit: number): Cause {
  return { reason: 'FieldValueTooLong', message: `Too long: may not be more than ${limit} bytes`, field };
}

/** The Status that answers a finished deletion of a kind that does not answer the object. */
export function subjectStatus(subject: Subject, uid: string): JsonObject {
  const details: JsonObject = {
    name: subject.name ?? '',
    ...(subject.group === '' ? {} : { group: subject.group }),
    kind: subject.type,
    uid,
  };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

export function tooMany(field: string, count: number, limit: number): Cause {
  return { reason: 'FieldValueTooMany', message: `Too many: ${count}: must have at most ${limit} items`, field };
}
