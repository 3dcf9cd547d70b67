/**
 * Doors that can die, and so a crash without a process of its own: from then on no call settles, no timer fires, and the
 * calls under way are cut off at the driver. What has been sent by then has been sent.
 */
import { expectManyListeners } from '../../../lib/controller/shared-signal.ts';
import type { Doors } from '../../../lib/doors/doors.ts';
import { ENDED } from '../../../lib/doors/ended.ts';
import type { HttpDoor, HttpStream } from '../../../lib/doors/http.ts';
import type { RpcDoor } from '../../../lib/doors/rpc.ts';

export interface MortalDoors {
  readonly doors: Doors;
  /** SIGTERM to the program behind them. */
  terminate(): void;
  kill(): void;
}

export function mortalDoors(outer: Doors): MortalDoors {
  const death = new AbortController();
  const dead = death.signal;
  expectManyListeners(dead);
  const listeners = new Set<(signal: 'SIGTERM' | 'SIGINT') => void>();
  const timers = new Set<() => void>();
  const rpcDoors = new Set<RpcDoor>();

  /** Settles as the work does, unless death comes first: then never. */
  const whileAlive = <T>(work: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      work.then(
        (value) => (dead.aborted ? undefined : resolve(value)),
        (error: unknown) => (dead.aborted ? undefined : reject(error as Error)),
      );
    });

  /** Aborts with the caller's signal or at death. The answer takes the listeners away again. */
  const bound = (signal: AbortSignal): { readonly signal: AbortSignal; release(): void } => {
    const either = new AbortController();
    const abort = (): void => either.abort(ENDED);
    if (signal.aborted || dead.aborted) abort();
    signal.addEventListener('abort', abort);
    dead.addEventListener('abort', abort);
    return {
      signal: either.signal,
      release: () => {
        signal.removeEventListener('abort', abort);
        dead.removeEventListener('abort', abort);
      },
    };
  };

  const http = (door: HttpDoor): HttpDoor => ({
    exchange: (request, signal) => whileAlive(door.exchange(request, signal)),
    stream: async (request, signal) => {
      const end = bound(signal);
      const stream: HttpStream = await whileAlive(door.stream(request, end.signal));
      return { ...stream, chunks: mortalChunks(stream.chunks, { dead, release: end.release }) };
    },
    close: () => door.close(),
  });

  const rpc = (door: RpcDoor): RpcDoor => {
    rpcDoors.add(door);
    return {
      unary: async (call, signal) => {
        const end = bound(signal);
        const answer = door.unary(call, end.signal);
        answer.then(end.release, end.release);
        return whileAlive(answer);
      },
      onConnection: (listener) => door.onConnection((state) => (dead.aborted ? undefined : listener(state))),
      connect: () => door.connect(),
      close: () => door.close(),
    };
  };

  const { clock, host } = outer;
  return {
    doors: {
      ...outer,
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        setTimer: (delayMs, fire) => {
          if (dead.aborted) return () => undefined;
          const cancel = clock.setTimer(delayMs, () => {
            timers.delete(cancel);
            fire();
          });
          timers.add(cancel);
          return () => {
            timers.delete(cancel);
            cancel();
          };
        },
      },
      host: {
        ...host,
        writeLog: (line) => (dead.aborted ? undefined : host.writeLog(line)),
        onSignal: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      http: (target) => http(outer.http(target)),
      rpc: (address) => rpc(outer.rpc(address)),
    },
    terminate: () => {
      for (const listener of listeners) listener('SIGTERM');
    },
    kill: () => {
      death.abort(ENDED);
      for (const cancel of timers) cancel();
      for (const door of rpcDoors) door.close();
    },
  };
}

async function* mortalChunks(
  chunks: AsyncIterable<Uint8Array>,
  { dead, release }: { readonly dead: AbortSignal; release(): void },
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of chunks) {
      if (dead.aborted) await new Promise(() => undefined);
      yield chunk;
    }
    if (dead.aborted) await new Promise(() => undefined);
  } finally {
    release();
  }
}
