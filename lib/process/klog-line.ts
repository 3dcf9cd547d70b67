/** One JSON record of the log → one line in the shape of klog's structured text. */

const SEVERITY: Readonly<Record<string, string>> = { error: 'E', warn: 'W', info: 'I', debug: 'I' };

/** klog's own, where a place is not known: code that was not built. */
const NOWHERE = '???:1';

/** `ts` may have a fraction: microseconds. */
export function klogLine(pid: number, json: string): string {
  const { level, ts, msg, v: _verbosity, caller, stack, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const severity = SEVERITY[String(level)] ?? 'I';
  const place = typeof caller === 'string' ? caller.slice(caller.lastIndexOf('/') + 1) : NOWHERE;
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${show(value)}`);
  const trace = stack === undefined ? '' : `\n${String(stack)}`;
  return `${severity}${stamp(Number(ts))} ${String(pid).padStart(7)} ${place}] ${JSON.stringify(msg)}${pairs.join('')}${trace}\n`;
}

/** `mmdd hh:mm:ss.uuuuuu`, in UTC. */
function stamp(ms: number): string {
  const whole = Math.floor(ms);
  const iso = new Date(whole).toISOString();
  const micros = Math.min(999, Math.round((ms - whole) * 1000));
  return `${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}${String(micros).padStart(3, '0')}`;
}

/** Texts in quotes, so that one with a space or a line break stays one field. */
function show(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
