/**
 * The one connection of a process to its CSI driver.
 *
 * - A driver is used only after it was introduced on this very connection: it gives its name, Probe says ready, then its
 *   capabilities are read. After a lost connection all of that is done
 *   again: a restarted driver may be a new version, and a shared socket directory may hold another driver.
 * - Until then the roles' calls wait inside their own time limit; none reaches a driver that is not known.
 * - Another name than before, or a loss that outlasts the limit, ends the process (TerminalError): a replica
 *   beside a living driver must be able to take over.
 */
import type { RpcDoor } from '../doors/rpc.ts';
import { sleep } from '../doors/sleep.ts';
import { TerminalError } from '../errors/terminal-error.ts';
import type { GetPluginInfoResponse } from '../../proto/gen/csi.ts';
import { type DriverIdentity, type DriverQuestion, readCapabilities } from './capabilities.ts';
import { createCsiClient, type CsiClient } from './client.ts';
import { CsiError } from './csi-error.ts';
import { gateUntil } from './connection-gate.ts';
import { driverNameProblem } from './driver-name.ts';
import { type FirstConnection, limitFirstConnection } from './first-connection.ts';
import { GrpcCode } from './grpc-code.ts';
import type { CsiCall } from './rpc-call.ts';

export interface ConnectOptions extends FirstConnection {
  readonly door: RpcDoor;
  /** Limit of each call of an introduction. */
  readonly timeoutMs: number;
  readonly asks: readonly DriverQuestion[];
  /** How long a lost connection may stay lost. */
  readonly lostTimeoutMs: number;
  /** `driverName` is empty until it is known. */
  readonly observe: (call: CsiCall & { readonly driverName: string }) => void;
  /** Called at most once, after the promise was fulfilled. */
  readonly fatal: (error: TerminalError) => void;
  /** Ends everything quietly. */
  readonly signal: AbortSignal;
}

export interface DriverConnection {
  /** The driver's calls, each under this limit (`--timeout` of a role). */
  client(timeoutMs: number): CsiClient;
  identity(): DriverIdentity;
  /** Gives up the calls under way; later ones are answered with CANCELLED. */
  cancelCalls(): void;
}

const PROBE_INTERVAL_MS = 1000;

/**
 * Resolves with the first introduction. Rejects with TerminalError: no connection in time, or a driver that
 * refuses to introduce itself. An aborted signal rejects with the signal's reason.
 */
export function connectDriver(options: ConnectOptions): Promise<DriverConnection> {
  const { door, clock, log, address, signal } = options;
  let known: DriverIdentity | undefined;
  let name = '';
  let ended = false;
  let connection: AbortController | undefined;
  let cancelLost: (() => void) | undefined;
  const gate = gateUntil(door, `the connection to the driver at ${address} is not established`);
  const context = {
    clock,
    log,
    observe: (call: CsiCall) => options.observe({ ...call, driverName: name }),
  };
  const raw = createCsiClient({ ...context, timeoutMs: options.timeoutMs, door });
  const result: DriverConnection = {
    client: (timeoutMs) => createCsiClient({ ...context, timeoutMs, door: gate.door }),
    identity: () => current(),
    cancelCalls: () => gate.cancelAll(),
  };
  const current = (): DriverIdentity => {
    if (known === undefined) throw new Error('a driver that was never introduced is asked for its identity');
    return known;
  };

  return new Promise((resolve, reject) => {
    const end = (): void => {
      ended = true;
      connection?.abort();
      cancelLost?.();
      cancelConnect();
      stopListening();
      signal.removeEventListener('abort', stop);
    };
    const stop = (): void => {
      end();
      reject(signal.reason);
    };
    const fail = (error: TerminalError): void => {
      if (ended) return;
      end();
      if (known === undefined) {
        reject(error);
        return;
      }
      // Nothing that waits for this driver can succeed any more, and nobody else can begin before we have ended.
      gate.cancelAll();
      options.fatal(error);
    };

    const onConnected = (): void => {
      cancelConnect();
      connection?.abort();
      const mine = new AbortController();
      connection = mine;
      introduce({ raw, ...options, signal: mine.signal, named: (given) => (name = given) }).then(
        // An introduction on a connection that is gone again says nothing about the next one.
        (introduction) => (mine.signal.aborted ? undefined : accept(introduction)),
        (error: unknown) => fail(unusable(address, error)),
      );
    };
    const accept = (introduction: DriverIdentity | undefined): void => {
      if (ended || introduction === undefined) return;
      const { name } = introduction;
      if (known !== undefined && known.name !== name) {
        fail(new TerminalError('DRIVER_CHANGED', `the driver at ${address} calls itself ${name}, before it was ${known.name}`));
        return;
      }
      cancelLost?.();
      cancelLost = undefined;
      const first = known === undefined;
      known = introduction;
      log.info(first ? 'CSI driver connected' : 'CSI driver connected again', {
        driver: name,
        version: introduction.vendorVersion,
        address,
      });
      gate.open();
      if (first) resolve(result);
    };
    const onLost = (): void => {
      gate.close();
      connection?.abort();
      log.warn('Lost the connection to the CSI driver', { address, limitMs: options.lostTimeoutMs });
      cancelLost ??= clock.setTimer(options.lostTimeoutMs, () => {
        fail(
          new TerminalError(
            'DRIVER_LOST',
            `the connection to the driver at ${address} has been lost for ${options.lostTimeoutMs / 1000} s: see why the driver's container does not run`,
          ),
        );
      });
    };

    const stopListening = door.onConnection((state) => (state === 'connected' ? onConnected() : onLost()));
    const cancelConnect = limitFirstConnection(options, fail);
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener('abort', stop);
    door.connect();
  });
}

interface IntroductionInput extends ConnectOptions {
  readonly raw: CsiClient;
  readonly named: (name: string) => void;
}

/** Undefined when the connection ended meanwhile: the next one asks anew. */
async function introduce(input: IntroductionInput): Promise<DriverIdentity | undefined> {
  const { raw, clock, log, signal, asks } = input;
  let info: GetPluginInfoResponse | undefined;
  const withoutGroups = ({ message }: CsiError): void =>
    log.warn('CSI driver does not say what its group controller can do: group snapshots are off', { error: message });
  while (!signal.aborted) {
    try {
      // The name first: metrics of all other calls bear it.
      info ??= await askName(input);
      const probe = await raw.probe({}, signal);
      // A driver that leaves `ready` out is ready (CSI specification).
      if (probe.ready !== false) {
        const { name, vendorVersion } = info;
        return { name, vendorVersion, ...(await readCapabilities(raw, signal, { asks, withoutGroups })) };
      }
      log.info('CSI driver is not ready');
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!(error instanceof CsiError) || !TRY_AGAIN.has(error.grpcCode)) throw error;
      log.warn('CSI driver did not answer', { rpc: error.rpc, error: error.message });
    }
    await sleep(clock, PROBE_INTERVAL_MS, signal);
  }
  return undefined;
}

async function askName({ raw, signal, named, address }: IntroductionInput): Promise<GetPluginInfoResponse> {
  const info = await raw.getPluginInfo({}, signal);
  named(info.name);
  const problem = driverNameProblem(info.name);
  if (problem !== undefined) throw new TerminalError('DRIVER_UNUSABLE', `the driver at ${address} ${problem}`);
  return info;
}

/** Answers of a driver that is still starting, or of a connection that is going down. */
const TRY_AGAIN: ReadonlySet<number | undefined> = new Set([GrpcCode.DEADLINE_EXCEEDED, GrpcCode.UNAVAILABLE, GrpcCode.CANCELLED]);

function unusable(address: string, error: unknown): TerminalError {
  if (error instanceof TerminalError) return error;
  const what = error instanceof CsiError ? `${error.rpc}: ${error.message}` : String(error);
  return new TerminalError('DRIVER_UNUSABLE', `the driver at ${address} cannot be used, ${what}`, { cause: error });
}
