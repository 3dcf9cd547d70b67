/**
 * Everything a program touches outside its own memory. Production opens these doors to the operating
 * system (lib/process/doors), the simulation to a virtual world. A program is a factory over a `Doors`
 * with no module state; nothing else reads a clock, a file, a socket or the environment.
 */
import type { Clock } from './clock.ts';
import type { Files } from './files.ts';
import type { Host } from './host.ts';
import type { HttpDoor, HttpTarget } from './http.ts';
import type { Random } from './random.ts';
import type { RpcDoor } from './rpc.ts';

export interface Doors {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly host: Host;
  /** A kept-alive door to an API server. Each call is a pool of its own (the lease client has one). */
  http(target: HttpTarget): HttpDoor;
  /** A door to a CSI driver; `address` is `unix:///path` or an absolute path. */
  rpc(address: string): RpcDoor;
}
