/** An HTTP door whose answers a test writes down; it records what was asked. */
import type { HttpAnswer, HttpDoor, HttpRequest, HttpStream } from '../../doors/http.ts';
import { HttpDoorError } from '../../doors/http.ts';

export type Reply = HttpAnswer | HttpStream | Error | 'never';
export type Script = (request: HttpRequest, index: number) => Reply;

export interface ScriptedDoor extends HttpDoor {
  readonly requests: HttpRequest[];
}

export function scriptedDoor(script: Script): ScriptedDoor {
  const requests: HttpRequest[] = [];
  const ask = (request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | HttpStream> => {
    requests.push(request);
    const reply = script(request, requests.length - 1);
    if (reply instanceof Error) return Promise.reject(reply);
    if (reply !== 'never') return Promise.resolve(reply);
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new HttpDoorError('ABORTED', 'aborted'))));
  };
  return {
    requests,
    exchange: (request, signal) => ask(request, signal) as Promise<HttpAnswer>,
    stream: (request, signal) => ask(request, signal) as Promise<HttpStream>,
    close: () => {},
  };
}

export function answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: bytes };
}

/** A metav1.Status as the server refuses with. */
export function refusal(status: number, reason: string, details: object = {}): HttpAnswer {
  return answer(status, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: `refused: ${reason}`,
    reason,
    code: status,
    details,
  });
}

export function broken(code = 'ECONNRESET'): HttpDoorError {
  return new HttpDoorError(code, 'connection broke');
}

/** A watch answer of these chunks, that then ends, breaks, or stays open until it is aborted. */
export function streamOf(chunks: readonly (string | Uint8Array)[], end: 'end' | 'break' = 'end'): HttpStream {
  async function* read(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield await Promise.resolve(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk);
    if (end === 'break') throw broken();
  }
  return { status: 200, headers: {}, chunks: read() };
}

export function bodyOf(request: HttpRequest | undefined): unknown {
  return request?.body === undefined ? undefined : JSON.parse(new TextDecoder().decode(request.body));
}
