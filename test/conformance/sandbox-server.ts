import { lineQueue } from '../../harness/raw-http.ts';
import type { HttpRequest } from '../../lib/doors/http.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import type { Random } from '../../lib/doors/random.ts';
import { randomUUID } from 'node:crypto';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { createSandbox } from '../../sandbox/sandbox.ts';
import type { RawRequest } from '../../harness/raw-http.ts';
import type { ServerUnderTest } from './lab.ts';

/** The real time: cases look at seconds (ages, time-outs), not at speed. */
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

const random: Random = { next: () => Math.random(), uuid: () => randomUUID() };

export interface SandboxServer extends ServerUnderTest {
  stop(): void;
}

/** The sandbox in this process, asked through its two functions: no socket between the suite and what it judges. */
export function startSandboxServer(): SandboxServer {
  const sandbox = createSandbox({ clock, random, parts: ['binder'] });
  sandbox.start();
  return {
    request: async (request) => {
      const answer = await sandbox.handle(bytes(request));
      return { status: answer.status, headers: answer.headers, text: new TextDecoder().decode(answer.body) };
    },
    watch: (path, headers = {}) => openWatch(sandbox, bytes({ method: 'GET', path, headers })),
    expireVersions: () => Promise.resolve(sandbox.faults.expireVersions()),
    ageToken: (token) => token,
    stop: () => sandbox.stop(),
  };
}

function bytes(request: RawRequest): HttpRequest {
  const { method, path, headers = {}, body } = request;
  if (method !== 'GET' && method !== 'POST' && method !== 'PUT' && method !== 'PATCH' && method !== 'DELETE')
    throw new Error(`no such method: ${method}`);
  return body === undefined
    ? { method, path, headers }
    : { method, path, headers: { 'content-type': 'application/json', ...headers }, body: new TextEncoder().encode(body) };
}

async function openWatch(sandbox: Sandbox, request: HttpRequest): ReturnType<ServerUnderTest['watch']> {
  const aborter = new AbortController();
  const answer = await sandbox.stream(request, aborter.signal);
  const lines = lineQueue();
  const decoder = new TextDecoder();
  const pump = async (): Promise<void> => {
    try {
      for await (const chunk of answer.chunks) lines.push(decoder.decode(chunk, { stream: true }));
    } finally {
      lines.end();
    }
  };
  // A cut stream is an ended one to the reader.
  pump().catch(() => undefined);
  return {
    status: answer.status,
    headers: answer.headers,
    next: (timeoutMs = 30_000) => lines.next(timeoutMs),
    close: () => aborter.abort(),
  };
}
