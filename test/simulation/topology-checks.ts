/**
 * `volume-is-where-it-was-asked-for`: what the PV says of its place is what the driver says, and the place is
 * one that was asked for. Asked for by whom changes while a volume is in the making (a choice is taken back, a
 * node goes), and an undecided call is repeated as it was: so every place that was asked for at some time counts.
 */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import type { Pod } from '../../sandbox/binder/pods.ts';
import type { Change, Segment } from '../../mock-driver/model/records.ts';
import { Violation } from './invariants.ts';
import type { LedgerView } from './invariants.ts';
import type { LocalNodes } from './local-nodes.ts';
import { nodeOfClaim, nodeOfVolume } from './local-places.ts';
import type { Mirror } from './mirror.ts';
import type { DriverNames } from './volume-source.ts';
import { volumeHandleOf } from './volume-source.ts';

/**
 * How much the provisioner promised: the selected node; the same, but for a copy, which lies where its source
 * lies; some node that the cluster has or had; nothing.
 */
export type Promised = 'selected' | 'preferred' | 'cluster' | 'anywhere';

export interface TopologyInit {
  readonly promised: Promised;
  readonly driver: DriverNames;
  readonly localNodes: Pick<LocalNodes, 'isAway'>;
}

export class TopologyChecks {
  /** Nodes that were selected for a claim (uid) at some time. */
  private readonly selected = new Map<string, Set<string>>();
  /** Labels of every node that there was, by name. */
  private readonly labels = new Map<string, Readonly<Record<string, string>>>();
  private readonly mirror: Mirror;
  private readonly promised: Promised;
  private readonly driver: DriverNames;
  private readonly localNodes: TopologyInit['localNodes'];

  constructor(mirror: Mirror, { promised, driver, localNodes }: TopologyInit) {
    this.mirror = mirror;
    this.promised = promised;
    this.driver = driver;
    this.localNodes = localNodes;
    mirror.claims.listeners.push(({ object }) => {
      const node = nodeOfClaim(object ?? {});
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
      const made = ledger.volumes.find(({ id }) => id === volumeHandleOf(volume));
      if (made === undefined) continue;
      const why = this.misplaced(volume, made.segment);
      if (why !== undefined)
        found.push(new Violation('volume-is-where-it-was-asked-for', `PV ${volume.metadata?.name ?? ''} in ${show(made.segment)}: ${why}`));
    }
    for (const pod of this.mirror.pods.all()) {
      const node = pod.spec?.nodeName;
      if (node === undefined && !this.waitsForNode(pod))
        found.push(new Violation('desired-is-actual', `Pod ${pod.metadata?.name ?? ''} has no node`));
    }
    return found;
  }

  /** Its volume is on a node that is away. */
  private waitsForNode({ spec }: Pod): boolean {
    const names = (spec?.volumes ?? []).map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName);
    const claims = this.mirror.claims.all().filter(({ metadata }) => names.includes(metadata?.name));
    const volumes = this.mirror.volumes.all().filter(({ metadata }) => claims.some((claim) => claim.spec?.volumeName === metadata?.name));
    return volumes.map(nodeOfVolume).some((node) => node !== undefined && this.localNodes.isAway(node));
  }

  /** The driver of a node makes a volume there: the node was selected for its claim at some time. */
  misplacedBy(node: string, change: Change): Violation | undefined {
    if (change.op !== 'create-volume') return undefined;
    const { name } = change.volume;
    const nodes = this.selected.get(name.replace(/^pvc-/, '')) ?? new Set();
    if (nodes.has(node)) return undefined;
    const wanted = nodes.size === 0 ? 'nowhere' : [...nodes].join(', ');
    return new Violation('volume-is-where-it-was-asked-for', `node ${node} makes ${name}, which is to be made on ${wanted}`);
  }

  private misplaced(volume: PersistentVolume, segment: Segment | undefined): string | undefined {
    const said = affinityOf(volume, this.driver);
    if (show(said) !== show(segment)) return `its node affinity is ${show(said)}`;
    if (segment === undefined) return undefined;
    const claim = this.mirror.claims.all().find((candidate) => candidate.metadata?.uid === volume.spec?.claimRef?.uid);
    if (claim === undefined) return undefined;
    const storageClass = this.mirror.classes.all().find(({ metadata }) => metadata?.name === claim.spec?.storageClassName);
    if (!isAllowed(segment, storageClass, this.driver)) return `class ${storageClass?.metadata?.name ?? ''} does not allow it`;
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

function isAllowed(segment: Segment, storageClass: StorageClass | undefined, driver: DriverNames): boolean {
  const { allowedTopologies: terms = [], parameters = {}, provisioner } = storageClass ?? {};
  const isOfPlugin = driver.plugin !== undefined && provisioner === driver.plugin;
  const { zone, zones = zone } = isOfPlugin ? parameters : {};
  if (zones !== undefined && !zones.split(',').includes(segment[zoneKeyOf(driver)] ?? '')) return false;
  if (terms.length === 0) return true;
  return terms.some((term) =>
    (term.matchLabelExpressions ?? []).every(({ key = '', values = [] }) =>
      values.includes(segment[isOfPlugin && key === KUBERNETES_ZONE ? zoneKeyOf(driver) : key] ?? ''),
    ),
  );
}

/** In-tree plugins speak of zones in Kubernetes' own words, and of the region beside. */
const KUBERNETES_ZONE = 'topology.kubernetes.io/zone';
const KUBERNETES_REGION = 'topology.kubernetes.io/region';

function zoneKeyOf({ name }: DriverNames): string {
  return `topology.${name}/zone`;
}

/**
 * The one segment that a node affinity names, in the driver's words; undefined where there is none. More than one term never
 * occurs here. A region that the zone is not in is no segment's.
 */
function affinityOf(volume: PersistentVolume, driver: DriverNames): Segment | undefined {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  if (terms === undefined) return undefined;
  const expressions = terms.flatMap(({ matchExpressions = [] }) =>
    matchExpressions.map(({ key = '', values = [] }) => ({ key, value: values.join('|') })),
  );
  if (volume.spec?.csi !== undefined) return Object.fromEntries(expressions.map(({ key, value }) => [key, value]));
  const zone = expressions.find(({ key }) => key === KUBERNETES_ZONE)?.value ?? '';
  const others = expressions.filter(
    ({ key, value }) => key !== KUBERNETES_ZONE && !(key === KUBERNETES_REGION && zone.slice(0, -1) === value),
  );
  return Object.fromEntries([[zoneKeyOf(driver), zone], ...others.map(({ key, value }) => [key, value] as const)]);
}

function show(segment: Readonly<Record<string, string>> | undefined): string {
  if (segment === undefined) return 'no place';
  return Object.entries(segment)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}
