import { expect, test } from 'vitest';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import type { Doors } from '../../lib/doors/doors.ts';
import { ManualClock } from '../../lib/controller/testing/manual-clock.ts';
import { errorText } from '../../lib/errors/error-text.ts';
import type { VerbPlace } from '../frame/verb.ts';
import { withDriver } from './connect.ts';

/** A driver whose first call is answered with `code`, and whose socket is served for so many looks. Answers what is told of it, and after how long. */
async function told(code: number, servedFor: number): Promise<{ text: string; afterMs: number; looks: number }> {
  const clock = new ManualClock();
  let looks = 0;
  const rpc: Doors['rpc'] = () => ({
    unary: async () => ({ code, message: 'cut', response: new Uint8Array() }),
    onConnection: () => () => {},
    refusal: async () => {
      looks += 1;
      return looks > servedFor ? 'ECONNREFUSED' : undefined;
    },
    connect: () => {},
    close: () => {},
  });
  const place = { doors: { clock, rpc }, signal: new AbortController().signal } as unknown as VerbPlace;
  let ended: { text: string; afterMs: number; looks: number } | undefined;
  void withDriver(place, { csiAddress: 'unix:///csi.sock', timeoutMs: 1_000 }, async () => expect.unreachable('it was used')).catch(
    (error: unknown) => {
      ended = { text: errorText(error), afterMs: clock.monotonic(), looks };
    },
  );
  await clock.advance(60_000);
  if (ended === undefined) throw new Error('nothing was told within a minute');
  return ended;
}

test('a driver that ended while it was asked is told as one that is not there, once its socket is served no more', async () => {
  expect(await told(GrpcCode.UNAVAILABLE, 3)).toEqual({
    text: expect.stringContaining('/csi.sock: nobody serves it (ECONNREFUSED)') as string,
    ...{ afterMs: 200, looks: 4 },
  });
});

test('one that cut the call and goes on is told by what it said, two seconds later at most, without a wait after the last look', async () => {
  const { text, afterMs, looks } = await told(GrpcCode.UNAVAILABLE, 1_000);
  expect(text).toContain('the driver at /csi.sock failed at GetPluginInfo (rpc error: code = Unavailable desc = cut)');
  expect([afterMs, looks]).toEqual([1_900, 21]);
});

test('a driver that answers with another failure is not looked for', async () => {
  const { text, afterMs, looks } = await told(GrpcCode.INTERNAL, 1_000);
  expect(text).toContain('failed at GetPluginInfo (rpc error: code = Internal desc = cut)');
  expect([afterMs, looks]).toEqual([0, 1]);
});
