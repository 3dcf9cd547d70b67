import { describe, expect, test } from 'vitest';
import { readFlags } from '../lib/process/flags.ts';
import type { Flag } from '../lib/process/flag.ts';
import { CONTROLLER_FLAGS, readControllerOptions } from './controller-options.ts';
import { SNAPSHOT_CONTROLLER } from './controller-role.ts';
import { SIDECAR_FLAGS, readSidecarOptions } from './sidecar-options.ts';
import { CSI_SNAPSHOTTER } from './sidecar-role.ts';

const LOGGING = [
  'logging-format',
  'log-flush-frequency',
  'v',
  'vmodule',
  'log-text-split-stream',
  'log-text-info-buffer-size',
  'log-json-split-stream',
  'log-json-info-buffer-size',
];
const BOTH = [
  ...LOGGING,
  'automaxprocs',
  'feature-gates',
  'http-endpoint',
  'kube-api-burst',
  'kube-api-qps',
  'kubeconfig',
  'leader-election',
  'leader-election-lease-duration',
  'leader-election-namespace',
  'leader-election-renew-deadline',
  'leader-election-retry-period',
  'metrics-path',
  'resync-period',
  'retry-interval-max',
  'retry-interval-start',
  'version',
  'worker-threads',
];
const names = (flags: readonly Flag[], origin: string) =>
  flags
    .filter((flag) => flag.origin === origin)
    .map(({ name }) => name)
    .toSorted();
const env = (): undefined => undefined;

describe('the flags of the Go programs', () => {
  test('snapshot-controller has all 28, with their defaults, but for the API limit', () => {
    expect(names(CONTROLLER_FLAGS, 'peer')).toEqual(
      [...BOTH, 'enable-distributed-snapshotting', 'prevent-volume-mode-conversion', 'retry-crd-interval-max'].toSorted(),
    );
    expect(names(CONTROLLER_FLAGS, 'peer')).toHaveLength(28);
    expect(readControllerOptions(readFlags(CONTROLLER_FLAGS, []))).toMatchObject({
      resyncPeriodMs: 900_000,
      workerThreads: 10,
      kubeApiQps: 0,
      retryIntervalStartMs: 1000,
      retryIntervalMaxMs: 300_000,
      retryCrdIntervalMaxMs: 30_000,
      enableDistributedSnapshotting: false,
      preventVolumeModeConversion: true,
      leaderElection: false,
      metricsPath: '/metrics',
    });
  });

  test('csi-snapshotter has all 35, with their defaults, but for the API limit', () => {
    const own = [
      'csi-address',
      'extra-create-metadata',
      'groupsnapshot-name-prefix',
      'groupsnapshot-name-uuid-length',
      'leader-election-labels',
      'metrics-address',
      'node-deployment',
      'snapshot-name-prefix',
      'snapshot-name-uuid-length',
      'timeout',
    ];
    expect(names(SIDECAR_FLAGS, 'peer')).toEqual([...BOTH, ...own].toSorted());
    expect(names(SIDECAR_FLAGS, 'peer')).toHaveLength(35);
    expect(readSidecarOptions(readFlags(SIDECAR_FLAGS, []), env)).toMatchObject({
      csiAddress: '/run/csi/socket',
      timeoutMs: 60_000,
      snapshotNamePrefix: 'snapshot',
      snapshotNameUuidLength: -1,
      groupsnapshotNamePrefix: 'groupsnapshot',
      readyPollIntervalMinMs: 1000,
      readyPollIntervalMaxMs: 300_000,
      nodeName: undefined,
    });
  });
});

const read = (given: Record<string, string>, nodeName?: string) =>
  readSidecarOptions(
    readFlags(
      SIDECAR_FLAGS,
      Object.entries(given).map(([name, text]) => ({ name, text })),
    ),
    () => nodeName,
  );

describe('options that cannot work', () => {
  test.each([
    ['a uuid length beyond the uid', { 'snapshot-name-uuid-length': '33' }, /at most 32/],
    ['a uuid length below all', { 'groupsnapshot-name-uuid-length': '-2' }, /at least -1/],
    ['a uuid length of nothing', { 'snapshot-name-uuid-length': '0' }, /all snapshots would have one name/],
    ['no prefix', { 'snapshot-name-prefix': '' }, /snapshot-name-prefix is empty/],
    ['a poll pace upside down', { 'ready-poll-interval-min': '10m' }, /above --ready-poll-interval-max/],
    ['a leader on every node', { 'node-deployment': 'true', 'leader-election': 'true' }, /exclude each other[^]*NODE_NAME/],
  ])('%s is refused, naming flag and remedy', (_, given, message) => {
    expect(() => read(given)).toThrow(message);
  });

  test.each([
    [{ 'worker-threads': '0' }, { workerThreads: 10 }],
    [{ 'worker-threads': '-4' }, { workerThreads: 10 }],
    [{ 'retry-interval-start': '0' }, { retryIntervalStartMs: 0 }],
    [{ timeout: '0' }, { timeoutMs: 60_000 }],
    [{ 'leader-election-lease-duration': '500ms' }, { leaderElectionLeaseDurationMs: 15_000 }],
    [{ 'resync-period': '-1s' }, { resyncPeriodMs: 0 }],
    [{ 'groupsnapshot-name-prefix': '', 'feature-gates': 'CSIVolumeGroupSnapshot=false' }, { groupsnapshotNamePrefix: '' }],
  ])('%j starts, as the Go program does', (given, options) => {
    expect(read(given)).toMatchObject(options);
  });

  test('node deployment takes its node from the environment', () => {
    expect(read({ 'node-deployment': 'true' }, 'node-1').nodeName).toBe('node-1');
    expect(() => read({ 'node-deployment': 'true' })).toThrow(/NODE_NAME/);
  });
});

test('what the frame acts upon is handed over by the roles', () => {
  const frameOf = (given: Readonly<Record<string, string>>) =>
    SNAPSHOT_CONTROLLER.frame?.(
      readControllerOptions(
        readFlags(
          CONTROLLER_FLAGS,
          Object.entries(given).map(([name, text]) => ({ name, text })),
        ),
      ),
    );
  expect(frameOf({ 'resync-period': '3m', 'retry-crd-interval-max': '7s' })).toEqual({ resyncMs: 180_000, resourceWaitMs: 7000 });
  expect(frameOf({ 'retry-crd-interval-max': '1ms' })).toMatchObject({ resourceWaitMs: 1000 });
  expect(CSI_SNAPSHOTTER.frame?.(read({ timeout: '5s', 'resync-period': '3m', 'leader-election-labels': 'a:b' }))).toEqual({
    timeoutMs: 5000,
    resyncMs: 180_000,
    leaseLabels: { a: 'b' },
  });
});
