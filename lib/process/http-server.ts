/**
 * Metrics and health of a program, listening before anything else starts, so that a probe sees a process
 * that waits for a driver or a lease.
 *
 * - `--metrics-path`: the text exposition.
 * - `/healthz/leader-election`, as the Go programs have it and only with election on: 500 once this process
 *   believes to lead but its lease has run out for longer than a tolerance; so the kubelet restarts it.
 * - `/healthz` (the process answers) and `/readyz` (what is still waited for) are ours.
 */
import { errorText } from '../errors/error-text.ts';
import type { Host, Listener } from '../doors/host.ts';
import type { HttpAnswer, HttpRequest } from '../doors/http.ts';
import { ConfigError } from '../errors/config-error.ts';
import { metricsAnswer, pathOf, textAnswer } from './http-answers.ts';
import type { MetricsRegistry } from './metrics.ts';

export interface HttpServerOptions {
  readonly host: Pick<Host, 'listen'>;
  readonly address: string;
  /** The flag that gave the address, for the message when it cannot be bound. */
  readonly flag: 'http-endpoint' | 'metrics-address';
  readonly metricsPath: string;
  readonly metrics: Pick<MetricsRegistry, 'expose' | 'contentType'>;
  /** Undefined without election: the path is not served then. Answers what is wrong, or undefined. */
  readonly leaderElection: (() => string | undefined) | undefined;
  /** What the process still waits for; empty when it is ready. */
  readonly waitingFor: () => readonly string[];
}

export async function startHttpServer(options: HttpServerOptions): Promise<Listener> {
  const { host, address, flag } = options;
  try {
    return await host.listen(address, (request) => answer(options, request));
  } catch (error) {
    const why = errorText(error);
    throw new ConfigError([`--${flag}=${address}: cannot listen (${why}), choose a free host:port or :port`], { cause: error });
  }
}

async function answer(options: HttpServerOptions, request: HttpRequest): Promise<HttpAnswer> {
  if (request.method !== 'GET') return textAnswer(405, 'only GET');
  const path = pathOf(request.path);
  if (path === options.metricsPath) return metricsAnswer(options.metrics);
  if (path === '/healthz/leader-election' && options.leaderElection !== undefined) {
    const wrong = options.leaderElection();
    return wrong === undefined ? textAnswer(200, 'ok') : textAnswer(500, wrong);
  }
  if (path === '/healthz') return textAnswer(200, 'ok');
  if (path === '/readyz') {
    const waiting = options.waitingFor();
    return waiting.length === 0 ? textAnswer(200, 'ok') : textAnswer(503, `waiting for ${waiting.join(', ')}`);
  }
  return textAnswer(404, 'not found');
}
