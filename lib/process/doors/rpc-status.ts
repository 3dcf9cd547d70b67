/**
 * Whose word a gRPC status is. grpc-js gives its own failures codes, too, and RESOURCE_EXHAUSTED for an answer that was
 * too large would pass for the driver's "I did not make it", and what it made would be forgotten.
 *
 * The server's status comes in headers: with those that open the answer, or behind them in trailers. grpc-js hands over
 * what else these hold, never whether there was a status among them. So, in this order: no header of an answer was seen:
 * nobody answered. Otherwise the words tell; the tests beside the adapters notice if grpc-js changes them.
 */
interface GrpcStatus {
  readonly code: number;
  readonly details: string;
  /** What else was in the headers that held it. */
  readonly metadata: { get(key: string): readonly unknown[] };
}

/** They claim nothing about what was asked, whoever says them; the Go programs' client makes them itself, too, and shows them. */
const CLAIM_NOTHING: ReadonlySet<number> = new Set([1, 4, 14]);

/** Of grpc-js 1.14: subchannel-call, stream-decoder, compression-filter, client-interceptors, client. */
const OWN_WORDS = new RegExp(
  `^(?:${[
    'Received message larger than max',
    'Received message that decompresses to a size larger than',
    'Failed to decompress',
    'Received RST_STREAM with code',
    'Received HTTP status code',
    'Response message parsing error',
    'Bandwidth exhausted or memory limit exceeded$',
    'Protocol not secure enough$',
    'No status information received$',
    'No message received$',
    'Too many responses received$',
    'Attempted to send message with a size larger than',
    'Write (?:error:|failed with error)',
  ].join('|')})`,
);

/** `headersSeen`: headers of an answer came before this status. */
export function isServersWord({ code, details, metadata }: GrpcStatus, headersSeen: boolean): boolean {
  // grpc-js itself ends a call without any where an answer is compressed in a way that it does not know.
  if (!Number.isInteger(code)) return false;
  if (CLAIM_NOTHING.has(code)) return true;
  // An answer that is nothing but a status says what it is in the same headers.
  const answered = headersSeen || metadata.get('content-type').some((type) => String(type).startsWith('application/grpc'));
  return answered && !OWN_WORDS.test(details);
}
