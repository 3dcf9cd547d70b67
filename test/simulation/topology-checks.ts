/**
 * `volume-is-where-it-was-asked-for`: what the PV says of its place is what the driver says, and the place is
 * one that was asked for. Asked for by whom changes while a volume is in the making (a choice is taken back, a
 * node goes), and an undecided call is repeated as it was: so every place that was asked for at some time counts.
 */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import type { Segment } from '../../mock-driver/model/records.ts';
import { Violation } from './invariants.ts';
import type { LedgerView } from './invariants.ts';
import type { Mirror } from './mirror.ts';

const SELECTED_NODE = 'volume.kubernetes.io/selected-node';

/**
 * How much the provisioner promised: the selected node; the same, but for a copy, which lies where its source
 * lies; some node that the cluster has or had; nothing.
 */
export type Promised = 'selected' | 'preferred' | 'cluster' | 'anywhere';

export class TopologyChecks {
  /** Nodes that were selected for a claim (uid) at some time. */
  private readonly selected = new Map<string, Set<string>>();
  /** Labels of every node that there was, by name. */
  private readonly labels = new Map<string, Readonly<Record<string, string>>>();
  private readonly mirror: Mirror;
  private readonly promised: Promised;

  constructor(mirror: Mirror, promised: Promised) {
    this.mirror = mirror;
    this.promised = promised;
    mirror.claims.listeners.push(({ object }) => {
      const node = object?.metadata?.annotations?.[SELECTED_NODE];
      const uid = object?.metadata?.uid ?? '';
      if (node !== undefined) this.selected.set(uid, (this.selected.get(uid) ?? new Set()).add(node));
    });
    mirror.nodes.listeners.push(({ object }) => {
      if (object !== undefined) this.labels.set(object.metadata?.name ?? '', object.metadata?.labels ?? {});
    });
  }

  /** To be asked once things have settled. */
  violations(ledger: LedgerView): Violation[] {
    const found: Violation[] = [];
    for (const volume of this.mirror.volumes.all()) {
      const made = ledger.volumes.find(({ id }) => id === volume.spec?.csi?.volumeHandle);
      if (made === undefined) continue;
      const why = this.misplaced(volume, made.segment);
      if (why !== undefined)
        found.push(new Violation('volume-is-where-it-was-asked-for', `PV ${volume.metadata?.name ?? ''} in ${show(made.segment)}: ${why}`));
    }
    for (const pod of this.mirror.pods.all()) {
      const node = pod.spec?.nodeName;
      if (node === undefined) found.push(new Violation('desired-is-actual', `Pod ${pod.metadata?.name ?? ''} has no node`));
    }
    return found;
  }

  private misplaced(volume: PersistentVolume, segment: Segment | undefined): string | undefined {
    const said = affinityOf(volume);
    if (show(said) !== show(segment)) return `its node affinity is ${show(said)}`;
    if (segment === undefined) return undefined;
    const claim = this.mirror.claims.all().find((candidate) => candidate.metadata?.uid === volume.spec?.claimRef?.uid);
    if (claim === undefined) return undefined;
    const storageClass = this.mirror.classes.all().find(({ metadata }) => metadata?.name === claim.spec?.storageClassName);
    if (!isAllowed(segment, storageClass)) return `class ${storageClass?.metadata?.name ?? ''} does not allow it`;
    return this.isAskedFor(segment, claim) ? undefined : `nobody asked for it there, but for ${this.askedFor(claim)}`;
  }

  private isAskedFor(segment: Segment, claim: PersistentVolumeClaim): boolean {
    if (this.promised === 'anywhere') return true;
    const bySelection = this.promised === 'selected' || (this.promised === 'preferred' && claim.spec?.dataSource === undefined);
    const nodes = bySelection ? this.selected.get(claim.metadata?.uid ?? '') : undefined;
    const names = nodes ?? this.labels.keys();
    return [...names].some((name) => Object.entries(segment).every(([key, value]) => this.labels.get(name)?.[key] === value));
  }

  private askedFor(claim: PersistentVolumeClaim): string {
    return [...(this.selected.get(claim.metadata?.uid ?? '') ?? this.labels.keys())]
      .map((name) => `${name} ${show(this.labels.get(name))}`)
      .join(', ');
  }
}

function isAllowed(segment: Segment, storageClass: StorageClass | undefined): boolean {
  const terms = storageClass?.allowedTopologies ?? [];
  if (terms.length === 0) return true;
  return terms.some((term) => (term.matchLabelExpressions ?? []).every(({ key = '', values = [] }) => values.includes(segment[key] ?? '')));
}

/** The one segment that a node affinity names; undefined where there is none. More than one term never occurs here. */
function affinityOf(volume: PersistentVolume): Segment | undefined {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  if (terms === undefined) return undefined;
  return Object.fromEntries(
    terms.flatMap((term) => (term.matchExpressions ?? []).map(({ key = '', values = [] }) => [key, values.join('|')])),
  );
}

function show(segment: Readonly<Record<string, string>> | undefined): string {
  if (segment === undefined) return 'no place';
  return Object.entries(segment)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}
