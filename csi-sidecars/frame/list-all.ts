/** Every object of a kind, page by page: a cluster may have more than one answer should hold. */
import type { KubeClient, ListPage } from '../../lib/kube/client.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';

const PAGE = 500;

/** Of one namespace, or of all. Rejects with ApiError. */
export async function listAll<T extends KubeObject>(
  client: Pick<KubeClient, 'list'>,
  resource: Resource<T>,
  { namespace, signal }: { readonly namespace?: string; readonly signal: AbortSignal },
): Promise<readonly T[]> {
  const items: T[] = [];
  let token: string | undefined;
  do {
    const page: ListPage<T> = await client.list(resource, {
      limit: PAGE,
      signal,
      ...(namespace === undefined ? {} : { namespace }),
      ...(token === undefined ? {} : { continueToken: token }),
    });
    items.push(...page.items);
    token = page.continueToken;
  } while (token !== undefined);
  return items;
}
