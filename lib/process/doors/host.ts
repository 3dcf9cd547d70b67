/** The process around a program. Log lines go to standard error, as klog's do. */
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { bareHost } from '../../doors/bare-host.ts';
import type { Host, Listener } from '../../doors/host.ts';
import type { HttpAnswer, HttpRequest } from '../../doors/http.ts';
import { readProc } from './proc.ts';

type Handle = (request: HttpRequest) => Promise<HttpAnswer>;

const STDERR = 2;
const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
const MAX_BODY_BYTES = 1 << 20;

export function openHost(): Host {
  return {
    env: (name) => process.env[name],
    hostname: () => hostname(),
    pid: process.pid,
    onSignal: (listener) => {
      const term = (): void => listener('SIGTERM');
      const int = (): void => listener('SIGINT');
      process.on('SIGTERM', term);
      process.on('SIGINT', int);
      return () => {
        process.off('SIGTERM', term);
        process.off('SIGINT', int);
      };
    },
    writeLog,
    usage: () => {
      const { user, system } = process.cpuUsage();
      const own = {
        residentBytes: process.memoryUsage.rss(),
        cpuSeconds: (user + system) / 1e6,
        startSeconds: performance.timeOrigin / 1000,
      };
      return Object.assign(readProc('/proc/self'), own);
    },
    exit: (code) => process.exit(code),
    listen,
  };
}

/** Written at once, so that the last line before an exit is not lost. A log nobody reads must not stop the program. */
function writeLog(line: string): void {
  const bytes = Buffer.from(line);
  let at = 0;
  let refused = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(STDERR, bytes, at);
    } catch (error) {
      // A pipe that is full answers EAGAIN; a reader that is gone, EPIPE.
      refused += 1;
      if (!isCode(error, 'EAGAIN') || refused > 10_000) return;
    }
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** `host:port`, `:port` or `[v6]:port`, as Go's net.Listen takes it. */
function splitAddress(address: string): { readonly host: string | undefined; readonly port: number } {
  const [, host, port] = /^(.*):(\d+)$/.exec(address) ?? [];
  if (port === undefined || Number(port) > 65_535) throw new Error(`${JSON.stringify(address)} is no address: write host:port or :port`);
  const bare = bareHost(host ?? '');
  return { host: bare === '' ? undefined : bare, port: Number(port) };
}

async function listen(address: string, handle: Handle): Promise<Listener> {
  const { host, port } = splitAddress(address);
  const server = createServer((incoming, outgoing) => {
    // An answer that cannot be given ends its own connection and nothing else.
    serve(incoming, outgoing, handle).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(incoming: IncomingMessage, outgoing: ServerResponse, handle: Handle): Promise<void> {
  const method = incoming.method === 'HEAD' ? 'GET' : (incoming.method ?? '');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) break;
    chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES || !METHODS.has(method)) {
    outgoing.writeHead(size > MAX_BODY_BYTES ? 413 : 405, { connection: 'close' }).end();
    return;
  }
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
  const request = { method: method as HttpRequest['method'], path: incoming.url ?? '/', headers, body: Buffer.concat(chunks) };
  const answer = await handle(request).catch((): HttpAnswer => ({ status: 500, headers: {}, body: new Uint8Array() }));
  outgoing.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
  outgoing.end(answer.body);
}
