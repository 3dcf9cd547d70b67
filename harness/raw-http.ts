/**
 * The smallest possible HTTP client of an API server, for tests only: bytes out, status, headers and
 * text back, a watch as a queue of lines. It shares no code with lib/kube, so that it can judge it.
 */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface Endpoint {
  /** `https://127.0.0.1:6443` or a plain `http://` one (the sandbox). */
  readonly server: string;
  /** PEM. */
  readonly ca?: string;
  readonly token?: string;
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string goes out as it is. */
  readonly body?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface RawWatch {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The next line of the body; undefined once the server has ended it. Rejects after `timeoutMs` (default 30 s). */
  next(timeoutMs?: number): Promise<string | undefined>;
  close(): void;
}

export interface RawClient {
  request(request: RawRequest): Promise<RawAnswer>;
  watch(path: string, headers?: Readonly<Record<string, string>>): Promise<RawWatch>;
  close(): void;
}

const REQUEST_GUARD_MS = 60_000;

export function openRawClient(endpoint: Endpoint): RawClient {
  const secure = endpoint.server.startsWith('https:');
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: 64, ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }) })
    : new HttpAgent({ keepAlive: true, maxSockets: 64 });
  const send = secure ? httpsRequest : httpRequest;

  const open = (request: RawRequest, signal?: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = {
        'user-agent': 'test-harness',
        ...(endpoint.token === undefined ? {} : { authorization: `Bearer ${endpoint.token}` }),
        ...(request.body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(request.body)) }),
        ...request.headers,
      };
      // A watch gets a connection of its own: aborting it must not touch a pooled one.
      const options = { method: request.method, headers, agent: signal === undefined ? agent : undefined, ca: endpoint.ca, signal };
      const outgoing = send(new URL(request.path, endpoint.server), options, resolve);
      if (signal === undefined)
        outgoing.setTimeout(REQUEST_GUARD_MS, () => outgoing.destroy(new Error(`${request.method} ${request.path}: no answer`)));
      outgoing.on('error', (error) => reject(Object.assign(error, { reusedSocket: outgoing.reusedSocket })));
      outgoing.end(request.body);
    });

  /** The server may close a connection that was kept as a request goes out on it: reading is simply done again. */
  const answered = async (request: RawRequest): Promise<IncomingMessage> => {
    try {
      return await open(request);
    } catch (error) {
      const { reusedSocket, code } = error as NodeJS.ErrnoException & { reusedSocket?: boolean };
      if (request.method !== 'GET' || reusedSocket !== true || code !== 'ECONNRESET') throw error;
      return answered(request);
    }
  };

  return {
    request: async (request) => {
      const answer = await answered(request);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      return { status: answer.statusCode ?? 0, headers: plainHeaders(answer), text: Buffer.concat(chunks).toString('utf8') };
    },
    watch: async (path, headers = {}) => {
      const aborter = new AbortController();
      const answer = await open({ method: 'GET', path, headers }, aborter.signal);
      const lines = lineQueue();
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => lines.push(chunk));
      answer.once('close', () => lines.end());
      answer.on('error', () => lines.end());
      return {
        status: answer.statusCode ?? 0,
        headers: plainHeaders(answer),
        next: (timeoutMs = 30_000) => lines.next(timeoutMs),
        close: () => aborter.abort(),
      };
    },
    close: () => agent.destroy(),
  };
}

function plainHeaders(answer: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

export interface LineQueue {
  /** Text at any boundary. */
  push(chunk: string): void;
  end(): void;
  next(timeoutMs: number): Promise<string | undefined>;
}

/** Cuts text into lines and hands them out one by one, waiting where none is there yet. */
export function lineQueue(): LineQueue {
  const lines: string[] = [];
  let rest = '';
  let ended = false;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  return {
    push: (chunk) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts.filter((line) => line !== ''));
      notify();
    },
    end: () => {
      if (rest !== '') lines.push(rest);
      rest = '';
      ended = true;
      notify();
    },
    next: async (timeoutMs) => {
      const guard = performance.now() + timeoutMs;
      for (;;) {
        const line = lines.shift();
        if (line !== undefined) return line;
        if (ended) return undefined;
        const left = guard - performance.now();
        if (left <= 0) throw new Error(`no line within ${timeoutMs} ms`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
  };
}
