/** The capacities of one program: what flags and environment say put together, and started once their owner is known. */
import { sharedOptions } from '../../lib/controller/shared-options.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import type { Driver } from '../../lib/csi/capabilities.ts';
import type { ClientLimit, KubeClient } from '../../lib/kube/client.ts';
import type { OwnerReference } from '../../lib/kube/objects.ts';
import type { MetricsRegistry } from '../../lib/process/metrics.ts';
import type { ProvisionerOptions } from '../options.ts';
import type { Segments } from '../segments/segments.ts';
import type { CapacityController } from './controller.ts';
import { createCapacityController } from './controller.ts';
import type { CapacityGatherDeps } from './gather.ts';
import { createCapacityMetrics } from './metrics.ts';
import type { Publisher } from './names.ts';
import { findOwner } from './owner.ts';

/** The Go program's burst, for whoever sets only a rate. */
const PEER_BURST = 5;

export interface CapacityInput {
  readonly caches: CapacityGatherDeps['caches'];
  /** Those that this program serves. */
  readonly segments: Segments;
  readonly publisher: Publisher;
  readonly context: RoleContext;
  readonly options: ProvisionerOptions;
  readonly driver: Driver;
  readonly registry: MetricsRegistry;
  readonly openClient: (limit: ClientLimit) => KubeClient;
}

export function openCapacity(input: CapacityInput): CapacityController {
  const { caches, segments, publisher, context, options, driver, registry, openClient } = input;
  const { doors, log } = context;
  const { clock } = doors;
  const { kubeApiCapacityQps: qps, kubeApiCapacityBurst: burst, capacityOwnerrefLevel: level, pod } = options;
  const client = qps > 0 ? openClient({ qps, burst: burst > 0 ? burst : PEER_BURST }) : context.client;
  const pace = { workers: options.capacityThreads, retryStartMs: options.retryIntervalStartMs, retryMaxMs: options.retryIntervalMaxMs };
  let owner: OwnerReference | undefined;
  const controller = createCapacityController(
    {
      caches,
      segments,
      immediateBinding: options.capacityForImmediateBinding,
      publishing: () => ({ ...publisher, namespace: pod.namespace, owner, pollMs: options.capacityPollIntervalMs }),
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
