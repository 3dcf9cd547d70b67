/** A sandbox on virtual time for tests: seeded chance, a clock that moves when told, requests as objects. */
import type { Clock } from '../lib/doors/clock.ts';
import type { HttpAnswer, HttpRequest } from '../lib/doors/http.ts';
import type { Random } from '../lib/doors/random.ts';
import type { Json, JsonObject } from './apiserver/json.ts';
import { isObject, parseJson, printJson } from './apiserver/json.ts';
import type { Sandbox, SandboxPart } from './sandbox.ts';
import { createSandbox } from './sandbox.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

export class VirtualClock implements Clock {
  #nowMs = Date.UTC(2030, 0, 1);
  #order = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, fire: () => void): () => void {
    this.#order += 1;
    const timer: Timer = { atMs: this.#nowMs + delayMs, order: this.#order, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Fires what falls due, in order of time and then of setting. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.atMs <= end).sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.fire();
    }
    this.#nowMs = end;
  }

  get pending(): number {
    return this.#timers.size;
  }
}

/** A small generator with a period that no test reaches. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const hex = (digits: number): string => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('');
  return { next, uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}` };
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for an answer that is no JSON object. */
  readonly body: JsonObject;
  readonly text: string;
}

export interface Ask {
  readonly type?: string;
  readonly accept?: string;
}

export const MERGE = { type: 'application/merge-patch+json' };
export const STRATEGIC = { type: 'application/strategic-merge-patch+json' };
export const JSON_PATCH = { type: 'application/json-patch+json' };
export const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

export class TestCluster {
  readonly clock = new VirtualClock();
  readonly sandbox: Sandbox;

  constructor(options: { readonly parts?: readonly SandboxPart[]; readonly seed?: number; readonly eventWindow?: number } = {}) {
    const { parts = [], seed = 1, eventWindow } = options;
    const window = eventWindow === undefined ? {} : { eventWindow };
    this.sandbox = createSandbox({ clock: this.clock, random: seededRandom(seed), parts, ...window });
    this.sandbox.start();
  }

  get(path: string, ask?: Ask): Promise<Reply> {
    return this.#send('GET', path, { ask });
  }

  post(path: string, body: Json): Promise<Reply> {
    return this.#send('POST', path, { body });
  }

  put(path: string, body: Json): Promise<Reply> {
    return this.#send('PUT', path, { body });
  }

  patch(path: string, body: Json, ask: Ask = MERGE): Promise<Reply> {
    return this.#send('PATCH', path, { body, ask });
  }

  delete(path: string, options?: JsonObject): Promise<Reply> {
    return this.#send('DELETE', path, options === undefined ? {} : { body: { kind: 'DeleteOptions', apiVersion: 'v1', ...options } });
  }

  async #send(method: HttpRequest['method'], path: string, rest: { readonly body?: Json; readonly ask?: Ask | undefined }): Promise<Reply> {
    const { body, ask = {} } = rest;
    const headers = { 'content-type': ask.type ?? 'application/json', ...(ask.accept === undefined ? {} : { accept: ask.accept }) };
    const bytes = body === undefined ? {} : { body: new TextEncoder().encode(printJson(body)) };
    return reply(await this.sandbox.handle({ method, path, headers, ...bytes }));
  }

  /** A watch whose events are gathered as they come; `events` settles what is under way first. */
  async watch(path: string): Promise<TestWatch> {
    const aborter = new AbortController();
    const stream = await this.sandbox.stream({ method: 'GET', path, headers: {} }, aborter.signal);
    return new TestWatch(stream.chunks, aborter);
  }
}

export class TestWatch {
  readonly #aborter: AbortController;
  readonly #events: JsonObject[] = [];
  #state: 'open' | 'ended' | 'broken' = 'open';

  constructor(chunks: AsyncIterable<Uint8Array>, aborter: AbortController) {
    this.#aborter = aborter;
    this.#read(chunks).then(
      () => {
        this.#state = 'ended';
      },
      () => {
        this.#state = 'broken';
      },
    );
  }

  async #read(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      for (const line of new TextDecoder().decode(chunk).split('\n')) {
        const event = line === '' ? null : parseJson(line);
        if (isObject(event)) this.#events.push(event);
      }
    }
  }

  async events(): Promise<readonly JsonObject[]> {
    await settle();
    return this.#events;
  }

  async state(): Promise<'open' | 'ended' | 'broken'> {
    await settle();
    return this.#state;
  }

  abort(): void {
    this.#aborter.abort();
  }
}

/** Lets promises that hang on no timer run out. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function reply({ status, headers, body }: HttpAnswer): Reply {
  const text = new TextDecoder().decode(body);
  const value = text.startsWith('{') ? parseJson(text) : {};
  return { status, headers, text, body: isObject(value) ? value : {} };
}
