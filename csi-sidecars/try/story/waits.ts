/** What a user waits for, and what they would read if it does not come. */
import { join } from 'node:path';
import { isNotFound } from '../../../lib/kube/api-error.ts';
import type { KubeObject, PersistentVolumeClaim, Resource, VolumeSnapshot } from '../../../lib/kube/objects.ts';
import {
  EVENTS,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../../lib/kube/resources.ts';
import type { Pod } from '../../../sandbox/node/pod.ts';
import { isRunning, NODE_PODS } from '../../../sandbox/node/pod.ts';
import { publishPath } from '../../../sandbox/node/volume.ts';
import type { TryWorld } from '../world/world.ts';
import { until } from '../world/world.ts';
import { NAMESPACE } from './objects.ts';

export function create<T extends KubeObject>({ cluster, signal }: TryWorld, resource: Resource<T>, object: T): Promise<T> {
  return cluster.client.create(resource, object, { signal });
}

/** No object of this name is fine, too. */
export async function remove({ cluster, signal }: TryWorld, resource: Resource<KubeObject>, name: string): Promise<void> {
  try {
    await cluster.client.delete(resource, { namespace: NAMESPACE, name }, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function untilObject<T extends KubeObject>(
  world: TryWorld,
  resource: Resource<T>,
  { name, is, test }: { readonly name: string; readonly is: string; readonly test: (object: T) => boolean },
): Promise<T> {
  return until(world, `${resource.kind} ${name} ${is}`, {
    probe: async () => {
      const object = await world.cluster.client.get(resource, { namespace: NAMESPACE, name }, world.signal);
      return test(object) ? object : undefined;
    },
    hint: () => lastWarning(world, name),
  });
}

/** The newest warning about an object of this name, as `kubectl describe` shows it. */
async function lastWarning({ cluster }: TryWorld, name: string): Promise<string> {
  const { items } = await cluster.client.list(EVENTS, { signal: new AbortController().signal });
  const about = items.filter(({ involvedObject, type }) => involvedObject?.name === name && type === 'Warning');
  const last = about.sort((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? -1 : 1)).at(-1);
  return last === undefined ? '' : `${last.reason ?? ''}: ${last.message ?? ''}`;
}

export function bound(world: TryWorld, name: string): Promise<PersistentVolumeClaim> {
  return untilObject(world, PERSISTENT_VOLUME_CLAIMS, { name, is: 'is bound', test: ({ status }) => status?.phase === 'Bound' });
}

export function ready(world: TryWorld, name: string): Promise<VolumeSnapshot> {
  return untilObject(world, VOLUME_SNAPSHOTS, { name, is: 'is ready to use', test: ({ status }) => status?.readyToUse === true });
}

/** The Pod runs; answers where its volume is. */
export async function mounted(world: TryWorld, newPod: Pod): Promise<string> {
  const { metadata, spec } = await create(world, NODE_PODS, newPod);
  return whereMounted(world, metadata?.name ?? '', spec?.volumes?.[0]?.persistentVolumeClaim?.claimName ?? '');
}

export async function whereMounted(world: TryWorld, podName: string, claimName: string): Promise<string> {
  const { metadata } = await untilObject(world, NODE_PODS, { name: podName, is: 'runs', test: isRunning });
  const { spec } = await bound(world, claimName);
  return publishPath(join(world.dir, 'node'), metadata?.uid ?? '', spec?.volumeName ?? '');
}

export async function unmounted(world: TryWorld, podName: string): Promise<void> {
  await remove(world, NODE_PODS, podName);
  await gone(world, NODE_PODS, [podName]);
}

export async function gone(world: TryWorld, resource: Resource<KubeObject>, names: readonly string[]): Promise<void> {
  await until(world, `${names.join(', ')} to go`, {
    probe: async () => {
      const { items } = await world.cluster.client.list(resource, {
        ...(resource.namespaced ? { namespace: NAMESPACE } : {}),
        signal: world.signal,
      });
      return items.some(({ metadata }) => names.includes(metadata?.name ?? '')) ? undefined : true;
    },
    hint: async () => lastWarning(world, names[0] ?? ''),
  });
}

/** The volume of a claim is gone, and so is what stood for it. */
export function volumeGone(world: TryWorld, claimName: string): Promise<void> {
  return noneOf(world, PERSISTENT_VOLUMES, { of: claimName, test: ({ spec }) => spec?.claimRef?.name === claimName });
}

export function snapshotGone(world: TryWorld, name: string): Promise<void> {
  return noneOf(world, VOLUME_SNAPSHOT_CONTENTS, { of: name, test: ({ spec }) => spec?.volumeSnapshotRef?.name === name });
}

async function noneOf<T extends KubeObject>(
  world: TryWorld,
  resource: Resource<T>,
  { of, test }: { readonly of: string; readonly test: (object: T) => boolean },
): Promise<void> {
  const find = async (signal: AbortSignal): Promise<T | undefined> =>
    (await world.cluster.client.list(resource, { signal })).items.find(test);
  await until(world, `the ${resource.kind} of ${of} to go`, {
    probe: async () => ((await find(world.signal)) === undefined ? true : undefined),
    hint: async () => lastWarning(world, (await find(new AbortController().signal))?.metadata?.name ?? ''),
  });
}

/** No volume and no content is left in the cluster. */
export async function allGone(world: TryWorld): Promise<void> {
  for (const resource of [VOLUME_SNAPSHOT_CONTENTS, PERSISTENT_VOLUMES] as readonly Resource<KubeObject>[])
    await until(world, `all ${resource.plural} to go`, {
      probe: async () => ((await world.cluster.client.list(resource, { signal: world.signal })).items.length === 0 ? true : undefined),
      hint: async () => {
        const { items } = await world.cluster.client.list(resource, { signal: new AbortController().signal });
        return `left: ${items.map(({ metadata }) => metadata?.name ?? '').join(', ')}`;
      },
    });
}
