/**
 * A door to a CSI driver over grpc-js. It only carries bytes: retries, deadlines, codecs and metrics are
 * made above, so grpc-js' own are switched off; a deadline is set only for the server to see.
 */
import { connect } from 'node:net';
import { Client, credentials, Metadata, connectivityState as State } from '@grpc/grpc-js';
import type { ChannelOptions, ServiceError } from '@grpc/grpc-js';
import type { RpcAnswer, RpcDoor } from '../../doors/rpc.ts';
import { isServersWord } from './rpc-status.ts';

const CANCELLED = 1;
/** The caller's own limit has to fire first: only the caller knows which of its clocks ran out. */
const BEYOND_TIMEOUT_MS = 250;
const EMPTY = new Uint8Array();

const OPTIONS: ChannelOptions = {
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  // A connection of its own: another door to the same socket must not share its fate.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  'grpc.max_send_message_length': -1,
  // A driver that restarts is found again within a second, as by the Go programs.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // Idle connections are kept: their end is how a dead driver is noticed.
  'grpc.client_idle_timeout_ms': 2 ** 31 - 1,
};

const same = (bytes: Buffer): Buffer => bytes;

export function openRpc(address: string): RpcDoor {
  const client = new Client(target(address), credentials.createInsecure(), OPTIONS);
  const channel = client.getChannel();
  const listeners = new Set<(state: 'connected' | 'lost') => void>();
  let state: State = State.IDLE;
  let wanted = false;
  let closed = false;

  const watch = (): void => {
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, (error) => {
      if (closed || error !== undefined) return;
      follow(channel.getConnectivityState(false));
      watch();
    });
  };
  const follow = (next: State): void => {
    const was = state;
    state = next;
    if (next === State.READY && was !== State.READY) for (const listener of listeners) listener('connected');
    if (next !== State.READY && was === State.READY) for (const listener of listeners) listener('lost');
    // A closed connection goes idle and stays so until somebody asks.
    if (next === State.IDLE && wanted) channel.getConnectivityState(true);
  };

  return {
    unary: ({ method, request, timeoutMs }, signal) =>
      new Promise<RpcAnswer>((resolve, reject) => {
        if (signal.aborted) {
          resolve({ code: CANCELLED, message: 'cancelled before it was sent', response: EMPTY });
          return;
        }
        let headersSeen = false;
        const call = client.makeUnaryRequest(
          method,
          same,
          same,
          asBuffer(request),
          new Metadata(),
          timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs + BEYOND_TIMEOUT_MS },
          (error: ServiceError | null, response?: Buffer) => {
            signal.removeEventListener('abort', cancel);
            if (error === null) resolve({ code: 0, message: '', response: response ?? EMPTY });
            else if (isServersWord(error, headersSeen)) resolve({ code: error.code, message: error.details, response: EMPTY });
            else reject(new Error(Number.isInteger(error.code) ? error.details : 'the answer cannot be read'));
          },
        );
        call.on('metadata', () => {
          headersSeen = true;
        });
        const cancel = (): void => call.cancel();
        signal.addEventListener('abort', cancel);
      }),
    onConnection: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    refusal: () => refusal(address),
    connect: () => {
      if (!wanted) watch();
      wanted = true;
      channel.getConnectivityState(true);
    },
    close: () => {
      closed = true;
      client.close();
    },
  };
}

/** Asked of the operating system: the library tells only that it failed, or buries the code in a text. */
function refusal(address: string): Promise<string | undefined> {
  const path = address.replace(/^unix:(?:\/\/)?/, '');
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** An absolute path or `unix:///path`; grpc-js wants the scheme. Anything else is handed on as it is. */
function target(address: string): string {
  return address.startsWith('/') ? `unix://${address}` : address;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
