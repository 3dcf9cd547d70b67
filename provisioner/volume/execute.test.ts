import { expect, test } from 'vitest';
import { memoryLog } from '../../lib/controller/testing/memory-log.ts';
import type { MetricsRegistry } from '../../lib/process/metrics.ts';
import { createMetrics } from '../../lib/process/metrics.ts';
import type { CapacityRefresh } from '../capacity-refresh.ts';
import { NO_CAPACITY } from '../capacity-refresh.ts';
import { createClaimsInProgress } from '../intent/claims-in-progress.ts';
import { createProvisionMetrics } from '../metrics.ts';
import { cacheOf } from '../testing/claim-world.ts';
import { aClass, aVolume, VOLUME_NAME } from '../testing/objects.ts';
import { settings } from '../testing/states.ts';
import type { VolumeDeps } from './execute.ts';
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
  return () => execute(deps, DELETE, { state, signal: new AbortController().signal });
}

test('a deletion frees room where the volume was', async () => {
  const freed: unknown[] = [];
  await open(createMetrics({ usage: () => usage }), { moved: (where) => void freed.push(where) })();
  expect(freed).toEqual([{ affinity: AFFINITY, className: 'fast' }]);
});

test('a deletion is counted once, with its seconds', async () => {
  const metrics = createMetrics({ usage: () => usage });
  expect(await open(metrics)()).toEqual({ kind: 'deleted' });
  const lines = (await metrics.expose()).split('\n');
  expect(lines).toContain('controller_persistentvolume_delete_total{class="fast"} 1');
  expect(lines).toContain('controller_persistentvolume_delete_duration_seconds_sum{class="fast"} 2');
  expect(lines).toContain('controller_persistentvolume_delete_duration_seconds_count{class="fast"} 1');
});
