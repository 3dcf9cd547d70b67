/** The doors to the operating system. Mains open them; everything else is handed them. */
import type { Doors } from '../../doors/doors.ts';
import { openClock } from './clock.ts';
import { openFiles } from './files.ts';
import { openHost } from './host.ts';
import { openHttp } from './http.ts';
import { openRandom } from './random.ts';
import { openRpc } from './rpc.ts';

export function openDoors(): Doors {
  return { clock: openClock(), random: openRandom(), files: openFiles(), host: openHost(), http: openHttp, rpc: openRpc };
}
