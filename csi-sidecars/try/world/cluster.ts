/** The embedded control plane of a trial: reached without a socket, and gone with the process. */
import type { Doors } from '../../../lib/doors/doors.ts';
import type { HttpDoor } from '../../../lib/doors/http.ts';
import type { KubeClient } from '../../../lib/kube/client.ts';
import { createKubeClient } from '../../../lib/kube/kube-client.ts';
import { createSandbox } from '../../../sandbox/sandbox.ts';
import { readCrds } from '../../install-crds/crd-files.ts';
import { installCrds } from '../../install-crds/install.ts';

export interface TryCluster {
  readonly client: KubeClient;
  /** A door to it, as programs open one. */
  open(): HttpDoor;
  close(): void;
}

export const SERVER = 'http://try';
export const KUBECONFIG_PATH = '/try/kubeconfig';

/** What programs that are given a file read there. */
export const KUBECONFIG = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'try', cluster: { server: SERVER } }],
  users: [{ name: 'try', user: {} }],
  contexts: [{ name: 'try', context: { cluster: 'try', user: 'try', namespace: 'default' } }],
  'current-context': 'try',
});

/** Starts it with the snapshot CRDs of this release. */
export async function openCluster(doors: Doors, signal: AbortSignal): Promise<TryCluster> {
  const { clock, random } = doors;
  const sandbox = createSandbox({ clock, random, parts: ['binder', 'scheduler'] });
  const open = (): HttpDoor => ({
    exchange: (request) => sandbox.handle(request),
    stream: (request, end) => sandbox.stream(request, end),
    close: () => undefined,
  });
  sandbox.start();
  const client = createKubeClient({ door: open(), clock, random, credentials: async () => ({}), userAgent: 'csi-sidecars-try' });
  await installCrds({ client, clock, crds: await readCrds(doors.files), check: false, signal });
  return { client, open, close: () => sandbox.stop() };
}
