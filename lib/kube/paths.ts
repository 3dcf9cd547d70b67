/** Where a resource lives in the API, as path and query. */
import type { ListOptions, ObjectName, WatchOptions } from './client.ts';
import type { KubeObject, Resource } from './objects.ts';

export function collectionPath(resource: Resource<KubeObject>, namespace: string | undefined): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${resource.plural}`;
}

export function objectPath(resource: Resource<KubeObject>, target: ObjectName, subresource: string | undefined): string {
  const path = `${collectionPath(resource, target.namespace)}/${encodeURIComponent(target.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

export function listPath(resource: Resource<KubeObject>, options: ListOptions): string {
  const paging = options.continueToken !== undefined;
  return withQuery(collectionPath(resource, options.namespace), {
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit?.toString(),
    continue: options.continueToken,
    // The token carries the version; the server refuses both together.
    resourceVersion: paging ? undefined : options.resourceVersion,
    resourceVersionMatch: paging ? undefined : options.resourceVersionMatch,
  });
}

export function watchPath(resource: Resource<KubeObject>, options: WatchOptions): string {
  return withQuery(collectionPath(resource, options.namespace), {
    watch: 'true',
    allowWatchBookmarks: 'true',
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    timeoutSeconds: options.timeoutSeconds.toString(),
  });
}

function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = Object.entries(parameters)
    .filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}
