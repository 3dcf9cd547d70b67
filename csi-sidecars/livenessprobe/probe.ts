/** One look at the driver, as an answer to kubelet: over a connection of its own, since one that stands says nothing of a driver that takes no more. */
import { createCsiClient } from '../../lib/csi/client.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import type { CsiCall } from '../../lib/csi/rpc-call.ts';
import type { Doors } from '../../lib/doors/doors.ts';
import type { HttpAnswer } from '../../lib/doors/http.ts';
import { textAnswer } from '../../lib/process/http-answers.ts';
import { SILENT } from '../driver/silent.ts';

export interface ProbeOptions {
  readonly csiAddress: string;
  /** Limit of one look. */
  readonly timeoutMs: number;
  readonly observe: (call: CsiCall) => void;
}

/** 200 `ok`; 500 with what is wrong: no answer in time, an error, or "not ready". A driver that says nothing of it is ready. */
export async function probe({ rpc, clock }: Pick<Doors, 'rpc' | 'clock'>, options: ProbeOptions, signal: AbortSignal): Promise<HttpAnswer> {
  const { csiAddress, timeoutMs, observe } = options;
  const door = rpc(csiAddress);
  try {
    const { ready } = await createCsiClient({ door, clock, log: SILENT, timeoutMs, observe }).probe({}, signal);
    return ready === false ? textAnswer(500, 'the driver answers and is not ready') : textAnswer(200, 'ok');
  } catch (error) {
    if (!(error instanceof CsiError)) throw error;
    return textAnswer(500, error.message);
  } finally {
    door.close();
  }
}
