/**
 * Why a claim or a VolumeSnapshot cannot become what it asks for yet, as an administrator with kubectl would find it
 * out. Who has no cause ought to be served; who has one waits for the object that it names.
 */
import type { ObjectMeta, PersistentVolumeClaim, StorageClass, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { LedgerView } from './invariants.ts';
import { handleOf } from './invariants.ts';
import type { IsServed } from './local-places.ts';
import { nodeOfClaim, nodeOfContent, nodeOfSource } from './local-places.ts';
import type { Mirror } from './mirror.ts';
import { resolved } from './secret-names.ts';
import type { DriverNames } from './volume-source.ts';
import { isNamed as isDriver } from './volume-source.ts';

export interface Cause {
  /** `missing`: what is named is not there, or can never be used. `waits`: it is on its way, or somebody may bring it. */
  readonly kind: 'missing' | 'waits';
  /** The object that it is about, by name: a user must be told it. */
  readonly name: string;
  readonly what: string;
  /** The Go programs say nothing of it, on purpose. */
  readonly silent?: boolean;
}

export interface Known {
  readonly mirror: Mirror;
  ledger(): LedgerView;
  /** The driver has topology: a claim needs a node that the driver knows. */
  readonly hasTopology: boolean;
  readonly driver: DriverNames;
  /** Each node has a provisioner of its own: is that of this node there? Undefined: there is one for all. */
  readonly isServed?: IsServed;
}

const PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
const PREFIX = 'csi.storage.k8s.io';
/** A source of a source of a source: nobody goes deeper, but a claim may name itself. */
const DEEPEST = 4;

/** Undefined: nothing is missing, or the claim is bound. */
export function causeOfClaim(known: Known, claim: PersistentVolumeClaim, depth = 0): Cause | undefined {
  if (claim.status?.phase === 'Bound') return undefined;
  const { mirror } = known;
  const volume = claim.spec?.volumeName;
  if (volume !== undefined && volume !== '') {
    const exists = mirror.volumes.all().some(({ metadata }) => metadata?.name === volume);
    return exists ? undefined : missing(volume, `PV ${volume} is gone`, { silent: true });
  }
  const className = claim.spec?.storageClassName ?? '';
  const storageClass = mirror.classes.all().find(({ metadata }) => metadata?.name === className);
  if (storageClass === undefined) return missing(className, `class ${className} is missing`, { silent: true });
  if (!isDriver(known.driver, storageClass.provisioner)) return missing(className, `class ${className} is not ours`, { silent: true });
  const handedTo = claim.metadata?.annotations?.[PROVISIONER];
  if (handedTo !== undefined && handedTo !== known.driver.name) return missing(handedTo, `it is handed to ${handedTo}`, { silent: true });
  return causeOfPlace(known, claim, storageClass) ?? causeOfSource(known, claim, depth) ?? causeOfSecret(known, claim, storageClass);
}

function causeOfPlace(known: Known, claim: PersistentVolumeClaim, storageClass: StorageClass): Cause | undefined {
  const { mirror, hasTopology, isServed, driver } = known;
  const node = nodeOfClaim(claim);
  const late = storageClass.volumeBindingMode === 'WaitForFirstConsumer';
  if (late && node === undefined) return waits('', 'no node is selected', { silent: true });
  if (isServed !== undefined) return causeOfNode(isServed, node) ?? causeOfDistance(mirror, claim);
  if (!hasTopology) return undefined;
  const usable = mirror.csiNodes
    .all()
    .filter(({ metadata, spec }) => spec?.drivers?.some(({ name }) => name === driver.name) === true && hasNode(mirror, metadata?.name))
    .map(({ metadata }) => metadata?.name ?? '');
  if (node !== undefined) return usable.includes(node) ? undefined : waits(node, `node ${node} is missing`);
  return usable.length > 0 ? undefined : waits('', 'no node has the driver');
}

/** Where each node has a sidecar of its own, and that of this content's is not there. */
function awayWith({ isServed }: Known, content: VolumeSnapshotContent): Cause | undefined {
  const node = nodeOfContent(content);
  return isServed === undefined || node === undefined ? undefined : causeOfNode(isServed, node);
}

/** Nobody says anything of either, as with the Go program. */
function causeOfNode(isServed: (node: string) => boolean, node: string | undefined): Cause | undefined {
  if (node === undefined) return waits('', 'nodes compete for it', { silent: true });
  return isServed(node) ? undefined : waits(node, `node ${node} is away`, { silent: true });
}

/** Whoever has the claim gives it back, so that it comes to the node of its source. */
function causeOfDistance(mirror: Mirror, claim: PersistentVolumeClaim): Cause | undefined {
  const node = nodeOfSource(mirror, claim);
  if (node === undefined || node === nodeOfClaim(claim)) return undefined;
  return waits(node, `its source is on node ${node}`, { silent: true });
}

function hasNode(mirror: Mirror, name: string | undefined): boolean {
  return mirror.nodes.all().some(({ metadata }) => metadata?.name === name);
}

/** Of the volume's content. Undefined: there is none, or it can be read. */
export function causeOfSource(known: Known, claim: PersistentVolumeClaim, depth = 0): Cause | undefined {
  const source = claim.spec?.dataSource ?? claim.spec?.dataSourceRef;
  const name = source?.name ?? '';
  if (source === undefined) return undefined;
  const namespace = claim.spec?.dataSourceRef?.namespace ?? claim.metadata?.namespace;
  if (namespace !== claim.metadata?.namespace && !isGranted(known.mirror, { namespace, name }))
    return waits(name, `nobody grants the use of ${name} in ${namespace ?? ''}`);
  if (source.kind === 'VolumeSnapshot') {
    const snapshot = known.mirror.snapshots.all().find(isNamed(name, namespace));
    if (snapshot === undefined) return missing(name, `snapshot ${name} is missing`);
    if (isDeleting(snapshot)) return missing(name, `snapshot ${name} is being deleted`);
    return inherited(name, snapshot.status?.readyToUse === true, () => causeOfSnapshot(known, snapshot, depth + 1), depth);
  }
  const original = known.mirror.claims.all().find(isNamed(name, namespace));
  if (original === undefined) return missing(name, `claim ${name} is missing`);
  if (isDeleting(original)) return missing(name, `claim ${name} is being deleted`);
  return inherited(name, original.status?.phase === 'Bound', () => causeOfClaim(known, original, depth + 1), depth);
}

/** Grants of the stories are for all kinds and namespaces. */
function isGranted(mirror: Mirror, { namespace, name }: { readonly namespace: string | undefined; readonly name: string }): boolean {
  return mirror.grants
    .all()
    .some(({ metadata, spec }) => metadata?.namespace === namespace && spec?.to?.some((to) => to.name === undefined || to.name === name));
}

/** A source that can never be used is as good as none. */
function inherited(name: string, usable: boolean, cause: () => Cause | undefined, depth: number): Cause | undefined {
  if (usable) return undefined;
  if (depth >= DEEPEST) return missing(name, `${name} waits for itself`);
  const theirs = cause();
  return theirs?.kind === 'missing'
    ? missing(name, `${name} can never be used: ${theirs.what}`)
    : waits(name, `${name} is not usable yet${theirs === undefined ? '' : `: ${theirs.what}`}`);
}

function causeOfSecret({ mirror }: Known, claim: PersistentVolumeClaim, { parameters = {} }: StorageClass): Cause | undefined {
  const words = {
    'pvc.name': claim.metadata?.name,
    'pvc.namespace': claim.metadata?.namespace,
    'pv.name': `pvc-${claim.metadata?.uid ?? ''}`,
  };
  return noSecret(mirror, {
    name: resolved(parameters[`${PREFIX}/provisioner-secret-name`], words),
    namespace: resolved(parameters[`${PREFIX}/provisioner-secret-namespace`], words),
  });
}

function noSecret(
  mirror: Mirror,
  { name, namespace }: { readonly name: string | undefined; readonly namespace: string | undefined },
): Cause | undefined {
  if (name === undefined || name === '' || mirror.secrets.all().some(isNamed(name, namespace))) return undefined;
  return waits(name, `secret ${name} is missing`);
}

/** Undefined: nothing is missing, or the snapshot is ready. */
export function causeOfSnapshot(known: Known, snapshot: VolumeSnapshot, depth = 0): Cause | undefined {
  if (snapshot.status?.readyToUse === true) return undefined;
  const { mirror } = known;
  const className = snapshot.spec?.volumeSnapshotClassName;
  const named = mirror.snapshotClasses.all().find(({ metadata }) => metadata?.name === className);
  if (className !== undefined && named === undefined) return missing(className, `class ${className} is missing`);
  const given = snapshot.spec?.source?.volumeSnapshotContentName;
  const content = mirror.contents
    .all()
    .find(({ metadata, spec }) =>
      given === undefined ? spec?.volumeSnapshotRef?.uid === snapshot.metadata?.uid : metadata?.name === given,
    );
  if (given !== undefined && content === undefined) return missing(given, `content ${given} is missing`);
  if (content !== undefined) {
    const volume = content.spec?.source?.volumeHandle;
    const lost = handleOf(content) === undefined && !known.ledger().volumes.some(({ id }) => id === volume);
    if (lost) return missing(volume ?? '', `volume ${volume ?? ''} is not in the driver`);
    const away = awayWith(known, content);
    if (away !== undefined) return away;
    if (isDeleting(content)) return missing(content.metadata?.name ?? '', 'its content is being deleted', { silent: true });
    const annotations = content.metadata?.annotations ?? {};
    return noSecret(mirror, {
      name: annotations['snapshot.storage.kubernetes.io/deletion-secret-name'],
      namespace: annotations['snapshot.storage.kubernetes.io/deletion-secret-namespace'],
    });
  }
  const name = snapshot.spec?.source?.persistentVolumeClaimName ?? '';
  const claim = mirror.claims.all().find(isNamed(name, snapshot.metadata?.namespace));
  if (claim === undefined) return missing(name, `claim ${name} is missing`);
  if (isDeleting(claim)) return missing(name, `claim ${name} is being deleted`);
  return inherited(name, claim.status?.phase === 'Bound', () => causeOfClaim(known, claim, depth + 1), depth);
}

function missing(name: string, what: string, options: { readonly silent?: boolean } = {}): Cause {
  return { kind: 'missing', name, what, ...options };
}

function waits(name: string, what: string, options: { readonly silent?: boolean } = {}): Cause {
  return { kind: 'waits', name, what, ...options };
}

function isNamed(name: string, namespace: string | undefined) {
  return ({ metadata }: { metadata?: ObjectMeta }): boolean => metadata?.name === name && metadata.namespace === namespace;
}

function isDeleting({ metadata }: { metadata?: ObjectMeta }): boolean {
  return metadata?.deletionTimestamp !== undefined;
}
