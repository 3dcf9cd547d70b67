/**
 * A kept-alive door to one API server: connections of its own, HTTP/1.1, each watch on one for itself.
 * Time-outs, retries and framing are made above.
 */
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import { buildConnector, Client, type Dispatcher } from 'undici';
import type { HttpDoor, HttpRequest, HttpTarget } from '../../doors/http.ts';
import { ConfigError } from '../../errors/config-error.ts';
import { errorText } from '../../errors/error-text.ts';
import { type Dispatch, receiveAnswer, receiveStream } from './http-receiver.ts';
import { proxyAuthorization, tunnel } from './proxy-tunnel.ts';
import { isSocks, socksTunnel } from './socks-tunnel.ts';

/** Below the 90 s after which kube-apiserver closes an idle connection: else a write may meet the closing. */
const IDLE_MS = 50_000;
/** Of one connection. */
const CONNECT_MS = 30_000;

/** Throws ConfigError where the target's certificates cannot be read. */
export function openHttp(target: HttpTarget): HttpDoor {
  const url = new URL(target.baseUrl);
  const proxy = target.proxyUrl === undefined || target.proxyUrl === '' ? undefined : new URL(target.proxyUrl);
  const tunnelled = url.protocol === 'https:' || (proxy !== undefined && isSocks(proxy)) ? proxy : undefined;
  // Without TLS an HTTP proxy itself is asked, for the whole URL.
  const asked = tunnelled === undefined && proxy !== undefined ? proxy : url;
  const prefix = asked === url ? url.pathname.replace(/\/+$/, '') : target.baseUrl.replace(/\/+$/, '');
  const extra = asked === url ? undefined : { host: url.host, ...proxyAuthorization(asked) };
  const direct = buildConnector({ ...tlsOptions(target), timeout: CONNECT_MS, keepAliveInitialDelay: 15_000 });
  const connect = tunnelled === undefined ? direct : (isSocks(tunnelled) ? socksTunnel : tunnel)(tunnelled, url, direct);
  const open = (): Client =>
    new Client(asked.origin, {
      connect,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  const connections = createConnections(open);

  const sending = ({ method, path, headers, body }: HttpRequest): Dispatch => {
    // Else the library gives the connection up after each DELETE that has a body.
    const options = { method, path: `${prefix}${path}`, headers: { ...headers, ...extra }, body: body ?? null, reset: false };
    return (handler) => connections.dispatch(options, handler);
  };

  return {
    exchange: (request, signal) => receiveAnswer(sending(request), signal),
    stream: (request, signal) => receiveStream(sending(request), signal),
    close: connections.close,
  };
}

interface Connections {
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
  close(): void;
}

/**
 * As many connections as there are requests at once: what bounds those is the number of workers and the server's 429.
 * The last one that became free is taken first. (The library's own pool leaves a connection aside for a turn of the
 * event loop after each answer, and opens twice as many.)
 */
function createConnections(open: () => Client): Connections {
  const all = new Set<Client>();
  const free: Client[] = [];
  return {
    dispatch: (options, handler) => {
      const client = free.pop() ?? open();
      all.add(client);
      client.dispatch(options, {
        ...handler,
        onResponseEnd: (controller, trailers) => {
          free.push(client);
          handler.onResponseEnd?.(controller, trailers);
        },
        onResponseError: (controller, error) => {
          free.push(client);
          handler.onResponseError?.(controller, error);
        },
      });
    },
    close: () => {
      for (const client of all) void client.destroy();
    },
  };
}

/** The certificates are read once, and not for each connection. */
function tlsOptions(target: HttpTarget): Pick<ConnectionOptions, 'secureContext' | 'servername' | 'rejectUnauthorized'> {
  return {
    secureContext: secureContextOf(target),
    ...(target.serverName === undefined ? {} : { servername: target.serverName }),
    rejectUnauthorized: target.insecureSkipTlsVerify !== true,
  };
}

function secureContextOf({ baseUrl, ca, clientCertificate: cert, clientKey: key }: HttpTarget): SecureContext {
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (error) {
    throw new ConfigError(`client-certificate or client-key for ${baseUrl} cannot be read: ${errorText(error)}`);
  }
}
