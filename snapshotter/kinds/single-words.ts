/** The sentences about single snapshots. */
import { classNotFound, noInput, notUpdated, quote, withMore } from '../peer-words.ts';
import type { SourceFault } from './sources.ts';
import type { ClassFault, CreationFault, FailedAt, FailedWrite, KindWords } from './words.ts';

const CLASS = 'Failed to get snapshot class with error';
const DEFAULT = 'Failed to set default snapshot class with error';
const CREATION = 'Failed to create snapshot content with error';
const MISSING = 'VolumeSnapshotContent is missing';

export const SINGLE_WORDS: KindWords = {
  invalidSource: 'Exactly one of PersistentVolumeClaimName and VolumeSnapshotContentName should be specified',
  invalidContentSource: 'Exactly one of VolumeHandle and SnapshotHandle should be specified',
  creating: (key) => `Waiting for a snapshot ${key} to be created by the CSI driver.`,
  created: (key) => `Snapshot ${key} was successfully created by the CSI driver.`,
  ready: (key) => `Snapshot ${key} is ready to use.`,
  missing: (name) => withMore(MISSING, name),
  lost: (name) => withMore(MISSING, `${name}. The snapshot is lost unless it comes back`),
  notReferredTo: (name) => withMore('VolumeSnapshotContent is not bound to the VolumeSnapshot correctly', name),
  isDynamic: (name) => withMore('VolumeSnapshotContent is dynamically provisioned while expecting a pre-provisioned one', name),
  isGiven: (name) => `VolumeSnapshotContent ${name} is pre-provisioned while expecting a dynamically provisioned one`,
  misbound: (name) => `VolumeSnapshotContent [${name}] is bound to a different snapshot`,
  // The Go program names the snapshot where it means the content.
  handleSet: (name, key) => withMore(`Snapshot handle should not be set in content ${key} for dynamic provisioning`, name),
  inUse: (_, restores) => {
    const claims = restores.flatMap((restore) => restore.claims).toSorted();
    return `Snapshot is being used to restore a PVC${claims.length > 0 ? `: ${claims.join(', ')}` : ''}`;
  },
  stillMade: 'Snapshot is still being created: it is deleted once the driver has answered',
  classMissing: (name) => `${CLASS} ${classNotFound(name)}`,
  noDefaultClass: ({ key }, fault) => `${DEFAULT} ${noDriver(key, fault)}`,
  noContent: (snapshot, fault) => `${CREATION} ${noContent(snapshot, fault)}`,
  alsoTold: () => undefined,
  failed,
};

function noDriver(key: string, fault: SourceFault | ClassFault): string {
  switch (fault.kind) {
    case 'no-claim': {
      const why = quote(`persistentvolumeclaim ${quote(fault.claim)} not found`);
      return withMore(`failed to retrieve PVC ${fault.claim} from the lister: ${why}`, notFound(key, fault.claim));
    }
    case 'no-csi-volume':
      return withMore(`snapshotting non-CSI volumes is not supported, snapshot:${key}`, noCsi(fault.volume));
    case 'default-classes': {
      const { driver, names } = fault;
      if (names.length === 0) return withMore('cannot find default snapshot class', `driver ${driver}`);
      return withMore(`${names.length} default snapshot classes were found`, `driver ${driver}: ${names.join(', ')}`);
    }
    default: {
      const { words, more } = noVolume(key, fault);
      return withMore(words, more);
    }
  }
}

function noContent({ key, name }: { readonly key: string; readonly name: string }, fault: SourceFault | CreationFault): string {
  switch (fault.kind) {
    case 'no-claim':
      return withMore(notUpdated(name, 'cannot get claim from snapshot'), notFound(key, fault.claim));
    case 'no-csi-volume':
      return withMore(`cannot find CSI PersistentVolumeSource for volume ${fault.volume}`, noCsi(fault.volume));
    case 'claim-deleted':
      return notUpdated(fault.claim, 'cannot add finalizer on claim because it is being deleted');
    case 'other-driver': {
      const { ofClass, ofVolume } = fault.drivers;
      return `VolumeSnapshotClass ${fault.className} is of driver ${ofClass} while the source volume is of driver ${ofVolume}`;
    }
    case 'no-common-node':
      return `no node reaches ${fault.volumes.join(', ')}`;
    case 'secret':
      return withMore(noInput(name, fault.fault), fault.more);
    default: {
      const { words, more } = noVolume(key, fault);
      return withMore(noInput(name, words), more);
    }
  }
}

interface Words {
  readonly words: string;
  readonly more?: string;
}

/** What both looks for the volume say alike. */
function noVolume(key: string, fault: Exclude<SourceFault, { kind: 'no-claim' | 'no-csi-volume' }>): Words {
  switch (fault.kind) {
    case 'nothing-selected':
      return { words: `no claim is selected by ${fault.selector}` };
    case 'claim-unbound':
      return { words: `the PVC ${fault.claim} is not yet bound to a PV, will not attempt to take a snapshot` };
    case 'no-volume': {
      const why = quote(`persistentvolumes ${quote(fault.volume)} not found`);
      return { words: `failed to retrieve PV ${fault.volume} from the API server: ${why}` };
    }
    case 'volume-of-another':
      return {
        words: 'claim in dataSource not bound or invalid',
        more: `PersistentVolume ${fault.volume} is not bound to claim ${claimKey(key, fault.claim)}`,
      };
    default:
      return fault satisfies never;
  }
}

function notFound(key: string, claim: string): string {
  return `PersistentVolumeClaim ${claimKey(key, claim)} was not found`;
}

function noCsi(volume: string): string {
  return `PersistentVolume ${volume} is no CSI volume`;
}

/** The claim is of the snapshot's namespace. */
function claimKey(key: string, claim: string): string {
  return `${key.split('/')[0] ?? ''}/${claim}`;
}

function failed(write: FailedWrite, { key, claims }: FailedAt, why: string): string {
  switch (write) {
    case 'read-class':
      return `${CLASS} ${why}`;
    case 'set-class':
      return `${DEFAULT} ${why}`;
    case 'write-status':
      return `Snapshot status update failed, ${notUpdated(key, why)}`;
    case 'write-finalizers':
      return `Failed to check and update snapshot: ${notUpdated(key, why)}`;
    case 'prepare-content':
      return `${CREATION} ${why}`;
    case 'protect-claim':
      return `${CREATION} ${notUpdated(claims.join(', '), why)}`;
    case 'post-content':
      return `Error creating volume snapshot content object for snapshot ${key}: ${why}`;
    case 'create-content':
      return `${CREATION} ${notUpdated(key, why)}`;
    case 'bind-content':
      return `Snapshot failed to bind VolumeSnapshotContent, ${why}`;
    case 'delete-content':
      return `Failed to delete snapshot content API object: ${why}`;
    case 'read-content':
      return `VolumeSnapshotContent could not be read: ${why}`;
    default:
      return write satisfies never;
  }
}
