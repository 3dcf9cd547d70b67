/** Connections to one API server through an HTTP proxy: CONNECT, then TLS with the server within (RFC 9110, 9.3.6). */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { bareHost } from '../../doors/bare-host.ts';
import { proxyError } from './proxy-error.ts';

/** So long may the proxy take to answer CONNECT. */
const CONNECT_MS = 30_000;

/** Each connection is a tunnel of its own; `secure` makes TLS with the server in it. */
export function tunnel(proxy: URL, server: URL, secure: buildConnector.connector): buildConnector.connector {
  // A URL keeps an IPv6 host in brackets, as CONNECT wants it.
  const target = `${server.hostname}:${server.port === '' ? 443 : server.port}`;
  return (options, answer) => {
    const call = openCall(proxy, target);
    call.once('connect', (response: IncomingMessage, socket: Socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        const said = `${response.statusCode ?? 0} ${response.statusMessage ?? ''}`;
        answer(new Error(`proxy ${proxy.host} refused CONNECT ${target}: ${said}`), null);
        return;
      }
      socket.setTimeout(0);
      secure({ ...options, httpSocket: socket }, answer);
    });
    call.once('timeout', () => call.destroy(new Error(`proxy ${proxy.host} did not answer CONNECT ${target} in time`)));
    call.once('error', (error) => answer(proxyError(proxy, error), null));
    call.end();
  };
}

function openCall(proxy: URL, target: string): ReturnType<typeof httpRequest> {
  const call = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  return call({
    host: bareHost(proxy.hostname),
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
