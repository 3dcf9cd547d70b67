/** Connections to one API server through an HTTP proxy: CONNECT, then TLS with the server within (RFC 9110, 9.3.6). */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import type { buildConnector } from 'undici';

/** So long may the proxy take to answer CONNECT. */
const CONNECT_MS = 30_000;

/** Each connection is a tunnel of its own. */
export function tunnel(proxy: URL, tls: ConnectionOptions): buildConnector.connector {
  return ({ hostname, port, servername }, answer) => {
    const target = `${hostname}:${port === '' ? 443 : port}`;
    const call = openCall(proxy, target);
    call.once('connect', (response: IncomingMessage, socket: Socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        const said = `${response.statusCode ?? 0} ${response.statusMessage ?? ''}`;
        answer(new Error(`proxy ${proxy.host} refused CONNECT ${target}: ${said}`), null);
        return;
      }
      socket.setTimeout(0);
      socket.setKeepAlive(true, 15_000);
      const host = bare(hostname);
      const secured = tlsConnect({ servername: servername ?? (isIP(host) > 0 ? '' : host), ...tls, host, socket });
      const failed = (error: Error): void => answer(error, null);
      secured.once('error', failed);
      secured.once('secureConnect', () => {
        secured.off('error', failed);
        answer(null, secured);
      });
    });
    call.once('timeout', () => call.destroy(new Error(`proxy ${proxy.host} did not answer CONNECT ${target} in time`)));
    call.once('error', (error: Error & { readonly code?: string }) =>
      answer(Object.assign(new Error(`proxy ${proxy.host}: ${error.message}`), error.code === undefined ? {} : { code: error.code }), null),
    );
    call.end();
  };
}

function openCall(proxy: URL, target: string): ReturnType<typeof httpRequest> {
  const call = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  return call({
    host: bare(proxy.hostname),
    port: proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : Number(proxy.port),
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...proxyAuthorization(proxy) },
    timeout: CONNECT_MS,
    agent: false,
  });
}

/** From the user and password in the URL. */
export function proxyAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** A URL keeps an IPv6 host in brackets; the resolver wants it bare. */
function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
