import { expect, test } from 'vitest';
import { eventually } from './wait.ts';

test('a wait ends with the first answer that is something', async () => {
  const answers = [undefined, undefined, 0];
  expect(await eventually('a number', () => answers.shift(), { everyMs: 0 })).toBe(0);
});

test('what the probe throws is no end, and is told when the wait fails', async () => {
  const cause = new Error('not there yet');
  const wait = eventually(
    'the thing',
    () => {
      throw cause;
    },
    { timeoutMs: 0, everyMs: 0 },
  );
  await expect(wait).rejects.toMatchObject({ message: 'the thing did not happen within 0 ms', cause });
});

test('a broken stage ends a wait with its reason', async () => {
  const reason = new Error('the driver ended');
  await expect(eventually('the thing', () => undefined, { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({ cause: reason });
});
