/**
 * Waiting for a driver that was never there: what is in the way is said at once and every 10 s, and in the end the
 * process gives up as the peers do. A driver may well be started after its sidecar, so nothing is given up at once.
 */
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import type { RpcDoor } from '../doors/rpc.ts';
import { TerminalError } from '../errors/terminal-error.ts';
import { refusalText } from './driver-address.ts';

const CONNECT_TIMEOUT_MS = 30_000;
const WAITING_NOTICE_MS = 10_000;

export interface FirstConnection {
  readonly door: Pick<RpcDoor, 'refusal'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** For messages only. */
  readonly address: string;
  /** How long a first connection may take; the peers give up after 30 s. */
  readonly connectTimeoutMs?: number;
}

/** The answer cancels it. */
export function limitFirstConnection(options: FirstConnection, fail: (error: TerminalError) => void): () => void {
  const { door, clock, log, address, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
  const started = clock.monotonic();
  let cancelled = false;
  let cancelTimer = (): void => undefined;
  const reason = async (): Promise<string | undefined> => {
    const code = await door.refusal?.();
    return code === undefined ? undefined : refusalText(code);
  };
  const tell = async (unknown?: string): Promise<void> => {
    const why = (await reason()) ?? unknown;
    if (!cancelled && why !== undefined) log.warn('Waiting for the CSI driver', { address, reason: why });
  };
  const giveUp = async (): Promise<void> => {
    const why = (await reason()) ?? 'start the driver, or set --csi-address to the socket that it serves';
    if (!cancelled)
      fail(new TerminalError('DRIVER_LOST', `no CSI driver answers at ${address} after ${connectTimeoutMs / 1000} s: ${why}`));
  };
  const arm = (): void => {
    const waited = clock.monotonic() - started;
    cancelTimer = clock.setTimer(Math.min(WAITING_NOTICE_MS, connectTimeoutMs - waited), () => {
      if (clock.monotonic() - started >= connectTimeoutMs) {
        void giveUp();
        return;
      }
      void tell('it does not answer');
      arm();
    });
  };
  void tell();
  arm();
  return () => {
    cancelled = true;
    cancelTimer();
  };
}
