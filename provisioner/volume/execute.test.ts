import { expect, test } from 'vitest';
import { memoryLog } from '../../lib/controller/testing/memory-log.ts';
import type { MetricsRegistry } from '../../lib/process/metrics.ts';
import { createMetrics } from '../../lib/process/metrics.ts';
import type { CapacityRefresh } from '../capacity-refresh.ts';
import { NO_CAPACITY } from '../capacity-refresh.ts';
import { createClaimsInProgress } from '../intent/claims-in-progress.ts';
import { createProvisionMetrics } from '../metrics.ts';
import { apiError, cacheOf } from '../testing/claim-world.ts';
import { aClass, aVolume, VOLUME_NAME } from '../testing/objects.ts';
import { settings } from '../testing/states.ts';
import type { VolumeDeps } from './execute.ts';
import { decide } from './decide.ts';
import { reconciler } from './controller.ts';
import { execute } from './execute.ts';
import { gather } from './gather.ts';
import type { VolumeState, VolumeStep } from './state.ts';

const DELETE: VolumeStep = { kind: 'delete-volume', backoff: 'delete-volume', inputs: '', handle: 'vol-1', secret: undefined };
const AFFINITY = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] } };
const usage = { residentBytes: 0, cpuSeconds: 0, startSeconds: 0 };

/** The driver takes two seconds. */
function open(metrics: MetricsRegistry, capacity: CapacityRefresh = NO_CAPACITY) {
  const clock = { ms: 1_000 };
  const volumes = cacheOf(new Map([[VOLUME_NAME, aVolume({ status: { phase: 'Released' }, nodeAffinity: AFFINITY })]]));
  const counts = { open: 0, undecided: 0, secretMissing: 0, unreadable: 0 };
  const deps = {
    caches: { volumes, classes: cacheOf(new Map([['fast', aClass()]])), attachments: undefined, claims: cacheOf(new Map()) },
    settings: () => settings(),
    memories: new Map(),
    progress: createClaimsInProgress(),
    metrics: createProvisionMetrics(metrics, () => counts),
    capacity,
    driver: {
      deleteVolume: async () => {
        clock.ms += 2_000;
        return {};
      },
    },
    log: memoryLog(),
    leaseIsFresh: () => true,
    monotonic: () => clock.ms,
  } as unknown as VolumeDeps;
  const state = gather(deps, VOLUME_NAME) as VolumeState;
  return { deps, state, run: () => execute(deps, DELETE, { state, signal: new AbortController().signal }) };
}

test('a deletion frees room where the volume was', async () => {
  const freed: unknown[] = [];
  await open(createMetrics({ usage: () => usage }), { moved: (where) => void freed.push(where) }).run();
  expect(freed).toEqual([{ affinity: AFFINITY, className: 'fast' }]);
});

test('a deletion is counted once, with its seconds', async () => {
  const metrics = createMetrics({ usage: () => usage });
  expect(await open(metrics).run()).toEqual({ kind: 'deleted' });
  const lines = (await metrics.expose()).split('\n');
  expect(lines).toContain('controller_persistentvolume_delete_total{class="fast"} 1');
  expect(lines).toContain('controller_persistentvolume_delete_duration_seconds_sum{class="fast"} 2');
  expect(lines).toContain('controller_persistentvolume_delete_duration_seconds_count{class="fast"} 1');
});

test('what fails is counted, and what is only postponed is not', async () => {
  const metrics = createMetrics({ usage: () => usage });
  const { deps, state } = open(metrics);
  const failed = async (change: Partial<VolumeState>): Promise<string | undefined> => {
    const rest = decide({ ...state, ...change });
    if (rest.kind !== 'retry') throw new Error(rest.kind);
    reconciler(deps).settled?.(VOLUME_NAME, state, { rest, attempt: true });
    return (await metrics.expose()).split('\n').find((line) => line.startsWith('controller_persistentvolume_delete_failed_total{'));
  };
  expect(await failed({ attachedTo: ['node-7'] })).toBeUndefined();
  expect(await failed({ failure: 'rpc error' })).toBe('controller_persistentvolume_delete_failed_total{class="fast"} 1');
});

test('a PV whose object cannot be deleted stays, told and counted, and its volume is not deleted a second time', async () => {
  const metrics = createMetrics({ usage: () => usage });
  const { deps, state, run } = open(metrics);
  const refusal = apiError(500);
  const client = { delete: () => Promise.reject(refusal) } as unknown as VolumeDeps['client'];
  await run();
  const step: VolumeStep = { kind: 'delete-object', backoff: 'delete-volume', inputs: '' };
  await expect(execute({ ...deps, client }, step, { state, signal: new AbortController().signal })).rejects.toBe(refusal);
  expect(deps.caches.volumes.store.get(VOLUME_NAME)).toBeDefined();
  expect(reconciler(deps).failed?.(VOLUME_NAME, { error: refusal, state, step })).toMatchObject([
    { type: 'Warning', reason: 'VolumeFailedDelete', message: expect.stringContaining('said 500') },
  ]);
  expect(await metrics.expose()).toContain('controller_persistentvolume_delete_failed_total{class="fast"} 1');
  expect(decide(gather(deps, VOLUME_NAME) as VolumeState).kind).toBe('delete-object');
});

test('the deletion of a volume of the plugin that the driver took over is marked for the metrics', async () => {
  const { deps, state } = open(createMetrics({ usage: () => usage }));
  const marks: unknown[] = [];
  const driver: VolumeDeps['driver'] = {
    deleteVolume: async (_request, _signal, mark) => {
      marks.push(mark);
      return {};
    },
  };
  const { csi: _, ...spec } = state.volume.spec ?? {};
  const plugins = { ...state.volume, spec: { ...spec, awsElasticBlockStore: { volumeID: 'vol-1' } } };
  for (const volume of [plugins, state.volume])
    await execute({ ...deps, driver }, DELETE, {
      state: { ...state, driver: 'ebs.csi.aws.com', volume },
      signal: new AbortController().signal,
    });
  expect(marks).toEqual([{ migrated: true }, { migrated: false }]);
});
