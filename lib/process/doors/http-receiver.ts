/** What a connection tells of one request, made an answer or a stream. The end of the signal ends the request. */
import type { Dispatcher } from 'undici';
import { ENDED } from '../../doors/ended.ts';
import type { HttpAnswer, HttpStream } from '../../doors/http.ts';
import { HttpDoorError } from '../../doors/http.ts';
import { errorText } from '../../errors/error-text.ts';

/** Hands the request to a connection, which tells the handler what becomes of it. */
export type Dispatch = (handler: Dispatcher.DispatchHandler) => void;

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/** So many chunks may wait for their reader before the connection is told to wait. */
const UNREAD_CHUNKS = 64;

export function receiveAnswer(dispatch: Dispatch, signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = follow(signal, reject);
    const chunks: Buffer[] = [];
    let status = 0;
    let headers: HttpAnswer['headers'] = {};
    dispatch({
      ...request.handler,
      onResponseStart: (_controller, code, fields) => {
        status = code;
        headers = joined(fields);
      },
      onResponseData: (_controller, chunk) => void chunks.push(chunk),
      onResponseEnd: () => {
        request.release();
        const [only] = chunks;
        resolve({ status, headers, body: chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks) });
      },
    });
  });
}

export function receiveStream(dispatch: Dispatch, signal: AbortSignal): Promise<HttpStream> {
  return new Promise((resolve, reject) => {
    const chunks = createChunks();
    const request = follow(signal, (error) => {
      reject(error);
      // Ends quietly where the reader asked for it; any other break is an error.
      chunks.end(signal.aborted ? undefined : error);
    });
    dispatch({
      ...request.handler,
      onResponseStart: (controller, status, headers) => {
        // Until 200 there is only information of the server's about the request.
        if (status < 200) return;
        const stop = (): void => {
          request.release();
          // A reader that stops early leaves the rest of a watch unread: the connection cannot be used again.
          if (!controller.aborted) controller.abort(ENDED);
        };
        resolve({ status, headers: joined(headers), chunks: chunks.read({ resume: () => controller.resume(), stop }) });
      },
      onResponseData: (controller, chunk) => {
        if (chunks.push(chunk) >= UNREAD_CHUNKS) controller.pause();
      },
      onResponseEnd: () => {
        request.release();
        chunks.end(undefined);
      },
    });
  });
}

interface Followed {
  readonly handler: Pick<Dispatcher.DispatchHandler, 'onRequestStart' | 'onResponseError'>;
  /** Nothing more is expected of the request. */
  release(): void;
}

/** `fail` may be called more than once; the first time counts. */
function follow(signal: AbortSignal, fail: (error: HttpDoorError) => void): Followed {
  let running: Dispatcher.DispatchController | undefined;
  const abort = (): void => {
    fail(new HttpDoorError('ABORTED', 'the request was given up'));
    running?.abort(ENDED);
  };
  const release = (): void => signal.removeEventListener('abort', abort);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort);
  return {
    handler: {
      // A request that was given up while it had no connection is not sent.
      onRequestStart: (controller) => {
        running = controller;
        if (signal.aborted) controller.abort(ENDED);
      },
      onResponseError: (_controller, error) => {
        release();
        fail(doorError(error));
      },
    },
    release,
  };
}

interface Chunks {
  /** Answers how many wait. */
  push(chunk: Uint8Array): number;
  end(error: Error | undefined): void;
  read(connection: { resume(): void; stop(): void }): AsyncGenerator<Uint8Array>;
}

function createChunks(): Chunks {
  let waiting: Uint8Array[] = [];
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => {};
  return {
    push: (chunk) => {
      wake();
      return waiting.push(chunk);
    },
    end: (error) => {
      if (ended) return;
      ended = true;
      failure = error;
      wake();
    },
    async *read(connection) {
      try {
        for (;;) {
          const some = waiting;
          waiting = [];
          if (some.length >= UNREAD_CHUNKS) connection.resume();
          yield* some;
          if (waiting.length > 0) continue;
          if (failure !== undefined) throw failure;
          if (ended) return;
          await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        if (!ended) connection.stop();
      }
    },
  };
}

function joined(headers: Headers): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) plain[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  return plain;
}

/** The library's own codes, by the operating system's for the same. */
const CODES: Readonly<Record<string, string>> = { UND_ERR_SOCKET: 'ECONNRESET', UND_ERR_CONNECT_TIMEOUT: 'ETIMEDOUT' };

function doorError(error: Error): HttpDoorError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'BROKEN';
  // Node joins the failures of several addresses (IPv4 and IPv6) and leaves the message empty.
  const message = error instanceof AggregateError ? error.errors.map((each: unknown) => errorText(each)).join('; ') : errorText(error);
  return new HttpDoorError(CODES[code] ?? code, message, { cause: error });
}
