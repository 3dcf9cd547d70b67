/** What is asked of the driver about one snapshot, and what is taken from its answers. */
import { describe, expect, test } from 'vitest';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import type { Snapshot } from '../../proto/gen/csi.ts';
import { singleCalls } from './single-calls.ts';

const signal = new AbortController().signal;
const snapshot: Snapshot = {
  snapshotId: 'snap-1',
  sourceVolumeId: 'vol-1',
  sizeBytes: 7n,
  creationTime: { seconds: 1n, nanos: 2 },
  readyToUse: true,
  groupSnapshotId: '',
};
const TRUTH = { handle: 'snap-1', creationTime: 1_000_000_002n, sizeBytes: 7n, ready: true };

function driver(fails?: CsiError) {
  const requests: unknown[] = [];
  const answer = <T>(value: T) =>
    async function called(request: unknown): Promise<T> {
      requests.push(request);
      if (fails !== undefined) throw fails;
      return value;
    };
  const calls = singleCalls({
    createSnapshot: answer({ snapshot }),
    deleteSnapshot: answer({}),
    listSnapshots: answer({ entries: [{ snapshot }], nextToken: '' }),
  });
  const all = (secrets: Record<string, string> = {}, parameters: Record<string, string> = {}) => ({
    CreateSnapshot: () => calls.create({ sources: ['vol-1'], name: 'snapshot-1', parameters }, 'create', { secrets, signal }),
    ListSnapshots: () => calls.ask({ handle: 'snap-1', members: [] }, { secrets, signal }),
    DeleteSnapshot: () => calls.delete({ handle: 'snap-1', members: [] }, { secrets, signal }),
  });
  return { all, requests };
}

describe('one snapshot', () => {
  test('is made of a volume under a name, and handle, time, size and readiness are taken', async () => {
    const { all, requests } = driver();
    expect(await all().CreateSnapshot()).toMatchObject({ found: TRUTH });
    expect(requests).toEqual([{ sourceVolumeId: 'vol-1', name: 'snapshot-1', parameters: {}, secrets: {} }]);
  });

  test('is made with the parameters of the class', async () => {
    const { all, requests } = driver();
    await all({}, { tier: 'gold' }).CreateSnapshot();
    expect(requests).toMatchObject([{ parameters: { tier: 'gold' } }]);
  });

  test('is asked about by its handle', async () => {
    const { all, requests } = driver();
    expect(await all().ListSnapshots()).toMatchObject({ found: TRUTH });
    expect(requests).toEqual([{ maxEntries: 0, startingToken: '', sourceVolumeId: '', snapshotId: 'snap-1', secrets: {} }]);
  });

  test('is deleted by its handle', async () => {
    const { all, requests } = driver();
    expect(await all().DeleteSnapshot()).toBeUndefined();
    expect(requests).toEqual([{ snapshotId: 'snap-1', secrets: {} }]);
  });

  test.each(['CreateSnapshot', 'ListSnapshots', 'DeleteSnapshot'] as const)('has its secret in every %s', async (rpc) => {
    const { all, requests } = driver();
    await all({ token: 'x' })[rpc]();
    expect(requests).toMatchObject([{ secrets: { token: 'x' } }]);
  });

  test.each([
    ['CreateSnapshot', GrpcCode.DEADLINE_EXCEEDED],
    ['CreateSnapshot', GrpcCode.NOT_FOUND],
    ['ListSnapshots', GrpcCode.DEADLINE_EXCEEDED],
    ['ListSnapshots', GrpcCode.NOT_FOUND],
    ['DeleteSnapshot', GrpcCode.DEADLINE_EXCEEDED],
    ['DeleteSnapshot', GrpcCode.NOT_FOUND],
  ] as const)('a %s that fails with code %i is handed on as it is', async (rpc, grpcCode) => {
    const error = new CsiError({ rpc, grpcCode, message: 'no' });
    await expect(driver(error).all()[rpc]()).rejects.toBe(error);
  });
});
