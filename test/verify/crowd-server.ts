/** An API server that only answers GET, from lists in memory and in pages: a cluster of any size in a moment. */
import { createServer } from 'node:http';
import type { KubeObject } from '../../lib/kube/objects.ts';

export interface CrowdServer {
  readonly url: string;
  close(): Promise<void>;
}

/** `lists`: plural → objects, of all namespaces. Selectors are not looked at. */
export async function openCrowdServer(lists: Readonly<Record<string, readonly KubeObject[]>>): Promise<CrowdServer> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://crowd');
    const answer = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const words = pathname.split('/').filter((word) => word !== '');
    const plural = Object.keys(lists).find((each) => words.includes(each));
    if (request.method !== 'GET' || plural === undefined) {
      answer(404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound', message: `no ${pathname}` });
      return;
    }
    const objects = lists[plural] ?? [];
    const name = words[words.indexOf(plural) + 1];
    if (name !== undefined) {
      const found = objects.find(({ metadata }) => metadata?.name === name);
      if (found === undefined)
        answer(404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound', message: name });
      else answer(200, found);
      return;
    }
    const from = Number(searchParams.get('continue') ?? '0');
    const to = from + Number(searchParams.get('limit') ?? String(objects.length));
    const token = to < objects.length ? String(to) : '';
    answer(200, { kind: 'List', metadata: { resourceVersion: '1', continue: token }, items: objects.slice(from, to) });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  return {
    url: `http://127.0.0.1:${typeof at === 'object' ? (at?.port ?? 0) : 0}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
