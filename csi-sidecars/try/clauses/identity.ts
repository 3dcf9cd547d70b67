/** What a driver says of itself, and what holds for every answer. */
import { driverNameProblem } from '../../../lib/csi/driver-name.ts';
import { GrpcCode } from '../../../lib/csi/grpc-code.ts';
import type { AnyCall } from '../journal/call.ts';
import { callsOf, codeOf, okOf } from '../journal/call.ts';
import type { Clause, Judged } from './clause.ts';
import { both, judgeEach } from './clause.ts';
import { offeredRpcs } from './offered.ts';

export const IDENTITY_CLAUSES: readonly Clause[] = [
  {
    id: 'name-is-usable',
    section: 'GetPluginInfo',
    sentence: 'The name of a driver is a domain name of at most 63 characters.',
    judge: (calls) => judgeEach(answered(calls, 'GetPluginInfo'), (call) => driverNameProblem(okOf(call)?.name ?? '')),
  },
  {
    id: 'name-is-stable',
    section: 'GetPluginInfo',
    sentence: 'A driver keeps its name and version while it runs.',
    judge: (calls) => allTheSame(answered(calls, 'GetPluginInfo'), 'GetPluginInfo'),
  },
  {
    id: 'capabilities-are-stable',
    section: 'GetPluginCapabilities, ControllerGetCapabilities, NodeGetCapabilities',
    sentence: 'What a driver offers does not change while it runs.',
    judge: (calls) =>
      both(
        ...(['GetPluginCapabilities', 'ControllerGetCapabilities', 'NodeGetCapabilities', 'GroupControllerGetCapabilities'] as const).map(
          (rpc) => allTheSame(answered(calls, rpc), rpc),
        ),
      ),
  },
  {
    id: 'offered-is-served',
    section: 'ControllerGetCapabilities',
    sentence: 'A call that a capability promises is served: it is never answered with Unimplemented.',
    judge: (calls) => {
      const offered = offeredRpcs(calls);
      return judgeEach(
        calls.filter(({ rpc, answer }) => offered.has(rpc) && answer.kind !== 'pending'),
        (call) =>
          codeOf(call) === GrpcCode.UNIMPLEMENTED ? `${call.rpc} is promised by ${offered.get(call.rpc)} and not implemented` : undefined,
      );
    },
  },
  {
    id: 'probe-says-ready',
    section: 'Probe',
    sentence: 'A healthy driver answers Probe, with ready or with nothing.',
    judge: (calls) => {
      const probes = answered(calls, 'Probe');
      const good = probes.some((call) => okOf(call)?.ready !== false);
      const breaches = probes.length > 0 && !good ? [{ text: 'Probe never said that the driver is ready', calls: numbers(probes) }] : [];
      return { seen: probes.length, breaches };
    },
  },
  {
    id: 'answers-can-be-read',
    section: 'Protocol',
    sentence: 'Every answer is a message of the specification, with texts in UTF-8.',
    judge: (calls) =>
      judgeEach(
        calls.filter(({ answer }) => answer.kind === 'ok' || answer.kind === 'lost'),
        ({ answer, rpc }) =>
          answer.kind === 'lost' && /decode|cannot be read/.test(answer.message) ? `the answer to ${rpc} cannot be read` : undefined,
      ),
  },
  {
    id: 'secrets-stay-secret',
    section: 'Secrets Requirements',
    sentence: 'The value of a secret is in no answer and in no error of the driver.',
    judge: (calls) =>
      judgeEach(
        calls.filter(({ request }) => 'secrets' in request && Object.keys(request.secrets).length > 0),
        ({ repeated, rpc }) => (repeated.length > 0 ? `the answer to ${rpc} repeats a secret of the request` : undefined),
      ),
  },
];

function answered<R extends Parameters<typeof callsOf>[1]>(calls: readonly AnyCall[], rpc: R): ReturnType<typeof callsOf<R>> {
  return callsOf(calls, rpc).filter(({ answer }) => answer.kind === 'ok');
}

function numbers(calls: readonly { readonly number: number }[]): number[] {
  return calls.map(({ number }) => number);
}

function allTheSame(calls: readonly { readonly number: number; readonly answer: unknown }[], rpc: string): Judged {
  const [first] = calls;
  const other = calls.find(({ answer }) => text(answer) !== text(first?.answer));
  if (first === undefined || other === undefined) return { seen: calls.length, breaches: [] };
  return { seen: calls.length, breaches: [{ text: `${rpc} was answered in two ways`, calls: [first.number, other.number] }] };
}

/** Lists of capabilities have no order; a file of text has none to lose. */
function text(answer: unknown): string {
  return JSON.stringify(answer, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    return Array.isArray(value) ? value.map((each) => JSON.stringify(each)).sort() : value;
  });
}
