/** The cluster that a verb looks at, found as kubectl finds it but for lists of files. */
import type { Doors } from '../../lib/doors/doors.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { createKubeClient } from '../../lib/kube/kube-client.ts';
import { loadCluster } from '../../lib/kube/kubeconfig.ts';
import type { Flag } from '../../lib/process/flag.ts';
import type { VerbPlace } from './verb.ts';

export const KUBECONFIG_FLAG = {
  name: 'kubeconfig',
  type: 'string',
  default: '',
  help: 'Kubeconfig file. Empty: $KUBECONFIG, the Pod this runs in, ~/.kube/config.',
  origin: 'ours',
} as const satisfies Flag;

/** `of`: whose namespace it is, as the help says it. */
export function namespaceFlag(of: string) {
  return {
    name: 'namespace',
    letter: 'n',
    type: 'string',
    default: '',
    help: `${of}. Empty: that of the kubeconfig.`,
    origin: 'ours',
  } as const satisfies Flag;
}

export interface OpenCluster {
  readonly client: KubeClient;
  /** The one asked for, else that of the context or of the service account. */
  readonly namespace: string;
}

/** Connections are closed once `use` is done. Rejects with ConfigError where there is no usable kubeconfig. */
export async function withCluster<T>(
  { doors, runPlugin }: VerbPlace,
  { kubeconfig, namespace: asked = '', verb }: { readonly kubeconfig: string; readonly namespace?: string; readonly verb: string },
  use: (cluster: OpenCluster) => Promise<T>,
): Promise<T> {
  const path = kubeconfig === '' ? defaultKubeconfig(doors) : kubeconfig;
  const {
    target,
    credentials,
    namespace: own = 'default',
  } = await loadCluster(doors, {
    ...(path === undefined ? {} : { kubeconfig: path }),
    ...(runPlugin === undefined ? {} : { execCredential: runPlugin }),
  });
  const door = doors.http(target);
  try {
    const { clock, random } = doors;
    const client = createKubeClient({ door, clock, random, credentials, userAgent: `csi-sidecars-${verb}` });
    return await use({ client, namespace: asked === '' ? own : asked });
  } finally {
    door.close();
  }
}

/** Undefined: the credentials of the Pod. */
function defaultKubeconfig({ host }: Doors): string | undefined {
  const named = host.env('KUBECONFIG');
  if (named !== undefined && named !== '') return named;
  if (host.env('KUBERNETES_SERVICE_HOST') !== undefined) return undefined;
  return `${host.env('HOME') ?? ''}/.kube/config`;
}
