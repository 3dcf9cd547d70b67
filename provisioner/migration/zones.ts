/** Where a PV is, in the words of Kubernetes: node affinity and labels by zone and region, newer and older. */
import type { NodeSelectorRequirement, NodeSelectorTerm, PersistentVolume } from '../../lib/kube/objects.ts';
import { fault, type Translated, translated } from './plugin.ts';

export const ZONE = 'topology.kubernetes.io/zone';
export const REGION = 'topology.kubernetes.io/region';
export const BETA_ZONE = 'failure-domain.beta.kubernetes.io/zone';
export const BETA_REGION = 'failure-domain.beta.kubernetes.io/region';
/** Between the zones of one label. */
const ZONE_SEPARATOR = '__';

/** The region that all the zones are in. */
export type RegionOf = (zones: readonly string[]) => Translated<string>;

/** The zones that the label names; none: empty. */
export function labelledZones({ metadata }: PersistentVolume): readonly string[] {
  const label = metadata?.labels?.[BETA_ZONE] || metadata?.labels?.[ZONE] || '';
  return label === '' ? [] : label.split(ZONE_SEPARATOR);
}

/**
 * The driver's zone key becomes Kubernetes' own in affinity and labels, so that the PV reads as the plugin would have
 * written it. With `regionOf` the region is added.
 */
export function zonesToInTree(volume: PersistentVolume, driverKey: string, regionOf?: RegionOf): Translated<PersistentVolume> {
  const [zoneKey, regionKey] = keysOf(volume);
  const renamed = renameKeys(volume, { [driverKey]: zoneKey });
  const located = regionOf === undefined ? translated(renamed) : withRegions(renamed, { zoneKey, regionKey, regionOf });
  return located.ok ? translated(labelled(located.value, zoneKey, (zones) => zones.join(ZONE_SEPARATOR))) : located;
}

/** Zone and region both have keys of the driver. */
export function zonesAndRegionsToInTree(
  volume: PersistentVolume,
  keys: { readonly zone: string; readonly region: string },
): PersistentVolume {
  const [zoneKey, regionKey] = keysOf(volume);
  const renamed = renameKeys(volume, { [keys.zone]: zoneKey, [keys.region]: regionKey });
  const first = (values: readonly string[]): string => values[0] ?? '';
  return labelled(labelled(renamed, zoneKey, first), regionKey, first);
}

/** What the PV uses already; newer ones otherwise. Affinity counts before labels. */
function keysOf(volume: PersistentVolume): readonly [string, string] {
  const inAffinity = (key: string): boolean => expressionsOf(volume).some((one) => one.key === key);
  const labels = volume.metadata?.labels ?? {};
  if (inAffinity(ZONE)) return [ZONE, REGION];
  if (inAffinity(BETA_ZONE)) return [BETA_ZONE, BETA_REGION];
  return labels[ZONE] === undefined && labels[BETA_ZONE] !== undefined ? [BETA_ZONE, BETA_REGION] : [ZONE, REGION];
}

function termsOf({ spec }: PersistentVolume): readonly NodeSelectorTerm[] {
  return spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
}

function expressionsOf(volume: PersistentVolume): readonly NodeSelectorRequirement[] {
  return termsOf(volume).flatMap(({ matchExpressions }) => matchExpressions ?? []);
}

function withTerms(volume: PersistentVolume, nodeSelectorTerms: NodeSelectorTerm[]): PersistentVolume {
  return { ...volume, spec: { ...volume.spec, nodeAffinity: { required: { nodeSelectorTerms } } } };
}

function renameKeys(volume: PersistentVolume, names: Readonly<Record<string, string>>): PersistentVolume {
  const terms = termsOf(volume);
  if (terms.length === 0) return volume;
  return withTerms(
    volume,
    terms.map((term) => ({
      ...term,
      ...(term.matchExpressions === undefined
        ? {}
        : { matchExpressions: term.matchExpressions.map((one) => ({ ...one, key: names[one.key ?? ''] ?? one.key ?? '' })) }),
    })),
  );
}

interface Regions {
  readonly zoneKey: string;
  readonly regionKey: string;
  readonly regionOf: RegionOf;
}

function withRegions(volume: PersistentVolume, { zoneKey, regionKey, regionOf }: Regions): Translated<PersistentVolume> {
  const terms: NodeSelectorTerm[] = [];
  for (const term of termsOf(volume)) {
    const expressions = term.matchExpressions ?? [];
    if (expressions.some(({ key }) => key === regionKey)) {
      terms.push(term);
      continue;
    }
    const region = regionOf(expressions.flatMap(({ key, values }) => (key === zoneKey ? (values ?? []) : [])));
    if (!region.ok) return region;
    terms.push({ ...term, matchExpressions: [...expressions, { key: regionKey, operator: 'In', values: [region.value] }] });
  }
  if (terms.length === 0) return translated(volume);
  const located = withTerms(volume, terms);
  const isOne = new Set(valuesOf(located, regionKey)).size === 1;
  return translated(isOne ? labelled(located, regionKey, (regions) => regions[0] ?? '') : located);
}

/** Sorted, each once. */
function valuesOf(volume: PersistentVolume, wanted: string): readonly string[] {
  return [...new Set(expressionsOf(volume).flatMap(({ key, values }) => (key === wanted ? (values ?? []) : [])))].toSorted();
}

/** A label that is there stays. */
function labelled(volume: PersistentVolume, key: string, text: (values: readonly string[]) => string): PersistentVolume {
  const values = valuesOf(volume, key);
  if (values.length === 0 || volume.metadata?.labels?.[key] !== undefined) return volume;
  return { ...volume, metadata: { ...volume.metadata, labels: { ...volume.metadata?.labels, [key]: text(values) } } };
}

/** The one region of all zones, each told by `one`. */
export function onlyRegion(zones: readonly string[], one: (zone: string) => string | undefined): Translated<string> {
  if (zones.length === 0) return fault('the region of a volume without a zone is not known');
  const regions = new Set<string>();
  for (const zone of zones) {
    const region = one(zone);
    if (region === undefined) return fault(`"${zone}" does not have the form of a zone`);
    regions.add(region);
  }
  const [region = ''] = regions;
  return regions.size === 1 ? translated(region) : fault(`the zones ${zones.join(', ')} are in more than one region`);
}
