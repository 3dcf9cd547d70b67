/** The capacities of one program: what flags and environment say put together, and started once their owner is known. */
import { sharedOptions } from '../../lib/controller/shared-options.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import type { Driver } from '../../lib/csi/capabilities.ts';
import type { ClientLimit, KubeClient } from '../../lib/kube/client.ts';
import type { OwnerReference } from '../../lib/kube/objects.ts';
import type { MetricsRegistry } from '../../lib/process/metrics.ts';
import type { Caches } from '../caches.ts';
import type { ProvisionerOptions } from '../options.ts';
import { fixedSegment, type Segments } from '../segments/segments.ts';
import { createSegmentIndex } from '../segments/segment-index.ts';
import type { CapacityController } from './controller.ts';
import { createCapacityController } from './controller.ts';
import { createCapacityMetrics } from './metrics.ts';
import { managedBy } from './names.ts';
import { findOwner } from './owner.ts';

/** The Go program's burst, for whoever sets only a rate. */
const PEER_BURST = 5;

export interface CapacityInput {
  readonly caches: Caches;
  readonly context: RoleContext;
  readonly options: ProvisionerOptions;
  readonly driver: Driver;
  readonly registry: MetricsRegistry;
  readonly openClient: (limit: ClientLimit) => KubeClient;
}

/** Value of the managed-by label of this program's objects. */
export function managerOf({ nodeDeployment, nodeName }: ProvisionerOptions): string {
  return managedBy(nodeDeployment ? nodeName : undefined);
}

/** Of a program that serves one node, that node's alone. */
function segmentsOf({ nodes, csiNodes }: Caches, driver: Driver): Segments {
  return nodes === undefined || csiNodes === undefined
    ? fixedSegment(driver.identity().node?.segments ?? {})
    : createSegmentIndex({ driver: driver.identity().name, nodes, csiNodes });
}

/** Undefined where no capacities are published. */
export function openCapacity({ caches, context, options, driver, registry, openClient }: CapacityInput): CapacityController | undefined {
  const { capacities } = caches;
  if (capacities === undefined) return undefined;
  const { doors, log } = context;
  const { clock } = doors;
  const { name } = driver.identity();
  const { kubeApiCapacityQps: qps, kubeApiCapacityBurst: burst, capacityOwnerrefLevel: level, pod } = options;
  const client = qps > 0 ? openClient({ qps, burst: burst > 0 ? burst : PEER_BURST }) : context.client;
  const pace = { workers: options.capacityThreads, retryStartMs: options.retryIntervalStartMs, retryMaxMs: options.retryIntervalMaxMs };
  let owner: OwnerReference | undefined;
  const controller = createCapacityController(
    {
      caches: { classes: caches.classes, capacities },
      segments: segmentsOf(caches, driver),
      immediateBinding: options.capacityForImmediateBinding,
      publishing: () => ({
        driver: name,
        managedBy: managerOf(options),
        namespace: pod.namespace,
        owner,
        pollMs: options.capacityPollIntervalMs,
      }),
      memories: new Map(),
      client,
      driver: driver.client,
      log,
      monotonic: () => clock.monotonic(),
    },
    sharedOptions(context, pace),
  );
  createCapacityMetrics(registry, () => controller.counts());
  if (!driver.identity().controller.has('GET_CAPACITY'))
    log.warn('--enable-capacity: the driver does not say that it can tell its capacity (GET_CAPACITY); it is asked all the same');
  const begin = async (signal: AbortSignal): Promise<void> => {
    if (level >= 0) owner = await findOwner({ client, clock, log, ...pace }, { pod, level }, signal);
    if (!signal.aborted) controller.start(signal);
  };
  return {
    ...controller,
    start: (signal) => {
      begin(signal).catch((error: unknown) => {
        if (!signal.aborted) context.fatal(error);
      });
    },
  };
}
