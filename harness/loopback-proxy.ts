/** TCP on loopback between programs and a server: counts what passes, and can hold back what the server says. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface LoopbackProxy {
  readonly port: number;
  /** Taken since the start. */
  connections(): number;
  /** Both ways, as they are on the wire. */
  bytes(): number;
  /** Every piece of the server's waits so long from now on; never less than before, since pieces would overtake each other. */
  delay(ms: number): void;
  close(): void;
}

/** In front of `port` on 127.0.0.1; `host`: where it listens itself. */
export async function startLoopbackProxy(port: number, host = '127.0.0.1'): Promise<LoopbackProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let bytes = 0;
  let delayMs = 0;
  const later = (act: () => void): void => {
    if (delayMs === 0) act();
    else setTimeout(act, delayMs);
  };
  const server = createServer({ noDelay: true }, (client) => {
    connections += 1;
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('data', (piece: Buffer) => (bytes += piece.length));
      socket.on('error', () => other.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (piece: Buffer) => upstream.write(piece));
    client.on('end', () => upstream.end());
    upstream.on('data', (piece: Buffer) => later(() => client.write(piece)));
    upstream.on('end', () => later(() => client.end()));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    bytes: () => bytes,
    delay: (ms) => {
      delayMs = Math.max(delayMs, ms);
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
