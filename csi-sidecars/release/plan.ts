/** What a driver's sidecars left in a cluster that the Go programs do not know, and what may go. Pure. */
import type { KubeObject, Lease, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { parseTime } from '../../lib/kube/time.ts';
import { driverLabel } from '../../lib/journal/driver-label.ts';
import { JOURNAL_DRIVER_LABEL, readLease } from '../../lib/journal/lease.ts';
import { readEntries } from '../../provisioner/intent/intent.ts';
import { CREATION_UNCERTAIN } from '../../snapshotter/names.ts';

/** Every annotation of ours begins so. */
export const OUR_PREFIX = 'csi-sidecars/';

export interface Left {
  readonly kind: 'Lease' | 'VolumeSnapshot' | 'VolumeSnapshotContent';
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
  readonly contents: readonly VolumeSnapshotContent[];
  readonly snapshots: readonly VolumeSnapshot[];
  readonly nowMs: number;
}

export function planRelease(found: Found): readonly Left[] {
  const { driver, leases, contents, snapshots } = found;
  const journals = leases.filter(({ metadata }) => metadata?.labels?.[JOURNAL_DRIVER_LABEL] === driverLabel(driver));
  const own = contents.filter(({ spec }) => spec?.driver === driver);
  const names = new Set(own.map(({ spec }) => `${spec?.volumeSnapshotRef?.namespace ?? ''}/${spec?.volumeSnapshotRef?.name ?? ''}`));
  const ofOwn = snapshots.filter(({ metadata }) => names.has(`${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`));
  return [
    ...journals.map((lease) => leaseLeft(lease, found)),
    ...own.flatMap((content) => annotationsLeft('VolumeSnapshotContent', content)),
    ...ofOwn.flatMap((snapshot) => annotationsLeft('VolumeSnapshot', snapshot)),
  ];
}

function leaseLeft(lease: Lease, found: Found): Left {
  const { name = '', namespace } = lease.metadata ?? {};
  return { kind: 'Lease', namespace, name, version: versionOf(lease), annotations: undefined, keep: inUse(lease, found) ?? holding(lease) };
}

function versionOf({ metadata: { uid, resourceVersion } = {} }: KubeObject): Left['version'] {
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}

function inUse(lease: Lease, { electionName, leases, nowMs }: Found): Left['keep'] {
  const owner = lease.spec?.holderIdentity ?? '';
  const leads = (one: Lease): boolean =>
    one.metadata?.name === electionName && hostOf(one.spec?.holderIdentity ?? '') === hostOf(owner) && isFresh(one, nowMs);
  if (owner === '' || !(isFresh(lease, nowMs) || leases.some(leads))) return undefined;
  return { reason: `csi-provisioner on ${hostOf(owner)} still writes it: scale it down first`, always: true };
}

/** Identities are `HOST_RANDOM`. */
function hostOf(identity: string): string {
  return identity.replace(/_[^_]*$/, '');
}

function isFresh({ spec }: Lease, nowMs: number): boolean {
  const renewed = parseTime(spec?.renewTime);
  return renewed !== undefined && renewed + (spec?.leaseDurationSeconds ?? 0) * 1000 > nowMs;
}

/** Whoever removes an entry takes it upon themselves that its volume is looked for. */
function holding(lease: Lease): Left['keep'] {
  const read = readLease(lease);
  if (read.kind === 'unreadable')
    return { reason: `it cannot be read (${read.message}), and may name volumes that no PV does`, always: false };
  const volumes = readEntries(read.texts).map(([uid, entry]) => {
    const [intent] = entry.kind === 'entry' ? entry.intents : [];
    return intent === undefined ? `claim uid ${uid}` : `${intent.request.name} of claim ${intent.claim.namespace}/${intent.claim.name}`;
  });
  if (volumes.length === 0) return undefined;
  return {
    reason: `it names volumes that may exist without a PersistentVolume: ${volumes.join(', ')}. Let csi-provisioner of this release settle them, or look in the storage`,
    always: false,
  };
}

function annotationsLeft(kind: 'VolumeSnapshot' | 'VolumeSnapshotContent', { metadata }: KubeObject): readonly Left[] {
  const annotations = Object.keys(metadata?.annotations ?? {}).filter((key) => key.startsWith(OUR_PREFIX));
  if (annotations.length === 0) return [];
  const uncertain = annotations.includes(CREATION_UNCERTAIN);
  const reason =
    'the storage may hold a snapshot of it that nothing names. Let csi-snapshotter of this release find it, or look in the storage';
  return [
    {
      kind,
      namespace: metadata?.namespace,
      name: metadata?.name ?? '',
      version: versionOf({ metadata: metadata ?? {} }),
      annotations,
      keep: uncertain ? { reason, always: false } : undefined,
    },
  ];
}
