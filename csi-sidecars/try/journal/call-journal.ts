/** Writes down every RPC that passes a door, whoever sends it, without the values of its secrets. */
import type { Clock } from '../../../lib/doors/clock.ts';
import type { RpcAnswer, RpcDoor } from '../../../lib/doors/rpc.ts';
import { errorText } from '../../../lib/errors/error-text.ts';
import { secretValues, strikeOut, withoutSecrets } from '../../../lib/csi/secrets.ts';
import type { Answer, AnyCall, Caller } from './call.ts';
import type { RpcName } from './messages.ts';
import { callNameOf, isRpcName, MESSAGES } from './messages.ts';

export interface CallJournal {
  readonly calls: readonly AnyCall[];
  /** The same door, with an entry for each call. Methods that the table does not know pass unseen. */
  watch(door: RpcDoor, by: Caller): RpcDoor;
}

/** A secret shorter than this occurs in any text by chance. */
const TELLING_LENGTH = 6;

/** `startedMs`: what its times count from, by the monotonic clock. */
export function createCallJournal(clock: Clock, startedMs: number): CallJournal {
  const calls: AnyCall[] = [];
  const sinceStart = (): number => Math.round((clock.monotonic() - startedMs) * 10) / 10;

  const open = (rpc: RpcName, by: Caller, bytes: Uint8Array): { readonly call: AnyCall; readonly secrets: readonly string[] } => {
    const message = `${rpc}Request`;
    const request = MESSAGES[rpc].request.decode(bytes);
    const call = {
      number: calls.length + 1,
      rpc,
      by,
      sentMs: sinceStart(),
      answeredMs: undefined,
      request: withoutSecrets(message, request),
      answer: { kind: 'pending' },
      repeated: [],
    } as unknown as AnyCall;
    calls.push(call);
    return { call, secrets: secretValues(message, request) };
  };

  const close = (call: AnyCall, answer: RpcAnswer, secrets: readonly string[]): void => {
    call.answeredMs = sinceStart();
    call.answer = readAnswer(call.rpc, answer, secrets) as typeof call.answer;
    const said = `${answer.message}\n${Buffer.from(answer.response).toString('latin1')}`;
    const repeats = secrets.filter((value) => value.length >= TELLING_LENGTH && said.includes(value));
    // How many is enough: which key it was would need the value to be kept.
    if (repeats.length > 0) call.repeated = repeats.map(() => 'a secret of the request');
  };

  return {
    calls,
    watch: (door, by) => ({
      ...door,
      unary: async (sent, signal) => {
        const name = callNameOf(sent.method);
        if (!isRpcName(name)) return door.unary(sent, signal);
        const { call, secrets } = open(name, by, sent.request);
        try {
          const answer = await door.unary(sent, signal);
          close(call, answer, secrets);
          return answer;
        } catch (error) {
          call.answeredMs = sinceStart();
          call.answer = { kind: 'lost', message: strikeOut(errorText(error), secrets) };
          throw error;
        }
      },
    }),
  };
}

function readAnswer(rpc: RpcName, { code, message, response }: RpcAnswer, secrets: readonly string[]): Answer<RpcName> {
  if (code !== 0) return { kind: 'refused', code, message: strikeOut(message, secrets) };
  try {
    return { kind: 'ok', response: struck(MESSAGES[rpc].response.decode(response), secrets) as never };
  } catch {
    return { kind: 'lost', message: 'the answer cannot be decoded' };
  }
}

/** Every text of a message without the values. */
function struck(value: unknown, secrets: readonly string[]): unknown {
  if (secrets.length === 0) return value;
  if (typeof value === 'string') return strikeOut(value, secrets);
  if (Array.isArray(value)) return value.map((each) => struck(each, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, struck(each, secrets)]));
}
