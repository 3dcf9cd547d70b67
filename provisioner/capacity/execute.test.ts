import { expect, test } from 'vitest';
import { apiError } from '../../lib/controller/testing/memory-api.ts';
import { memoryLog } from '../../lib/controller/testing/memory-log.ts';
import type { CsiStorageCapacity } from '../../lib/kube/objects.ts';
import type { CapacityDeps } from './execute.ts';
import { execute } from './execute.ts';
import type { CapacityStep } from './state.ts';
import { aCapacity, aState } from './testing/objects.ts';

const OWN_NAME = 'csisc-722b0eade37de085ff6c45ec2f3fbf90';
const stored = aCapacity({ metadata: { name: OWN_NAME, resourceVersion: '7' } });

/** What is asked of the API server, and what the cache is told before its watch says so. */
function open(server: Partial<Record<'get' | 'create' | 'replace' | 'delete', (...words: never[]) => unknown>>) {
  const told: string[] = [];
  const deps = {
    client: server,
    caches: {
      capacities: {
        absorb: ({ metadata }: CsiStorageCapacity) => told.push(`absorb ${metadata?.resourceVersion ?? ''}`),
        ended: ({ metadata }: CsiStorageCapacity) => told.push(`ended ${metadata?.name ?? ''}`),
      },
    },
    log: memoryLog(),
  } as unknown as CapacityDeps;
  const run = (step: CapacityStep) => execute(deps, step, { state: aState({ objects: [] }), signal: new AbortController().signal });
  return { told, run };
}

const step = (kind: 'create' | 'update' | 'delete'): CapacityStep =>
  kind === 'delete' ? { kind, backoff: 'delete', inputs: '', object: stored } : { kind, backoff: 'write', inputs: '', object: stored };
const exists = () => Promise.reject(apiError(409, 'AlreadyExists'));
const missing = () => Promise.reject(apiError(404, 'NotFound'));

test('what is written is known before the watch tells it', async () => {
  const { run, told } = open({ create: async () => stored, replace: async () => stored });
  expect(await run(step('create'))).toEqual({ kind: 'object', object: stored });
  expect(await run(step('update'))).toEqual({ kind: 'object', object: stored });
  expect(told).toEqual(['absorb 7', 'absorb 7']);
});

test('what is gone is known to be gone', async () => {
  const { run, told } = open({ replace: missing, delete: missing });
  expect(await run(step('update'))).toEqual({ kind: 'object', object: undefined });
  expect(await run(step('delete'))).toEqual({ kind: 'object', object: undefined });
  expect(told).toEqual([`ended ${OWN_NAME}`, `ended ${OWN_NAME}`]);
});

test('only the very object that was looked at is deleted, and one that a finalizer holds stays known', async () => {
  const asked: unknown[] = [];
  const { run, told } = open({
    delete: async (...words: unknown[]) => {
      asked.push(words[2]);
      return stored;
    },
  });
  await run(step('delete'));
  expect(asked).toMatchObject([{ uid: 'capacity-1', resourceVersion: '7' }]);
  expect(told).toEqual(['absorb 7']);
});

test.each<[string, CsiStorageCapacity]>([
  ['without our labels', aCapacity({ metadata: { labels: {} } })],
  ['of another manager', aCapacity({ metadata: { labels: { ...stored.metadata?.labels, 'csi.storage.k8s.io/managed-by': 'other' } } })],
  ['about something else', aCapacity({ storageClassName: 'slow' })],
  ['that is being deleted', aCapacity({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })],
])('an object under our name %s is not taken', async (_, object) => {
  const { run, told } = open({ create: exists, get: async () => object });
  expect(await run(step('create'))).toEqual({ kind: 'name-taken' });
  expect(told).toEqual([]);
});

test('an object under our name that says what ours would is taken', async () => {
  const { run, told } = open({ create: exists, get: async () => stored });
  expect(await run(step('create'))).toEqual({ kind: 'object', object: stored });
  expect(told).toEqual(['absorb 7']);
});

test('one that went again is tried anew', async () => {
  const { run } = open({ create: exists, get: missing });
  await expect(run(step('create'))).rejects.toThrow('AlreadyExists');
});
