/** Test material: a clock turned by hand and a door whose far end is a table of answers. */
import {
  ControllerGetCapabilitiesResponse,
  GetPluginCapabilitiesResponse,
  GetPluginInfoResponse,
  ProbeResponse,
} from '../../proto/gen/csi.ts';
import type { Clock } from '../doors/clock.ts';
import type { LogFields, Logger } from '../doors/log.ts';
import type { RpcAnswer, RpcCall, RpcDoor } from '../doors/rpc.ts';
import { GrpcCode } from './grpc-code.ts';

export interface HandClock extends Clock {
  /** Fires what is due, one timer after the other, letting promises settle in between. */
  advance(byMs: number): Promise<void>;
}

export function createHandClock(): HandClock {
  let time = 0;
  let timers: { readonly at: number; readonly fire: () => void }[] = [];
  return {
    now: () => 1_700_000_000_000 + time,
    monotonic: () => time,
    setTimer: (delayMs, fire) => {
      const timer = { at: time + delayMs, fire };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    advance: async (byMs) => {
      const end = time + byMs;
      await settled();
      for (;;) {
        const next = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((each) => each !== next);
        time = next.at;
        next.fire();
        await settled();
      }
      time = end;
    },
  };
}

/** One turn of the event loop: every promise that can settle has. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

type Answer = Partial<RpcAnswer> | 'never';

export interface FakeDriver extends RpcDoor {
  /** Full paths in the order they arrived. */
  readonly calls: string[];
  /** Overrides the answer for a method name; 'never' answers only an abort. */
  readonly answers: Map<string, (call: RpcCall) => Answer>;
  say(state: 'connected' | 'lost'): void;
  /** The operating system's code of a refused connection. */
  refused: string | undefined;
}

const bytes = (finished: { finish(): Uint8Array }): Answer => ({ response: finished.finish() });

/** Ready, named `d.example`, with CREATE_DELETE_VOLUME, without a group controller. */
export function createFakeDriver(): FakeDriver {
  const listeners = new Set<(state: 'connected' | 'lost') => void>();
  const calls: string[] = [];
  const answers = new Map<string, (call: RpcCall) => Answer>([
    ['Probe', () => bytes(ProbeResponse.encode({ ready: true }))],
    ['GetPluginInfo', () => bytes(GetPluginInfoResponse.encode({ name: 'd.example', vendorVersion: '1', manifest: {} }))],
    [
      'GetPluginCapabilities',
      () => bytes(GetPluginCapabilitiesResponse.encode({ capabilities: [{ type: { $case: 'service', value: { type: 1 } } }] })),
    ],
    [
      'ControllerGetCapabilities',
      () => bytes(ControllerGetCapabilitiesResponse.encode({ capabilities: [{ type: { $case: 'rpc', value: { type: 1 } } }] })),
    ],
    ['GroupControllerGetCapabilities', () => ({ code: GrpcCode.UNIMPLEMENTED, message: 'unknown service' })],
  ]);
  const driver: FakeDriver = {
    calls,
    answers,
    refused: undefined,
    refusal: async () => driver.refused,
    say: (state) => {
      for (const listener of listeners) listener(state);
    },
    unary: (call, signal) => {
      calls.push(call.method);
      const answer = answers.get(call.method.split('/').at(-1) ?? '')?.(call) ?? { code: GrpcCode.UNIMPLEMENTED };
      if (answer !== 'never') return Promise.resolve({ code: 0, message: '', response: new Uint8Array(), ...answer });
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ code: GrpcCode.CANCELLED, message: 'aborted', response: new Uint8Array() }));
      });
    },
    onConnection: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    connect: () => undefined,
    close: () => undefined,
  };
  return driver;
}

export interface LogLine {
  readonly message: string;
  readonly fields: LogFields | undefined;
}

export function createLogList(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const log: Logger & { readonly lines: LogLine[] } = {
    lines,
    error: (message, error, fields) => lines.push({ message, fields: { ...fields, error } }),
    warn: (message, fields) => lines.push({ message, fields }),
    info: (message, fields) => lines.push({ message, fields }),
    debug: (_level, message, fields) => lines.push({ message, fields }),
    child: () => log,
  };
  return log;
}
