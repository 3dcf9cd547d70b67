/**
 * A kept-alive door to one API server: one pool of connections a door, HTTP/1.1, each watch on a
 * connection of its own. Time-outs, retries and framing are made above.
 */
import { errorText } from '../../errors/error-text.ts';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { HttpDoorError } from '../../doors/http.ts';
import type { HttpDoor, HttpRequest, HttpTarget } from '../../doors/http.ts';
import { proxyAuthorization, TunnelAgent } from './proxy-tunnel.ts';

/** Below the 90 s after which kube-apiserver closes an idle connection: else a write may meet the closing. */
const IDLE_MS = 50_000;
/** What bounds the load is the number of workers and the server's 429, not the pool. */
const MAX_SOCKETS = 1024;

export function openHttp(target: HttpTarget): HttpDoor {
  const url = new URL(target.baseUrl);
  const secure = url.protocol === 'https:';
  const proxy = target.proxyUrl === undefined || target.proxyUrl === '' ? undefined : new URL(target.proxyUrl);
  const tls = { ...poolOptions, ...tlsOptions(target) };
  const agent = !secure ? new HttpAgent(poolOptions) : proxy === undefined ? new HttpsAgent(tls) : new TunnelAgent(proxy, tls);
  // Without TLS the proxy itself is asked, for the whole URL.
  const asked = secure || proxy === undefined ? url : proxy;
  const prefix = asked === url ? url.pathname.replace(/\/+$/, '') : target.baseUrl.replace(/\/+$/, '');
  const extra = asked === url ? {} : { host: url.host, ...proxyAuthorization(asked) };
  // The URL keeps an IPv6 host in brackets; the resolver wants it bare.
  const host = asked.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = asked.port === '' ? (secure ? 443 : 80) : Number(asked.port);

  const send = (request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const options = {
        agent,
        host,
        port,
        method: request.method,
        path: `${prefix}${request.path}`,
        headers: { ...framed(request), ...extra },
        signal,
      };
      const call: ClientRequest = secure ? httpsRequest(options) : httpRequest(options);
      call.once('response', resolve);
      // Stays after the answer: a late error of the socket must not become an uncaught one.
      call.on('error', (error) => reject(doorError(error, signal)));
      call.end(request.body);
    });

  return {
    exchange: async (request, signal) => {
      const answer = await send(request, signal);
      const body = await collect(answer).catch((error: unknown) => {
        throw doorError(error, signal);
      });
      return { status: answer.statusCode ?? 0, headers: joined(answer), body };
    },
    stream: async (request, signal) => {
      const answer = await send(request, signal);
      return { status: answer.statusCode ?? 0, headers: joined(answer), chunks: chunksOf(answer, signal) };
    },
    close: () => agent.destroy(),
  };
}

const poolOptions = { keepAlive: true, maxSockets: MAX_SOCKETS, timeout: IDLE_MS, noDelay: true, keepAliveMsecs: 15_000 } as const;

function tlsOptions(target: HttpTarget): object {
  return {
    ...(target.ca === undefined ? {} : { ca: target.ca }),
    ...(target.clientCertificate === undefined ? {} : { cert: target.clientCertificate }),
    ...(target.clientKey === undefined ? {} : { key: target.clientKey }),
    ...(target.serverName === undefined ? {} : { servername: target.serverName }),
    rejectUnauthorized: target.insecureSkipTlsVerify !== true,
  };
}

function framed(request: HttpRequest): Record<string, string | number> {
  return request.body === undefined ? { ...request.headers } : { ...request.headers, 'content-length': request.body.length };
}

async function collect(answer: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

/** Ends quietly where the reader asked for it; any other break is an error. */
async function* chunksOf(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    if (!signal.aborted) throw doorError(error, signal);
  } finally {
    // A reader that stops early leaves the rest of a watch unread: the connection cannot be used again.
    answer.destroy();
  }
}

function joined(answer: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

function doorError(error: unknown, signal: AbortSignal): HttpDoorError {
  if (error instanceof HttpDoorError) return error;
  if (signal.aborted) return new HttpDoorError('ABORTED', 'the request was given up', { cause: error });
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'BROKEN';
  // Node joins the failures of several addresses (IPv4 and IPv6) and leaves the message empty.
  const message = error instanceof AggregateError ? error.errors.map((each: unknown) => messageOf(each)).join('; ') : messageOf(error);
  return new HttpDoorError(code, message, { cause: error });
}

function messageOf(error: unknown): string {
  return errorText(error);
}
