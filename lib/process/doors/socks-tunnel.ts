/**
 * Connections to one API server through a SOCKS5 proxy (RFC 1928, 1929). The proxy resolves the server's name, with
 * `socks5:` and `socks5h:` alike, as client-go has it.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { bareHost } from '../../doors/bare-host.ts';
import { proxyError } from './proxy-error.ts';

const CONNECT_MS = 30_000;
const KEEP_ALIVE_MS = 15_000;
const DEFAULT_PORT = 1080;

export const isSocks = ({ protocol }: URL): boolean => protocol === 'socks5:' || protocol === 'socks5h:';

/** Each connection is a tunnel of its own; `secure` makes TLS with the server in it, where the server speaks TLS. */
export function socksTunnel(proxy: URL, server: URL, secure: buildConnector.connector): buildConnector.connector {
  return (options, answer) => {
    reach(proxy, server).then(
      (socket) => (server.protocol === 'https:' ? secure({ ...options, httpSocket: socket }, answer) : answer(null, socket)),
      (error: Error) => answer(proxyError(proxy, error), null),
    );
  };
}

async function reach(proxy: URL, { hostname, port, protocol }: URL): Promise<Socket> {
  // Few need it: it is loaded once somebody does. A bundle has the package's default export alone.
  const { default: socks } = await import('socks');
  const { username, password } = proxy;
  const socket = await dial(proxy);
  await socks.SocksClient.createConnection({
    command: 'connect',
    destination: { host: bareHost(hostname), port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) },
    proxy: {
      type: 5,
      host: bareHost(proxy.hostname),
      port: portOf(proxy),
      ...(username === '' ? {} : { userId: decodeURIComponent(username), password: decodeURIComponent(password) }),
    },
    timeout: CONNECT_MS,
    existing_socket: socket,
  });
  return socket;
}

/** Rejects with the operating system's code. */
async function dial(proxy: URL): Promise<Socket> {
  const socket = connect({
    host: bareHost(proxy.hostname),
    port: portOf(proxy),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const portOf = ({ port }: URL): number => (port === '' ? DEFAULT_PORT : Number(port));
