/** Who the driver beside a node's process is. It may come later than that process: it is asked until it answers. */
import { createCsiClient } from '../../lib/csi/client.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { sleep } from '../../lib/doors/sleep.ts';
import { ConfigError } from '../../lib/errors/config-error.ts';
import type { VerbPlace } from '../frame/verb.ts';
import { quiet, SILENT } from './silent.ts';

const AGAIN_MS = 1000;

/** Rejects with ConfigError for a driver without a name, and where the signal comes first. */
export async function awaitDriverName(
  { doors, screen, signal }: VerbPlace,
  { csiAddress, timeoutMs }: { readonly csiAddress: string; readonly timeoutMs: number },
): Promise<string> {
  const door = doors.rpc(csiAddress);
  const { clock } = doors;
  const client = createCsiClient({ door, clock, log: SILENT, timeoutMs, observe: quiet });
  try {
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        const { name } = await client.getPluginInfo({}, signal);
        if (name === '') throw new ConfigError('the driver answered GetPluginInfo without a name', { exitCode: 1 });
        return name;
      } catch (error) {
        if (!(error instanceof CsiError)) throw error;
        if (tries === 0) screen.err(`waiting for the driver at ${csiAddress}: ${error.message}`);
        await sleep(clock, AGAIN_MS, signal);
      }
    }
    throw new ConfigError('stopped before the driver answered', { exitCode: 1 });
  } finally {
    door.close();
  }
}
