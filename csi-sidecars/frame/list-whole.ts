import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';

const PAGE = 500;

/** Every object of a kind, page by page, of all namespaces. Rejects with ApiError. */
export async function listWhole<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  options: { readonly signal: AbortSignal; readonly labelSelector?: string },
): Promise<T[]> {
  const items: T[] = [];
  for (let continueToken: string | undefined; ; ) {
    const page = await client.list(resource, { ...options, limit: PAGE, ...(continueToken === undefined ? {} : { continueToken }) });
    items.push(...page.items);
    if (page.continueToken === undefined) return items;
    ({ continueToken } = page);
  }
}
