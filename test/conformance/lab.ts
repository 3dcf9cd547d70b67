/**
 * What a conformance case works with: the server under test behind two functions, a namespace of its
 * own, and names nobody else uses. Cases run one after the other on one server and never look at what
 * another case made, so that neither order nor left-overs matter.
 */
import type { RawAnswer, RawRequest, RawWatch } from '../../harness/raw-http.ts';

/** The server under test. */
export interface ServerUnderTest {
  request(request: RawRequest): Promise<RawAnswer>;
  watch(path: string, headers?: Readonly<Record<string, string>>): Promise<RawWatch>;
  /** Makes every version up to now too old to list from (compaction). */
  expireVersions(): Promise<void>;
  /** A continue token as it would be long after: kube-apiserver serves fresh ones from its cache even after a compaction. */
  ageToken(token: string): string;
}

/** A named demand on an API server. The real kube-apiserver is right by definition. */
export interface Case {
  /** A sentence, unique in the suite. */
  readonly name: string;
  readonly run: (lab: Lab) => Promise<void>;
}

export interface Answer extends RawAnswer {
  /** The parsed body; undefined where it is no JSON. */
  readonly body: unknown;
}

export interface WatchedEvent {
  readonly type: string;
  readonly object: unknown;
}

export interface WatchReader {
  readonly status: number;
  /** Undefined when the server has ended the watch. */
  next(): Promise<WatchedEvent | undefined>;
  close(): void;
}

export type PatchType = 'json-patch' | 'merge-patch' | 'strategic-merge-patch';

export interface Lab {
  readonly server: ServerUnderTest;
  readonly namespace: string;
  /** A name that occurs nowhere else. */
  unique(prefix: string): string;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** The same as a Table, as kubectl asks for it. */
  table(path: string): Promise<Answer>;
  post(path: string, body: object): Promise<Answer>;
  put(path: string, body: object): Promise<Answer>;
  patch(path: string, type: PatchType, body: object): Promise<Answer>;
  delete(path: string, body?: object): Promise<Answer>;
  send(request: RawRequest): Promise<Answer>;
  watch(path: string): Promise<WatchReader>;
  /** Asks until `holds` or the hang guard: for what controllers do in their own time. */
  until(path: string, holds: (answer: Answer) => boolean): Promise<Answer>;
}

const GUARD_MS = 120_000;
export const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export interface LabSetup {
  readonly server: ServerUnderTest;
  /** Number of the case in its run. */
  readonly index: number;
}

export async function openLab({ server, index }: LabSetup): Promise<Lab> {
  const namespace = `case-${index}`;
  let names = 0;
  const send = async (request: RawRequest): Promise<Answer> => {
    const answer = await server.request(request);
    return { ...answer, body: parse(answer.text) };
  };
  const withBody = (method: string, path: string, { body, type = 'application/json' }: { body: object; type?: string }): Promise<Answer> =>
    send({ method, path, headers: { 'content-type': type }, body: JSON.stringify(body) });
  const made = await withBody('POST', '/api/v1/namespaces', {
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  });
  if (made.status !== 201) throw new Error(`namespace ${namespace}: ${made.status} ${made.text}`);
  return {
    server,
    namespace,
    unique: (prefix) => `${prefix}-${index}-${(names += 1)}`,
    get: (path, headers = {}) => send({ method: 'GET', path, headers }),
    table: (path) => send({ method: 'GET', path, headers: { accept: TABLE } }),
    post: (path, body) => withBody('POST', path, { body }),
    put: (path, body) => withBody('PUT', path, { body }),
    patch: (path, type, body) => withBody('PATCH', path, { body, type: `application/${type}+json` }),
    delete: (path, body) => (body === undefined ? send({ method: 'DELETE', path }) : withBody('DELETE', path, { body })),
    send,
    watch: async (path) => readEvents(await server.watch(path)),
    until: async (path, holds) => {
      const end = performance.now() + GUARD_MS;
      for (;;) {
        const answer = await send({ method: 'GET', path });
        if (holds(answer)) return answer;
        if (performance.now() > end) throw new Error(`${path} did not become as wanted, last: ${answer.status} ${answer.text}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
  };
}

function readEvents(raw: RawWatch): WatchReader {
  return {
    status: raw.status,
    next: async () => {
      const line = await raw.next(GUARD_MS);
      return line === undefined ? undefined : (JSON.parse(line) as WatchedEvent);
    },
    close: () => raw.close(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The value at a dotted path (`metadata.finalizers.0`); undefined where there is none. */
export function at(value: unknown, path: string): unknown {
  let here = value;
  for (const step of path.split('.')) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Record<string, unknown>)[step];
  }
  return here;
}

/** Like `at`, for what must be a string. */
export function text(value: unknown, path: string): string {
  const found = at(value, path);
  if (typeof found !== 'string') throw new Error(`no text at ${path} of ${JSON.stringify(value)}`);
  return found;
}

export function items(value: unknown): unknown[] {
  const found = at(value, 'items');
  if (!Array.isArray(found)) throw new Error(`no items in ${JSON.stringify(value)}`);
  return found;
}

export function names(value: unknown): string[] {
  return items(value).map((item) => text(item, 'metadata.name'));
}

/** What a refusal says, without its prose. `causes` are `reason field`. */
export interface Refusal {
  readonly status: number;
  readonly reason: unknown;
  readonly kind: unknown;
  readonly name: unknown;
  readonly causes: readonly string[];
}

/** Checks the outer shape of a Status answer and hands over what clients decide on. */
export function refusal(answer: Answer): Refusal {
  if (at(answer.body, 'kind') !== 'Status' || at(answer.body, 'status') !== 'Failure' || at(answer.body, 'code') !== answer.status) {
    throw new Error(`not a failure Status: ${answer.status} ${answer.text}`);
  }
  const causes = at(answer.body, 'details.causes');
  return {
    status: answer.status,
    reason: at(answer.body, 'reason'),
    kind: at(answer.body, 'details.kind'),
    name: at(answer.body, 'details.name'),
    // The real server repeats some causes.
    causes: Array.isArray(causes)
      ? [...new Set(causes.map((cause) => `${String(at(cause, 'reason'))} ${String(at(cause, 'field'))}`))].sort()
      : [],
  };
}

/** A JSON patch whose `test` failed: 422 Invalid and nothing else, since a refusal by the schema names causes. */
export const FAILED_PATCH = { status: 422, reason: 'Invalid', causes: [] };
