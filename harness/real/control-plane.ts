/**
 * A real Kubernetes control plane on loopback: etcd, kube-apiserver, and where asked for
 * kube-controller-manager (the persistent-volume binder, the protection finalizers, namespaces, garbage
 * collection) and kube-scheduler. It starts in seconds, lives on a stage of its own and goes with it,
 * also when the runner crashes.
 *
 * There is no kubelet: Pods are scheduled and never run. TLS is kube-apiserver's own (`--cert-dir`),
 * users are tokens of a file, authorization is RBAC.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kube } from '../kube.ts';
import { openKube } from '../kube.ts';
import { writeKubeconfig } from '../kubeconfig.ts';
import type { Endpoint, RawClient } from '../raw-http.ts';
import { openRawClient } from '../raw-http.ts';
import type { Program, Restartable, RunResult, Stage } from '../stage.ts';
import { openStage, restartable } from '../stage.ts';
import { eventually } from '../wait.ts';
import type { AuditCall } from './audit.ts';
import { AUDIT_POLICY, readAudit } from './audit.ts';
import { freePort } from '../free-port.ts';
import { binary } from './binaries.ts';
import { compactEtcd, putInEtcd } from './etcd.ts';

export interface ControlPlaneUser {
  readonly name: string;
  /** `system:masters` may do everything. */
  readonly groups: readonly string[];
}

export interface ControlPlaneOptions {
  /** Default false. */
  readonly scheduler?: boolean;
  /** Default true. */
  readonly controllerManager?: boolean;
  /** Pods will run: the servers are reached at this address, and all of Kubernetes' controllers work. Default: loopback, and no kubelet. */
  readonly node?: { readonly address: string };
  /** Of kube-apiserver, beside those that are on by default. */
  readonly featureGates?: readonly string[];
  /** Keep an audit log and answer `audit()`. Default false. */
  readonly audit?: boolean;
  /** Further token users beside `admin`. */
  readonly users?: readonly ControlPlaneUser[];
  /** Default false. See openStage. */
  readonly inMemory?: boolean;
  readonly report?: (line: string) => void;
}

export interface ControlPlane {
  /** Programs of the test start here; `stop` takes them down before the servers. */
  readonly stage: Stage;
  readonly server: string;
  /** The first two are those that every call costs something. */
  readonly servers: { readonly apiserver: Program; readonly etcd: Program; readonly controllerManager: Program | undefined };
  /** File of the administrator. */
  readonly kubeconfig: string;
  readonly kube: Kube;
  readonly raw: RawClient;
  /** The kubeconfig file of a user of the options. */
  kubeconfigOf(user: string): string;
  endpointOf(user: string): Endpoint;
  /** A kubeconfig file with a token of that ServiceAccount (TokenRequest, one hour). */
  asServiceAccount(namespace: string, name: string): Promise<string>;
  kubectl(args: readonly string[], stdin?: string): Promise<RunResult>;
  /** Every call answered so far, or since the log had so many bytes. */
  audit(fromByte?: number): AuditCall[];
  /** Bytes of the audit log: whether anybody called, without reading it. */
  auditSize(): number;
  /** Kills kube-apiserver and starts it again on the same data; resolves once it is ready. */
  restartApiserver(): Promise<void>;
  /** Forgets all versions but the newest in etcd, as the server does every five minutes. */
  compact(): Promise<void>;
  /** Puts objects in place by the thousand, past admission and validation: each as the server would store it, by its key in etcd. */
  store(entries: Iterable<readonly [key: string, object: object]>): Promise<void>;
  stop(): Promise<void>;
}

/** The controllers that the main job meets in a cluster. */
const CONTROLLERS = [
  'persistentvolume-binder-controller',
  'persistentvolumeclaim-protection-controller',
  'persistentvolume-protection-controller',
  'namespace-controller',
  'garbage-collector-controller',
];

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const stage = openStage('control-plane', { inMemory: options.inMemory === true });
  try {
    return await raise(stage, options);
  } catch (error) {
    await stage.close();
    throw error;
  }
}

async function raise(stage: Stage, options: ControlPlaneOptions): Promise<ControlPlane> {
  const report = options.report === undefined ? {} : { report: options.report };
  const users = [{ name: 'admin', groups: ['system:masters'] }, ...(options.users ?? [])].map((user) => ({
    ...user,
    token: randomBytes(16).toString('hex'),
  }));
  const { url: etcdUrl, program: etcd } = await startEtcd(stage, await binary('etcd', report));
  const apiserver = await startApiserver(stage, {
    file: await binary('kube-apiserver', report),
    etcdUrl,
    users,
    node: options.node,
    featureGates: options.featureGates ?? [],
  });
  const { server, ca } = apiserver;

  const endpointOf = (name: string): Endpoint => {
    const user = users.find((candidate) => candidate.name === name);
    if (user === undefined) throw new Error(`the control plane has no user ${name}`);
    return { server, ca, token: user.token };
  };
  const kubeconfigOf = (name: string): string => writeKubeconfig(join(stage.dir, `kubeconfig-${name}`), endpointOf(name));
  const raw = openRawClient(endpointOf('admin'));
  stage.defer(() => raw.close());
  const kube = openKube(raw);
  await ready(raw, stage);

  const kubeconfig = kubeconfigOf('admin');
  const controllerManager =
    options.controllerManager === false
      ? undefined
      : startControllerManager(stage, {
          file: await binary('kube-controller-manager', report),
          kubeconfig,
          controllers: options.node === undefined ? CONTROLLERS : CONTROLLERS_OF_NODES,
          caFile: apiserver.caFile,
        });
  if (options.scheduler === true) startScheduler(stage, await binary('kube-scheduler', report), kubeconfig);
  const kubectl = await binary('kubectl', report);

  return {
    stage,
    server,
    servers: {
      get apiserver() {
        return apiserver.current();
      },
      etcd,
      controllerManager,
    },
    kubeconfig,
    kube,
    raw,
    kubeconfigOf,
    endpointOf,
    asServiceAccount: async (namespace, name) => {
      const token = await requestToken(raw, namespace, name);
      return writeKubeconfig(join(stage.dir, `kubeconfig-${namespace}-${name}`), { server, ca, token });
    },
    kubectl: (args, stdin) =>
      stage.run({
        name: 'kubectl',
        file: kubectl,
        args: ['--kubeconfig', kubeconfig, ...args],
        env: { HOME: stage.dir },
        ...(stdin === undefined ? {} : { stdin }),
      }),
    audit: (fromByte = 0) => {
      if (options.audit !== true) throw new Error('start the control plane with audit: true');
      return readAudit(apiserver.auditLog, fromByte);
    },
    auditSize: () => statSync(apiserver.auditLog).size,
    restartApiserver: async () => {
      await apiserver.restart();
      await ready(raw, stage);
    },
    compact: () => compactEtcd(etcdUrl),
    store: (entries) => putInEtcd(etcdUrl, entries),
    stop: () => stage.close(),
  };
}

async function startEtcd(stage: Stage, file: string): Promise<{ url: string; program: Program }> {
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const [client, peer] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
  const program = stage.start({
    name: 'etcd',
    disposable: true,
    file,
    args: [
      '--name=only',
      `--data-dir=${join(stage.dir, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=only=${peer}`,
      // Nobody needs the data after the test.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
  });
  return { url: client, program };
}

interface ApiserverSpec {
  readonly file: string;
  readonly etcdUrl: string;
  readonly users: readonly (ControlPlaneUser & { readonly token: string })[];
  readonly node: ControlPlaneOptions['node'];
  readonly featureGates: readonly string[];
}

async function startApiserver(
  stage: Stage,
  spec: ApiserverSpec,
): Promise<Restartable & { server: string; ca: string; caFile: string; auditLog: string }> {
  const port = await freePort();
  const address = spec.node?.address ?? '127.0.0.1';
  const server = `https://${address}:${port}`;
  const folder = join(stage.dir, 'apiserver');
  mkdirSync(folder);
  const inFolder = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const serviceAccountKey = inFolder('service-account.key', privateKey);
  const tokens = inFolder(
    'tokens.csv',
    spec.users.map(({ token, name, groups }) => `${token},${name},${name},"${groups.join(',')}"\n`).join(''),
  );
  const auditLog = join(folder, 'audit.log');
  const program = restartable(stage, {
    name: 'kube-apiserver',
    disposable: true,
    file: spec.file,
    args: [
      `--etcd-servers=${spec.etcdUrl}`,
      `--secure-port=${port}`,
      `--bind-address=${address}`,
      `--advertise-address=${address}`,
      // Pods reach the server by its Service; nobody else does.
      ...(spec.node === undefined
        ? ['--endpoint-reconciler-type=none', '--disable-admission-plugins=ServiceAccount']
        : ['--kubelet-preferred-address-types=InternalIP']),
      ...spec.featureGates.map((gate) => `--feature-gates=${gate}=true`),
      `--cert-dir=${join(folder, 'certificates')}`,
      `--token-auth-file=${tokens}`,
      '--authorization-mode=RBAC',
      '--anonymous-auth=false',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${serviceAccountKey}`,
      `--service-account-signing-key-file=${serviceAccountKey}`,
      '--allow-privileged',
      `--audit-policy-file=${inFolder('audit-policy.json', JSON.stringify(AUDIT_POLICY))}`,
      `--audit-log-path=${auditLog}`,
      '--audit-log-maxsize=1000',
    ],
  });
  const made = (name: string): string => join(folder, 'certificates', name);
  // The key is written after the certificate: once it is there, the certificate is whole.
  const isMade = (): true | undefined => (existsSync(made('apiserver.key')) ? true : undefined);
  await eventually('the certificate of kube-apiserver', isMade, { signal: stage.broken });
  const caFile = made('apiserver.crt');
  return { server, ca: readFileSync(caFile, 'utf8'), caFile, auditLog, ...program };
}

/** Ready, and the namespaces that everybody expects are there. */
async function ready(raw: RawClient, stage: Stage): Promise<void> {
  const isOk = async (path: string): Promise<true | undefined> =>
    (await raw.request({ method: 'GET', path })).status === 200 ? true : undefined;
  await eventually('kube-apiserver to be ready', () => isOk('/readyz'), { signal: stage.broken });
  for (const namespace of ['default', 'kube-system']) {
    await eventually(`namespace ${namespace}`, () => isOk(`/api/v1/namespaces/${namespace}`), { signal: stage.broken });
  }
}

/** Without a cloud there are no routes, addresses and load balancers to manage. */
const CONTROLLERS_OF_NODES = ['*', '-node-ipam-controller', '-node-route-controller', '-service-lb-controller'];

interface ManagerSpec {
  readonly file: string;
  readonly kubeconfig: string;
  readonly controllers: readonly string[];
  /** Published to every namespace, so that Pods believe the server. */
  readonly caFile: string;
}

function startControllerManager(stage: Stage, { file, kubeconfig, controllers, caFile }: ManagerSpec): Program {
  return stage.start({
    name: 'kube-controller-manager',
    disposable: true,
    file,
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--controllers=${controllers.join(',')}`,
      `--root-ca-file=${caFile}`,
      '--leader-elect=false',
      '--secure-port=0',
      '--kube-api-qps=1000',
      '--kube-api-burst=2000',
      // The binder repeats itself every 15 s by default; a test should not wait for a lost event that long.
      '--pvclaimbinder-sync-period=5s',
    ],
  });
}

function startScheduler(stage: Stage, file: string, kubeconfig: string): void {
  const config = join(stage.dir, 'scheduler.json');
  const content = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig },
    leaderElection: { leaderElect: false },
  };
  writeFileSync(config, JSON.stringify(content));
  stage.start({ name: 'kube-scheduler', disposable: true, file, args: [`--config=${config}`, '--secure-port=0'] });
}

async function requestToken(raw: RawClient, namespace: string, name: string): Promise<string> {
  const answer = await raw.request({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } }),
  });
  if (answer.status !== 201) throw new Error(`no token for ${namespace}/${name}: ${answer.status} ${answer.text}`);
  const { token } = (JSON.parse(answer.text) as { status: { token: string } }).status;
  return token;
}
