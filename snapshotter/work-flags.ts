/** Flags that both snapshot programs have, and the other programs have otherwise. */
import type { Flag } from '../lib/process/flag.ts';

const FEATURE_GATES_FLAG = {
  name: 'feature-gates',
  type: 'gates',
  default: '',
  help: 'Features to switch on or off: Name=true,Name=false.',
  origin: 'peer',
  gates: {
    CSIVolumeGroupSnapshot: { default: true, stage: 'GA' },
    ReleaseLeaderElectionOnExit: { default: false, stage: 'ALPHA', ignored: 'the lease is always given back on exit' },
  },
} as const satisfies Flag;

export const WORK_FLAGS = [
  {
    name: 'resync-period',
    type: 'duration',
    default: '15m',
    help: 'How often every object is looked at again, without a call to the API server.',
    origin: 'peer',
    min: 0,
    below: 'min',
  },
  {
    name: 'worker-threads',
    type: 'int',
    default: '10',
    help: 'How many objects of one kind are worked on at once.',
    origin: 'peer',
    min: 1,
    below: 'default',
  },
  {
    name: 'enable-volume-group-snapshots',
    type: 'bool',
    default: 'false',
    help: 'Group snapshots, in releases before 8.1.',
    origin: 'earlier',
    ignored: 'the feature gate CSIVolumeGroupSnapshot took its place',
  },
  FEATURE_GATES_FLAG,
] as const satisfies readonly Flag[];
