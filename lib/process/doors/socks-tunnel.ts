/**
 * Connections to one API server through a SOCKS5 proxy (RFC 1928, 1929). The proxy resolves the server's name, with
 * `socks5:` and `socks5h:` alike, as client-go has it.
 */
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

const CONNECT_MS = 30_000;
const DEFAULT_PORT = 1080;

export const isSocks = ({ protocol }: URL): boolean => protocol === 'socks5:' || protocol === 'socks5h:';

/** Each connection is a tunnel of its own; `secure` makes TLS with the server in it, where the server speaks TLS. */
export function socksTunnel(proxy: URL, server: URL, secure: buildConnector.connector): buildConnector.connector {
  return (options, answer) => {
    reach(proxy, server).then(
      (socket) => (server.protocol === 'https:' ? secure({ ...options, httpSocket: socket }, answer) : answer(null, socket)),
      (error: Error) => answer(new Error(`proxy ${proxy.host}: ${error.message}`), null),
    );
  };
}

async function reach(proxy: URL, { hostname, port, protocol }: URL): Promise<Socket> {
  // Few need it: it is loaded once somebody does.
  const { SocksClient } = await import('socks');
  const { username, password } = proxy;
  const { socket } = await SocksClient.createConnection({
    command: 'connect',
    destination: { host: bare(hostname), port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) },
    proxy: {
      type: 5,
      host: bare(proxy.hostname),
      port: proxy.port === '' ? DEFAULT_PORT : Number(proxy.port),
      ...(username === '' ? {} : { userId: decodeURIComponent(username), password: decodeURIComponent(password) }),
    },
    timeout: CONNECT_MS,
    set_tcp_nodelay: true,
  });
  return socket;
}

/** A URL keeps an IPv6 host in brackets; SOCKS and the resolver want it bare. */
const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
