import { describe, expect, test } from 'vitest';
import { CsiError } from '../../lib/csi/csi-error.ts';
import type { Finding } from './causes.ts';
import type { CleanOptions } from './clean.ts';
import { clean } from './clean.ts';

const volume: Finding = { cause: 'volume-of-nobody', kind: 'volume', id: 'vol', detail: '' };
const snapshot: Finding = { cause: 'content-gone', kind: 'snapshot', id: 'snap', detail: '' };

async function run(more: Partial<CleanOptions> = {}): Promise<{ readonly deleted: string[]; readonly results: string[] }> {
  const deleted: string[] = [];
  const deeds = await clean({
    findings: [volume, snapshot],
    again: async (finding) => finding,
    deletes: async ({ id }) => void deleted.push(id),
    begun: () => undefined,
    signal: new AbortController().signal,
    ...more,
  });
  return { deleted, results: deeds.map(({ finding, result, detail }) => `${finding.id} ${result} ${detail}`.trim()) };
}

describe('a clean-up', () => {
  test('takes snapshots before volumes', async () => {
    expect(await run()).toEqual({ deleted: ['snap', 'vol'], results: ['snap deleted', 'vol deleted'] });
  });

  test('leaves what is accounted for by the time of its turn', async () => {
    const { deleted, results } = await run({ again: async (finding) => (finding.id === 'vol' ? undefined : finding) });
    expect(deleted).toEqual(['snap']);
    expect(results[1]).toBe('vol left it is accounted for now, or gone');
  });

  test('leaves what has come into doubt by the time of its turn', async () => {
    const { deleted, results } = await run({ again: async (finding) => ({ ...finding, keep: 'a claim waits' }) });
    expect(deleted).toEqual([]);
    expect(results).toEqual(['snap left a claim waits', 'vol left a claim waits']);
  });

  test('never touches what leaves a doubt, nor an object of the cluster', async () => {
    const findings: Finding[] = [
      { ...volume, keep: 'in doubt' },
      { ...volume, cause: 'volume-lost', object: 'PersistentVolume/p' },
    ];
    expect(await run({ findings })).toEqual({ deleted: [], results: [] });
  });

  test('goes on where the driver refuses one', async () => {
    const refusal = new CsiError({ rpc: 'DeleteSnapshot', grpcCode: 9, message: 'in use' });
    const { results } = await run({ deletes: async ({ id }) => (id === 'snap' ? Promise.reject(refusal) : undefined) });
    expect(results).toEqual(['snap failed rpc error: code = FailedPrecondition desc = in use', 'vol deleted']);
  });

  test('that is stopped says what it did not come to', async () => {
    const ending = new AbortController();
    const { results } = await run({ signal: ending.signal, deletes: async () => ending.abort() });
    expect(results).toEqual(['snap deleted', 'vol left stopped before its turn']);
  });
});
