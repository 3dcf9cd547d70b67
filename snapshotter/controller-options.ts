/** Flags of snapshot-controller. */
import { ELECTION_FLAGS, KLOG_FLAGS, KUBE_FLAGS, PROCESS_FLAGS, RETRY_FLAGS } from '../lib/process/flag-groups.ts';
import type { Flag } from '../lib/process/flag.ts';
import { type FlagValues, type OptionsOf, readOptions } from '../lib/process/flags.ts';
import { WORK_FLAGS } from './work-flags.ts';

export const CONTROLLER_FLAGS = [
  ...KLOG_FLAGS,
  ...PROCESS_FLAGS,
  ...KUBE_FLAGS,
  ...ELECTION_FLAGS,
  ...RETRY_FLAGS,
  ...WORK_FLAGS,
  {
    name: 'enable-distributed-snapshotting',
    type: 'bool',
    default: 'false',
    help: 'Label each content with a node that can reach its volume, for sidecars that run on every node. Needs get, list and watch on nodes.',
    origin: 'peer',
  },
  {
    name: 'prevent-volume-mode-conversion',
    type: 'bool',
    default: 'true',
    help: 'Keep the volume mode of the source in the content, so that a restore cannot change it unless it is allowed there.',
    origin: 'peer',
  },
  {
    name: 'retry-crd-interval-max',
    type: 'duration',
    default: '30s',
    help: 'How long to wait at the start for the custom resource definitions, at least 1s. Missing after that: exit code 1.',
    origin: 'peer',
    min: 0,
    below: 'min',
  },
] as const satisfies readonly Flag[];

export type SnapshotControllerOptions = OptionsOf<typeof CONTROLLER_FLAGS>;

export function readControllerOptions(values: FlagValues): SnapshotControllerOptions {
  return readOptions(CONTROLLER_FLAGS, values);
}
