/** Which volume fits which claim. Shared by the binder (no node known) and the scheduler (for one node). */
import type {
  LabelSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PersistentVolume,
  PersistentVolumeClaim,
} from '../../lib/kube/objects.ts';
import { quantityValue } from '../apiserver/kinds/quantity.ts';
import { classNameOf, isDeleting } from './names.ts';

/** Labels of a node or a volume. */
export type Labels = Readonly<Record<string, string>>;

function sizeOf(quantity: string | number | undefined): bigint {
  return quantityValue(quantity) ?? 0n;
}

/** True if the volume's claimRef means this claim: by name, and by uid where it has one. */
export function isBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec?.claimRef;
  if (reference === undefined) return false;
  if (reference.name !== claim.metadata?.name || reference.namespace !== claim.metadata?.namespace) return false;
  return (reference.uid ?? '') === '' || reference.uid === claim.metadata?.uid;
}

function modeOf(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.spec?.volumeMode ?? 'Filesystem';
}

/** Volumes and claims that say nothing mean Filesystem. */
export function hasOtherMode(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return modeOf(volume) !== modeOf(claim);
}

function hasAccessModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const offered = new Set(volume.spec?.accessModes);
  return (claim.spec?.accessModes ?? []).every((mode) => offered.has(mode));
}

function matchesRequirement(labels: Labels, requirement: NodeSelectorRequirement): boolean {
  const { key = '', operator, values = [] } = requirement;
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** All parts must hold; no selector selects everything. */
export function matchesSelector(labels: Labels, selector: LabelSelector | undefined): boolean {
  if (selector === undefined) return true;
  const exact = Object.entries(selector.matchLabels ?? {});
  return (
    exact.every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every((expression) => matchesRequirement(labels, expression))
  );
}

/** Terms are alternatives; an empty term matches nothing. */
export function matchesNodeTerms(labels: Labels, terms: readonly NodeSelectorTerm[]): boolean {
  return terms.some((term) => {
    const expressions = term.matchExpressions ?? [];
    return expressions.length > 0 && expressions.every((expression) => matchesRequirement(labels, expression));
  });
}

/** True if a Pod on a node with these labels can use the volume. */
export function isReachableFrom(volume: PersistentVolume, node: Labels): boolean {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return terms === undefined || matchesNodeTerms(node, terms);
}

/** Why a volume that a claim asks for by name cannot be its volume; undefined if it can. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (isDeleting(volume)) return `the volume is marked for deletion ${JSON.stringify(volume.metadata?.name)}`;
  if (sizeOf(volume.spec?.capacity?.storage) < sizeOf(claim.spec?.resources?.requests?.storage)) return 'requested PV is too small';
  if (classNameOf(volume) !== classNameOf(claim)) return 'storageClassName does not match';
  if ((volume.spec?.volumeAttributesClassName ?? '') !== (claim.spec?.volumeAttributesClassName ?? ''))
    return 'volumeAttributesClassName does not match';
  if (hasOtherMode(volume, claim)) return 'incompatible volumeMode';
  return hasAccessModes(volume, claim) ? undefined : 'incompatible accessMode';
}

/** Where and for whom a volume is looked for. */
export interface Search {
  /** A class that waits for a Pod: without a node only volumes made for the claim are taken. */
  readonly delayed: boolean;
  /** Labels of the node that the volume must be reachable from. */
  readonly node?: Labels;
  /** Names of volumes that are spoken for. */
  readonly taken?: ReadonlySet<string>;
}

/** The volume made or reserved for the claim, else the smallest that fits; fewer access modes first. */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  search: Search,
): PersistentVolume | undefined {
  const { delayed, node, taken } = search;
  const wanted = sizeOf(claim.spec?.resources?.requests?.storage);
  const fitting: PersistentVolume[] = [];
  for (const volume of volumes) {
    const reserved = isBoundTo(volume, claim);
    if ((volume.spec?.claimRef !== undefined && !reserved) || taken?.has(volume.metadata?.name ?? '') === true) continue;
    if (sizeOf(volume.spec?.capacity?.storage) < wanted || hasOtherMode(volume, claim) || isDeleting(volume)) continue;
    if ((volume.spec?.volumeAttributesClassName ?? '') !== (claim.spec?.volumeAttributesClassName ?? '')) continue;
    if (!hasAccessModes(volume, claim)) continue;
    const reachable = node === undefined || isReachableFrom(volume, node);
    if (reserved) return reachable ? volume : undefined;
    if ((node === undefined && delayed) || !reachable || volume.status?.phase !== 'Available') continue;
    if (classNameOf(volume) !== classNameOf(claim) || !matchesSelector(volume.metadata?.labels ?? {}, claim.spec?.selector)) continue;
    fitting.push(volume);
  }
  return fitting.sort(bySize)[0];
}

function bySize(a: PersistentVolume, b: PersistentVolume): number {
  const modes = (a.spec?.accessModes?.length ?? 0) - (b.spec?.accessModes?.length ?? 0);
  const [left, right] = [sizeOf(a.spec?.capacity?.storage), sizeOf(b.spec?.capacity?.storage)];
  if (modes !== 0) return modes;
  if (left !== right) return left < right ? -1 : 1;
  return (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1;
}
