/** The name of Node's warning that one emitter or signal has suspiciously many listeners. */
export const LEAK_WARNING = 'MaxListenersExceededWarning';

/** Lines of a program's output that hold it. */
export function leaksIn(log: string): readonly string[] {
  return log.split('\n').filter((line) => line.includes(LEAK_WARNING));
}
