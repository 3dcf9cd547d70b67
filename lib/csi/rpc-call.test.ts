import { expect, test } from 'vitest';
import { type CreateVolumeRequest, CreateVolumeResponse } from '../../proto/gen/csi.ts';
import { createCsiClient, type CsiClient } from './client.ts';
import { CsiError } from './csi-error.ts';
import { createFakeDriver, createHandClock, createLogList, type FakeDriver, type HandClock, type LogLine } from './fake-driver.ts';
import { GrpcCode } from './grpc-code.ts';
import type { CsiCall } from './rpc-call.ts';

interface Bench {
  readonly door: FakeDriver;
  readonly clock: HandClock;
  readonly client: CsiClient;
  readonly seen: CsiCall[];
  readonly lines: readonly LogLine[];
}

function bench(): Bench {
  const [door, clock, log] = [createFakeDriver(), createHandClock(), createLogList()];
  const seen: CsiCall[] = [];
  return {
    door,
    clock,
    seen,
    lines: log.lines,
    client: createCsiClient({ door, clock, log, timeoutMs: 1000, observe: (call) => seen.push(call) }),
  };
}

const request: CreateVolumeRequest = {
  name: 'pvc-1',
  capacityRange: { requiredBytes: 9_007_199_254_740_993n, limitBytes: 0n },
  volumeCapabilities: [],
  parameters: { tier: 'fast' },
  secrets: { password: 'hunter22', pin: '7' },
  volumeContentSource: undefined,
  accessibilityRequirements: undefined,
  mutableParameters: {},
};
const live = (): AbortSignal => new AbortController().signal;

test('a driver status becomes a CsiError in the words of the Go programs', async () => {
  const { door, client, seen } = bench();
  door.answers.set('CreateVolume', () => ({ code: GrpcCode.INTERNAL, message: 'disk on fire' }));
  await expect(client.createVolume(request, live())).rejects.toMatchObject({
    code: 'CSI_ERROR',
    rpc: 'CreateVolume',
    grpcCode: 13,
    message: 'rpc error: code = Internal desc = disk on fire',
    detail: 'disk on fire',
  });
  expect(seen).toMatchObject([{ method: '/csi.v1.Controller/CreateVolume', grpcCode: 13 }]);
});

test('a call that takes too long ends as DEADLINE_EXCEEDED, an aborted one as CANCELLED', async () => {
  const { door, clock, client, seen } = bench();
  door.answers.set('CreateVolume', () => 'never');
  const late = client.createVolume(request, live());
  late.catch(() => undefined);
  await clock.advance(1000);
  await expect(late).rejects.toMatchObject({ grpcCode: GrpcCode.DEADLINE_EXCEEDED, detail: 'context deadline exceeded' });
  expect(seen).toMatchObject([{ durationMs: 1000 }]);
  const abort = new AbortController();
  const given = client.createVolume(request, abort.signal);
  abort.abort();
  await expect(given).rejects.toMatchObject({ grpcCode: GrpcCode.CANCELLED, detail: 'context canceled' });
});

test('the driver is told how long the caller waits', async () => {
  const { door, client } = bench();
  const limits: (number | undefined)[] = [];
  door.answers.set('CreateVolume', ({ timeoutMs }) => {
    limits.push(timeoutMs);
    return { response: Uint8Array.of() };
  });
  await client.createVolume(request, live());
  expect(limits).toEqual([1000]);
});

test('an answer that cannot be decoded has no status: the call may have worked', async () => {
  const { door, client, seen } = bench();
  door.answers.set('CreateVolume', () => ({ response: Uint8Array.of(0x0a, 0xff) }));
  await expect(client.createVolume(request, live())).rejects.toMatchObject({ grpcCode: undefined });
  expect(seen).toMatchObject([{ grpcCode: undefined }]);
});

test('a door that breaks rejects as CsiError too', async () => {
  const { door, client } = bench();
  const broken = createCsiClient({
    door: { ...door, unary: () => Promise.reject(new Error('broken pipe')) },
    clock: createHandClock(),
    log: createLogList(),
    timeoutMs: 1,
    observe: () => undefined,
  });
  await expect(broken.createVolume(request, live())).rejects.toBeInstanceOf(CsiError);
  await expect(client.probe({}, live())).resolves.toEqual({ ready: true });
});

test('secrets are neither logged nor repeated in an error, whatever the driver writes', async () => {
  const { door, client, lines } = bench();
  door.answers.set('CreateVolume', () => ({
    code: GrpcCode.UNAUTHENTICATED,
    message: 'login hunter22 (pin 7, host 172.17.0.1) failed: aHVudGVyMjI=',
  }));
  const error: unknown = await client.createVolume(request, live()).catch((each: unknown) => each);
  expect(error).toMatchObject({ detail: 'login ***stripped*** (pin ***stripped***, host 172.17.0.1) failed: ***stripped***' });
  const logged = JSON.stringify(lines, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  expect(logged).toContain('pvc-1');
  expect(logged).not.toContain('hunter22');
  expect(lines[0]?.fields).toMatchObject({
    request: { secrets: { password: '***stripped***', pin: '***stripped***' }, parameters: { tier: 'fast' } },
  });
});

test('an answer whose text is no UTF-8 is refused, not mended', async () => {
  const { door, client } = bench();
  const answer = CreateVolumeResponse.encode({
    volume: { volumeId: 'vol-1', capacityBytes: 0n, volumeContext: {}, contentSource: undefined, accessibleTopology: [] },
  }).finish();
  answer[answer.indexOf('1'.charCodeAt(0))] = 0xff;
  door.answers.set('CreateVolume', () => ({ response: answer }));
  await expect(client.createVolume(request, live())).rejects.toMatchObject({
    grpcCode: undefined,
    detail: expect.stringContaining('cannot be decoded'),
  });
});
