/**
 * Where the API server is and who we are: in-cluster (environment and service account, ours, so that a Pod
 * loads no library for it), or a kubeconfig (through @kubernetes/client-node's KubeConfig, loaded only then).
 *
 * Every fault is a ConfigError that names the file, the field and the remedy.
 */
import { ConfigError } from '../errors/config-error.ts';
import type { Cluster, ClusterDoors } from './cluster.ts';
import { noCredentials } from './credentials.ts';
import type { ExecCredentialDoor } from './exec-credentials.ts';
import { readText } from './file-text.ts';
import { proxyOf } from './proxy.ts';
import { serverUrl } from './server-url.ts';
import { bearerFile } from './token-file.ts';

export interface ClusterSource {
  /** Path of a kubeconfig. */
  readonly kubeconfig?: string;
  /** Its content, where there is no file. */
  readonly kubeconfigText?: string;
  /** URL that overrides the kubeconfig's server; alone: no credentials. */
  readonly master?: string;
  /** Runs an exec credential plugin. Without it a kubeconfig with `exec` is a ConfigError. */
  readonly execCredential?: ExecCredentialDoor;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** With the proxy that leads there, of the kubeconfig or the environment. */
export async function loadCluster(doors: ClusterDoors, source: ClusterSource): Promise<Cluster> {
  const cluster = await findCluster(doors, source);
  const proxyUrl = proxyOf(cluster.target, (name) => doors.host.env(name));
  return proxyUrl === undefined ? cluster : { ...cluster, target: { ...cluster.target, proxyUrl } };
}

async function findCluster(doors: ClusterDoors, source: ClusterSource): Promise<Cluster> {
  const { kubeconfig, kubeconfigText, master } = source;
  if (isGiven(kubeconfig) || isGiven(kubeconfigText)) {
    const file = isGiven(kubeconfig) ? kubeconfig : undefined;
    const text = file === undefined ? (kubeconfigText ?? '') : await readKubeconfig(doors, file);
    // Loaded only here: the library costs memory that a Pod with a service account need not pay.
    const { readKubeconfigText } = await import('./kubeconfig-file.ts');
    return readKubeconfigText(doors, { text, file, master, execCredential: source.execCredential });
  }
  if (isGiven(master)) return { target: { baseUrl: serverUrl(master, '--master') }, credentials: noCredentials };
  return inCluster(doors);
}

async function inCluster(doors: ClusterDoors): Promise<Cluster> {
  const host = doors.host.env('KUBERNETES_SERVICE_HOST');
  const port = doors.host.env('KUBERNETES_SERVICE_PORT');
  if (!isGiven(host) || !isGiven(port)) {
    throw new ConfigError('not inside a cluster (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set): pass --kubeconfig=FILE');
  }
  const tokenFile = `${SERVICE_ACCOUNT}/token`;
  const remedy = 'give the Pod a service account with automountServiceAccountToken, or pass --kubeconfig=FILE';
  const credentials = bearerFile(doors, tokenFile, remedy);
  // Read once now, so that a Pod without a token says so at the start.
  await credentials();
  const ca = await readOptional(doors, `${SERVICE_ACCOUNT}/ca.crt`);
  const namespace = (await readOptional(doors, `${SERVICE_ACCOUNT}/namespace`))?.trim();
  const address = host.includes(':') ? `[${host}]` : host;
  return {
    target: { baseUrl: `https://${address}:${port}`, ...(ca === undefined ? {} : { ca }) },
    credentials,
    ...(isGiven(namespace) ? { namespace } : {}),
  };
}

async function readKubeconfig(doors: ClusterDoors, file: string): Promise<string> {
  const text = await readText(doors.files, file, {
    what: 'kubeconfig',
    remedy: file.includes(':')
      ? 'one file is read, and this names several; merge them with kubectl config view --flatten > FILE'
      : 'pass the path of a readable kubeconfig to --kubeconfig, or no --kubeconfig inside a cluster',
  });
  if (text.trim() === '')
    throw new ConfigError(`kubeconfig ${file} is empty: write one, for instance with kubectl config view --minify --flatten`);
  return text;
}

async function readOptional(doors: ClusterDoors, path: string): Promise<string | undefined> {
  return (await doors.files.exists(path)) ? new TextDecoder().decode(await doors.files.read(path)) : undefined;
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
