/** One JSON record of the log → one line in the shape of klog's structured text. */

const SEVERITY: Readonly<Record<string, string>> = { error: 'E', warn: 'W', info: 'I', debug: 'I' };

/** The Go programs print their process id; in a container that is 1, and a simulated program has none. */
const PROCESS_ID = '1'.padStart(7);

export function klogLine(program: string, json: string): string {
  const { level, ts, msg, v: _verbosity, stack, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const severity = SEVERITY[String(level)] ?? 'I';
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${show(value)}`);
  const trace = stack === undefined ? '' : `\n${String(stack)}`;
  return `${severity}${stamp(Number(ts))} ${PROCESS_ID} ${program}] ${JSON.stringify(msg)}${pairs.join('')}${trace}\n`;
}

/** `mmdd hh:mm:ss.uuuuuu`, in UTC. */
function stamp(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000`;
}

/** Texts in quotes, so that one with a space or a line break stays one field. */
function show(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
