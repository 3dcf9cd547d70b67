/**
 * A door that is shut while the driver behind it is not known: calls wait inside their own time limit. It
 * also is the one place from which all calls under way can be given up at the end of a program.
 */
import type { RpcAnswer, RpcDoor } from '../doors/rpc.ts';
import { GrpcCode } from './grpc-code.ts';

export interface Gate {
  readonly door: RpcDoor;
  open(): void;
  close(): void;
  /** Cancels the calls under way and answers every later one with CANCELLED. */
  cancelAll(): void;
}

/** Starts shut. A call whose signal ends while it waits is answered with UNAVAILABLE and `reason`. */
export function gateUntil(door: RpcDoor, reason: string): Gate {
  let isOpen = false;
  const waiting = new Set<() => void>();
  /** Of each call under way. One signal for all of them would have a listener for every call. */
  const underWay = new Set<AbortController>();
  let isEnding = false;
  const refusal = (code: number, message: string): RpcAnswer => ({ code, message, response: new Uint8Array() });

  /** Resolves when the gate opens or the signal fires. */
  const opening = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake);
    });

  return {
    open: () => {
      isOpen = true;
      for (const wake of waiting) wake();
    },
    close: () => {
      isOpen = false;
    },
    cancelAll: () => {
      isEnding = true;
      for (const call of underWay) call.abort();
    },
    door: {
      onConnection: (listener) => door.onConnection(listener),
      ...(door.refusal === undefined ? {} : { refusal: door.refusal }),
      connect: () => door.connect(),
      close: () => door.close(),
      unary: async (call, signal) => {
        const either = new AbortController();
        const follow = (): void => either.abort();
        if (signal.aborted || isEnding) follow();
        signal.addEventListener('abort', follow);
        underWay.add(either);
        try {
          while (!isOpen && !either.signal.aborted) await opening(either.signal);
          if (isEnding) return refusal(GrpcCode.CANCELLED, 'the program is ending');
          return isOpen ? await door.unary(call, either.signal) : refusal(GrpcCode.UNAVAILABLE, reason);
        } finally {
          signal.removeEventListener('abort', follow);
          underWay.delete(either);
        }
      },
    },
  };
}
