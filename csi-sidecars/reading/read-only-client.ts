/** A client that can only look: what is not here cannot be called by mistake. */
import { ApiError } from '../../lib/kube/api-error.ts';
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

export interface ListInput {
  readonly signal: AbortSignal;
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Hears how many were read so far. */
  readonly progress?: (count: number) => void;
}

const PAGE = 1000;
/** The server forgets a half-read list after some minutes: then from the start. */
const GONE = 410;

/** All pages. Rejects with ApiError for what is neither a missing kind nor a missing right. */
export async function listAll<T extends KubeObject>(client: ReadOnlyClient, resource: Resource<T>, input: ListInput): Promise<Listed<T>> {
  try {
    return { items: await pages(client, resource, input) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === GONE) return { items: await pages(client, resource, input) };
    if (error.status === 404) return { items: [], blind: { reason: 'absent', message: `the server has no ${resource.plural}` } };
    if (error.status === 403) return { items: [], blind: { reason: 'forbidden', message: `you may not list ${resource.plural}` } };
    throw error;
  }
}

async function pages<T extends KubeObject>(client: ReadOnlyClient, resource: Resource<T>, input: ListInput): Promise<T[]> {
  const { signal, namespace, fieldSelector, labelSelector, progress } = input;
  const found: T[] = [];
  let continueToken: string | undefined;
  do {
    const page = await client.list(resource, {
      signal,
      limit: PAGE,
      ...(namespace === undefined ? {} : { namespace }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(continueToken === undefined ? {} : { continueToken }),
    });
    for (const item of page.items) found.push(item);
    progress?.(found.length);
    ({ continueToken } = page);
  } while (continueToken !== undefined && continueToken !== '');
  return found;
}
