/** Answers that more than one server of ours gives. */
import type { HttpAnswer } from '../doors/http.ts';
import type { MetricsRegistry } from './metrics.ts';

export function textAnswer(status: number, body: string): HttpAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: new TextEncoder().encode(body) };
}

export async function metricsAnswer(metrics: Pick<MetricsRegistry, 'expose' | 'contentType'>): Promise<HttpAnswer> {
  return { status: 200, headers: { 'content-type': metrics.contentType }, body: new TextEncoder().encode(await metrics.expose()) };
}

/** Without the query. */
export function pathOf(path: string): string {
  return path.replace(/\?.*$/, '');
}
