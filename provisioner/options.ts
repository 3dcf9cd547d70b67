/** Flags of csi-provisioner: the Go program's 51 with their meaning, and ours. */
import { ConfigError } from '../lib/errors/config-error.ts';
import { DRIVER_FLAGS, ELECTION_FLAGS, KLOG_FLAGS, KUBE_FLAGS, PROCESS_FLAGS, RETRY_FLAGS } from '../lib/process/flag-groups.ts';
import { isLabelKey } from '../lib/process/flag-value.ts';
import { readOptions } from '../lib/process/flags.ts';
import type { Flag } from '../lib/process/flag.ts';
import type { FlagValues, OptionsOf } from '../lib/process/flags.ts';

/** Hexadecimal digits of a uid. */
const UUID_DIGITS = 32;

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
    help: 'How many sources of clones, and of restores, are released from their protection at once. 0: those of clones stay protected.',
    origin: 'peer',
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
  {
    name: 'restore-size-auto-raise',
    type: 'bool',
    default: 'false',
    help: 'A claim that asks for less than its snapshot restores to gets a volume of that size instead of an error; an event says so, and the PV has the real size. Storage quotas count what the claim asks for.',
    origin: 'ours',
  },
  {
    name: 'copy-labels',
    type: 'string',
    default: '',
    help: 'Keys of labels, separated by commas, that are copied from claims to their PVs, and told the driver as parameters csi.storage.k8s.io/pvc/labels/KEY. The driver has to take parameters that it does not know.',
    origin: 'ours',
  },
] as const satisfies readonly Flag[];

const CAPACITY_FLAGS = [
  {
    name: 'enable-capacity',
    type: 'bool',
    default: 'false',
    help: 'Publish in CSIStorageCapacity objects how much room the driver has for each class in each topology segment. Needs NAMESPACE and POD_NAME in the environment.',
    origin: 'peer',
  },
  {
    name: 'capacity-threads',
    type: 'uint',
    default: '1',
    help: 'How many capacities the driver is asked for at once.',
    origin: 'peer',
    min: 1,
  },
  {
    name: 'capacity-for-immediate-binding',
    type: 'bool',
    default: 'false',
    help: 'Publish capacities of classes with immediate binding, too. The scheduler does not need them.',
    origin: 'peer',
  },
  {
    name: 'capacity-poll-interval',
    type: 'duration',
    default: '1m',
    help: 'How long after its last answer the driver is asked for a capacity again. What this program itself makes or deletes is asked for at once.',
    origin: 'peer',
    min: 1,
  },
  {
    name: 'capacity-ownerref-level',
    type: 'int',
    default: '1',
    help: 'Who owns the CSIStorageCapacity objects: 0 the Pod that NAMESPACE and POD_NAME name, 1 its controller (StatefulSet, DaemonSet, ReplicaSet), 2 the controller of that (Deployment). -1: nobody.',
    origin: 'peer',
  },
  {
    name: 'kube-api-capacity-qps',
    type: 'float',
    default: '0',
    peerDefault: '1',
    help: 'Most requests a second for CSIStorageCapacity objects, apart from --kube-api-qps. 0 or less: they are under that.',
    origin: 'peer',
  },
  {
    name: 'kube-api-capacity-burst',
    type: 'int',
    default: '0',
    peerDefault: '5',
    help: 'Most requests in a burst, beyond --kube-api-capacity-qps. 0 or less: 5. Without --kube-api-capacity-qps it has no effect.',
    origin: 'peer',
  },
] as const satisfies readonly Flag[];

const UNSERVED_FLAGS = [
  {
    name: 'enable-pprof',
    type: 'bool',
    default: 'false',
    help: 'Go profiles on the HTTP endpoint.',
    origin: 'peer',
    ignored: 'there is no Go runtime to profile',
  },
] as const satisfies readonly Flag[];

const NODE_FLAGS = [
  {
    name: 'node-deployment',
    type: 'bool',
    default: 'false',
    help: 'Serve the volumes of one node, for a sidecar beside the driver on every node. The environment variable NODE_NAME names the node. Without --leader-election.',
    origin: 'peer',
  },
  {
    name: 'node-deployment-immediate-binding',
    type: 'bool',
    default: 'true',
    help: 'With --node-deployment: nodes compete for claims that wait for no Pod. false: such claims are left alone.',
    origin: 'peer',
  },
  {
    name: 'node-deployment-base-delay',
    type: 'duration',
    default: '20s',
    help: 'With --node-deployment: longest first wait before this node tries to take a claim that waits for no Pod. The wait is random and doubles each time that others are faster.',
    origin: 'peer',
    min: 0,
  },
  {
    name: 'node-deployment-max-delay',
    type: 'duration',
    default: '60s',
    help: 'With --node-deployment: longest wait of all. A node without room for a claim asks its driver again as often.',
    origin: 'peer',
    min: 0,
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
  ...CAPACITY_FLAGS,
  ...UNSERVED_FLAGS,
  ...NODE_FLAGS,
  MASTER_FLAG,
  GATES_FLAG,
] as const satisfies readonly Flag[];

export interface ProvisionerOptions extends OptionsOf<typeof PROVISIONER_FLAGS> {
  /** Keys of `--copy-labels`. */
  readonly copiedLabels: readonly string[];
  /** The node whose volumes are served; empty: those of all nodes. */
  readonly nodeName: string;
  /** The Pod of this process, from NAMESPACE and POD_NAME; empty where they are not set. */
  readonly pod: { readonly namespace: string; readonly name: string };
}

/** Throws ConfigError with every fault at once. */
export function readProvisionerOptions(values: FlagValues, env: (name: string) => string | undefined): ProvisionerOptions {
  const pod = { namespace: env('NAMESPACE') ?? '', name: env('POD_NAME') ?? '' };
  const options = readOptions(PROVISIONER_FLAGS, values);
  const faults: string[] = [];
  if (options.volumeNamePrefix === '') faults.push('--volume-name-prefix is empty: give it a name');
  if (options.volumeNameUuidLength === 0) {
    faults.push(`--volume-name-uuid-length=0: all volumes would have one name, write -1 or 1 to ${UUID_DIGITS}`);
  }
  const copied = keysIn(options.copyLabels);
  for (const key of copied) if (!isLabelKey(key)) faults.push(`--copy-labels: ${JSON.stringify(key)} is no key of a label, write KEY,KEY`);
  const nodeName = options.nodeDeployment ? (env('NODE_NAME') ?? '') : '';
  if (options.nodeDeployment && nodeName === '')
    faults.push('--node-deployment needs the environment variable NODE_NAME: set it from spec.nodeName of the Pod (fieldRef)');
  if (options.enableCapacity && pod.namespace === '')
    faults.push('--enable-capacity needs NAMESPACE in the environment: set it from the field metadata.namespace of the Pod');
  if (options.enableCapacity && pod.name === '' && options.capacityOwnerrefLevel >= 0)
    faults.push(
      '--enable-capacity needs POD_NAME in the environment: set it from the field metadata.name of the Pod, or write --capacity-ownerref-level=-1 for objects without an owner',
    );
  if (faults.length > 0) throw new ConfigError(faults, { exitCode: 1 });
  return { ...options, pod, nodeName, copiedLabels: copied };
}

function keysIn(list: string): readonly string[] {
  return [...new Set(list.split(',').map((key) => key.trim()))].filter((key) => key !== '');
}
