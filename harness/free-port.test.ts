import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePort } from './free-port.ts';

test('no port twice, none that is taken, and none that a connection may be given', async () => {
  const first = await freePort();
  const taken = createServer().listen(first + 1, '127.0.0.1');
  // Where somebody else has it, it is taken as well.
  await once(taken, 'listening').catch(() => undefined);
  const ports = [first];
  for (let count = 0; count < 20; count += 1) ports.push(await freePort());
  taken.close();
  expect(new Set(ports).size).toBe(21);
  expect(ports).not.toContain(first + 1);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});
