/** A kubeconfig's text as target and credentials. Loads @kubernetes/client-node: import it lazily. */
import { dirname, isAbsolute, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Cluster as FileCluster, User } from '@kubernetes/client-node/dist/config_types.js';
import { load } from 'js-yaml';
import type { HttpTarget } from '../doors/http.ts';
import { ConfigError } from '../errors/config-error.ts';
import type { Cluster, ClusterDoors } from './cluster.ts';
import type { Credentials } from './credentials.ts';
import { noCredentials } from './credentials.ts';
import type { ExecCredentialDoor } from './exec-credentials.ts';
import { execCredentials, readExecSpec, runExec } from './exec-credentials.ts';
import { readText } from './file-text.ts';
import { serverUrl } from './server-url.ts';
import { bearerFile } from './token-file.ts';

export interface KubeconfigText {
  readonly text: string;
  /** For messages, and the folder that relative paths start from. */
  readonly file: string | undefined;
  readonly master: string | undefined;
  readonly execCredential: ExecCredentialDoor | undefined;
}

/** Who we are, and the TLS identity that goes with it. */
interface Identity {
  readonly credentials: Credentials;
  readonly tls?: Pick<HttpTarget, 'clientCertificate' | 'clientKey'>;
}

export async function readKubeconfigText(doors: ClusterDoors, given: KubeconfigText): Promise<Cluster> {
  const named = given.file === undefined ? 'kubeconfig' : `kubeconfig ${given.file}`;
  const { config, document } = parse(given.text, named);
  const name = config.getCurrentContext();
  if (!name) throw new ConfigError(`${named}: current-context is not set: run kubectl config use-context NAME`);
  const context = config.getContextObject(name);
  if (!context) throw new ConfigError(`${named}: current-context names ${name}, and contexts has no such entry: correct one of the two`);
  const cluster = config.getCluster(context.cluster);
  if (!cluster)
    throw new ConfigError(
      `${named}: context ${name} names cluster ${context.cluster}, and clusters has no such entry: correct one of the two`,
    );
  const user = context.user ? config.getUser(context.user) : null;
  if (context.user && !user) {
    throw new ConfigError(`${named}: context ${name} names user ${context.user}, and users has no such entry: correct one of the two`);
  }
  const read = fieldReader(doors, given.file, named);
  const identity = user ? await identify(doors, user, { given, named, document, read }) : { credentials: noCredentials };
  const target: HttpTarget = { ...(await readTarget(cluster, { named, master: given.master, read })), ...identity.tls };
  return { target, credentials: identity.credentials, ...(context.namespace ? { namespace: context.namespace } : {}) };
}

/** The library's view, and the document itself for what the library leaves out. */
function parse(text: string, named: string): { readonly config: KubeConfig; readonly document: unknown } {
  try {
    const document = load(text);
    if (typeof document !== 'object' || document === null || Array.isArray(document)) throw new Error('it is not a YAML mapping');
    const config = new KubeConfig();
    config.loadFromString(text);
    return { config, document };
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new ConfigError(`${named} is not valid: ${why}: compare it with the output of kubectl config view`, { cause });
  }
}

type ReadField = (
  field: string,
  source: { readonly data: string | undefined | null; readonly file: string | undefined | null },
) => Promise<string | undefined>;

/** Reads `<field>-data` (base64) or the file that `<field>` names; data wins, as in client-go. */
function fieldReader(doors: ClusterDoors, file: string | undefined, named: string): ReadField {
  return async (field, source) => {
    if (source.data) return Buffer.from(source.data, 'base64').toString('utf8');
    if (!source.file) return undefined;
    return readText(doors.files, absolute(source.file, file), {
      what: `${named}: ${field}`,
      remedy: `correct the path or use ${field}-data`,
    });
  };
}

function absolute(path: string, kubeconfig: string | undefined): string {
  return isAbsolute(path) || kubeconfig === undefined ? path : join(dirname(kubeconfig), path);
}

async function readTarget(
  cluster: FileCluster,
  { named, master, read }: { readonly named: string; readonly master: string | undefined; readonly read: ReadField },
): Promise<HttpTarget> {
  const ca = await read('certificate-authority', { data: cluster.caData, file: cluster.caFile });
  const baseUrl =
    master === undefined || master === ''
      ? serverUrl(cluster.server, `${named}: cluster ${cluster.name}, server`)
      : serverUrl(master, '--master');
  return {
    baseUrl,
    ...(ca === undefined ? {} : { ca }),
    ...(cluster.tlsServerName ? { serverName: cluster.tlsServerName } : {}),
    ...(cluster.skipTLSVerify ? { insecureSkipTlsVerify: true } : {}),
    ...(cluster.proxyUrl ? { proxyUrl: cluster.proxyUrl } : {}),
  };
}

interface UserContext {
  readonly given: KubeconfigText;
  readonly named: string;
  readonly document: unknown;
  readonly read: ReadField;
}

async function identify(doors: ClusterDoors, user: User, { given, named, document, read }: UserContext): Promise<Identity> {
  const where = `${named}: user ${user.name}`;
  const clientCertificate = await read('client-certificate', { data: user.certData, file: user.certFile });
  const clientKey = await read('client-key', { data: user.keyData, file: user.keyFile });
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw new ConfigError(`${where} has only one of client-certificate and client-key: give both or neither`);
  }
  for (const [field, text] of Object.entries({ 'client-certificate': clientCertificate, 'client-key': clientKey }))
    if (text !== undefined && !text.includes('-----BEGIN '))
      throw new ConfigError(`${where}: ${field} is no PEM text: it has no line -----BEGIN …-----`);
  const tls = clientCertificate === undefined || clientKey === undefined ? {} : { tls: { clientCertificate, clientKey } };
  const tokenFile = tokenFileOf(document, user.name);
  // client-go's order: a token file wins over a token, both over a password, and exec comes last.
  if (tokenFile !== undefined) {
    const credentials = bearerFile(doors, absolute(tokenFile, given.file), `correct ${where}, tokenFile`);
    await credentials();
    return { credentials, ...tls };
  }
  if (user.token && /[^\x21-\x7e]/.test(user.token))
    throw new ConfigError(`${where}: the token has a character that no token has, a line break perhaps: write it in one line`);
  if (user.token) return { credentials: fixed(`Bearer ${user.token}`), ...tls };
  if (user.username) {
    const pair = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
    return { credentials: fixed(`Basic ${pair}`), ...tls };
  }
  if (user.exec) return fromExec(doors, user, { where, door: given.execCredential });
  if (user.authProvider) {
    throw new ConfigError(`${where} has an auth-provider, which Kubernetes removed in 1.26: use exec, a token or a client certificate`);
  }
  return { credentials: noCredentials, ...tls };
}

async function fromExec(
  doors: ClusterDoors,
  user: User,
  { where, door }: { readonly where: string; readonly door: ExecCredentialDoor | undefined },
): Promise<Identity> {
  const spec = readExecSpec(user.exec, `${where}, exec`);
  if (door === undefined) {
    throw new ConfigError(
      `${where} needs the credential plugin ${spec.command}, which this program does not run: use a token or a client certificate`,
    );
  }
  const first = await runExec(door, spec, `${where}, exec`);
  const { clientCertificateData, clientKeyData } = first;
  const credentials = execCredentials({ door, spec, where: `${where}, exec`, clock: doors.clock, first });
  if (clientCertificateData === undefined || clientKeyData === undefined) return { credentials };
  return { credentials, tls: { clientCertificate: clientCertificateData, clientKey: clientKeyData } };
}

function fixed(authorization: string): Credentials {
  return () => Promise.resolve({ authorization });
}

/** KubeConfig leaves this field out. */
function tokenFileOf(document: unknown, user: string): string | undefined {
  const { users } = document as { readonly users?: unknown };
  if (!Array.isArray(users)) return undefined;
  for (const entry of users as readonly { readonly name?: unknown; readonly user?: { readonly tokenFile?: unknown } | null }[]) {
    const file = entry.name === user ? entry.user?.tokenFile : undefined;
    if (typeof file === 'string' && file !== '') return file;
  }
  return undefined;
}
