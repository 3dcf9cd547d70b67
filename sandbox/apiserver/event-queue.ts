const ENCODER = new TextEncoder();

/**
 * Text pushed by a watch, read as chunks of bytes by whoever answers the client. No timers and no
 * streams: one promise per wait, so a simulation decides when it settles. Unread text is joined.
 */
export class EventQueue implements AsyncIterable<Uint8Array> {
  readonly #onClose: () => void;
  #pending: (string | Uint8Array)[] = [];
  #state: 'open' | 'ended' | 'failed' = 'open';
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** `onClose` runs once, whoever ends the stream: the reader, the server or a failure. */
  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  /** Bytes are handed on as they are: many queues may share them. */
  push(piece: string | Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#pending.push(piece);
    this.#rouse();
  }

  /** Ends after what was pushed so far. */
  end(): void {
    this.#close('ended');
  }

  /** Breaks off: unread text is lost, as on a cut connection. */
  fail(error: Error): void {
    if (this.#state !== 'open') return;
    this.#failure = error;
    this.#close('failed');
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      for (;;) {
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#pending.length > 0) {
          const pieces = this.#pending;
          this.#pending = [];
          yield joined(pieces);
        } else if (this.#state === 'ended') {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.#close('ended');
    }
  }

  #close(state: 'ended' | 'failed'): void {
    if (this.#state !== 'open') return;
    this.#state = state;
    this.#onClose();
    this.#rouse();
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function joined(pieces: readonly (string | Uint8Array)[]): Uint8Array {
  const bytes = pieces.map((piece) => (typeof piece === 'string' ? ENCODER.encode(piece) : piece));
  return bytes.length === 1 ? (bytes[0] as Uint8Array) : new Uint8Array(Buffer.concat(bytes));
}
