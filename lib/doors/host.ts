import type { HttpAnswer, HttpRequest } from './http.ts';

/** The process around a program: environment, name, signals, output, listening sockets, exit. */
export interface Host {
  env(name: string): string | undefined;
  hostname(): string;
  /** For the log. */
  readonly pid: number;
  /** Calls back at every SIGTERM or SIGINT; the answer unsubscribes. */
  onSignal(listener: (signal: 'SIGTERM' | 'SIGINT') => void): () => void;
  /** One line of log, newline included. */
  writeLog(line: string): void;
  /** For metrics. */
  usage(): Usage;
  /** Ends the process. Does not return in production; in the simulation it ends the incarnation. */
  exit(code: number): void;
  /** Serves HTTP on `host:port` or `:port`. Rejects with the operating system's error. */
  listen(address: string, handle: (request: HttpRequest) => Promise<HttpAnswer>): Promise<Listener>;
}

/** Of this process. What the operating system does not tell is absent. */
export interface Usage {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  /** Seconds since the epoch. */
  readonly startSeconds: number;
  readonly virtualBytes?: number | undefined;
  /** Infinity: no limit. */
  readonly virtualMaxBytes?: number | undefined;
  readonly openFiles?: number | undefined;
  readonly maxFiles?: number | undefined;
  /** Of the network namespace, which a container has to itself. */
  readonly receivedBytes?: number | undefined;
  readonly sentBytes?: number | undefined;
}

export interface Listener {
  /** The port that was bound (of use where 0 was asked for). */
  readonly port: number;
  close(): Promise<void>;
}
