/** One unary gRPC call on encoded bytes. Limits and retries are made above; the door only carries. */
export interface RpcCall {
  /** Full gRPC path: `/csi.v1.Controller/CreateVolume`. */
  readonly method: string;
  readonly request: Uint8Array;
  /** How long the caller waits, said to the server so that it need not work for nobody. The caller's signal is what ends the call. */
  readonly timeoutMs?: number;
}

/** What the server answered, or its transport did in words that claim nothing (UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED). `response` is empty unless code is 0. */
export interface RpcAnswer {
  /** gRPC status code, 0 to 16. */
  readonly code: number;
  readonly message: string;
  readonly response: Uint8Array;
}

/** A door to one gRPC server on a unix socket. It reconnects by itself, for ever. */
export interface RpcDoor {
  /**
   * Resolves with every gRPC status of the server, and CANCELLED for an abort. Rejects for all that the client made
   * itself, such as an answer above its size limit: what the server did is unknown then, whatever code the client gave.
   */
  unary(call: RpcCall, signal: AbortSignal): Promise<RpcAnswer>;
  /** Reports `connected` and `lost` as they happen; the answer unsubscribes. */
  onConnection(listener: (state: 'connected' | 'lost') => void): () => void;
  /**
   * Why no connection can be made now: the operating system's code (ENOENT, ECONNREFUSED, EACCES, …). Undefined where one can
   * be made, or where the door cannot tell.
   */
  refusal?(): Promise<string | undefined>;
  /** Starts connecting if idle; needed to learn of a server that appears later. */
  connect(): void;
  close(): void;
}
