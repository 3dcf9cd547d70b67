/**
 * The log of one program instance: pino for the records, written through `host.writeLog` so that the
 * simulation captures them, as JSON or as klog's text, whose line shape log collectors already know:
 *
 *   I1122 05:56:38.123456       1 csi-snapshotter] "Driver connected" driver="mock.csi.example"
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

export interface LoggerOptions {
  readonly program: string;
  readonly format: 'text' | 'json';
  /** klog's -v. */
  readonly verbosity: number;
  readonly clock: Clock;
  readonly host: Pick<Host, 'writeLog'>;
}

export function createLogger({ program, format, verbosity, clock, host }: LoggerOptions): Logger {
  const write = format === 'json' ? (line: string) => host.writeLog(line) : (line: string) => host.writeLog(klogLine(program, line));
  const base = pino(
    {
      base: null,
      level: 'debug',
      messageKey: 'msg',
      timestamp: () => `,"ts":${clock.now()}`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return wrap(base, verbosity);
}

function wrap(base: Pino, verbosity: number): Logger {
  return {
    error: (message, error, fields) => base.error({ ...errorFields(error), ...plainFields(fields) }, message),
    warn: (message, fields) => base.warn(plainFields(fields), message),
    info: (message, fields) => base.info(plainFields(fields), message),
    debug: (level, message, fields) => {
      if (level <= verbosity) base.debug({ v: level, ...plainFields(fields) }, message);
    },
    child: (fields) => wrap(base.child(plainFields(fields)), verbosity),
  };
}

/** Errors of the four families carry all they know in their message; anything else is a bug, and its stack is wanted. */
function errorFields(error: unknown): LogFields {
  if (error === undefined) return {};
  if (!(error instanceof Error)) return plainFields({ err: error });
  const isKnown = 'code' in error && typeof error.code === 'string';
  return { err: error.message, ...(isKnown ? { code: error.code } : { stack: error.stack }) };
}
