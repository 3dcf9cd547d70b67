/** What a running program says, and what stands in the way of asking it. */
import { describe, expect, test } from 'vitest';
import { HttpDoorError, type HttpAnswer } from '../../lib/doors/http.ts';
import { askRunning } from './running.ts';

const { signal } = new AbortController();

function doorsTo(answer: () => Promise<HttpAnswer>) {
  return { http: () => ({ exchange: answer, stream: () => Promise.reject(new Error('not asked for')), close: () => undefined }) };
}

const answers = (status: number, body: unknown) =>
  doorsTo(() =>
    Promise.resolve({ status, headers: {}, body: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)) }),
  );

const REPORT = {
  schema: 'csi-sidecars/debug.v1',
  program: 'csi-provisioner',
  controllers: [
    { name: 'volumes', keys: [] },
    {
      name: 'claims',
      keys: [
        {
          key: 'uid-1',
          underWay: null,
          heldBack: [
            { effect: 'report', failures: 1, until: '2026-01-01T00:00:01Z' },
            { effect: 'create-volume', failures: 4, until: '2026-01-01T00:00:09Z' },
          ],
        },
      ],
    },
  ],
};

describe('a running program', () => {
  test('says the longest of what holds a key back, whichever of its names the controller counts by', async () => {
    const running = await askRunning(answers(200, REPORT), '127.0.0.1:9', signal);
    expect(running?.about(['team/data', 'uid-1'])).toEqual({
      controller: 'claims',
      underWay: undefined,
      heldBack: { effect: 'create-volume', failures: 4, until: '2026-01-01T00:00:09Z' },
    });
    expect(running?.about(['team/other'])).toBeUndefined();
  });

  test('says what its journal holds of a claim', async () => {
    const [own, other] = [
      { key: 'uid-1', about: 'team/data' },
      { key: 'uid-2', about: 'team/other' },
    ];
    const running = await askRunning(answers(200, { ...REPORT, journal: [own, other] }), '127.0.0.1:9', signal);
    expect(running?.entriesOf('team/data')).toEqual([own]);
    expect(running?.entriesOf('team/none')).toEqual([]);
  });

  test('is not asked where no address is given', async () => {
    expect(
      await askRunning(
        doorsTo(() => Promise.reject(new Error('asked'))),
        '',
        signal,
      ),
    ).toBeUndefined();
  });

  test.each([
    ['an address of another machine', '10.0.0.1:9', answers(200, REPORT), /not a loopback address/],
    [
      'nobody there',
      '127.0.0.1:9',
      doorsTo(() => Promise.reject(new HttpDoorError('ECONNREFUSED', 'refused'))),
      /nobody answers \(refused\): kubectl port-forward/,
    ],
    ['another server', '127.0.0.1:9', answers(404, 'not found'), /no debug endpoint of this release \(status 404\)/],
    ['another schema', '127.0.0.1:9', answers(200, { ...REPORT, schema: 'x' }), /no debug endpoint of this release/],
    ['no JSON', '127.0.0.1:9', answers(200, '<html>'), /is no JSON/],
  ])('that cannot be asked is said in a line: %s', async (_, address, doors, line) => {
    await expect(askRunning(doors, address, signal)).rejects.toThrow(line);
  });
});
