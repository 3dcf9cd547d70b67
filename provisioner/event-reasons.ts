/** The events of csi-provisioner. The reasons are the Go program's own, unless `origin` says otherwise. */
import type { EventRow } from '../lib/controller/event-table.ts';

export const PROVISIONER_EVENTS = {
  provisioning: {
    reason: 'Provisioning',
    type: 'Normal',
    on: ['PersistentVolumeClaim'],
    about: 'An attempt begins, or the volume is left to an external populator.',
    origin: 'peer',
  },
  provisioned: {
    reason: 'ProvisioningSucceeded',
    type: 'Normal',
    on: ['PersistentVolumeClaim'],
    about: 'The PersistentVolume is saved; its name is in the message.',
    origin: 'peer',
  },
  failed: {
    reason: 'ProvisioningFailed',
    type: 'Warning',
    on: ['PersistentVolumeClaim'],
    about:
      'The attempt failed: the driver’s answer, or what is missing or refused, is in the message. It is tried again. Also where the protection of a cloned claim cannot be removed.',
    origin: 'peer',
  },
  deleteFailed: {
    reason: 'VolumeFailedDelete',
    type: 'Warning',
    on: ['PersistentVolume'],
    about: 'The volume could not be deleted: the driver’s answer, or what is missing or refused, is in the message. It is tried again.',
    origin: 'peer',
  },
  deletePostponed: {
    reason: 'VolumeDelete',
    type: 'Normal',
    on: ['PersistentVolume'],
    about: 'The volume is still attached to the node in the message. It is deleted once it is detached.',
    origin: 'peer',
  },
  raised: {
    reason: 'RestoreSizeRaised',
    type: 'Normal',
    on: ['PersistentVolumeClaim'],
    about:
      'With --restore-size-auto-raise: the claim asks for less than its snapshot restores to, so the volume is made larger than asked for.',
    origin: 'ours',
  },
  undecided: {
    reason: 'VolumeUndecided',
    type: 'Warning',
    on: ['Lease', 'PersistentVolumeClaim'],
    about:
      'On the Lease of the journal: a volume may exist in the storage and no PersistentVolume names it. The message names the volume; decision 008 says how to release the entry. On a claim: the journal has an entry of it that does not fit, and that nothing is done for.',
    origin: 'ours',
  },
  releaseFailed: {
    reason: 'SnapshotReleaseFailed',
    type: 'Warning',
    on: ['VolumeSnapshot'],
    about: 'The finalizer that protects the snapshot while it is restored cannot be removed. Check the grant to update snapshots.',
    origin: 'ours',
  },
} as const satisfies Readonly<Record<string, EventRow>>;
