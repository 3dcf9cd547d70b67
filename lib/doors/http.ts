/**
 * HTTP as values: bytes cross the door, never object references. Retries, 429, time-outs, framing and
 * decoding happen above it, so the simulation runs them as production does.
 */

/** Where the door leads and with which TLS identity. Credentials that change (tokens) travel as headers. */
export interface HttpTarget {
  /** Scheme, host and port, and a path prefix if the server has one: `https://10.0.0.1:443`. */
  readonly baseUrl: string;
  /** PEM. Undefined: the system's trust store. */
  readonly ca?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly serverName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** An http or https proxy that leads to the server. */
  readonly proxyUrl?: string;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, starting with `/`. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Chunks as they arrive, at any byte boundary. Ends when the server ends; throws when the connection breaks. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** A door to one server. Both calls reject with `HttpDoorError` when no answer came. */
export interface HttpDoor {
  exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** Like `exchange`, but hands over the body while it arrives; aborting the signal ends the stream. */
  stream(request: HttpRequest, signal: AbortSignal): Promise<HttpStream>;
  close(): void;
}

/** The server could not be reached, or the connection broke before the answer was complete. */
export class HttpDoorError extends Error {
  /** The operating system's code (ECONNREFUSED, ECONNRESET, ENOTFOUND, …) or `ABORTED`. */
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HttpDoorError';
    this.code = code;
  }
}
