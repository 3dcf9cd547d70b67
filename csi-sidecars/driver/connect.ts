/** A driver for a verb that asks it a few things: who it is, what it lists. */
import type { DriverIdentity } from '../../lib/csi/capabilities.ts';
import type { CsiClient } from '../../lib/csi/client.ts';
import { createCsiClient } from '../../lib/csi/client.ts';
import { addressFaults, socketPath } from '../../lib/csi/driver-address.ts';
import { driverNameProblem } from '../../lib/csi/driver-name.ts';
import type { CsiToolClient } from '../../lib/csi/tool-client.ts';
import { createCsiToolClient } from '../../lib/csi/tool-client.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import { sleep } from '../../lib/doors/sleep.ts';
import { ConfigError } from '../../lib/errors/config-error.ts';
import type { Flag } from '../../lib/process/flag.ts';
import type { VerbPlace } from '../frame/verb.ts';
import { readIdentity } from './identity.ts';
import { quiet, SILENT } from './silent.ts';
import { socketFault } from './socket-fault.ts';

export const DRIVER_FLAGS = [
  { name: 'csi-address', type: 'string', default: '', help: 'Socket of the driver, unix:///PATH. Required.', origin: 'ours' },
  { name: 'timeout', type: 'duration', default: '30s', min: 100, help: 'How long each call of the driver may take.', origin: 'ours' },
] as const satisfies readonly Flag[];

/** How often, and after how long, a driver that cut a call is looked for before it counts as one that still runs. */
const LOOKS = 20;
const LOOK_MS = 100;

export interface OpenDriver {
  readonly calls: CsiClient & CsiToolClient;
  readonly identity: DriverIdentity;
}

/** The connection is closed once `use` is done. Rejects with ConfigError where nobody answers, or the driver fails in the middle. */
export async function withDriver<T>(
  { doors, signal }: VerbPlace,
  { csiAddress, timeoutMs }: { readonly csiAddress: string; readonly timeoutMs: number },
  use: (driver: OpenDriver) => Promise<T>,
): Promise<T> {
  if (csiAddress === '') throw new ConfigError('name the driver: --csi-address=unix:///PATH', { exitCode: 2 });
  const path = socketPath(csiAddress);
  if (path === undefined) throw new ConfigError(addressFaults(csiAddress), { exitCode: 2 });
  const fault = await socketFault(doors, path);
  if (fault !== undefined) throw new ConfigError(fault);
  const door = doors.rpc(`unix://${path}`);
  try {
    const context = { door, clock: doors.clock, log: SILENT, timeoutMs, observe: quiet };
    const calls = { ...createCsiClient(context), ...createCsiToolClient(context) };
    const identity = await readIdentity(calls, signal);
    const problem = driverNameProblem(identity.name);
    if (problem !== undefined) throw new ConfigError(`the driver at ${path} ${problem}`);
    return await use({ calls, identity });
  } catch (error) {
    throw error instanceof CsiError ? await failed({ doors, signal }, path, error) : error;
  } finally {
    door.close();
  }
}

/** A driver that ended meanwhile is told as one that is not there. */
async function failed(place: Pick<VerbPlace, 'doors' | 'signal'>, path: string, error: CsiError): Promise<ConfigError> {
  const { rpc, grpcCode } = error;
  const gone = grpcCode === GrpcCode.UNAVAILABLE ? await endOf(place, path) : undefined;
  // The library's own words about a connection end in a time and an empty note.
  const said = error.message.replace(/ \(\d{4}-[^)]*\)\. Resolution note: $/, '');
  const text = gone ?? `the driver at ${path} failed at ${rpc} (${said}): see its log, or give it longer with --timeout`;
  return new ConfigError(text, { cause: error });
}

/** A process that ends closes its connections one by one: the socket may be served for a moment after a call was cut. */
async function endOf({ doors, signal }: Pick<VerbPlace, 'doors' | 'signal'>, path: string): Promise<string | undefined> {
  for (let look = 1; ; look += 1) {
    const fault = await socketFault(doors, path);
    if (fault !== undefined || look === LOOKS) return fault;
    await sleep(doors.clock, LOOK_MS, signal);
  }
}
