/**
 * The volume part of scheduling: which node a Pod may go to for its volumes, and what has to be done
 * before it can. One Pod, one step, from what was gathered.
 */
import type {
  CsiNode,
  CsiStorageCapacity,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  TopologySelectorTerm,
} from '../../lib/kube/objects.ts';
import { quantityValue } from '../apiserver/kinds/quantity.ts';
import type { Labels } from '../binder/match.ts';
import { findVolume, isReachableFrom, matchesSelector } from '../binder/match.ts';
import { annotation, BIND_COMPLETED, classNameOf, isDeleting, SELECTED_NODE } from '../binder/names.ts';
import type { Pod } from '../binder/pods.ts';
import { claimNamesOf } from '../binder/pods.ts';

/** Its volumes are made by hand, before their claims. Those of other in-tree plugins are made by the drivers that took over. */
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** What the scheduler does next about one Pod. Every write brings the Pod up again, for the step after it. */
export type PodStep =
  /** Bind the Pod. */
  | { readonly kind: 'bind'; readonly node: string }
  /** Tell the provisioner of a claim where its volume is needed. */
  | { readonly kind: 'select'; readonly claim: PersistentVolumeClaim; readonly node: string }
  /** Reserve an existing volume for a claim that waited for its Pod. */
  | { readonly kind: 'reserve'; readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }
  /** Volumes are on their way. */
  | { readonly kind: 'wait' }
  /** No node will do; the message says why. */
  | { readonly kind: 'unschedulable'; readonly message: string };

/** What a decision may look at. */
export interface Cluster {
  readonly nodes: readonly Node[];
  claim(name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  class(name: string): StorageClass | undefined;
  csiNode(name: string): CsiNode | undefined;
  /** True if the driver publishes capacities to be obeyed. */
  reportsCapacity(driver: string): boolean;
  capacities(): readonly CsiStorageCapacity[];
  /** Pods on a node: the emptiest node is taken first. */
  podCount(node: string): number;
  /** How often this Pod's choice was taken back: another node is tried then. */
  readonly rejections: number;
}

interface Claims {
  readonly bound: readonly PersistentVolume[];
  readonly unbound: readonly PersistentVolumeClaim[];
}

/**
 * Order matters: a Pod whose claims are not in order waits whatever the nodes; then a node is chosen; then
 * the claims that waited for the choice get it, one a step; only when nothing is left is the Pod bound.
 */
export function decidePod(pod: Pod, cluster: Cluster): PodStep {
  const claims = gatherClaims(pod, cluster);
  if (typeof claims === 'string') return unschedulable(cluster, claims);
  const faults = new Map<string, number>();
  const fitting = cluster.nodes.filter((node) => {
    const fault = nodeFault(pod, node, { claims, cluster });
    if (fault !== undefined) faults.set(fault, (faults.get(fault) ?? 0) + 1);
    return fault === undefined;
  });
  // A node that was chosen before stays chosen while it will do.
  const chosen = claims.unbound.map((claim) => annotation(claim, SELECTED_NODE)).find((name) => name !== undefined);
  const ranked = fitting.sort((a, b) => rank(a, claims, cluster) - rank(b, claims, cluster) || (nameOf(a) < nameOf(b) ? -1 : 1));
  const node = ranked.find((candidate) => nameOf(candidate) === chosen) ?? ranked[cluster.rejections % Math.max(ranked.length, 1)];
  if (node === undefined)
    return unschedulable(
      cluster,
      [...faults]
        .map(([fault, count]) => `${count} ${fault}`)
        .sort()
        .join(', '),
    );
  return nextStep(node, claims, cluster);
}

/** A static volume goes before a new one: it is there already. */
function nextStep(node: Node, claims: Claims, cluster: Cluster): PodStep {
  const name = nameOf(node);
  for (const claim of claims.unbound) {
    if (annotation(claim, SELECTED_NODE) === name) continue;
    const volume = findVolume(claim, cluster.volumes(), { delayed: true, node: node.metadata?.labels ?? {} });
    if (volume === undefined) return { kind: 'select', claim, node: name };
    if (volume.spec?.claimRef === undefined) return { kind: 'reserve', claim, volume };
  }
  return claims.unbound.length === 0 ? { kind: 'bind', node: name } : { kind: 'wait' };
}

/** Both the name and the mark: a binding is four writes, and this is the third. */
function isBound(claim: PersistentVolumeClaim): boolean {
  return (claim.spec?.volumeName ?? '') !== '' && annotation(claim, BIND_COMPLETED) !== undefined;
}

/** The Pod's claims, or why it cannot be scheduled whatever the node. */
function gatherClaims(pod: Pod, cluster: Cluster): Claims | string {
  const bound: PersistentVolume[] = [];
  const unbound: PersistentVolumeClaim[] = [];
  let immediate = false;
  for (const name of claimNamesOf(pod)) {
    const claim = cluster.claim(name);
    if (claim === undefined) return `persistentvolumeclaim "${name}" not found`;
    if (isDeleting(claim)) return `persistentvolumeclaim "${name}" is being deleted`;
    if (claim.status?.phase === 'Lost')
      return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`;
    if (!isBound(claim)) {
      const mode = cluster.class(classNameOf(claim))?.volumeBindingMode;
      if (mode === 'WaitForFirstConsumer' && (claim.spec?.volumeName ?? '') === '') unbound.push(claim);
      else immediate = true;
      continue;
    }
    const volume = cluster.volume(claim.spec?.volumeName ?? '');
    if (volume !== undefined) bound.push(volume);
  }
  return immediate ? 'pod has unbound immediate PersistentVolumeClaims' : { bound, unbound };
}

interface Around {
  readonly claims: Claims;
  readonly cluster: Cluster;
}

/** Why a node will not do, in the words of the scheduler; undefined if it will. */
function nodeFault(pod: Pod, node: Node, { claims, cluster }: Around): string | undefined {
  const labels = node.metadata?.labels ?? {};
  if (node.spec?.unschedulable === true) return 'node(s) were unschedulable';
  if (!matchesSelector(labels, { matchLabels: pod.spec?.nodeSelector ?? {} })) return "node(s) didn't match Pod's node affinity/selector";
  if (!claims.bound.every((volume) => isReachableFrom(volume, labels))) return "node(s) didn't match PersistentVolume's node affinity";
  for (const claim of claims.unbound) {
    if (findVolume(claim, cluster.volumes(), { delayed: true, node: labels }) !== undefined) continue;
    const storageClass = cluster.class(classNameOf(claim));
    const provisioner = storageClass?.provisioner ?? '';
    if (storageClass === undefined || provisioner === NO_PROVISIONER) return "node(s) didn't find available persistent volumes to bind";
    if (!isAllowed(labels, storageClass.allowedTopologies)) return "node(s) didn't find available persistent volumes to bind";
    if (cluster.reportsCapacity(provisioner) && !hasCapacity(claim, labels, cluster.capacities()))
      return 'node(s) did not have enough free storage';
  }
  return undefined;
}

function isAllowed(labels: Labels, terms: readonly TopologySelectorTerm[] | undefined): boolean {
  if (terms === undefined || terms.length === 0) return true;
  const fits = (term: TopologySelectorTerm): boolean =>
    (term.matchLabelExpressions ?? []).every(({ key = '', values = [] }) => labels[key] !== undefined && values.includes(labels[key]));
  return terms.some(fits);
}

function hasCapacity(claim: PersistentVolumeClaim, labels: Labels, capacities: readonly CsiStorageCapacity[]): boolean {
  const wanted = quantityValue(claim.spec?.resources?.requests?.storage) ?? 0n;
  return capacities.some((capacity) => {
    if (capacity.storageClassName !== classNameOf(claim) || capacity.nodeTopology === undefined) return false;
    const limit = quantityValue(capacity.maximumVolumeSize) ?? quantityValue(capacity.capacity);
    return limit !== undefined && limit >= wanted && matchesSelector(labels, capacity.nodeTopology);
  });
}

/** Nodes that run the drivers of all unbound claims first, then the emptiest. */
function rank(node: Node, claims: Claims, cluster: Cluster): number {
  const drivers = new Set((cluster.csiNode(nameOf(node))?.spec?.drivers ?? []).map((driver) => driver.name));
  const missing = claims.unbound.some((claim) => !drivers.has(cluster.class(classNameOf(claim))?.provisioner));
  return (missing ? 1_000_000 : 0) + cluster.podCount(nameOf(node));
}

function unschedulable(cluster: Cluster, why: string): PodStep {
  return {
    kind: 'unschedulable',
    message: `0/${cluster.nodes.length} nodes are available: ${why === '' ? 'no nodes available to schedule pods' : why}.`,
  };
}

function nameOf(node: Node): string {
  return node.metadata?.name ?? '';
}
