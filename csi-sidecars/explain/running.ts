/** What a running program of ours says about an object, asked at its `--debug-endpoint`. */
import type { Doors } from '../../lib/doors/doors.ts';
import { HttpDoorError } from '../../lib/doors/http.ts';
import { ConfigError } from '../../lib/errors/config-error.ts';
import { DEBUG_PATH, DEBUG_SCHEMA, debugAddressFault, type DebugReport } from '../../lib/process/debug-server.ts';
import type { Flag } from '../../lib/process/flag.ts';

export const DEBUG_FLAG = {
  name: 'debug-endpoint',
  type: 'string',
  default: '',
  help: 'Where a running sidecar of this release tells what is under way: its flag of that name, forwarded to this machine. Empty: it is not asked.',
  origin: 'ours',
} as const satisfies Flag;

/** Of one key of a controller. Times are RFC 3339. */
export interface Running {
  readonly controller: string;
  readonly underWay: { readonly effect: string; readonly since: string } | undefined;
  /** The longest of what holds it back. */
  readonly heldBack: { readonly effect: string; readonly failures: number; readonly until: string } | undefined;
}

export interface RunningProgram {
  readonly program: string;
  /** Of the first of these keys that some controller has something to say of. */
  about(keys: readonly string[]): Running | undefined;
  /** Of its journal, about this claim (`namespace/name`). */
  entriesOf(claim: string): DebugReport['journal'];
}

/** Undefined where no address is given. Rejects with ConfigError where nobody of ours answers there. */
export async function askRunning(doors: Pick<Doors, 'http'>, address: string, signal: AbortSignal): Promise<RunningProgram | undefined> {
  if (address === '') return undefined;
  const flag = `--debug-endpoint=${address}`;
  const fault = debugAddressFault(address);
  if (fault !== undefined) throw new ConfigError(fault, { exitCode: 2 });
  const { program, controllers, journal } = await read(doors, { address, flag }, signal);
  return {
    program,
    entriesOf: (claim) => journal.filter(({ about }) => about === claim),
    about: (keys) => {
      for (const key of keys)
        for (const { name, keys: known } of controllers) {
          const found = known.find((each) => each.key === key);
          if (found === undefined) continue;
          const [longest] = found.heldBack.toSorted((a, b) => (a.until < b.until ? 1 : -1));
          return { controller: name, underWay: found.underWay ?? undefined, heldBack: longest };
        }
      return undefined;
    },
  };
}

async function read(
  { http }: Pick<Doors, 'http'>,
  { address, flag }: { readonly address: string; readonly flag: string },
  signal: AbortSignal,
): Promise<DebugReport> {
  const door = http({ baseUrl: `http://${address}` });
  try {
    const { status, body } = await door.exchange({ method: 'GET', path: DEBUG_PATH, headers: {} }, signal);
    const told = status === 200 ? (JSON.parse(new TextDecoder().decode(body)) as DebugReport) : undefined;
    if (told?.schema !== DEBUG_SCHEMA) throw new ConfigError(`${flag}: this is no debug endpoint of this release (status ${status})`);
    return told;
  } catch (error) {
    if (error instanceof HttpDoorError)
      throw new ConfigError(`${flag}: nobody answers (${error.message}): kubectl port-forward brings the port of a Pod here`, {
        cause: error,
      });
    if (error instanceof SyntaxError) throw new ConfigError(`${flag}: what answers there is no JSON`, { cause: error });
    throw error;
  } finally {
    door.close();
  }
}
