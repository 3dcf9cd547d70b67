/** Flags of csi-provisioner: the Go program's 51 with their meaning, and ours. */
import { ConfigError } from '../lib/errors/config-error.ts';
import { DRIVER_FLAGS, ELECTION_FLAGS, KLOG_FLAGS, KUBE_FLAGS, PROCESS_FLAGS, RETRY_FLAGS } from '../lib/process/flag-groups.ts';
import { readOptions } from '../lib/process/flags.ts';
import type { Flag } from '../lib/process/flag.ts';
import type { FlagValues, OptionsOf } from '../lib/process/flags.ts';

/** Hexadecimal digits of a uid. */
const UUID_DIGITS = 32;
const NO_CAPACITY = 'CSIStorageCapacity objects are not published by this version';
const NO_NODE_MODE = 'node deployment is not served by this version';

const NAME_FLAGS = [
  { name: 'volume-name-prefix', type: 'string', default: 'pvc', help: 'First part of the names of volumes and PVs.', origin: 'peer' },
  {
    name: 'volume-name-uuid-length',
    type: 'int',
    default: '-1',
    help: 'How many hexadecimal digits of the claim uid follow the prefix, 1 to 32. -1: the whole uid with its dashes.',
    origin: 'peer',
    min: -1,
    max: UUID_DIGITS,
  },
] as const satisfies readonly Flag[];

const WORK_FLAGS = [
  {
    name: 'worker-threads',
    type: 'uint',
    default: '100',
    help: 'How many claims are worked on at once, and how many PVs beside them.',
    origin: 'peer',
    min: 1,
    below: 'default',
  },
  {
    name: 'cloning-protection-threads',
    type: 'uint',
    default: '1',
    help: 'How many sources of clones, and of restores, are released from their protection at once.',
    origin: 'peer',
    min: 1,
    below: 'default',
  },
  {
    name: 'snapshot-orphan-sweep-interval',
    type: 'duration',
    default: '5m',
    help: 'How often left-over protection of VolumeSnapshots is looked for.',
    origin: 'peer',
    ignored: 'protection is removed at once when nothing needs it any more, so there is nothing to sweep',
  },
  {
    name: 'timeout',
    type: 'duration',
    default: '10s',
    help: 'Time limit of every call to the driver. A call that is not answered in time is repeated.',
    origin: 'peer',
    min: 1,
    below: 'default',
  },
  {
    name: 'crash-safe-provisioning',
    type: 'bool',
    default: 'true',
    help: 'Note each volume in a Lease before it is made, so that a crash cannot leave a volume that no object names. Needs get, list, create, update and delete on leases. Costs at most two API calls a volume.',
    origin: 'ours',
  },
] as const satisfies readonly Flag[];

const VOLUME_FLAGS = [
  {
    name: 'strict-topology',
    type: 'bool',
    default: 'false',
    help: "For claims with WaitForFirstConsumer: let the driver choose from the selected node's topology only, not from all that the class allows.",
    origin: 'peer',
  },
  {
    name: 'immediate-topology',
    type: 'bool',
    default: 'true',
    help: 'For claims with immediate binding: let the driver choose from the topologies of the cluster. false: the driver gets no topology and chooses freely.',
    origin: 'peer',
  },
  {
    name: 'extra-create-metadata',
    type: 'bool',
    default: 'false',
    help: 'Tell the driver the names of the claim, its namespace and the PV as parameters.',
    origin: 'peer',
  },
  { name: 'default-fstype', type: 'string', default: '', help: 'File system of volumes whose class names none.', origin: 'peer' },
  {
    name: 'controller-publish-readonly',
    type: 'bool',
    default: 'false',
    help: 'Make PVs read-only whose claim asks for ReadOnlyMany and nothing else.',
    origin: 'peer',
  },
  {
    name: 'prevent-volume-mode-conversion',
    type: 'bool',
    default: 'true',
    help: 'Refuse to restore a snapshot with another volume mode unless its content allows it.',
    origin: 'peer',
  },
] as const satisfies readonly Flag[];

const UNSERVED_FLAGS = [
  {
    name: 'enable-capacity',
    type: 'bool',
    default: 'false',
    help: 'Publish CSIStorageCapacity objects. Not served by this version.',
    origin: 'peer',
  },
  { name: 'capacity-threads', type: 'uint', default: '1', help: 'Capacities asked for at once.', origin: 'peer', ignored: NO_CAPACITY },
  {
    name: 'capacity-for-immediate-binding',
    type: 'bool',
    default: 'false',
    help: 'Also for classes with immediate binding.',
    origin: 'peer',
    ignored: NO_CAPACITY,
  },
  {
    name: 'capacity-poll-interval',
    type: 'duration',
    default: '1m',
    help: 'How often the driver is asked for capacity.',
    origin: 'peer',
    ignored: NO_CAPACITY,
  },
  {
    name: 'capacity-ownerref-level',
    type: 'int',
    default: '1',
    help: 'Owner of capacity objects, hops from the Pod.',
    origin: 'peer',
    ignored: NO_CAPACITY,
  },
  {
    name: 'kube-api-capacity-qps',
    type: 'float',
    default: '1',
    help: 'Requests a second for capacity objects.',
    origin: 'peer',
    ignored: NO_CAPACITY,
  },
  {
    name: 'kube-api-capacity-burst',
    type: 'int',
    default: '5',
    help: 'Requests at once for capacity objects.',
    origin: 'peer',
    ignored: NO_CAPACITY,
  },
  {
    name: 'node-deployment',
    type: 'bool',
    default: 'false',
    help: 'Serve the volumes of one node, for a sidecar on every node. Not served by this version.',
    origin: 'peer',
  },
  {
    name: 'node-deployment-immediate-binding',
    type: 'bool',
    default: 'true',
    help: 'Nodes compete for immediate claims.',
    origin: 'peer',
    ignored: NO_NODE_MODE,
  },
  {
    name: 'node-deployment-base-delay',
    type: 'duration',
    default: '20s',
    help: 'First wait in that competition.',
    origin: 'peer',
    ignored: NO_NODE_MODE,
  },
  {
    name: 'node-deployment-max-delay',
    type: 'duration',
    default: '60s',
    help: 'Longest wait in that competition.',
    origin: 'peer',
    ignored: NO_NODE_MODE,
  },
  {
    name: 'enable-pprof',
    type: 'bool',
    default: 'false',
    help: 'Go profiles on the HTTP endpoint.',
    origin: 'peer',
    ignored: 'there is no Go runtime to profile',
  },
] as const satisfies readonly Flag[];

const GATES_FLAG = {
  name: 'feature-gates',
  type: 'gates',
  default: '',
  help: 'Features to switch on or off: Name=true,Name=false.',
  origin: 'peer',
  gates: {
    Topology: { default: true, stage: 'GA' },
    VolumeAttributesClass: { default: true, stage: 'GA' },
    CrossNamespaceVolumeDataSource: { default: false, stage: 'ALPHA' },
    ReleaseLeaderElectionOnExit: { default: false, stage: 'ALPHA', ignored: 'the lease is always given back on exit' },
    // Of releases since 2022.
    HonorPVReclaimPolicy: { default: true, stage: 'GA', ignored: 'the reclaim policy of a PersistentVolume is always honoured' },
    CSINodeExpandSecret: {
      default: true,
      stage: 'GA',
      ignored: 'secrets for the expansion on nodes are always written to PersistentVolumes',
    },
  },
} as const satisfies Flag;

/** Read by the frame of all programs. */
const MASTER_FLAG = { name: 'master', type: 'string', default: '', help: 'URL of the API server.', origin: 'peer' } as const satisfies Flag;

export const PROVISIONER_FLAGS = [
  ...KLOG_FLAGS,
  ...PROCESS_FLAGS,
  ...KUBE_FLAGS,
  ...ELECTION_FLAGS,
  ...DRIVER_FLAGS,
  ...RETRY_FLAGS,
  ...NAME_FLAGS,
  ...WORK_FLAGS,
  ...VOLUME_FLAGS,
  ...UNSERVED_FLAGS,
  MASTER_FLAG,
  GATES_FLAG,
] as const satisfies readonly Flag[];

export type ProvisionerOptions = OptionsOf<typeof PROVISIONER_FLAGS>;

/** Throws ConfigError with every fault at once. */
export function readProvisionerOptions(values: FlagValues): ProvisionerOptions {
  const options = readOptions(PROVISIONER_FLAGS, values);
  const faults: string[] = [];
  if (options.volumeNamePrefix === '') faults.push('--volume-name-prefix is empty: give it a name');
  if (options.volumeNameUuidLength === 0) {
    faults.push(`--volume-name-uuid-length=0: all volumes would have one name, write -1 or 1 to ${UUID_DIGITS}`);
  }
  if (options.enableCapacity)
    faults.push('--enable-capacity is not served by this version: drop it, or keep the Go program for this driver');
  if (options.nodeDeployment)
    faults.push('--node-deployment is not served by this version: drop it, or keep the Go program for this driver');
  if (faults.length > 0) throw new ConfigError(faults, { exitCode: 1 });
  return options;
}
