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
  /** Resident memory in bytes, CPU seconds and start time (s since the epoch) of this process, for metrics. */
  usage(): { readonly residentBytes: number; readonly cpuSeconds: number; readonly startSeconds: number };
  /** Ends the process. Does not return in production; in the simulation it ends the incarnation. */
  exit(code: number): void;
  /** Serves HTTP on `host:port` or `:port`. Rejects with the operating system's error. */
  listen(address: string, handle: (request: HttpRequest) => Promise<HttpAnswer>): Promise<Listener>;
}

export interface Listener {
  /** The port that was bound (of use where 0 was asked for). */
  readonly port: number;
  close(): Promise<void>;
}
