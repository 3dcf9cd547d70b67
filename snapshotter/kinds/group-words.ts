/** The sentences about groups of snapshots. */
import { notUpdated, quote, withMore } from '../peer-words.ts';
import type { SourceFault } from './sources.ts';
import type { ClassFault, CreationFault, FailedAt, FailedWrite, KindWords } from './words.ts';

const CLASS = 'failed to get group snapshot class with error';
const DEFAULT = 'Failed to set default group snapshot class with error';
const CREATION = 'failed to create group snapshot content with error';

export const GROUP_WORDS: KindWords = {
  invalidSource: 'Exactly one of Selector and VolumeGroupSnapshotContentName should be specified',
  invalidContentSource: 'Exactly one of GroupSnapshotHandles and VolumeHandles should be specified',
  creating: (key) => `Waiting for a group snapshot ${key} to be created by the CSI driver.`,
  created: (key) => `GroupSnapshot ${key} was successfully created by the CSI driver.`,
  ready: (key) => `GroupSnapshot ${key} is ready to use.`,
  missing: (name) => withMore('VolumeGroupSnapshotContent is missing', name),
  lost: (name) => withMore('VolumeGroupSnapshotContent is missing', `${name}. The group is lost unless it comes back`),
  notReferredTo: (name) => withMore('VolumeGroupSnapshotContent is not bound to the VolumeGroupSnapshot correctly', name),
  isDynamic: (name) => withMore('VolumeGroupSnapshotContent is dynamically provisioned while expecting a pre-provisioned one', name),
  isGiven: (name) => `VolumeGroupSnapshotContent ${name} is pre-provisioned while expecting a dynamically provisioned one`,
  misbound: (name) => `VolumeGroupSnapshotContent [${name}] is bound to a different group snapshot`,
  handleSet: (name, key) =>
    withMore(`GroupSnapshot handle should not be set in group snapshot content ${key} for dynamic provisioning`, name),
  inUse: (key, restores) => {
    const used = restores.map(({ snapshot, claims }) => {
      const who = claims.length > 0 ? `: ${claims.toSorted().join(', ')}` : '';
      return `Snapshot ${snapshot} belonging to VolumeGroupSnapshot ${key} is being used to restore a PVC${who}`;
    });
    return used.toSorted().join('; ');
  },
  stillMade: 'GroupSnapshot is still being created: it is deleted once the driver has answered',
  classMissing: (name) => `${CLASS} volumegroupsnapshotclass.groupsnapshot.storage.k8s.io ${quote(name)} not found`,
  noDefaultClass: ({ key }, fault) => `${DEFAULT} ${because(key, fault)}`,
  noContent: ({ key, name }, fault) => `${CREATION} ${inVain(key, name, fault)}`,
  alsoTold: ({ key }, fault) => {
    switch (fault.kind) {
      case 'no-csi-volume':
        return withMore(`Cannot snapshot a non-CSI volume: ${fault.volume}`, remedy(fault.claim));
      case 'other-driver':
        return because(key, fault);
      default:
        return undefined;
    }
  },
  failed,
};

/** The Go program says of a part of it that the input is missing. */
function inVain(key: string, name: string, fault: SourceFault | CreationFault): string {
  switch (fault.kind) {
    case 'claim-unbound':
    case 'no-volume':
    case 'volume-of-another':
    case 'nothing-selected':
    case 'secret':
      return `failed to get input parameters to create group snapshot ${name}: ${quote(because(key, fault))}`;
    case 'other-driver':
      return notUpdated(key, because(key, fault));
    default:
      return because(key, fault);
  }
}

function because(key: string, fault: SourceFault | ClassFault | CreationFault): string {
  switch (fault.kind) {
    case 'nothing-selected':
      return withMore(`label selector ${fault.selector} for group snapshot not applied to any PVC`, 'label the claims of the group');
    case 'no-claim':
      return `the PVC ${fault.claim} was not found`;
    case 'claim-unbound':
      return withMore(`the PVC ${fault.claim} is not yet bound to a PV, will not attempt to take a group snapshot`, remedy(fault.claim));
    case 'no-volume': {
      const why = quote(`persistentvolumes ${quote(fault.volume)} not found`);
      return withMore(`failed to retrieve PV ${fault.volume} from the API server: ${why}`, `it is of PVC ${fault.claim}`);
    }
    case 'volume-of-another':
      return withMore('claim in dataSource not bound or invalid', `PersistentVolume ${fault.volume} is not bound to PVC ${fault.claim}`);
    case 'no-csi-volume':
      return withMore(`cannot snapshot a non-CSI volume for group snapshot ${key}: ${fault.volume}`, remedy(fault.claim));
    case 'default-classes': {
      const { driver, names } = fault;
      if (names.length === 0) return withMore('cannot find default group snapshot class', `name or mark one of driver ${driver}`);
      return withMore(`${names.length} default snapshot classes were found`, `driver ${driver}: ${names.join(', ')}`);
    }
    case 'claim-deleted':
      return withMore(`the PVC ${fault.claim} is being deleted`, remedy(fault.claim));
    case 'other-driver': {
      const { ofClass, ofVolume } = fault.drivers;
      const words = `Volume CSI driver (${ofVolume}) mismatch with VolumeGroupSnapshotClass (${ofClass}) ${key}: ${fault.volume}`;
      return withMore(words, `${remedy(fault.claim)}, or use a class of its driver`);
    }
    case 'no-common-node': {
      const volumes = fault.volumes.join(', ');
      return `no node reaches all volumes of the group (${volumes}), and every node has a driver of its own: take volumes of one node`;
    }
    case 'secret':
      return withMore(fault.fault, fault.more);
    default:
      return fault satisfies never;
  }
}

function remedy(claim: string): string {
  return `take PVC ${claim} out of the selection`;
}

function failed(write: FailedWrite, { key, claims }: FailedAt, why: string): string {
  switch (write) {
    case 'read-class':
      return `${CLASS} ${why}`;
    case 'set-class':
      return `${DEFAULT} ${why}`;
    case 'write-status':
      return `GroupSnapshot status update failed, ${notUpdated(key, why)}`;
    case 'write-finalizers':
      return `Failed to check and update group snapshot: ${notUpdated(key, why)}`;
    case 'prepare-content':
      return `${CREATION} ${why}`;
    case 'protect-claim':
      return `${CREATION} ${notUpdated(claims.join(', '), why)}`;
    case 'post-content':
      return `Error creating volume group snapshot content object for group snapshot ${key}: ${why}.`;
    case 'create-content':
      return `${CREATION} ${notUpdated(key, why)}`;
    case 'bind-content':
      return `GroupSnapshot failed to bind VolumeGroupSnapshotContent, ${why}`;
    case 'delete-content':
      return withMore('Failed to delete group snapshot content API object', why);
    case 'read-content':
      return `VolumeGroupSnapshotContent could not be read: ${why}`;
    default:
      return write satisfies never;
  }
}
