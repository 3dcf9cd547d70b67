import { expect, test } from 'vitest';
import { readFlags } from '../lib/process/flags.ts';
import { scanFlags } from '../lib/process/flag-syntax.ts';
import { PROVISIONER_FLAGS, readProvisionerOptions } from './options.ts';
import type { ProvisionerOptions } from './options.ts';
import { CSI_PROVISIONER } from './role.ts';

const readIn =
  (env: Readonly<Record<string, string>>) =>
  (...words: string[]): ProvisionerOptions =>
    readProvisionerOptions(readFlags(PROVISIONER_FLAGS, scanFlags(words, 'pflag', PROVISIONER_FLAGS).given), (name) => env[name]);
const read = readIn({});

/** The Go program's `--help`, v6.4.0, with its defaults as one would type them. */
const PEER = {
  master: '',
  'volume-name-prefix': 'pvc',
  'volume-name-uuid-length': '-1',
  'retry-interval-start': '1s',
  'retry-interval-max': '5m',
  'worker-threads': '100',
  'cloning-protection-threads': '1',
  'snapshot-orphan-sweep-interval': '5m',
  'capacity-threads': '1',
  timeout: '10s',
  'strict-topology': 'false',
  'immediate-topology': 'true',
  'extra-create-metadata': 'false',
  'enable-pprof': 'false',
  'default-fstype': '',
  'kube-api-capacity-qps': '1',
  'kube-api-capacity-burst': '5',
  'enable-capacity': 'false',
  'capacity-for-immediate-binding': 'false',
  'capacity-poll-interval': '1m',
  'capacity-ownerref-level': '1',
  'node-deployment': 'false',
  'node-deployment-immediate-binding': 'true',
  'node-deployment-base-delay': '20s',
  'node-deployment-max-delay': '60s',
  'controller-publish-readonly': 'false',
  'prevent-volume-mode-conversion': 'true',
  'feature-gates': '',
  version: 'false',
  kubeconfig: '',
  'csi-address': '/run/csi/socket',
  'leader-election': 'false',
  'leader-election-namespace': '',
  'leader-election-lease-duration': '15s',
  'leader-election-renew-deadline': '10s',
  'leader-election-retry-period': '5s',
  'leader-election-labels': '',
  'kube-api-qps': '5',
  'kube-api-burst': '10',
  'http-endpoint': '',
  'metrics-address': '',
  'metrics-path': '/metrics',
  automaxprocs: 'false',
  'logging-format': 'text',
  'log-flush-frequency': '5s',
  v: '0',
  vmodule: '',
  'log-text-split-stream': 'false',
  'log-json-split-stream': 'false',
  'log-text-info-buffer-size': '0',
  'log-json-info-buffer-size': '0',
};

test('all 51 flags of the peer are there, with its defaults but for the client limit', () => {
  const peers = PROVISIONER_FLAGS.filter(({ origin }) => origin === 'peer');
  const defaults = Object.fromEntries(peers.map((flag) => [flag.name, 'peerDefault' in flag ? flag.peerDefault : flag.default]));
  expect(Object.keys(PEER)).toHaveLength(51);
  expect(defaults).toEqual(PEER);
  expect(peers.filter((flag) => 'peerDefault' in flag).map(({ name }) => name)).toEqual([
    'kube-api-qps',
    'kube-api-burst',
    'kube-api-capacity-qps',
    'kube-api-capacity-burst',
  ]);
});

test('no flag is declared twice', () => {
  const names = PROVISIONER_FLAGS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test('provisioning is crash-safe unless somebody says otherwise', () => {
  expect(read().crashSafeProvisioning).toBe(true);
  expect(read('--crash-safe-provisioning=false').crashSafeProvisioning).toBe(false);
});

test.each([
  ['--enable-capacity', 'needs NAMESPACE in the environment'],
  ['--capacity-threads=0', 'at least 1'],
  ['--capacity-poll-interval=0', 'at least'],
  ['--node-deployment', 'NODE_NAME'],
  ['--volume-name-prefix=', 'give it a name'],
  ['--volume-name-uuid-length=0', 'one name'],
  ['--volume-name-uuid-length=33', 'at most 32'],
  ['--volume-name-uuid-length=-2', 'at least -1'],
  ['--feature-gates=Nonsense=true', 'Nonsense'],
])('%s is refused with a reason', (word, reason) => {
  expect(() => read(word)).toThrow(reason);
});

test('capacities need the Pod in the environment, unless nobody is to own them', () => {
  expect(() => readIn({ NAMESPACE: 'storage' })('--enable-capacity')).toThrow('needs POD_NAME in the environment');
  expect(() => readIn({ POD_NAME: 'csi-0' })('--enable-capacity')).toThrow('needs NAMESPACE in the environment');
  expect(readIn({ NAMESPACE: 'storage', POD_NAME: 'csi-0' })('--enable-capacity').pod).toEqual({ namespace: 'storage', name: 'csi-0' });
  expect(readIn({ NAMESPACE: 'storage' })('--enable-capacity', '--capacity-ownerref-level=-1').pod.name).toBe('');
});

test('what the frame acts upon is handed over by the role', () => {
  const options = read('--timeout=5s', '--leader-election-labels=a:b');
  expect(CSI_PROVISIONER.frame?.(options)).toEqual({ timeoutMs: 5000, leaseLabels: { a: 'b' } });
});

test('the environment names the node that is served, where one is', () => {
  expect(readIn({ NODE_NAME: 'node-a' })('--node-deployment')).toMatchObject({
    nodeName: 'node-a',
    nodeDeploymentBaseDelayMs: 20_000,
    nodeDeploymentMaxDelayMs: 60_000,
  });
  expect(read()).toMatchObject({ nodeName: '' });
});

test('events come from the driver, the host and the run, as in the Go program', () => {
  expect(CSI_PROVISIONER.eventComponent('d.example', 'host_1234')).toBe('d.example_host_1234');
});

test('keys of labels are read one by one, and judged', () => {
  expect(read('--copy-labels=team, corp.example/cost,,team').copiedLabels).toEqual(['team', 'corp.example/cost']);
  expect(read().copiedLabels).toEqual([]);
  expect(() => read('--copy-labels=team,-bad')).toThrow('--copy-labels: "-bad" is no key of a label');
});
