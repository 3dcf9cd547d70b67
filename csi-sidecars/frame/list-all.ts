/** Every object of a kind, page by page: a cluster may have more than one answer should hold. */
import type { KubeClient, ListPage } from '../../lib/kube/client.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';

const PAGE = 500;

export interface ListAllInput {
  readonly signal: AbortSignal;
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Hears how many were read so far. */
  readonly progress?: (count: number) => void;
}

/** Of one namespace, or of all. Rejects with ApiError. */
export async function listAll<T extends KubeObject>(
  client: Pick<KubeClient, 'list'>,
  resource: Resource<T>,
  { namespace, fieldSelector, labelSelector, progress, signal }: ListAllInput,
): Promise<readonly T[]> {
  const items: T[] = [];
  let token: string | undefined;
  do {
    const page: ListPage<T> = await client.list(resource, {
      limit: PAGE,
      signal,
      ...(namespace === undefined ? {} : { namespace }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(token === undefined ? {} : { continueToken: token }),
    });
    for (const item of page.items) items.push(item);
    progress?.(items.length);
    token = page.continueToken === '' ? undefined : page.continueToken;
  } while (token !== undefined);
  return items;
}
