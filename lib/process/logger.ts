/**
 * The log of one program instance: pino for the records, written through `host.writeLog` so that the
 * simulation captures them, as JSON or as klog's text, whose line shape log collectors already know:
 *
 *   I1122 05:56:38.123456       1 connection.ts:126] "Driver connected" driver="mock.csi.example"
 *
 * JSON records have the keys of component-base (ts in ms, caller, msg, v, err) and `level`.
 *
 * A message is constant; what varies are fields. Secrets do not reach a line: lib/csi strikes them out of
 * requests, and whatever field bears a secret's name is struck out here once more.
 */
import { type Logger as Pino, pino } from 'pino';
import type { Clock } from '../doors/clock.ts';
import type { Host } from '../doors/host.ts';
import type { LogFields, Logger } from '../doors/log.ts';
import { klogLine } from './klog-line.ts';
import { plainFields } from './log-fields.ts';
import { logTime } from './log-time.ts';

export interface LoggerOptions {
  readonly format: 'text' | 'json';
  /** klog's -v. */
  readonly verbosity: number;
  readonly clock: Clock;
  readonly host: Pick<Host, 'writeLog' | 'pid'>;
}

export function createLogger({ format, verbosity, clock, host }: LoggerOptions): Logger {
  const write = format === 'json' ? (line: string) => host.writeLog(line) : (line: string) => host.writeLog(klogLine(host.pid, line));
  const now = logTime(clock);
  const base = pino(
    {
      base: null,
      level: 'debug',
      messageKey: 'msg',
      timestamp: () => `,"ts":${now()}`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return wrap(base, verbosity, {});
}

function wrap(base: Pino, verbosity: number, place: { readonly caller?: string }): Logger {
  /** Every line says where it was written: one logger a place, not one a line. */
  const placed = new Map<string, Logger>();
  return {
    error: (message, error, fields) => base.error({ ...place, ...errorFields(error), ...plainFields(fields) }, message),
    warn: (message, fields) => base.warn({ ...place, v: 0, ...plainFields(fields) }, message),
    info: (message, fields) => base.info({ ...place, v: 0, ...plainFields(fields) }, message),
    debug: (level, message, fields) => {
      if (level <= verbosity) base.debug({ ...place, v: level, ...plainFields(fields) }, message);
    },
    child: (fields) => wrap(base.child(plainFields(fields)), verbosity, place),
    at: (caller) => {
      const known = placed.get(caller) ?? wrap(base, verbosity, { caller });
      placed.set(caller, known);
      return known;
    },
  };
}

/** Errors of the four families carry all they know in their message; anything else is a bug, and its stack is wanted. */
function errorFields(error: unknown): LogFields {
  if (error === undefined) return {};
  if (!(error instanceof Error)) return plainFields({ err: error });
  const isKnown = 'code' in error && typeof error.code === 'string';
  return { err: error.message, ...(isKnown ? { code: error.code } : { stack: error.stack }) };
}
