/** What a driver's sidecars left in a cluster that the Go programs do not know, and what may go. Pure. */
import type {
  KubeObject,
  Lease,
  ObjectReference,
  PersistentVolume,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import { parseTime } from '../../lib/kube/time.ts';
import { driverLabel } from '../../lib/journal/driver-label.ts';
import { JOURNAL_DRIVER_LABEL, readLease } from '../../lib/journal/lease.ts';
import { readEntries } from '../../provisioner/intent/intent.ts';
import { CREATION_UNCERTAIN } from '../../snapshotter/names.ts';

/** Every annotation of ours begins so. */
export const OUR_PREFIX = 'csi-sidecars/';

export interface Left {
  readonly kind: 'Lease' | 'VolumeSnapshot' | 'VolumeSnapshotContent' | 'VolumeGroupSnapshot' | 'VolumeGroupSnapshotContent';
  readonly namespace: string | undefined;
  readonly name: string;
  /** What was looked at. */
  readonly version: { readonly uid?: string; readonly resourceVersion?: string };
  /** What there is to remove of it: the whole object, or annotations. */
  readonly annotations: readonly string[] | undefined;
  /** Why it is kept; undefined where it may go. */
  readonly keep: { readonly reason: string /** Stays whatever is asked. */; readonly always: boolean } | undefined;
}

export interface Found {
  readonly driver: string;
  /** Name of the election lease of the driver's csi-provisioner. */
  readonly electionName: string;
  /** Of one namespace. */
  readonly leases: readonly Lease[];
  readonly volumes: readonly PersistentVolume[];
  readonly contents: readonly VolumeSnapshotContent[];
  readonly snapshots: readonly VolumeSnapshot[];
  readonly groupContents: readonly VolumeGroupSnapshotContent[];
  readonly groups: readonly VolumeGroupSnapshot[];
  readonly nowMs: number;
}

export function planRelease(found: Found): readonly Left[] {
  const { driver, leases, snapshots, groups } = found;
  const journals = leases.filter(({ metadata }) => metadata?.labels?.[JOURNAL_DRIVER_LABEL] === driverLabel(driver));
  const contents = found.contents.filter(({ spec }) => spec?.driver === driver);
  const groupContents = found.groupContents.filter(({ spec }) => spec?.driver === driver);
  return [
    ...journals.map((lease) => leaseLeft(lease, found)),
    ...contents.flatMap((content) =>
      annotationsLeft('VolumeSnapshotContent', content, uncertainty(content, content.status?.snapshotHandle)),
    ),
    ...namedBy(
      contents.map(({ spec }) => spec?.volumeSnapshotRef),
      snapshots,
    ).flatMap((one) => annotationsLeft('VolumeSnapshot', one)),
    ...groupContents.flatMap((content) =>
      annotationsLeft('VolumeGroupSnapshotContent', content, uncertainty(content, content.status?.volumeGroupSnapshotHandle)),
    ),
    ...namedBy(
      groupContents.map(({ spec }) => spec?.volumeGroupSnapshotRef),
      groups,
    ).flatMap((one) => annotationsLeft('VolumeGroupSnapshot', one)),
  ];
}

function namedBy<T extends KubeObject>(references: readonly (ObjectReference | undefined)[], objects: readonly T[]): readonly T[] {
  const nameOf = (one: ObjectReference = {}): string => `${one.namespace ?? ''}/${one.name ?? ''}`;
  const names = new Set(references.map(nameOf));
  return objects.filter(({ metadata }) => names.has(nameOf(metadata)));
}

function leaseLeft(lease: Lease, found: Found): Left {
  const { name = '', namespace } = lease.metadata ?? {};
  return {
    kind: 'Lease',
    namespace,
    name,
    version: versionOf(lease),
    annotations: undefined,
    keep: inUse(lease, found) ?? holding(lease, found),
  };
}

function versionOf({ metadata: { uid, resourceVersion } = {} }: KubeObject): Left['version'] {
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}

function inUse(lease: Lease, { electionName, leases, nowMs }: Found): Left['keep'] {
  const owner = lease.spec?.holderIdentity ?? '';
  const leads = (one: Lease): boolean =>
    one.metadata?.name === electionName && isOurs(one) && hostOf(one.spec?.holderIdentity ?? '') === hostOf(owner) && isFresh(one, nowMs);
  if (owner === '' || !(isFresh(lease, nowMs) || leases.some(leads))) return undefined;
  return { reason: `csi-provisioner on ${hostOf(owner)} still writes it: scale it down first`, always: true };
}

/** A Go program leads under the name of its host alone, which in a StatefulSet is that of ours before it. */
const isOurs = ({ spec }: Lease): boolean => spec?.holderIdentity?.includes('_') === true;

/** Identities of ours are `HOST_RANDOM`. */
function hostOf(identity: string): string {
  return identity.replace(/_[^_]*$/, '');
}

function isFresh({ spec }: Lease, nowMs: number): boolean {
  const renewed = parseTime(spec?.renewTime);
  return renewed !== undefined && renewed + (spec?.leaseDurationSeconds ?? 0) * 1000 > nowMs;
}

/**
 * Whoever removes an entry takes it upon themselves that its volume is looked for. Where a PV has the name of the volume, it is the
 * volume's: both programs make both names of the claim's uid.
 */
function holding(lease: Lease, { driver, volumes: all }: Found): Left['keep'] {
  const read = readLease(lease);
  if (read.kind === 'unreadable')
    return { reason: `it cannot be read (${read.message}), and may name volumes that no PV does`, always: false };
  const saved = new Set(all.filter(({ spec }) => spec?.csi?.driver === driver).map(({ metadata }) => metadata?.name));
  const volumes = readEntries(read.texts).flatMap(([uid, entry]) => {
    const [intent] = entry.kind === 'entry' ? entry.intents : [];
    if (intent === undefined) return [`claim uid ${uid}`];
    return saved.has(intent.request.name) ? [] : [`${intent.request.name} of claim ${intent.claim.namespace}/${intent.claim.name}`];
  });
  if (volumes.length === 0) return undefined;
  return {
    reason: `it names volumes that may exist without a PersistentVolume: ${volumes.join(', ')}. Let csi-provisioner of this release settle them, or look in the storage`,
    always: false,
  };
}

/** Whoever has cut the snapshot since has named it: it has one name, whoever asks for it. */
function uncertainty({ metadata }: KubeObject, handle: string | undefined): Left['keep'] {
  if (metadata?.annotations?.[CREATION_UNCERTAIN] === undefined || handle !== undefined) return undefined;
  const reason =
    'the storage may hold a snapshot of it that nothing names. Let csi-snapshotter of this release find it, or look in the storage';
  return { reason, always: false };
}

function annotationsLeft(kind: Left['kind'], { metadata }: KubeObject, keep?: Left['keep']): readonly Left[] {
  const annotations = Object.keys(metadata?.annotations ?? {}).filter((key) => key.startsWith(OUR_PREFIX));
  if (annotations.length === 0) return [];
  const { name = '', namespace } = metadata ?? {};
  return [{ kind, namespace, name, version: versionOf({ metadata: metadata ?? {} }), annotations, keep }];
}
