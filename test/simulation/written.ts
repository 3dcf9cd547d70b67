/**
 * `written-is-true`: every field of a PersistentVolume, a VolumeSnapshotContent and a VolumeSnapshot that a program
 * writes is compared with the driver's own store, with the claim, and with the class that was in force. What comes
 * from a class is taken as it was first seen, since administrators may edit it later.
 */
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  SecretReference,
  StorageClass,
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import { toBytesRoundedUp } from '../../lib/kube/quantity.ts';
import type { Records, SnapshotRecord } from '../../mock-driver/model/records.ts';
import { handleOf, Violation } from './invariants.ts';
import { isMember, type Mirror } from './mirror.ts';
import { resolved } from './secret-names.ts';
import type { DriverNames } from './volume-source.ts';
import { sourceOf, volumeHandleOf } from './volume-source.ts';

const PREFIX = 'csi.storage.k8s.io';
const NANOS_PER_SECOND = 1_000_000_000n;

/** Fields by their names, each as text. */
type Fields = Readonly<Record<string, string>>;

const FOR_NOBODY: Fields = {
  form: 'CSI',
  accessModes: 'ReadWriteOnce',
  reclaimPolicy: 'Delete',
  mountOptions: '',
  fsType: '',
  'controller-publish': '',
  'node-stage': '',
  'node-publish': '',
  'controller-expand': '',
  'node-expand': '',
};

export interface WrittenInit {
  readonly mirror: Mirror;
  readonly driver: DriverNames;
  readonly records: () => Pick<Records, 'volumes' | 'snapshots'>;
  /** False where answers lacked what they must hold: then time and size may be the program's own. */
  readonly answersAreWhole: () => boolean;
  readonly now: () => number;
}

export class Written {
  private readonly init: WrittenInit;
  private readonly claims = new Map<string, PersistentVolumeClaim>();
  private readonly snapshots = new Map<string, VolumeSnapshot>();
  /** Every version of a class, by name. */
  private readonly classes = new Map<string, StorageClass[]>();
  private readonly snapshotClasses = new Map<string, VolumeSnapshotClass[]>();
  private readonly seen = new Set<string>();
  private readonly found: Violation[] = [];

  constructor(init: WrittenInit) {
    this.init = init;
    const { mirror } = init;
    mirror.claims.listeners.push(({ object }) => object && this.claims.set(object.metadata?.uid ?? '', object));
    mirror.snapshots.listeners.push(({ object }) => object && this.snapshots.set(object.metadata?.uid ?? '', object));
    mirror.classes.listeners.push(({ object }) => object && version(this.classes, object));
    mirror.snapshotClasses.listeners.push(({ object }) => object && version(this.snapshotClasses, object));
    mirror.volumes.listeners.push(({ object }) => {
      if (object !== undefined && this.isNew(object)) this.volumeMade(object);
    });
    mirror.contents.listeners.push(({ object }) => {
      if (object !== undefined && this.isNew(object)) this.contentMade(object);
    });
  }

  /** What is wrong, to be asked once things have settled. */
  violations(): readonly Violation[] {
    const { mirror, records } = this.init;
    const { volumes, snapshots } = records();
    const found: Violation[] = [...this.found];
    for (const volume of mirror.volumes.all()) {
      const made = volumes.find(({ id }) => id === volumeHandleOf(volume));
      if (made === undefined) continue;
      const actual = {
        capacity: String(toBytesRoundedUp(volume.spec?.capacity?.['storage'] ?? '')),
        name: `pvc-${volume.spec?.claimRef?.uid ?? ''}`,
      };
      found.push(...differences(`PV ${volume.metadata?.name ?? ''}`, actual, [{ capacity: String(made.bytes), name: made.name }]));
    }
    for (const content of mirror.contents.all()) {
      const cut = snapshots.find(({ id }) => id === handleOf(content));
      if (cut !== undefined) found.push(...this.statusOf(content, cut));
    }
    return found;
  }

  private statusOf(content: VolumeSnapshotContent, cut: SnapshotRecord): readonly Violation[] {
    const { mirror, now, answersAreWhole } = this.init;
    const who = `content ${content.metadata?.name ?? ''}`;
    const seconds = Math.floor(cut.createdMs / 1000);
    const nanos = BigInt(Math.round((cut.createdMs - seconds * 1000) * 1e6));
    const isReady = String(cut.readyMs <= now());
    const found: Violation[] = [];
    const { status, spec } = content;
    found.push(...differences(who, { readyToUse: String(status?.readyToUse) }, [{ readyToUse: isReady }]));
    if (spec?.source?.volumeHandle !== undefined)
      found.push(...differences(who, { volumeHandle: spec.source.volumeHandle }, [{ volumeHandle: cut.sourceVolumeId }]));
    if (!answersAreWhole()) return found;
    found.push(
      ...differences(who, { creationTime: String(status?.creationTime), restoreSize: String(status?.restoreSize) }, [
        { creationTime: String(BigInt(seconds) * NANOS_PER_SECOND + nanos), restoreSize: String(cut.bytes) },
      ]),
    );
    const snapshot = mirror.snapshots.objects.get(spec?.volumeSnapshotRef?.uid ?? '');
    if (snapshot === undefined) return found;
    const shown = snapshot.status;
    const actual = {
      boundVolumeSnapshotContentName: shown?.boundVolumeSnapshotContentName ?? '',
      creationTime: String(Date.parse(shown?.creationTime ?? '') / 1000),
      readyToUse: String(shown?.readyToUse),
      restoreSize: String(toBytesRoundedUp(shown?.restoreSize ?? '')),
    };
    const expected = {
      boundVolumeSnapshotContentName: content.metadata?.name ?? '',
      creationTime: String(seconds),
      readyToUse: isReady,
      restoreSize: String(cut.bytes),
    };
    found.push(...differences(`snapshot ${snapshot.metadata?.name ?? ''}`, actual, [expected]));
    return found;
  }

  private isNew({ metadata }: PersistentVolume | VolumeSnapshotContent): boolean {
    const uid = metadata?.uid ?? '';
    if (this.seen.has(uid)) return false;
    this.seen.add(uid);
    return true;
  }

  private volumeMade(volume: PersistentVolume): void {
    const { metadata, spec } = volume;
    const source = sourceOf(volume);
    const claim = this.claims.get(spec?.claimRef?.uid ?? '');
    if (spec === undefined || source?.driver !== this.init.driver.name || claim === undefined) return;
    const { csi = {} } = spec;
    const words = { 'pvc.name': claim.metadata?.name, 'pvc.namespace': claim.metadata?.namespace, 'pv.name': metadata?.name };
    const actual: Fields = {
      claim: `${spec.claimRef?.namespace ?? ''}/${spec.claimRef?.name ?? ''}`,
      accessModes: (spec.accessModes ?? []).join(),
      volumeMode: spec.volumeMode ?? 'Filesystem',
      storageClassName: spec.storageClassName ?? '',
      reclaimPolicy: spec.persistentVolumeReclaimPolicy ?? '',
      mountOptions: (spec.mountOptions ?? []).join(),
      form: spec.csi === undefined ? 'in-tree' : 'CSI',
      'provisioned-by': metadata?.annotations?.['pv.kubernetes.io/provisioned-by'] ?? '',
      fsType: source.fsType,
      provisioner: secretText({
        name: metadata?.annotations?.['volume.kubernetes.io/provisioner-deletion-secret-name'],
        namespace: metadata?.annotations?.['volume.kubernetes.io/provisioner-deletion-secret-namespace'],
      }),
      'controller-publish': secretText(csi.controllerPublishSecretRef),
      'node-stage': secretText(csi.nodeStageSecretRef),
      'node-publish': secretText(csi.nodePublishSecretRef),
      'controller-expand': secretText(csi.controllerExpandSecretRef),
      'node-expand': secretText(csi.nodeExpandSecretRef),
    };
    const own = {
      claim: `${claim.metadata?.namespace ?? ''}/${claim.metadata?.name ?? ''}`,
      accessModes: (claim.spec?.accessModes ?? []).join(),
      volumeMode: claim.spec?.volumeMode ?? 'Filesystem',
      storageClassName: claim.spec?.storageClassName ?? '',
    };
    const expected = (this.classes.get(own.storageClassName) ?? []).map((storageClass): Fields => {
      const { parameters = {}, reclaimPolicy, mountOptions } = storageClass;
      const secretOf = (purpose: string): string =>
        secretText({
          name: resolved(parameters[`${PREFIX}/${purpose}-secret-name`], words),
          namespace: resolved(parameters[`${PREFIX}/${purpose}-secret-namespace`], words),
        });
      return {
        ...own,
        reclaimPolicy: reclaimPolicy ?? 'Delete',
        mountOptions: (mountOptions ?? []).join(),
        form: storageClass.provisioner === this.init.driver.plugin ? 'in-tree' : 'CSI',
        'provisioned-by': storageClass.provisioner ?? '',
        fsType: own.volumeMode === 'Block' ? '' : (parameters[`${PREFIX}/fstype`] ?? parameters['fsType'] ?? ''),
        provisioner: secretOf('provisioner'),
        'controller-publish': secretOf('controller-publish'),
        'node-stage': secretOf('node-stage'),
        'node-publish': secretOf('node-publish'),
        'controller-expand': secretOf('controller-expand'),
        'node-expand': secretOf('node-expand'),
      };
    });
    const forNobody = this.isWantedByNobody(claim, metadata?.name)
      ? expected.map((fields): Fields => ({ ...fields, ...FOR_NOBODY, 'provisioned-by': this.init.driver.name }))
      : [];
    this.found.push(...differences(`PV ${metadata?.name ?? ''}`, actual, [...forNobody, ...expected]));
  }

  /** The PV is there only so that its volume is deleted: what was asked for says nothing any more (decision 008). */
  private isWantedByNobody({ metadata }: PersistentVolumeClaim, volume: string | undefined): boolean {
    const bound = this.init.mirror.claims.objects.get(metadata?.uid ?? '')?.spec?.volumeName;
    return !this.init.mirror.claims.objects.has(metadata?.uid ?? '') || (bound !== undefined && bound !== '' && bound !== volume);
  }

  private contentMade({ metadata, spec }: VolumeSnapshotContent): void {
    const snapshot = this.snapshots.get(spec?.volumeSnapshotRef?.uid ?? '');
    const handle = spec?.source?.volumeHandle;
    if (spec?.driver !== this.init.driver.name || handle === undefined || snapshot === undefined || isMember(snapshot)) return;
    const source = this.init.mirror.volumes.all().find((volume) => volumeHandleOf(volume) === handle);
    const words = {
      'volumesnapshotcontent.name': metadata?.name,
      'volumesnapshot.name': snapshot.metadata?.name,
      'volumesnapshot.namespace': snapshot.metadata?.namespace,
    };
    const actual: Fields = {
      snapshot: `${spec.volumeSnapshotRef?.namespace ?? ''}/${spec.volumeSnapshotRef?.name ?? ''}`,
      volumeSnapshotClassName: spec.volumeSnapshotClassName ?? '',
      deletionPolicy: spec.deletionPolicy ?? '',
      sourceVolumeMode: spec.sourceVolumeMode ?? '',
      secret: secretText({
        name: metadata?.annotations?.['snapshot.storage.kubernetes.io/deletion-secret-name'],
        namespace: metadata?.annotations?.['snapshot.storage.kubernetes.io/deletion-secret-namespace'],
      }),
    };
    const className = snapshot.spec?.volumeSnapshotClassName ?? '';
    const expected = (this.snapshotClasses.get(className) ?? []).map(
      ({ deletionPolicy, parameters = {} }): Fields => ({
        snapshot: `${snapshot.metadata?.namespace ?? ''}/${snapshot.metadata?.name ?? ''}`,
        volumeSnapshotClassName: className,
        deletionPolicy: deletionPolicy ?? '',
        // A volume that went meanwhile says nothing.
        sourceVolumeMode: source === undefined ? (spec.sourceVolumeMode ?? '') : (source.spec?.volumeMode ?? ''),
        secret: secretText({
          name: resolved(parameters[`${PREFIX}/snapshotter-secret-name`], words),
          namespace: resolved(parameters[`${PREFIX}/snapshotter-secret-namespace`], words),
        }),
      }),
    );
    this.found.push(...differences(`content ${metadata?.name ?? ''}`, actual, expected));
  }
}

function version<T extends StorageClass | VolumeSnapshotClass>(versions: Map<string, T[]>, object: T): void {
  const name = object.metadata?.name ?? '';
  versions.set(name, [...(versions.get(name) ?? []), object]);
}

function secretText({ name, namespace }: { [K in keyof SecretReference]: SecretReference[K] | undefined } = {}): string {
  return name === undefined || name === '' ? '' : `${namespace ?? ''}/${name}`;
}

/** None where one of the expected is met; else those to the last of them, which is the newest. */
function differences(who: string, actual: Fields, expected: readonly Fields[]): readonly Violation[] {
  const wrong = expected.map((fields) => Object.entries(fields).filter(([field, value]) => actual[field] !== value));
  if (wrong.some((fields) => fields.length === 0)) return [];
  return (wrong.at(-1) ?? []).map(
    ([field, value]) =>
      new Violation('written-is-true', `${who}: ${field} is ${JSON.stringify(actual[field])}, true is ${JSON.stringify(value)}`),
  );
}
