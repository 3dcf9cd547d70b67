/** A client that can only look: what is not here cannot be called by mistake. */
import { ApiError } from '../../lib/kube/api-error.ts';
import { listAll, type ListAllInput } from '../frame/list-all.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';

export type ReadOnlyClient = Pick<KubeClient, 'get' | 'list'>;

export function readOnly(client: KubeClient): ReadOnlyClient {
  return {
    get: (resource, target, signal) => client.get(resource, target, signal),
    list: (resource, options) => client.list(resource, options),
  };
}

export interface Listed<T> {
  readonly items: readonly T[];
  /** Why nothing could be seen: the kind is not served, or we may not list it. */
  readonly blind?: { readonly reason: 'absent' | 'forbidden'; readonly message: string };
}

/** The server forgets a half-read list after some minutes: then from the start. */
const GONE = 410;

/** All pages. Rejects with ApiError for what is neither a missing kind nor a missing right. */
export async function listVisible<T extends KubeObject>(
  client: ReadOnlyClient,
  resource: Resource<T>,
  input: ListAllInput,
): Promise<Listed<T>> {
  try {
    return { items: await listAll(client, resource, input) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === GONE) return { items: await listAll(client, resource, input) };
    if (error.status === 404) return { items: [], blind: { reason: 'absent', message: `the server has no ${resource.plural}` } };
    if (error.status === 403) return { items: [], blind: { reason: 'forbidden', message: `you may not list ${resource.plural}` } };
    throw error;
  }
}
