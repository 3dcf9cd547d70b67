import { describe, expect, test } from 'vitest';
import { GrpcCode } from './grpc-code.ts';
import { type Doubt, judge, type MakingRpc, outcomeOf } from './outcome.ts';

const CODES = Object.entries(GrpcCode);

describe('one answer', () => {
  // The peers' two tables: every code that is not named here is final.
  const unknown: Record<'CreateVolume' | 'CreateSnapshot', readonly string[]> = {
    CreateVolume: ['CANCELLED', 'DEADLINE_EXCEEDED', 'UNAVAILABLE', 'ABORTED'],
    CreateSnapshot: ['CANCELLED', 'DEADLINE_EXCEEDED', 'UNAVAILABLE', 'ABORTED', 'RESOURCE_EXHAUSTED'],
  };
  for (const rpc of ['CreateVolume', 'CreateSnapshot'] as const) {
    test(`${rpc}: the codes after which the driver may still be at work are unknown, the others final`, () => {
      for (const [name, grpcCode] of CODES) {
        const expected = name === 'OK' ? 'done' : unknown[rpc].includes(name) ? 'unknown' : 'failed';
        expect([name, outcomeOf({ rpc, grpcCode })]).toEqual([name, expected]);
      }
    });
  }

  test('groups are judged as snapshots', () => {
    for (const [, grpcCode] of CODES)
      expect(outcomeOf({ rpc: 'CreateVolumeGroupSnapshot', grpcCode })).toBe(outcomeOf({ rpc: 'CreateSnapshot', grpcCode }));
  });

  test('no gRPC status at all is unknown', () => {
    const rpcs: MakingRpc[] = ['CreateVolume', 'DeleteVolume', 'CreateSnapshot', 'DeleteSnapshot'];
    for (const rpc of rpcs) expect(outcomeOf({ rpc, grpcCode: undefined })).toBe('unknown');
  });

  test('no room is a reason to choose another node only for a volume with topology and a selected node', () => {
    const grpcCode = GrpcCode.RESOURCE_EXHAUSTED;
    expect(outcomeOf({ rpc: 'CreateVolume', grpcCode, canReschedule: true })).toBe('reschedule');
    expect(outcomeOf({ rpc: 'CreateVolume', grpcCode, canReschedule: false })).toBe('failed');
    expect(outcomeOf({ rpc: 'CreateSnapshot', grpcCode, canReschedule: true })).toBe('unknown');
  });
});

describe('answers after an unknown one', () => {
  const minute = 60_000;
  const final = (doubt: Doubt | undefined, grpcCode: number, nowMs: number): ReturnType<typeof judge> =>
    judge(doubt, { outcome: 'failed', grpcCode, nowMs });
  const unknownAt = (nowMs: number): Doubt | undefined => judge(undefined, { outcome: 'unknown', grpcCode: GrpcCode.ABORTED, nowMs }).doubt;

  test('without a doubt a final answer is final at once', () => {
    expect(final(undefined, GrpcCode.INTERNAL, 0)).toEqual({ outcome: 'failed', doubt: undefined, gaveUp: false });
  });

  test('success closes the case', () => {
    expect(judge(unknownAt(0), { outcome: 'done', grpcCode: 0, nowMs: 1 })).toEqual({ outcome: 'done', doubt: undefined, gaveUp: false });
  });

  test('the same final code closes it after five times over ten minutes, not before', () => {
    let doubt = unknownAt(0);
    for (const at of [0, 2.5, 5, 7.5, 9.9]) {
      const verdict = final(doubt, GrpcCode.INTERNAL, at * minute);
      expect(verdict).toMatchObject({ outcome: 'unknown', gaveUp: false });
      doubt = verdict.doubt;
    }
    expect(final(doubt, GrpcCode.INTERNAL, 10 * minute)).toEqual({ outcome: 'failed', doubt: undefined, gaveUp: true });
  });

  test('four times are not enough, however long they took', () => {
    let doubt = unknownAt(0);
    for (let time = 0; time < 4; time += 1) {
      const verdict = final(doubt, GrpcCode.INTERNAL, time * 60 * minute);
      expect(verdict.outcome).toBe('unknown');
      doubt = verdict.doubt;
    }
  });

  test('another code, or another unknown, starts the count again', () => {
    for (const disturb of [
      { outcome: 'failed', grpcCode: GrpcCode.NOT_FOUND } as const,
      { outcome: 'unknown', grpcCode: GrpcCode.ABORTED } as const,
    ]) {
      let doubt = unknownAt(0);
      for (let time = 0; time < 5; time += 1) doubt = final(doubt, GrpcCode.INTERNAL, time * minute).doubt;
      doubt = judge(doubt, { ...disturb, nowMs: 6 * minute }).doubt;
      expect(final(doubt, GrpcCode.INTERNAL, 11 * minute)).toMatchObject({ outcome: 'unknown', gaveUp: false });
    }
  });

  test('a refused login never closes it, nor does an object that exists: they are final only without a history', () => {
    for (const grpcCode of [GrpcCode.UNAUTHENTICATED, GrpcCode.PERMISSION_DENIED, GrpcCode.ALREADY_EXISTS]) {
      let doubt = unknownAt(0);
      for (let time = 0; time < 20; time += 1) {
        const verdict = final(doubt, grpcCode, time * 5 * minute);
        expect(verdict).toMatchObject({ outcome: 'unknown', gaveUp: false });
        doubt = verdict.doubt;
      }
      expect(doubt).toBeDefined();
      expect(judge(undefined, { outcome: 'failed', grpcCode, nowMs: 0 })).toEqual({ outcome: 'failed', doubt: undefined, gaveUp: false });
    }
  });
});
