/** A constant message plus fields, whatever the format. Objects are named `namespace/name`. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  error(message: string, error?: unknown, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  /** Shown at `-v` of at least `level` (klog's scale: 2 useful, 4 debug, 5 trace). */
  debug(level: number, message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
  /** For lines of this place, `folder/file.ts:12`. The build writes it in front of each call: tools/log-places.mjs. */
  at?(place: string): Logger;
}
