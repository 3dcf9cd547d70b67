/**
 * Thousands of claims come and go, and csi-provisioner keeps nothing of them: role, caches, queues and journal as they run,
 * over an API server and a driver in memory that forget. The heap is looked at after full collections.
 */
import { text } from 'node:stream/consumers';
import { getHeapSnapshot } from 'node:v8';
import { expect, test } from 'vitest';
import { createInformerSet } from '../../lib/controller/informer-set.ts';
import { fixedRandom } from '../../lib/controller/testing/fixed-random.ts';
import { ManualClock } from '../../lib/controller/testing/manual-clock.ts';
import { MemoryApi } from '../../lib/controller/testing/memory-api.ts';
import type { Logger } from '../../lib/doors/log.ts';
import type { Doors } from '../../lib/doors/doors.ts';
import type { Driver } from '../../lib/csi/capabilities.ts';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { heapBytes } from '../../lib/kube/testing/heap-bytes.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '../../lib/kube/resources.ts';
import { scanFlags } from '../../lib/process/flag-syntax.ts';
import { readFlags } from '../../lib/process/flags.ts';
import { createMetrics } from '../../lib/process/metrics.ts';
import type { CreateVolumeRequest, CreateVolumeResponse } from '../../proto/gen/csi.ts';
import { PROVISIONER_FLAGS, readProvisionerOptions } from '../../provisioner/options.ts';
import { CSI_PROVISIONER } from '../../provisioner/role.ts';
import { aClaim, aClass, DRIVER } from '../../provisioner/testing/objects.ts';

/** By then most is compiled that will be. */
const WARM_UP = 1_000;
const CYCLES = 4_000;
const AT_ONCE = 100;
/** Code goes on being compiled; one object of each claim would be more. */
const MOST_BYTES_A_CYCLE = 500;
/** Of the last claims: what watches and signals hold on to until the next. */
const MOST_NAMED = 100;

const QUIET: Logger = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => QUIET,
};

function openRole() {
  const api = new MemoryApi();
  api.version = FIRST_VERSION;
  const clock = new ManualClock();
  const stop = new AbortController();
  const client = api.client();
  const doors = { clock, random: fixedRandom(0.5), host: { hostname: () => 'here' } } as unknown as Doors;
  const made = new Set<string>();
  const driver = {
    identity: () => ({
      name: DRIVER,
      vendorVersion: '1',
      plugin: new Set(['CONTROLLER_SERVICE']),
      controller: new Set(['CREATE_DELETE_VOLUME']),
      groupController: new Set<string>(),
    }),
    client: {
      createVolume: async ({ name }: CreateVolumeRequest): Promise<CreateVolumeResponse> => {
        made.add(`handle-${name}`);
        return {
          volume: {
            volumeId: `handle-${name}`,
            capacityBytes: 1n << 30n,
            volumeContext: {},
            contentSource: undefined,
            accessibleTopology: [],
          },
        };
      },
      deleteVolume: async ({ volumeId }: { readonly volumeId: string }) => {
        made.delete(volumeId);
        return {};
      },
    },
  } as unknown as Driver;
  const informers = createInformerSet({ client, doors, log: QUIET, resyncMs: 0 });
  const role = CSI_PROVISIONER.create({
    context: {
      doors,
      log: QUIET,
      client,
      informers,
      events: { record: () => {} },
      queueMetrics: { opened: () => {}, added: () => {}, started: () => {}, finished: () => {}, retried: () => {} },
      leaseIsFresh: () => true,
      fatal: (error) => {
        throw error;
      },
    },
    options: readProvisionerOptions(readFlags(PROVISIONER_FLAGS, scanFlags([], 'pflag', PROVISIONER_FLAGS).given), () => undefined),
    driver,
    metrics: createMetrics({ usage: () => ({ residentBytes: 1, cpuSeconds: 1, startSeconds: 1 }) }),
    leaseNamespace: 'storage',
    openClient: () => client,
    served: new Map(),
  });
  return { api, clock, made, informers, role, stop };
}

type Running = ReturnType<typeof openRole>;

/** The server makes uids of its versions: these are of no other test. */
const FIRST_VERSION = 7_000_000_000;
const UID = /uid-7\d{9}/g;

/** So many claims get volumes at once, are let go, and nothing is left of them. */
async function cycle({ api, clock, made }: Running, turn: number): Promise<void> {
  const names = Array.from({ length: AT_ONCE }, (_, index) => `claim-${turn}-${index}`);
  for (const name of names) {
    api.put(PERSISTENT_VOLUME_CLAIMS, aClaim({ metadata: { ...aClaim().metadata, name } }));
  }
  await clock.advance(2_000);
  const volumes = [...api.objects.values()].filter(({ kind }) => kind === 'PersistentVolume') as PersistentVolume[];
  if (volumes.length !== AT_ONCE) throw new Error(`${volumes.length} volumes for ${AT_ONCE} claims`);
  for (const name of names) api.remove(PERSISTENT_VOLUME_CLAIMS, name, 'shop');
  for (const volume of volumes) api.put(PERSISTENT_VOLUMES, { ...volume, status: { phase: 'Released' } });
  await clock.advance(2_000);
  const left = [...api.objects.keys()].filter((key) => key.startsWith(PERSISTENT_VOLUMES.plural));
  if (left.length + made.size > 0) throw new Error(`left: ${[...left, ...made].join(', ')}`);
  api.forgetPast();
}

/** How many of the claims some string in the heap names. */
async function named(): Promise<number> {
  const { strings } = JSON.parse(await text(getHeapSnapshot())) as { readonly strings: readonly string[] };
  const uids = strings.flatMap((one) => [...one.matchAll(UID)].map(([uid]) => uid));
  return new Set(uids).size;
}

test('the heap keeps nothing of claims that came and went', async () => {
  const running = openRole();
  const { api, clock, informers, role, stop } = running;
  api.put(STORAGE_CLASSES, aClass());
  informers.start(stop.signal);
  await clock.settle();
  await informers.waitSynced(stop.signal);
  role.start(stop.signal);
  await clock.advance(1_000);
  let turn = 0;
  for (; turn < WARM_UP / AT_ONCE; turn += 1) await cycle(running, turn);
  const before = { bytes: heapBytes(), timers: clock.timers };
  for (; turn < (WARM_UP + CYCLES) / AT_ONCE; turn += 1) await cycle(running, turn);
  const bytes = (heapBytes() - before.bytes) / CYCLES;
  expect(clock.timers).toBe(before.timers);
  expect(await named()).toBeLessThanOrEqual(MOST_NAMED);
  expect(bytes).toBeLessThan(MOST_BYTES_A_CYCLE);
  stop.abort();
});
