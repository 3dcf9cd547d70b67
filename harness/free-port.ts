import { createServer } from 'node:net';

/**
 * Below what the kernel hands out to connections (from 32768 on): a server takes its port seconds after it was chosen, and
 * meanwhile any connection of this machine might have been given it.
 */
const LOWEST = 10_000;
const COUNT = 22_000;
/** Processes beside each other begin so far apart, and count on from there. */
const STRIDE = 101;

let next = process.pid * STRIDE;

/** A port of loopback that nobody listens on, and that this process has not answered before. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries += 1) {
    const port = LOWEST + (next % COUNT);
    next += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port of 127.0.0.1 from ${LOWEST} to ${LOWEST + COUNT - 1} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
