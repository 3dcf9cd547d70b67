import { describe, expect, test } from 'vitest';
import { ManualClock } from '../controller/testing/manual-clock.ts';
import type { ClusterDoors } from './cluster.ts';
import type { ClusterSource } from './kubeconfig.ts';
import { loadCluster } from './kubeconfig.ts';

const ROOT = '/var/run/secrets/kubernetes.io/serviceaccount';
const CLUSTER_ENV = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };

interface World {
  readonly files?: Record<string, string>;
  readonly env?: Record<string, string>;
}

function doorsOf({ files = {}, env = {} }: World): ClusterDoors & { readonly clock: ManualClock } {
  const read = (path: string): Promise<Uint8Array> => {
    const text = files[path];
    if (text === undefined) return Promise.reject(Object.assign(new Error(`no ${path}`), { code: 'ENOENT' }));
    return Promise.resolve(new TextEncoder().encode(text));
  };
  const host = { env: (name: string) => env[name] } as ClusterDoors['host'];
  return {
    clock: new ManualClock(),
    host,
    files: { read, write: () => Promise.resolve(), exists: (path) => Promise.resolve(path in files) },
  };
}

function kubeconfig(
  parts: { readonly cluster?: string; readonly user?: string; readonly context?: string; readonly current?: string } = {},
): string {
  return `
apiVersion: v1
kind: Config
current-context: ${parts.current ?? 'main'}
contexts: [{name: main, context: ${parts.context ?? '{cluster: c, user: u, namespace: team}'}}]
clusters: [{name: c, cluster: ${parts.cluster ?? '{server: "https://api.example:6443/"}'}}]
users: [{name: u, user: ${parts.user ?? '{token: secret}'}}]
`;
}

async function load(text: string, world: World = {}, source: ClusterSource = {}) {
  return loadCluster(doorsOf({ ...world, files: { '/etc/k/config': text, ...world.files } }), { kubeconfig: '/etc/k/config', ...source });
}

describe('in a cluster', () => {
  test('address, CA, namespace and token come from the service account', async () => {
    const files = { [`${ROOT}/token`]: 'abc\n', [`${ROOT}/ca.crt`]: 'CA', [`${ROOT}/namespace`]: 'kube-system' };
    const cluster = await loadCluster(doorsOf({ files, env: CLUSTER_ENV }), {});
    expect(cluster).toMatchObject({ target: { baseUrl: 'https://10.0.0.1:443', ca: 'CA' }, namespace: 'kube-system' });
    expect(await cluster.credentials()).toEqual({ authorization: 'Bearer abc' });
  });

  test('a rotated token is used after a minute, and at once after a refusal', async () => {
    const files: Record<string, string> = { [`${ROOT}/token`]: 'one' };
    const doors = doorsOf({ files, env: { ...CLUSTER_ENV, KUBERNETES_SERVICE_HOST: 'fd00::1' } });
    const { credentials, target } = await loadCluster(doors, {});
    expect(target.baseUrl).toBe('https://[fd00::1]:443');
    files[`${ROOT}/token`] = 'two';
    await doors.clock.advance(59_999);
    expect(await credentials()).toEqual({ authorization: 'Bearer one' });
    expect(await credentials('refresh')).toEqual({ authorization: 'Bearer two' });
    files[`${ROOT}/token`] = 'three';
    await doors.clock.advance(60_000);
    expect(await credentials()).toEqual({ authorization: 'Bearer three' });
    delete files[`${ROOT}/token`];
    await doors.clock.advance(60_000);
    expect(await credentials()).toEqual({ authorization: 'Bearer three' });
  });

  test('outside of one, and without a token, the remedy is named', async () => {
    await expect(loadCluster(doorsOf({}), {})).rejects.toThrow(
      'not inside a cluster (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set): pass --kubeconfig=FILE',
    );
    await expect(loadCluster(doorsOf({ env: CLUSTER_ENV }), {})).rejects.toThrow(
      `token file ${ROOT}/token cannot be read (ENOENT): give the Pod a service account`,
    );
  });
});

describe('with a kubeconfig', () => {
  test('server, namespace and token are read', async () => {
    const cluster = await load(kubeconfig());
    expect(cluster).toMatchObject({ target: { baseUrl: 'https://api.example:6443' }, namespace: 'team' });
    expect(await cluster.credentials()).toEqual({ authorization: 'Bearer secret' });
  });

  test('its text alone will do, and a context without a user is anonymous', async () => {
    const text = kubeconfig({ context: '{cluster: c}', cluster: '{server: "http://127.0.0.1:8080"}' });
    const cluster = await loadCluster(doorsOf({}), { kubeconfigText: text });
    expect(cluster.target).toEqual({ baseUrl: 'http://127.0.0.1:8080' });
    expect(await cluster.credentials()).toEqual({});
  });

  test('certificates come from data or from files beside the kubeconfig', async () => {
    const data = (text: string): string => Buffer.from(text).toString('base64');
    const cluster = await load(
      kubeconfig({
        cluster: `{server: "https://a:1", certificate-authority: pki/ca.crt, tls-server-name: api, insecure-skip-tls-verify: true, proxy-url: "http://p:3128"}`,
        user: `{client-certificate-data: ${data('-----BEGIN CERT')}, client-key: /abs/key}`,
      }),
      { files: { '/etc/k/pki/ca.crt': 'CA', '/abs/key': '-----BEGIN KEY' } },
    );
    expect(cluster.target).toEqual({
      baseUrl: 'https://a:1',
      ca: 'CA',
      serverName: 'api',
      insecureSkipTlsVerify: true,
      proxyUrl: 'http://p:3128',
      clientCertificate: '-----BEGIN CERT',
      clientKey: '-----BEGIN KEY',
    });
  });

  test('a token file is read beside the kubeconfig and wins over a token; a password is basic', async () => {
    const cluster = await load(kubeconfig({ user: '{tokenFile: tok, token: other}' }), { files: { '/etc/k/tok': 'from-file' } });
    expect(await cluster.credentials()).toEqual({ authorization: 'Bearer from-file' });
    const basic = await load(kubeconfig({ user: '{username: a, password: b}' }));
    expect(await basic.credentials()).toEqual({ authorization: 'Basic YTpi' });
  });

  test('--master overrides the server, and alone means no credentials', async () => {
    expect((await load(kubeconfig(), {}, { master: 'https://other:1' })).target.baseUrl).toBe('https://other:1');
    expect((await loadCluster(doorsOf({}), { master: 'http://127.0.0.1:1/' })).target).toEqual({ baseUrl: 'http://127.0.0.1:1' });
  });

  test('an exec plugin is run through its door, again when its token expired or was refused', async () => {
    let runs = 0;
    const execCredential = ({
      command,
      args,
      env,
    }: {
      command: string;
      args: readonly string[];
      env: Readonly<Record<string, string>>;
    }): Promise<string> => {
      runs += 1;
      const expirationTimestamp = '2026-01-01T00:01:00Z';
      return Promise.resolve(
        JSON.stringify({ status: { token: `${command} ${args.join(' ')} ${env['A']} ${runs}`, expirationTimestamp } }),
      );
    };
    const doors = doorsOf({
      files: { '/etc/k/config': kubeconfig({ user: '{exec: {command: tool, args: [login], env: [{name: A, value: b}]}}' }) },
    });
    const { credentials } = await loadCluster(doors, { kubeconfig: '/etc/k/config', execCredential });
    expect(await credentials()).toEqual({ authorization: 'Bearer tool login b 1' });
    await credentials('refresh');
    expect(runs).toBe(2);
    await doors.clock.advance(60_000);
    expect(await credentials()).toEqual({ authorization: 'Bearer tool login b 3' });
  });

  test('an exec plugin may give a client certificate instead of a token', async () => {
    const execCredential = () => Promise.resolve(JSON.stringify({ status: { clientCertificateData: 'CERT', clientKeyData: 'KEY' } }));
    const cluster = await load(kubeconfig({ user: '{exec: {command: tool}}' }), {}, { execCredential });
    expect(cluster.target).toMatchObject({ clientCertificate: 'CERT', clientKey: 'KEY' });
    expect(await cluster.credentials()).toEqual({});
  });

  test.each([
    ['fails', () => Promise.reject(new Error('log in first')), 'user u, exec: tool failed (log in first)'],
    ['prints nonsense', () => Promise.resolve('hello'), 'tool did not print an ExecCredential'],
    ['prints no status', () => Promise.resolve('{"status":null}'), 'tool did not print an ExecCredential'],
  ])('an exec plugin that %s is named', async (_, execCredential, message) => {
    await expect(load(kubeconfig({ user: '{exec: {command: tool}}' }), {}, { execCredential })).rejects.toThrow(message);
  });

  test.each([
    ['no such file', undefined, 'kubeconfig /missing cannot be read (ENOENT)'],
    ['empty', '  \n', 'kubeconfig /etc/k/config is empty'],
    ['not YAML', 'a: [', 'kubeconfig /etc/k/config is not valid'],
    ['a list', '[1]', 'kubeconfig /etc/k/config is not valid'],
    ['no current context', kubeconfig({ current: '""' }), 'current-context is not set'],
    ['unknown context', kubeconfig({ current: 'other' }), 'current-context names other, and contexts has no such entry'],
    ['unknown cluster', kubeconfig({ context: '{cluster: x, user: u}' }), 'context main names cluster x, and clusters has no such entry'],
    ['unknown user', kubeconfig({ context: '{cluster: c, user: x}' }), 'context main names user x, and users has no such entry'],
    ['no server', kubeconfig({ cluster: '{server: ""}' }), 'clusters[0].cluster.server is missing'],
    ['server without a scheme', kubeconfig({ cluster: '{server: "api.example"}' }), 'cluster c, server: "api.example" is not a URL'],
    ['server of another scheme', kubeconfig({ cluster: '{server: "ftp://a"}' }), 'is not an http or https URL'],
    [
      'missing CA file',
      kubeconfig({ cluster: '{server: "https://a:1", certificate-authority: ca.crt}' }),
      'certificate-authority /etc/k/ca.crt cannot be read (ENOENT)',
    ],
    [
      'certificate without key',
      kubeconfig({ user: '{client-certificate-data: YQ==}' }),
      'has only one of client-certificate and client-key',
    ],
    [
      'a certificate that is none',
      kubeconfig({ user: '{client-certificate-data: YQ==, client-key-data: YQ==}' }),
      'user u: client-certificate is no PEM text',
    ],
    ['a token over two lines', kubeconfig({ user: '{token: "one\\ntwo"}' }), 'user u: the token has a character that no token has'],
    ['exec without a door', kubeconfig({ user: '{exec: {command: tool}}' }), 'needs the credential plugin tool'],
    ['auth provider', kubeconfig({ user: '{auth-provider: {name: gcp}}' }), 'has an auth-provider'],
  ])('%s is one clear line', async (_, text, message) => {
    const loading = text === undefined ? loadCluster(doorsOf({}), { kubeconfig: '/missing' }) : load(text);
    const error = await loading.then(
      () => undefined,
      (thrown: unknown) => thrown as Error & { code?: string },
    );
    expect(error?.code).toBe('CONFIG_ERROR');
    expect(error?.message).toContain(message);
    expect(error?.message).not.toContain('\n');
  });

  test('a list of files is told from a file that is missing', async () => {
    await expect(loadCluster(doorsOf({}), { kubeconfig: '/a:/b' })).rejects.toThrow(/one file is read, and this names several/);
  });
});

test('the proxy of the environment leads to the server of the Pod, and that of the kubeconfig wins', async () => {
  const files = { [`${ROOT}/token`]: 'x', [`${ROOT}/ca.crt`]: 'x' };
  const env = { ...CLUSTER_ENV, HTTPS_PROXY: 'http://proxy:3128' };
  expect((await loadCluster(doorsOf({ files, env }), {})).target.proxyUrl).toBe('http://proxy:3128');
  const text = kubeconfig({ cluster: '{server: "https://a:1", proxy-url: "http://other:1"}' });
  expect((await loadCluster(doorsOf({ env }), { kubeconfigText: text })).target.proxyUrl).toBe('http://other:1');
});
