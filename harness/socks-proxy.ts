/** A SOCKS5 proxy on loopback (RFC 1928, 1929): whatever the name, what is behind it is on this machine. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { listenOnLoopback, type LoopbackServer } from './loopback-server.ts';

export interface SocksProxy extends LoopbackServer {
  /** `name HOST port PORT`, or `address HEX port PORT`, in their order. */
  readonly asked: readonly string[];
}

export interface SocksOptions {
  /** RFC 1928, 6; 0 lets through. */
  readonly reply?: number;
  /** Demanded from everybody. */
  readonly user?: { readonly name: string; readonly password: string };
}

export async function startSocksProxy(options: SocksOptions = {}): Promise<SocksProxy> {
  const asked: string[] = [];
  const server = createServer((client) => {
    serve(client, options, (target) => asked.push(target)).then(
      (port) => {
        if (port === undefined) return;
        const inner = connect(port, '127.0.0.1');
        inner.on('error', () => client.destroy());
        client.on('close', () => inner.destroy());
        inner.pipe(client).pipe(inner);
      },
      () => client.destroy(),
    );
  });
  return { ...(await listenOnLoopback(server)), asked };
}

/** Answers the port that is asked for; undefined where nobody is let through. */
async function serve(client: Socket, { reply = 0, user }: SocksOptions, told: (target: string) => void): Promise<number | undefined> {
  const read = async (size: number): Promise<Buffer> => {
    for (;;) {
      const piece = client.read(size) as Buffer | null;
      if (piece !== null) return piece;
      await once(client, 'readable');
    }
  };
  const text = async (): Promise<string> => (await read((await read(1))[0] ?? 0)).toString();
  const [, methods = 0] = await read(2);
  const offered = await read(methods);
  client.write(Uint8Array.of(5, user !== undefined && offered.includes(2) ? 2 : 0));
  if (user !== undefined) {
    await read(1);
    const isKnown = (await text()) === user.name && (await text()) === user.password;
    client.write(Uint8Array.of(1, isKnown ? 0 : 1));
  }
  const [, , , kind = 0] = await read(4);
  const target = kind === 3 ? `name ${await text()}` : `address ${(await read(kind === 1 ? 4 : 16)).toString('hex')}`;
  const port = (await read(2)).readUInt16BE();
  told(`${target} port ${port}`);
  client.write(Uint8Array.of(5, reply, 0, 1, 0, 0, 0, 0, 0, 0));
  return reply === 0 ? port : undefined;
}
