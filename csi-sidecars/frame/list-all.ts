/** Every object of a kind, page by page: a cluster may have more than one answer should hold. */
import type { KubeClient, ListPage } from '../../lib/kube/client.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';

const PAGE = 500;

export interface ListAllInput {
  readonly signal: AbortSignal;
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Hears what is read and how many were so far. */
  readonly say?: (text: string) => void;
}

/** Of one namespace, or of all. Rejects with ApiError. */
export async function listAll<T extends KubeObject>(
  client: Pick<KubeClient, 'list'>,
  resource: Resource<T>,
  { namespace, fieldSelector, labelSelector, say, signal }: ListAllInput,
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
    say?.(`reading ${resource.plural}: ${items.length}`);
    token = page.continueToken === '' ? undefined : page.continueToken;
  } while (token !== undefined);
  return items;
}
