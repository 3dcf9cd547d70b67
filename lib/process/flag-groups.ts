/**
 * Rows that several programs share. A program's table spreads the groups it has, so that name, default and
 * meaning are the same everywhere; the Go programs get most of these from csi-lib-utils and component-base.
 */
import type { Flag } from './flag.ts';

const GO_RUNTIME = 'tunes the Go runtime; nothing to tune here';
const SPLIT_STREAMS = 'alpha and off in the Go programs too: no switch can enable it there';

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
    name: 'drain-timeout',
    type: 'duration',
    default: '10s',
    help: 'On SIGTERM or SIGINT: how long running work may take to finish before it is given up.',
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
    help: 'Requests a second to the API server. 0: no limit of our own, the server regulates with 429 and Retry-After.',
    origin: 'peer',
    min: 0,
  },
  {
    name: 'kube-api-burst',
    type: 'int',
    default: '0',
    peerDefault: '10',
    help: 'Requests at once before --kube-api-qps sets in. 0: 10, where there is a limit at all.',
    origin: 'peer',
    min: 0,
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
    help: 'How long others wait after the last renewal before they take the lease.',
    origin: 'peer',
    min: 1000,
  },
  {
    name: 'leader-election-renew-deadline',
    type: 'duration',
    default: '10s',
    help: 'How long the leader tries to renew before it gives up.',
    origin: 'peer',
    min: 1,
  },
  {
    name: 'leader-election-retry-period',
    type: 'duration',
    default: '5s',
    help: 'Time between two tries to take or renew the lease.',
    origin: 'peer',
    min: 1,
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
  { name: 'metrics-address', type: 'string', default: '', help: 'Deprecated, as --http-endpoint; not together with it.', origin: 'peer' },
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
    help: 'First wait after a failure; doubles with each further one.',
    origin: 'peer',
    min: 1,
  },
  { name: 'retry-interval-max', type: 'duration', default: '5m', help: 'Longest wait after failures.', origin: 'peer', min: 1 },
] as const satisfies readonly Flag[];
