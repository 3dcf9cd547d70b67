import { describe, expect, test } from 'vitest';
import { GrpcCode } from './grpc-code.ts';
import { type Ambiguity, judge, type MakingRpc, outcomeOf } from './outcome.ts';

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
  const final = (ambiguity: Ambiguity | undefined, grpcCode: number, nowMs: number): ReturnType<typeof judge> =>
    judge(ambiguity, { outcome: 'failed', grpcCode, nowMs });
  const unknownAt = (nowMs: number): Ambiguity | undefined =>
    judge(undefined, { outcome: 'unknown', grpcCode: GrpcCode.ABORTED, nowMs }).ambiguity;

  test('without an earlier unknown answer a final answer is final at once', () => {
    expect(final(undefined, GrpcCode.INTERNAL, 0)).toEqual({ outcome: 'failed', ambiguity: undefined, gaveUp: false });
  });

  test('success closes the case', () => {
    expect(judge(unknownAt(0), { outcome: 'done', grpcCode: 0, nowMs: 1 })).toEqual({
      outcome: 'done',
      ambiguity: undefined,
      gaveUp: false,
    });
  });

  test('the same final code closes it after five times over ten minutes, not before', () => {
    let ambiguity = unknownAt(0);
    for (const at of [0, 2.5, 5, 7.5, 9.9]) {
      const verdict = final(ambiguity, GrpcCode.INTERNAL, at * minute);
      expect(verdict).toMatchObject({ outcome: 'unknown', gaveUp: false });
      ambiguity = verdict.ambiguity;
    }
    expect(final(ambiguity, GrpcCode.INTERNAL, 10 * minute)).toEqual({ outcome: 'failed', ambiguity: undefined, gaveUp: true });
  });

  test('four times are not enough, however long they took', () => {
    let ambiguity = unknownAt(0);
    for (let time = 0; time < 4; time += 1) {
      const verdict = final(ambiguity, GrpcCode.INTERNAL, time * 60 * minute);
      expect(verdict.outcome).toBe('unknown');
      ambiguity = verdict.ambiguity;
    }
  });

  test('another code, or another unknown, starts the count again', () => {
    for (const disturb of [
      { outcome: 'failed', grpcCode: GrpcCode.NOT_FOUND } as const,
      { outcome: 'unknown', grpcCode: GrpcCode.ABORTED } as const,
    ]) {
      let ambiguity = unknownAt(0);
      for (let time = 0; time < 5; time += 1) ambiguity = final(ambiguity, GrpcCode.INTERNAL, time * minute).ambiguity;
      ambiguity = judge(ambiguity, { ...disturb, nowMs: 6 * minute }).ambiguity;
      expect(final(ambiguity, GrpcCode.INTERNAL, 11 * minute)).toMatchObject({ outcome: 'unknown', gaveUp: false });
    }
  });

  test('a refused login never closes it, nor does an object that exists: they are final only without a history', () => {
    for (const grpcCode of [GrpcCode.UNAUTHENTICATED, GrpcCode.PERMISSION_DENIED, GrpcCode.ALREADY_EXISTS]) {
      let ambiguity = unknownAt(0);
      for (let time = 0; time < 20; time += 1) {
        const verdict = final(ambiguity, grpcCode, time * 5 * minute);
        expect(verdict).toMatchObject({ outcome: 'unknown', gaveUp: false });
        ambiguity = verdict.ambiguity;
      }
      expect(ambiguity).toBeDefined();
      expect(judge(undefined, { outcome: 'failed', grpcCode, nowMs: 0 })).toEqual({
        outcome: 'failed',
        ambiguity: undefined,
        gaveUp: false,
      });
    }
  });
});
