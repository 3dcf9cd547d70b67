import { renameSync, writeFileSync } from 'node:fs';
import type { Endpoint } from './raw-http.ts';

/** A kubeconfig with one cluster, user and context. JSON is YAML, so every client reads it. Whole at every moment: written anew, it may be being read. */
export function writeKubeconfig(file: string, { proxyUrl, ...endpoint }: Endpoint & { readonly proxyUrl?: string }): string {
  const cluster = {
    server: endpoint.server,
    ...(proxyUrl === undefined ? {} : { 'proxy-url': proxyUrl }),
    ...(endpoint.ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(endpoint.ca).toString('base64') }),
  };
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user: endpoint.token === undefined ? {} : { token: endpoint.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'default' } }],
    'current-context': 'test',
  };
  writeFileSync(`${file}.new`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return file;
}
