/** A door that is shut while the driver behind it is not known: calls wait inside their own time limit. */
import type { RpcAnswer, RpcDoor } from '../doors/rpc.ts';
import { GrpcCode } from './grpc-code.ts';

export interface Gate {
  readonly door: RpcDoor;
  open(): void;
  close(): void;
}

/** Starts shut. A call whose signal ends while it waits is answered with UNAVAILABLE and `reason`. */
export function gateUntil(door: RpcDoor, reason: string): Gate {
  let isOpen = false;
  const waiting = new Set<() => void>();
  const refused: RpcAnswer = { code: GrpcCode.UNAVAILABLE, message: reason, response: new Uint8Array() };
  return {
    open: () => {
      isOpen = true;
      for (const wake of waiting) wake();
    },
    close: () => {
      isOpen = false;
    },
    door: {
      onConnection: (listener) => door.onConnection(listener),
      connect: () => door.connect(),
      close: () => door.close(),
      unary: async (call, signal) => {
        while (!isOpen && !signal.aborted) {
          await new Promise<void>((resolve) => {
            const wake = (): void => {
              waiting.delete(wake);
              signal.removeEventListener('abort', wake);
              resolve();
            };
            waiting.add(wake);
            signal.addEventListener('abort', wake);
          });
        }
        return isOpen ? door.unary(call, signal) : refused;
      },
    },
  };
}
