/**
 * The API server as programs meet it: it may be gone, it may come back with the data of a backup, and it knows
 * only some bearer tokens. Users and invariants look past it, at the sandbox itself.
 */
import type { HttpAnswer, HttpRequest, HttpStream } from '../../lib/doors/http.ts';

export interface SimulatedServerInit {
  readonly handle: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly stream: (request: HttpRequest, signal: AbortSignal) => Promise<HttpStream>;
}

export class SimulatedServer {
  /** False: connections are refused. */
  up = true;
  /** Answers of 401 so far. */
  unauthorized = 0;
  private tokens: ReadonlySet<string> | undefined;
  private readonly init: SimulatedServerInit;

  constructor(init: SimulatedServerInit) {
    this.init = init;
  }

  /** From now on every other token is refused. */
  accept(tokens: readonly string[]): void {
    this.tokens = new Set(tokens);
  }

  accepts({ headers }: HttpRequest): boolean {
    return this.tokens === undefined || this.tokens.has((headers.authorization ?? '').replace(/^Bearer /, ''));
  }

  handle(request: HttpRequest): Promise<HttpAnswer> {
    return this.accepts(request) ? this.init.handle(request) : Promise.resolve(this.refuse());
  }

  stream(request: HttpRequest, signal: AbortSignal): Promise<HttpStream> {
    if (this.accepts(request)) return this.init.stream(request, signal);
    const { status, headers, body } = this.refuse();
    return Promise.resolve({ status, headers, chunks: once(body) });
  }

  private refuse(): HttpAnswer {
    this.unauthorized += 1;
    return statusAnswer(401, 'Unauthorized', 'Unauthorized');
  }
}

/** A refusal as the API server words it. */
export function statusAnswer(code: number, reason: string, message: string): HttpAnswer {
  // Without a cause a 422 says that the test of a patch failed, which is no refusal.
  const details = code === 422 ? { details: { causes: [{ message }] } } : {};
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, ...details, code };
  return { status: code, headers: { 'content-type': 'application/json' }, body: new TextEncoder().encode(JSON.stringify(body)) };
}

async function* once(chunk: Uint8Array): AsyncIterable<Uint8Array> {
  yield chunk;
}
