/** A sentence of the CSI specification, in our words, and how a journal of calls shows whether a driver keeps to it. */
import { GrpcCode, grpcCodeName } from '../../../lib/csi/grpc-code.ts';
import type { AnyCall } from '../journal/call.ts';
import { codeOf } from '../journal/call.ts';
import type { Breach } from '../record.ts';

export interface Judged {
  /** How often the calls put it to the test. */
  readonly seen: number;
  readonly breaches: readonly Breach[];
}

export interface Clause {
  readonly id: string;
  /** Heading of the specification. */
  readonly section: string;
  readonly sentence: string;
  /** Absent: no call shows it, a step of the trial looks (Observation). */
  readonly judge?: (calls: readonly AnyCall[]) => Judged;
}

/** Answers that say "not now": they prove nothing about a clause. */
const NOT_NOW: ReadonlySet<number> = new Set([
  GrpcCode.CANCELLED,
  GrpcCode.DEADLINE_EXCEEDED,
  GrpcCode.ABORTED,
  GrpcCode.UNAVAILABLE,
  GrpcCode.UNAUTHENTICATED,
  GrpcCode.PERMISSION_DENIED,
]);

/** Judged one by one: `undefined` is good, a text says what is wrong. */
export function judgeEach<C extends AnyCall>(calls: readonly C[], wrong: (call: C) => string | undefined): Judged {
  const breaches = calls.flatMap((call) => {
    const text = wrong(call);
    return text === undefined ? [] : [{ text, calls: [call.number] }];
  });
  return { seen: calls.length, breaches };
}

/** Calls that must be answered with one code. Those that were answered "not now" are left out. */
export function judgeCode(calls: readonly AnyCall[], expected: number, about: string): Judged {
  const answered = calls.filter((call) => {
    const code = codeOf(call);
    return code !== undefined && !NOT_NOW.has(code);
  });
  return judgeEach(answered, (call) => {
    const code = codeOf(call) ?? 0;
    return code === expected ? undefined : `${call.rpc} ${about} was answered with ${grpcCodeName(code)}, not ${grpcCodeName(expected)}`;
  });
}

export function both(...parts: readonly Judged[]): Judged {
  return { seen: parts.reduce((sum, { seen }) => sum + seen, 0), breaches: parts.flatMap(({ breaches }) => breaches) };
}
