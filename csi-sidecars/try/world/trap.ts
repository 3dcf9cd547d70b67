/** Springs once, at a call of the sidecars: to crash them or cut their connection in the middle of it. */
import type { RpcDoor } from '../../../lib/doors/rpc.ts';
import { callNameOf } from '../journal/messages.ts';

/** `sent`: the request is on its way. `answered`: the driver has answered, and nobody has heard it yet. */
export type Moment = 'sent' | 'answered';

export interface Trap {
  watch(door: RpcDoor): RpcDoor;
  /** Resolves when it has sprung. A second one replaces the first. */
  set(rpc: string, moment: Moment, spring: () => void): Promise<void>;
  clear(): void;
}

export function createTrap(): Trap {
  let armed: { readonly rpc: string; readonly moment: Moment; readonly spring: () => void } | undefined;
  const at = (method: string, moment: Moment): void => {
    if (armed === undefined || armed.moment !== moment || armed.rpc !== callNameOf(method)) return;
    const { spring } = armed;
    armed = undefined;
    spring();
  };
  return {
    watch: (door) => ({
      ...door,
      unary: async (call, signal) => {
        const answer = door.unary(call, signal);
        at(call.method, 'sent');
        await answer.catch(() => undefined);
        at(call.method, 'answered');
        return answer;
      },
    }),
    set: (rpc, moment, spring) =>
      new Promise((resolve) => {
        armed = {
          rpc,
          moment,
          spring: () => {
            spring();
            resolve();
          },
        };
      }),
    clear: () => {
      armed = undefined;
    },
  };
}
