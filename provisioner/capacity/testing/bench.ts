/**
 * The controller of capacities with real caches, over an API server and a driver in memory, on a clock that a test moves.
 * The API server knows no selector: what is put into it counts as ours.
 */
import { createInformerSet } from '../../../lib/controller/informer-set.ts';
import { fixedRandom } from '../../../lib/controller/testing/fixed-random.ts';
import { ManualClock } from '../../../lib/controller/testing/manual-clock.ts';
import { MemoryApi } from '../../../lib/controller/testing/memory-api.ts';
import { memoryLog } from '../../../lib/controller/testing/memory-log.ts';
import { CsiError } from '../../../lib/csi/csi-error.ts';
import type { OwnerReference } from '../../../lib/kube/objects.ts';
import { CSI_NODES, CSI_STORAGE_CAPACITIES, NODES, STORAGE_CLASSES } from '../../../lib/kube/resources.ts';
import type { GetCapacityRequest, GetCapacityResponse } from '../../../proto/gen/csi.ts';
import { openCaches } from '../../caches.ts';
import { createSegmentIndex } from '../../segments/segment-index.ts';
import { DRIVER } from '../../testing/objects.ts';
import { createCapacityController } from '../controller.ts';
import { OWNER, PUBLISHING } from './objects.ts';

export const POLL_MS = 60_000;

export interface BenchOptions {
  readonly owner?: OwnerReference | undefined;
  readonly immediateBinding?: boolean;
  readonly workers?: number;
}

export function openBench({ owner = OWNER, immediateBinding = false, workers = 1 }: BenchOptions = {}) {
  const api = new MemoryApi();
  const clock = new ManualClock();
  const log = memoryLog();
  const stop = new AbortController();
  const client = api.client();
  const doors = { clock, random: fixedRandom(0) };
  const informers = createInformerSet({ client, doors, log, resyncMs: 0 });
  const caches = openCaches(informers, {
    driver: DRIVER,
    leaseNamespace: 'storage',
    nodes: true,
    affinities: true,
    capacity: PUBLISHING,
    attachments: false,
    snapshots: false,
    crossNamespace: false,
    journals: false,
  });
  const { capacities, nodes, csiNodes } = caches;
  if (capacities === undefined || nodes === undefined || csiNodes === undefined) throw new Error('a cache is missing');
  /** Bytes by zone; a zone that is not there has none. */
  const room = new Map<string, bigint>();
  const asked: GetCapacityRequest[] = [];
  const driver = {
    /** Instead of an answer from `room`. */
    answer: undefined as (() => Partial<GetCapacityResponse>) | undefined,
    getCapacity: async (request: GetCapacityRequest): Promise<GetCapacityResponse> => {
      await Promise.resolve();
      asked.push(request);
      const availableCapacity = room.get(request.accessibleTopology?.segments['zone'] ?? '') ?? 0n;
      return { availableCapacity, maximumVolumeSize: undefined, minimumVolumeSize: undefined, ...driver.answer?.() };
    },
  };
  const controller = createCapacityController(
    {
      caches: { classes: caches.classes, capacities },
      segments: createSegmentIndex({ driver: DRIVER, nodes, csiNodes }),
      immediateBinding,
      publishing: () => ({ ...PUBLISHING, owner, pollMs: POLL_MS }),
      memories: new Map(),
      client,
      driver,
      log,
      monotonic: () => clock.monotonic(),
    },
    {
      workers,
      retryStartMs: 1_000,
      retryMaxMs: 300_000,
      doors,
      log,
      events: { record: () => undefined },
      metrics: { opened: () => {}, added: () => {}, started: () => {}, finished: () => {}, retried: () => {} },
      leaseIsFresh: () => true,
      fatal: (error) => {
        throw error;
      },
    },
  );
  let writesSeen = 0;
  const sync = async (): Promise<void> => {
    informers.start(stop.signal);
    await clock.settle();
    await informers.waitSynced(stop.signal);
  };
  return {
    api,
    clock,
    log,
    room,
    asked,
    driver,
    controller,
    addNode: (name: string, zone: string) => {
      api.put(NODES, { metadata: { name, labels: { zone } } });
      api.put(CSI_NODES, { metadata: { name }, spec: { drivers: [{ name: DRIVER, topologyKeys: ['zone'] }] } });
    },
    removeNode: (name: string) => api.remove(CSI_NODES, name),
    addClass: (name: string, volumeBindingMode: string | undefined = 'WaitForFirstConsumer', provisioner = DRIVER) =>
      api.put(STORAGE_CLASSES, {
        metadata: { name },
        provisioner,
        parameters: { kind: name, 'csi.storage.k8s.io/fstype': 'xfs' },
        volumeBindingMode,
      }),
    /** Published room: `class zone: quantity`, sorted. */
    published: () =>
      [...api.objects]
        .filter(([key]) => key.startsWith(`${CSI_STORAGE_CAPACITIES.plural}|`))
        .map(
          ([, object]) =>
            object as { storageClassName?: string; nodeTopology?: { matchLabels?: Record<string, string> }; capacity?: string },
        )
        .map(
          ({ storageClassName = '', nodeTopology, capacity = '' }) =>
            `${storageClassName} ${nodeTopology?.matchLabels?.['zone'] ?? ''}: ${capacity}`,
        )
        .sort(),
    /** Writes since the last time that this was asked. */
    writes: () => {
      const all = api.calls.filter(({ verb }) => ['create', 'replace', 'patch', 'delete'].includes(verb));
      const from = writesSeen;
      writesSeen = all.length;
      return all.slice(from).map(({ verb, name }) => `${verb} ${name.startsWith('csisc-') && name.length > 20 ? 'own' : name}`);
    },
    sync,
    start: async () => {
      await sync();
      controller.start(stop.signal);
      await clock.advance(0);
    },
    stop: () => stop.abort(),
  };
}

export const refused = (): never => {
  throw new CsiError({ rpc: 'GetCapacity', grpcCode: 13, message: 'the array does not answer' });
};
