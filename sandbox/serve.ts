/** The sandbox on a loopback port: plain HTTP in front of `handle` and `stream`, and the fault switches by POST. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpRequest } from '../lib/doors/http.ts';
import type { FaultRule } from './apiserver/faults.ts';
import type { Sandbox } from './sandbox.ts';
import { errorText } from '../lib/errors/error-text.ts';

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
/** What kube-apiserver takes at most. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** Longer than clients keep an idle connection, so that none is closed under a request on its way. */
const KEEP_ALIVE_MS = 180_000;
/** Outside the API's paths, so that no client of Kubernetes ever meets it. */
export const FAULTS_PATH = '/sandbox/faults';

/** What a POST to `/sandbox/faults` may hold; all given parts are done, in this order. */
export interface FaultOrder {
  readonly clear?: boolean;
  readonly add?: readonly FaultRule[];
  readonly cutWatches?: { readonly resource?: string; readonly how?: 'reset' | 'end' };
  readonly expireVersions?: boolean;
}

/** A running server; `url` has the port that was bound. */
export interface SandboxServer {
  readonly url: string;
  close(): Promise<void>;
}

function isMethod(method: string): method is HttpRequest['method'] {
  return METHODS.has(method);
}

/** The body, or undefined where it is too long. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** For what never reaches the sandbox: too long a body, a method that no API has. */
function refuse(outgoing: ServerResponse, code: number, message: string): void {
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code });
  outgoing.writeHead(code, { 'content-type': 'application/json', connection: 'close' });
  outgoing.end(body);
}

/** Answers how many watches were cut. Throws for what is no order. */
function obey(sandbox: Sandbox, body: string): { readonly watchesCut: number } {
  const order = JSON.parse(body) as FaultOrder;
  if (order.clear === true) sandbox.faults.clear();
  for (const rule of order.add ?? []) sandbox.faults.add(rule);
  const watchesCut = order.cutWatches === undefined ? 0 : sandbox.faults.cutWatches(order.cutWatches);
  if (order.expireVersions === true) sandbox.faults.expireVersions();
  return { watchesCut };
}

async function serveRequest(sandbox: Sandbox, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const method = incoming.method === 'HEAD' ? 'GET' : (incoming.method ?? '');
  if (!isMethod(method)) return refuse(outgoing, 405, `method ${method} is not supported`);
  const body = await readBody(incoming);
  if (body === undefined) return refuse(outgoing, 413, `Request entity too large: limit is ${MAX_BODY_BYTES}`);
  const path = incoming.url ?? '/';
  if (path === FAULTS_PATH && method === 'POST') {
    let done: string;
    try {
      done = JSON.stringify(obey(sandbox, body.toString('utf8')));
    } catch (error) {
      return refuse(outgoing, 400, `no fault order: ${errorText(error)}`);
    }
    outgoing.writeHead(200, { 'content-type': 'application/json' });
    outgoing.end(done);
    return;
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  const request: HttpRequest = { method, path, headers, body };
  if (!/[?&]watch=(true|1)(&|$)/.test(path)) {
    const answer = await sandbox.handle(request);
    outgoing.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.byteLength });
    outgoing.end(answer.body);
    return;
  }
  const gone = new AbortController();
  outgoing.on('close', () => gone.abort());
  const stream = await sandbox.stream(request, gone.signal);
  outgoing.writeHead(stream.status, stream.headers);
  outgoing.flushHeaders();
  for await (const chunk of stream.chunks) outgoing.write(chunk);
  outgoing.end();
}

/** Rejects with the operating system's error where the port is taken. */
export async function serveSandbox(sandbox: Sandbox, port: number): Promise<SandboxServer> {
  const server = createServer((incoming, outgoing) => {
    // A fault that breaks the connection comes out here, as does a client that went away.
    serveRequest(sandbox, incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = server.address();
  const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    url: `http://127.0.0.1:${actual}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
