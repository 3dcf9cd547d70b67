/**
 * A trial as JSON: what the report holds, with int64 as decimal text. Only the calls that show
 * something wrong are in it: those of breaches, and all of steps that failed.
 */
import { grpcCodeName } from '../../../lib/csi/grpc-code.ts';
import type { AnyCall } from '../journal/call.ts';
import type { TryReport } from '../record.ts';

/** The calls that a reader wants to see: of what went wrong. */
export function tellingCalls({ calls, steps, clauses }: TryReport): AnyCall[] {
  const wanted = new Set(clauses.flatMap(({ breaches }) => breaches.flatMap((breach) => breach.calls)));
  const failed = steps.filter(({ verdict }) => verdict === 'failed');
  return calls.filter(
    ({ number }) =>
      wanted.has(number) || failed.some((step) => step.calls !== undefined && step.calls.from <= number && number <= step.calls.to),
  );
}

export interface PlainCall {
  readonly number: number;
  readonly rpc: string;
  readonly by: string;
  readonly sentMs: number;
  readonly tookMs: number | undefined;
  readonly code: string;
  readonly message?: string;
  readonly request: unknown;
  readonly response?: unknown;
}

export function plainCall({ number, rpc, by, sentMs, answeredMs, request, answer }: AnyCall): PlainCall {
  const common = { number, rpc, by, sentMs, tookMs: answeredMs === undefined ? undefined : Math.round((answeredMs - sentMs) * 10) / 10 };
  switch (answer.kind) {
    case 'ok':
      return { ...common, code: 'OK', request: plain(request), response: plain(answer.response) };
    case 'refused':
      return { ...common, code: grpcCodeName(answer.code), message: answer.message, request: plain(request) };
    case 'lost':
      return { ...common, code: 'no answer', message: answer.message, request: plain(request) };
    case 'pending':
      return { ...common, code: 'pending', request: plain(request) };
  }
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))) as unknown;
}

export function reportAsJson(report: TryReport): object {
  return { ...report, calls: tellingCalls(report).map(plainCall) };
}
