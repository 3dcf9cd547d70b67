/** Connections to one API server through an HTTP proxy: CONNECT, then TLS with the server within (RFC 9110, 9.3.6). */
import { request as httpRequest } from 'node:http';
import type { ClientRequestArgs, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AgentOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';

/** So long may the proxy take to answer CONNECT. */
const CONNECT_MS = 30_000;

type Connected = (error: Error | null, socket: Duplex) => void;

export class TunnelAgent extends HttpsAgent {
  private readonly proxy: URL;

  constructor(proxy: URL, options: AgentOptions) {
    super(options);
    this.proxy = proxy;
  }

  /** Answers by the callback alone. */
  override createConnection(options: ClientRequestArgs & ConnectionOptions, connected: Connected): undefined {
    const target = `${withBrackets(options.host ?? '')}:${options.port ?? 443}`;
    let answered = false;
    const answer = (error: Error | null, socket?: Duplex): void => {
      if (answered) return;
      answered = true;
      // On an error nobody looks at the socket.
      connected(error, socket as Duplex);
    };
    const call = openCall(this.proxy, target);
    call.once('connect', (response: IncomingMessage, socket: Socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        answer(
          new Error(`proxy ${this.proxy.host} refused CONNECT ${target}: ${response.statusCode ?? 0} ${response.statusMessage ?? ''}`),
        );
        return;
      }
      socket.setTimeout(0);
      const secured = tlsConnect({ ...options, socket });
      secured.once('secureConnect', () => answer(null, secured));
      secured.once('error', answer);
    });
    call.once('timeout', () => call.destroy(new Error(`proxy ${this.proxy.host} did not answer CONNECT ${target} in time`)));
    call.once('error', (error: Error & { readonly code?: string }) =>
      answer(Object.assign(new Error(`proxy ${this.proxy.host}: ${error.message}`), error.code === undefined ? {} : { code: error.code })),
    );
    call.end();
  }
}

function openCall(proxy: URL, target: string): ReturnType<typeof httpRequest> {
  const call = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  return call({
    host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
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

function withBrackets(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
