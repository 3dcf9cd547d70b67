import { refusalText } from '../../lib/csi/driver-address.ts';
import type { Doors } from '../../lib/doors/doors.ts';

/** Why nobody answers at the path, in a sentence with the remedy; undefined: somebody does. */
export async function socketFault(doors: Pick<Doors, 'rpc'>, path: string): Promise<string | undefined> {
  const door = doors.rpc(`unix://${path}`);
  try {
    const code = await door.refusal?.();
    return code === undefined ? undefined : `${path}: ${refusalText(code)}`;
  } finally {
    door.close();
  }
}
