/** The shape of one RPC: when it exists, what it must carry, and how it runs. */
import type { Capabilities } from '../capabilities.ts';
import type { Outcome, World } from '../model/world.ts';
import type { Publisher } from '../publisher.ts';
import type { VolumeStore } from '../store/store.ts';
import type { Message } from '../wire.ts';

export interface CallContext {
  readonly capabilities: Capabilities;
  readonly driverName: string;
  readonly vendorVersion: string;
  readonly store: VolumeStore;
  readonly publisher: Publisher;
  /** Scripted: how long what this call makes is not ready. 0: ready at once. */
  readonly processingMs: number;
  /** Whether Probe says ready. */
  readonly ready: boolean;
  /** Decides on the newest state and changes nothing. */
  read<T>(decide: (world: World) => T): Promise<T>;
  /** Decides on the newest state, commits, answers. One at a time over all calls and instances. */
  change<T>(decide: (world: World) => Outcome<T>): Promise<T>;
}

export interface Rpc {
  /** Absent: always there. */
  readonly offered?: (capabilities: Capabilities) => boolean;
  /** The kind and the field of the object that may have one operation pending at a time. */
  readonly pending?: readonly [kind: string, field: string];
  /** Whether `--require-secrets` applies. */
  readonly secrets?: boolean;
  run(call: CallContext, request: Message): Promise<Message>;
}

/** RPCs by method name within one service. */
export type Service = Readonly<Record<string, Rpc>>;
