/** Flags of csi-snapshotter. */
import { ConfigError } from '../lib/errors/config-error.ts';
import { DRIVER_FLAGS, ELECTION_FLAGS, KLOG_FLAGS, KUBE_FLAGS, PROCESS_FLAGS, RETRY_FLAGS } from '../lib/process/flag-groups.ts';
import type { Flag } from '../lib/process/flag.ts';
import { type FlagValues, gateEnabled, type OptionsOf, readOptions } from '../lib/process/flags.ts';
import { WORK_FLAGS } from './work-flags.ts';

/** Hexadecimal digits of a uid. */
const UUID_DIGITS = 32;

export const SIDECAR_FLAGS = [
  ...KLOG_FLAGS,
  ...PROCESS_FLAGS,
  ...KUBE_FLAGS,
  ...ELECTION_FLAGS,
  ...DRIVER_FLAGS,
  ...RETRY_FLAGS,
  // The next look at a snapshot that is made but not finished comes once it is twice as old, within these.
  {
    name: 'ready-poll-interval-min',
    type: 'duration',
    default: '1s',
    help: 'Shortest time between two questions to the driver whether a snapshot is ready. The age of the snapshot is added to it.',
    origin: 'ours',
    min: 1,
  },
  {
    name: 'ready-poll-interval-max',
    type: 'duration',
    default: '5m',
    help: 'Longest time between two questions to the driver whether a snapshot is ready.',
    origin: 'ours',
    min: 1,
  },
  ...WORK_FLAGS,
  {
    name: 'timeout',
    type: 'duration',
    default: '1m',
    help: 'Time limit of every call to the driver. A call that is not answered in time is repeated.',
    origin: 'peer',
    min: 1,
    below: 'default',
  },
  {
    name: 'snapshot-name-prefix',
    type: 'string',
    default: 'snapshot',
    help: 'First part of the names of snapshots in the driver.',
    origin: 'peer',
  },
  {
    name: 'snapshot-name-uuid-length',
    type: 'int',
    default: '-1',
    help: 'How many hexadecimal digits of the uid follow the prefix, 1 to 32. -1: the whole uid with its dashes.',
    origin: 'peer',
    min: -1,
    max: UUID_DIGITS,
  },
  {
    name: 'groupsnapshot-name-prefix',
    type: 'string',
    default: 'groupsnapshot',
    help: 'First part of the names of group snapshots in the driver.',
    origin: 'peer',
  },
  {
    name: 'groupsnapshot-name-uuid-length',
    type: 'int',
    default: '-1',
    help: 'As --snapshot-name-uuid-length, for group snapshots.',
    origin: 'peer',
    min: -1,
    max: UUID_DIGITS,
  },
  {
    name: 'extra-create-metadata',
    type: 'bool',
    default: 'false',
    help: 'Tell the driver the names of the VolumeSnapshot, its namespace and its content as parameters.',
    origin: 'peer',
  },
  {
    name: 'node-deployment',
    type: 'bool',
    default: 'false',
    help: 'For a sidecar on every node: serve only the contents that are labelled with this node (environment NODE_NAME). Not together with --leader-election.',
    origin: 'peer',
  },
] as const satisfies readonly Flag[];

export interface CsiSnapshotterOptions extends OptionsOf<typeof SIDECAR_FLAGS> {
  /** Set in node deployment. */
  readonly nodeName: string | undefined;
}

/** Throws ConfigError with every fault at once. */
export function readSidecarOptions(values: FlagValues, env: (name: string) => string | undefined): CsiSnapshotterOptions {
  const options = readOptions(SIDECAR_FLAGS, values);
  const faults: string[] = [];
  for (const [flag, length] of [
    ['snapshot-name-uuid-length', options.snapshotNameUuidLength],
    ['groupsnapshot-name-uuid-length', options.groupsnapshotNameUuidLength],
  ] as const)
    if (length === 0) faults.push(`--${flag}=0: all snapshots would have one name, write -1 or 1 to ${UUID_DIGITS}`);
  if (options.snapshotNamePrefix === '') faults.push('--snapshot-name-prefix is empty: give it a name');
  if (options.groupsnapshotNamePrefix === '' && gateEnabled(options.featureGates, 'CSIVolumeGroupSnapshot'))
    faults.push('--groupsnapshot-name-prefix is empty: give it a name');
  if (options.readyPollIntervalMinMs > options.readyPollIntervalMaxMs)
    faults.push('--ready-poll-interval-min is above --ready-poll-interval-max: lower the one or raise the other');
  const nodeName = options.nodeDeployment ? env('NODE_NAME') : undefined;
  if (options.nodeDeployment && options.leaderElection)
    faults.push(
      '--node-deployment and --leader-election exclude each other: a sidecar on every node needs no leader, drop --leader-election',
    );
  if (options.nodeDeployment && (nodeName ?? '') === '')
    faults.push('--node-deployment needs the environment variable NODE_NAME: set it from the field spec.nodeName of the Pod');
  if (faults.length > 0) throw new ConfigError(faults, { exitCode: 1 });
  return { ...options, nodeName };
}
