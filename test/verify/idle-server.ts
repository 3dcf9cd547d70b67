/**
 * The sandbox behind its real HTTP server, with what an idle cluster may do to its clients: it asks for a token
 * that changes, and it goes away and comes back on the same port with all it knew. It counts who asks for what.
 */
import type { HttpAnswer, HttpRequest } from '../../lib/doors/http.ts';
import { systemClock, systemRandom } from '../../mock-driver/system/clock.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { createSandbox } from '../../sandbox/sandbox.ts';
import type { SandboxServer } from '../../sandbox/serve.ts';
import { serveSandbox } from '../../sandbox/serve.ts';
import { pointOf } from '../simulation/incarnation.ts';

/** One request of a program. */
export interface SeenRequest {
  /** The user agent up to its slash. */
  readonly agent: string;
  /** `watch`, `read` and `write` together are all requests that were let in. */
  readonly kind: 'read' | 'watch' | 'write' | 'refused';
  readonly what: string;
}

export interface IdleServer {
  readonly url: string;
  /** Everything since the start, the harness's own requests left out. */
  readonly seen: readonly SeenRequest[];
  /** From now on only this bearer token is let in. */
  accept(token: string): void;
  /** Closes every connection and the port, waits for `during`, and serves the same state on the same port. */
  restart(during: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export const HARNESS = 'test-harness';

const UNAUTHORIZED = new TextEncoder().encode(
  JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'Unauthorized',
    reason: 'Unauthorized',
    code: 401,
  }),
);

export async function openIdleServer(): Promise<IdleServer> {
  const sandbox = createSandbox({ clock: systemClock, random: systemRandom, parts: ['binder'] });
  const seen: SeenRequest[] = [];
  let accepted = '';

  /** The answer of a server that does not know this token. */
  const refuse = (request: HttpRequest, watch: boolean): HttpAnswer | undefined => {
    const agent = request.headers['user-agent']?.split('/')[0] ?? '';
    if (agent === HARNESS) return undefined;
    const what = pointOf(request.method, request.path, request.body);
    const known = request.headers['authorization'] === `Bearer ${accepted}`;
    const kind = watch ? 'watch' : request.method === 'GET' ? 'read' : 'write';
    seen.push({ agent, kind: known ? kind : 'refused', what });
    return known ? undefined : { status: 401, headers: { 'content-type': 'application/json' }, body: UNAUTHORIZED };
  };
  const guarded: Sandbox = {
    ...sandbox,
    handle: async (request) => refuse(request, false) ?? sandbox.handle(request),
    stream: async (request, signal) => {
      const refusal = refuse(request, true);
      return refusal === undefined ? sandbox.stream(request, signal) : { ...refusal, chunks: once(refusal.body) };
    },
  };

  let server: SandboxServer = await serveSandbox(guarded, 0);
  sandbox.start();
  const { url } = server;
  return {
    url,
    seen,
    accept: (token) => {
      accepted = token;
    },
    restart: async (during) => {
      await server.close();
      await during();
      server = await serveSandbox(guarded, Number(new URL(url).port));
    },
    close: async () => {
      sandbox.stop();
      await server.close();
    },
  };
}

async function* once(chunk: Uint8Array): AsyncIterable<Uint8Array> {
  yield chunk;
}
