import type { LogFields, Logger } from '../../doors/log.ts';

export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields: LogFields;
  readonly error?: unknown;
}

export interface MemoryLog extends Logger {
  readonly lines: LogLine[];
  messages(level: LogLine['level']): readonly string[];
}

/** A logger that remembers its lines; children write into the same list. */
export function memoryLog(lines: LogLine[] = [], base: LogFields = {}): MemoryLog {
  return {
    lines,
    messages: (level) => lines.filter((line) => line.level === level).map((line) => line.message),
    error: (message, error, fields) => lines.push({ level: 'error', message, error, fields: { ...base, ...fields } }),
    warn: (message, fields) => lines.push({ level: 'warn', message, fields: { ...base, ...fields } }),
    info: (message, fields) => lines.push({ level: 'info', message, fields: { ...base, ...fields } }),
    debug: (_level, message, fields) => lines.push({ level: 'debug', message, fields: { ...base, ...fields } }),
    child: (fields) => memoryLog(lines, { ...base, ...fields }),
  };
}
