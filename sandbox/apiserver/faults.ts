/**
 * Bent on demand: refusals, delays and broken connections for a chosen share of the requests, cut
 * watches, forgotten versions. Chance comes from the sandbox's own random source, so a seed decides.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import type { HttpAnswer, HttpRequest } from '../../lib/doors/http.ts';
import { HttpDoorError } from '../../lib/doors/http.ts';
import type { Random } from '../../lib/doors/random.ts';
import { printJson } from './json.ts';
import { StatusError } from './status.ts';

/** Which requests a rule is for; every given field must hold. */
export interface FaultMatch {
  readonly methods?: readonly HttpRequest['method'][];
  /** A part of path and query, such as `/persistentvolumes/` or `watch=true`. */
  readonly path?: string;
  /** A part of the user agent. */
  readonly userAgent?: string;
}

/** What happens to a request that a rule hits. */
export type Fault =
  /** The request is not looked at. 429 carries Retry-After, 1 second unless told. */
  | { readonly kind: 'status'; readonly code: 409 | 410 | 429 | 500 | 503 | 504; readonly retryAfterSeconds?: number }
  /** The connection breaks: before the request is applied, or after (the answer is lost). */
  | { readonly kind: 'reset'; readonly applied: boolean }
  /** The request waits; with `applied`, its answer does. */
  | { readonly kind: 'slow'; readonly delayMs: number; readonly applied?: boolean };

/** Rules stand in the order in which they were added. */
export interface FaultRule {
  readonly match?: FaultMatch;
  /** 0 to 1; 1 where it is left out. */
  readonly share?: number;
  /** Ends after this many hits. */
  readonly times?: number;
  readonly fault: Fault;
}

/** Answers a request in the server's place; undefined lets it through. */
export type Intercept = (request: HttpRequest) => HttpAnswer | undefined;

/** The switches, for tests and simulations. */
export interface Faults {
  /** The first rule that matches decides; the answer takes the rule away. */
  add(rule: FaultRule): () => void;
  clear(): void;
  /** Breaks all watches, or those of one resource (`plural.group`). `end` closes them as the server does. Answers how many. */
  cutWatches(options?: { readonly resource?: string; readonly how?: 'reset' | 'end' }): number;
  /** Forgets every version but the present: watches and pages from older ones answer 410. */
  expireVersions(): void;
  /**
   * Takes a backup. The answer restarts the server with it, as often as it is called: every watch breaks, and all
   * that was written since the backup never happened, its versions included.
   */
  backup(): () => void;
  /** At most one; undefined takes it away. */
  intercept(hook: Intercept | undefined): void;
}

const REASONS: Readonly<Record<number, string>> = {
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

interface Active {
  readonly rule: FaultRule;
  left: number;
}

function matches(match: FaultMatch | undefined, request: HttpRequest): boolean {
  if (match === undefined) return true;
  if (match.methods !== undefined && !match.methods.includes(request.method)) return false;
  if (match.path !== undefined && !request.path.includes(match.path)) return false;
  return match.userAgent === undefined || (request.headers['user-agent'] ?? '').includes(match.userAgent);
}

function refusal(fault: Extract<Fault, { kind: 'status' }>): HttpAnswer {
  const retryAfterSeconds = fault.code === 429 ? (fault.retryAfterSeconds ?? 1) : fault.retryAfterSeconds;
  const status = new StatusError({
    code: fault.code,
    reason: REASONS[fault.code] ?? 'InternalError',
    message: `injected fault: ${fault.code}`,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
  const retry = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  return {
    status: fault.code,
    headers: { 'content-type': 'application/json', ...retry },
    body: new TextEncoder().encode(printJson(status.body())),
  };
}

function broken(): HttpDoorError {
  return new HttpDoorError('ECONNRESET', 'injected fault: connection reset');
}

export interface FaultTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly cutWatches: Faults['cutWatches'];
  readonly expireVersions: () => void;
  readonly backup: () => () => void;
}

/** Chance is asked only where a rule has a share, so that rules without one shift no seed. */
export class FaultSwitches implements Faults {
  readonly #tools: FaultTools;
  readonly #rules = new Set<Active>();
  #hook: Intercept | undefined;

  constructor(tools: FaultTools) {
    this.#tools = tools;
  }

  add(rule: FaultRule): () => void {
    const active: Active = { rule, left: rule.times ?? Number.POSITIVE_INFINITY };
    this.#rules.add(active);
    return () => this.#rules.delete(active);
  }

  clear(): void {
    this.#rules.clear();
    this.#hook = undefined;
  }

  cutWatches(options: { readonly resource?: string; readonly how?: 'reset' | 'end' } = {}): number {
    return this.#tools.cutWatches(options);
  }

  expireVersions(): void {
    this.#tools.expireVersions();
  }

  backup(): () => void {
    return this.#tools.backup();
  }

  intercept(hook: Intercept | undefined): void {
    this.#hook = hook;
  }

  /** Runs `serve` under the rules. Rejects only for a broken connection. */
  async apply<T>(request: HttpRequest, serve: () => T, wrap: (answer: HttpAnswer) => T): Promise<T> {
    const hooked = this.#hook?.(request);
    if (hooked !== undefined) return wrap(hooked);
    const fault = this.#choose(request);
    if (fault === undefined) return serve();
    switch (fault.kind) {
      case 'status':
        return wrap(refusal(fault));
      case 'reset':
        if (fault.applied) serve();
        throw broken();
      case 'slow': {
        if (fault.applied !== true) await this.#wait(fault.delayMs);
        const answer = serve();
        if (fault.applied === true) await this.#wait(fault.delayMs);
        return answer;
      }
    }
  }

  #choose(request: HttpRequest): Fault | undefined {
    for (const active of this.#rules) {
      const { match, share, fault } = active.rule;
      if (!matches(match, request)) continue;
      if (share !== undefined && this.#tools.random.next() >= share) continue;
      active.left -= 1;
      if (active.left <= 0) this.#rules.delete(active);
      return fault;
    }
    return undefined;
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#tools.clock.setTimer(delayMs, resolve);
    });
  }
}
