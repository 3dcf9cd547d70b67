/** The API server as a program reaches it: found once, then any number of clients, each over connections of its own. */
import type { Doors } from '../doors/doors.ts';
import type { HttpDoor } from '../doors/http.ts';
import type { Logger } from '../doors/log.ts';
import type { ClientLimit, KubeClient } from '../kube/client.ts';
import { createKubeClient } from '../kube/kube-client.ts';
import { loadCluster } from '../kube/kubeconfig.ts';
import type { ProcessOptions } from './command-line.ts';
import type { ProgramInput } from './program-input.ts';

/** The Go programs' burst, for whoever sets only a rate. */
const PEER_BURST = 10;
const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

export interface ApiAccess {
  /** Without a limit of its own: that of --kube-api-qps and --kube-api-burst. */
  client(limit?: ClientLimit): KubeClient;
  close(): void;
}

/** Rejects with ConfigError where there is no usable kubeconfig or service account. */
export async function openApiAccess(
  input: ProgramInput,
  options: ProcessOptions,
  { environmentFirst, log }: Pick<Choice, 'environmentFirst' | 'log'>,
): Promise<ApiAccess> {
  const { doors, program, version, execCredential } = input;
  const { kubeconfig, master, kubeApiQps, kubeApiBurst } = options;
  const cluster = await loadCluster(doors, {
    kubeconfig: kubeconfigOf(doors, { kubeconfig, master, environmentFirst, log }),
    master,
    ...(execCredential === undefined ? {} : { execCredential }),
  });
  const opened: HttpDoor[] = [];
  return {
    client: ({ qps, burst } = { qps: kubeApiQps, burst: kubeApiBurst }) => {
      const door = doors.http(cluster.target);
      opened.push(door);
      return createKubeClient({
        door,
        clock: doors.clock,
        random: doors.random,
        credentials: cluster.credentials,
        userAgent: `${program}/${version}`,
        log,
        ...(qps > 0 ? { qps, burst: burst <= 0 ? PEER_BURST : burst } : {}),
      });
    },
    close: () => {
      for (const door of opened) door.close();
    },
  };
}

interface Choice {
  readonly kubeconfig: string;
  readonly master: string;
  /** KUBECONFIG of the environment wins over --kubeconfig. Otherwise it counts only where no flag says anything. */
  readonly environmentFirst: boolean;
  readonly log: Logger;
}

function kubeconfigOf({ host }: Pick<Doors, 'host'>, { kubeconfig, master, environmentFirst, log }: Choice): string {
  const named = host.env('KUBECONFIG') ?? '';
  if (named === '') return kubeconfig;
  if (!environmentFirst) return kubeconfig === '' && master === '' ? named : kubeconfig;
  if (kubeconfig !== '' && kubeconfig !== named)
    log.warn('KUBECONFIG of the environment is used instead of --kubeconfig, as by the Go program', { KUBECONFIG: named, kubeconfig });
  return named;
}

/** POD_NAMESPACE, then the service account's, then `default`, as csi-lib-utils finds it. */
export async function ownNamespace({ host, files }: Pick<Doors, 'host' | 'files'>): Promise<string> {
  const named = host.env('POD_NAMESPACE') ?? '';
  if (named !== '') return named;
  const file = await files.read(NAMESPACE_FILE).catch(() => new Uint8Array());
  return new TextDecoder().decode(file).trim() || 'default';
}
