/**
 * Who owns the CSIStorageCapacity objects: the Pod of this process, or what controls it, so many hops away. When the owner
 * is deleted, the cluster's garbage collection takes the objects along. The last hop is not read, so a Pod of a
 * StatefulSet needs no grant for StatefulSets.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import type { Logger } from '../../lib/doors/log.ts';
import { sleep } from '../../lib/doors/sleep.ts';
import { ApiError } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject, OwnerReference, Resource } from '../../lib/kube/objects.ts';
import { PODS } from '../../lib/kube/resources.ts';

export interface PodPlace {
  readonly namespace: string;
  readonly name: string;
}

export interface OwnerDeps {
  readonly client: Pick<KubeClient, 'get' | 'raw'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retryStartMs: number;
  readonly retryMaxMs: number;
}

/** Undefined where the signal ended the search. What fails is said and tried again: volumes are provisioned meanwhile. */
export async function findOwner(
  { client, clock, log, retryStartMs, retryMaxMs }: OwnerDeps,
  { pod, level }: { readonly pod: PodPlace; readonly level: number },
  signal: AbortSignal,
): Promise<OwnerReference | undefined> {
  for (let waitMs = retryStartMs; !signal.aborted; waitMs = Math.min(waitMs * 2, retryMaxMs)) {
    try {
      return await ownerOf(client, { pod, level }, signal);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NoOwner)) throw error;
      if (signal.aborted) return undefined;
      const what =
        'no CSIStorageCapacity is published before its owner is found: check NAMESPACE, POD_NAME, --capacity-ownerref-level and the grant to get pods';
      log.error(what, error, { pod: `${pod.namespace}/${pod.name}`, level, retryInMs: waitMs });
      await sleep(clock, waitMs, signal);
    }
  }
  return undefined;
}

/** Nothing controls an object on the way. */
export class NoOwner extends Error {
  readonly code = 'NO_OWNER';
}

/** `level`: 0 is the Pod itself, 1 its controller, 2 the controller of that. Rejects with ApiError or NoOwner. */
export async function ownerOf(
  client: OwnerDeps['client'],
  { pod: { namespace, name }, level }: { readonly pod: PodPlace; readonly level: number },
  signal: AbortSignal,
): Promise<OwnerReference> {
  const pod = await client.get(PODS, { namespace, name }, signal);
  let reference: OwnerReference = { apiVersion: 'v1', kind: 'Pod', name, uid: pod.metadata?.uid ?? '', controller: true };
  let object: KubeObject = pod;
  for (let hops = level; hops > 0; hops -= 1) {
    const controller = object.metadata?.ownerReferences?.find((owner) => owner.controller === true);
    if (controller === undefined) throw new NoOwner(`nothing controls ${reference.kind ?? ''} ${namespace}/${reference.name ?? ''}`);
    const { apiVersion = '', kind = '', name: owner = '', uid = '' } = controller;
    reference = { apiVersion, kind, name: owner, uid, controller: true };
    if (hops > 1) object = await client.get(await resourceOf(client, { apiVersion, kind }, signal), { namespace, name: owner }, signal);
  }
  return reference;
}

/** The path of a kind is known to the server alone. */
async function resourceOf(
  client: Pick<KubeClient, 'raw'>,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  signal: AbortSignal,
): Promise<Resource<KubeObject>> {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const list = (await client.raw(group === '' ? `/api/${version}` : `/apis/${group}/${version}`, signal)) as {
    readonly resources?: readonly { readonly name?: string; readonly kind?: string; readonly namespaced?: boolean }[];
  };
  const found = list.resources?.find((resource) => resource.kind === kind && resource.name?.includes('/') === false);
  if (found === undefined) throw new NoOwner(`the API server does not serve the kind ${kind} of ${apiVersion}`);
  return { group, version, plural: found.name ?? '', kind, namespaced: found.namespaced === true };
}
