/** Stands between the sidecars and the driver's socket, to make the connection slow or to cut it. */
import { createConnection, createServer } from 'node:net';
import type { Socket } from 'node:net';

export interface SocketProxy {
  /** `unix:///path`. */
  readonly address: string;
  /** How long each piece waits, both ways; 0: not at all. */
  delay(ms: number): void;
  /** Breaks every connection that is open. */
  cut(): void;
  close(): Promise<void>;
}

/** Rejects with the operating system's error. `from` and `to` are paths. */
export async function openSocketProxy(from: string, to: string): Promise<SocketProxy> {
  const open = new Set<Socket>();
  let delayMs = 0;
  const pipe = (source: Socket, target: Socket): void => {
    // One after the other: what is let through at once must not overtake what was held back.
    let before = Promise.resolve();
    source.on('data', (bytes) => {
      const due = delayMs === 0 ? Promise.resolve() : new Promise<void>((resolve) => setTimeout(resolve, delayMs));
      before = before.then(() => due).then(() => void (target.destroyed ? undefined : target.write(bytes)));
    });
    // A broken end breaks the other one: half a connection is a fault that no kernel makes on one machine.
    source.on('error', () => undefined);
    source.on('close', () => {
      open.delete(source);
      target.destroy();
    });
  };
  const server = createServer((near) => {
    const far = createConnection(to);
    open.add(near).add(far);
    pipe(near, far);
    pipe(far, near);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(from, resolve);
  });
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    address: `unix://${from}`,
    delay: (ms) => {
      delayMs = ms;
    },
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
