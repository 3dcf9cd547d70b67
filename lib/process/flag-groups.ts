/**
 * Rows that several programs share. A program's table spreads the groups it has, so that name, default and
 * meaning are the same everywhere; the Go programs get most of these from csi-lib-utils and component-base.
 */
import type { Flag } from './flag.ts';

const GO_RUNTIME = 'tunes the Go runtime; nothing to tune here';
const SPLIT_STREAMS = 'the Go programs have it as alpha and cannot switch it on either';

/** Logging, of all programs. */
export const KLOG_FLAGS = [
  {
    name: 'logging-format',
    type: 'string',
    default: 'text',
    help: 'Format of the log: text (as klog writes it) or json.',
    origin: 'peer',
    choices: ['text', 'json'],
  },
  {
    name: 'log-flush-frequency',
    type: 'duration',
    default: '5s',
    help: 'Time between log flushes.',
    origin: 'peer',
    ignored: 'every line is written at once',
  },
  { name: 'v', type: 'int', default: '0', help: 'Verbosity of the log: 2 useful, 4 debug, 5 trace.', origin: 'peer' },
  {
    name: 'vmodule',
    type: 'string',
    default: '',
    help: 'Verbosity by Go source file.',
    origin: 'peer',
    ignored: 'the source files of the Go programs do not exist here',
  },
  {
    name: 'log-text-split-stream',
    type: 'bool',
    default: 'false',
    help: 'Errors and infos on separate streams.',
    origin: 'peer',
    ignored: SPLIT_STREAMS,
  },
  {
    name: 'log-text-info-buffer-size',
    type: 'quantity',
    default: '0',
    help: 'Buffer of the info stream.',
    origin: 'peer',
    ignored: SPLIT_STREAMS,
  },
  {
    name: 'log-json-split-stream',
    type: 'bool',
    default: 'false',
    help: 'Errors and infos on separate streams.',
    origin: 'peer',
    ignored: SPLIT_STREAMS,
  },
  {
    name: 'log-json-info-buffer-size',
    type: 'quantity',
    default: '0',
    help: 'Buffer of the info stream.',
    origin: 'peer',
    ignored: SPLIT_STREAMS,
  },
] as const satisfies readonly Flag[];

/** Of every program: version, shutdown, the address of metrics and health. */
export const PROCESS_FLAGS = [
  { name: 'version', type: 'bool', default: 'false', help: 'Print the version and exit.', origin: 'peer' },
  {
    name: 'automaxprocs',
    type: 'bool',
    default: 'false',
    help: 'Set GOMAXPROCS from the CPU quota of the container.',
    origin: 'peer',
    ignored: GO_RUNTIME,
  },
  {
    name: 'http-endpoint',
    type: 'string',
    default: '',
    help: 'Address of the HTTP server for metrics and health, host:port or :port. Empty: no server.',
    origin: 'peer',
  },
  { name: 'metrics-path', type: 'string', default: '/metrics', help: 'Path of the metrics.', origin: 'peer' },
  {
    name: 'debug-endpoint',
    type: 'string',
    default: '',
    help: 'Loopback address, host:port, where csi-sidecars explain is told what is under way and held back until when. Empty: nowhere.',
    origin: 'ours',
  },
  {
    name: 'drain-timeout',
    type: 'duration',
    default: '10s',
    help: 'On SIGTERM or SIGINT: how long calls under way may take to finish before they are cancelled. Keep it shorter than terminationGracePeriodSeconds of the Pod.',
    origin: 'ours',
    min: 0,
  },
] as const satisfies readonly Flag[];

/** How the API server is reached. */
export const KUBE_FLAGS = [
  { name: 'kubeconfig', type: 'string', default: '', help: 'Kubeconfig file. Empty: the service account of the Pod.', origin: 'peer' },
  {
    name: 'kube-api-qps',
    type: 'float',
    default: '0',
    peerDefault: '5',
    help: 'Most requests a second to the API server. 0 or less: no limit on this side; the server slows clients down itself (429 and Retry-After), and that is obeyed.',
    origin: 'peer',
  },
  {
    name: 'kube-api-burst',
    type: 'int',
    default: '0',
    peerDefault: '10',
    help: 'Most requests in a burst, beyond --kube-api-qps. 0 or less: 10. Without --kube-api-qps it has no effect.',
    origin: 'peer',
  },
] as const satisfies readonly Flag[];

export const ELECTION_FLAGS = [
  {
    name: 'leader-election',
    type: 'bool',
    default: 'false',
    help: 'Run only while holding the lease; needed with more than one replica.',
    origin: 'peer',
  },
  {
    name: 'leader-election-namespace',
    type: 'string',
    default: '',
    help: 'Namespace of the lease. Empty: POD_NAMESPACE, then the namespace of the service account, then default.',
    origin: 'peer',
  },
  {
    name: 'leader-election-lease-duration',
    type: 'duration',
    default: '15s',
    help: 'A lease that was not renewed for so long may be taken by another replica. After a crash of the leader nothing is worked on for up to this time.',
    origin: 'peer',
    min: 1000,
    below: 'default',
  },
  {
    name: 'leader-election-renew-deadline',
    type: 'duration',
    default: '10s',
    help: 'A leader that could not renew its lease for so long stops working and exits. Must be shorter than the lease duration.',
    origin: 'peer',
    min: 1,
    below: 'default',
  },
  {
    name: 'leader-election-retry-period',
    type: 'duration',
    default: '5s',
    help: 'Time between two tries to take or renew the lease.',
    origin: 'peer',
    min: 1,
    below: 'default',
  },
] as const satisfies readonly Flag[];

/** Of the programs that stand beside a driver. `timeout` is theirs too, but its default differs. */
export const DRIVER_FLAGS = [
  {
    name: 'csi-address',
    type: 'string',
    default: '/run/csi/socket',
    help: 'Socket of the CSI driver: a path or unix:///path.',
    origin: 'peer',
  },
  {
    name: 'leader-election-labels',
    type: 'labels',
    default: '',
    help: 'Labels that the leader puts on its lease: key:value,key:value.',
    origin: 'peer',
  },
  {
    name: 'metrics-address',
    type: 'string',
    default: '',
    help: 'Deprecated: use --http-endpoint, which means the same. Giving both is an error.',
    origin: 'peer',
  },
  {
    name: 'driver-lost-timeout',
    type: 'duration',
    default: '0s',
    help: 'How long a lost driver connection may stay lost before the process gives up its lease and exits 1. 0: the lease duration.',
    origin: 'ours',
    min: 0,
  },
] as const satisfies readonly Flag[];

/** Back-off of failed work. */
export const RETRY_FLAGS = [
  {
    name: 'retry-interval-start',
    type: 'duration',
    default: '1s',
    help: 'Wait before the first retry of something that failed. It doubles with each further failure, 0 as if it were 1ms.',
    origin: 'peer',
    min: 0,
  },
  {
    name: 'retry-interval-max',
    type: 'duration',
    default: '5m',
    help: 'Longest wait between two retries of something that failed.',
    origin: 'peer',
    min: 1,
    below: 'default',
  },
] as const satisfies readonly Flag[];
