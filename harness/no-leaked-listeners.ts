/**
 * For every test of every layer: Node's warning of leaked listeners fails the test in which it comes. One signal that
 * is shared by all calls of a program grows with its load, and nobody reads standard error.
 */
import { afterAll, afterEach } from 'vitest';
import { LEAK_WARNING } from './leak-warning.ts';

const seen: string[] = [];

const onWarning = (warning: Error): void => {
  if (warning.name === LEAK_WARNING) seen.push(warning.stack ?? warning.message);
};

// Files may share a thread: each listens during its own tests.
process.on('warning', onWarning);
afterAll(() => void process.off('warning', onWarning));

afterEach(async () => {
  // A warning is told a turn later.
  await new Promise((resolve) => setImmediate(resolve));
  const told = seen.splice(0);
  if (told.length > 0) throw new Error(`listeners are leaked:\n${told.join('\n')}`);
});
