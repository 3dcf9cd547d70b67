/** Objects → nodes, each with what it came from. Pure. */
import type { KubeObject, PersistentVolume, PersistentVolumeClaim, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { LineageNode, LineageTree } from './node.ts';

export interface LineageObjects {
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes: readonly PersistentVolume[];
  readonly snapshots: readonly VolumeSnapshot[];
  readonly contents: readonly VolumeSnapshotContent[];
}

const claimId = (namespace: string, name: string): string => `claim/${namespace}/${name}`;
const snapshotId = (namespace: string, name: string): string => `snapshot/${namespace}/${name}`;

export function buildNodes({ claims, volumes, snapshots, contents }: LineageObjects): LineageNode[] {
  const volumeOf = new Map(volumes.map((volume) => [nameOf(volume), volume]));
  const contentOf = new Map(contents.map((content) => [nameOf(content), content]));
  const nodes = new Map<string, LineageNode>();
  const put = (node: LineageNode): void => void nodes.set(node.id, node);
  /** The node by which a volume is known: its claim, or itself. */
  const byHandle = new Map<string, string>();
  const claimed = new Set<string>();
  for (const claim of claims) {
    const id = claimId(spaceOf(claim), nameOf(claim));
    const volume = volumeOf.get(claim.spec?.volumeName ?? '');
    if (volume !== undefined) {
      claimed.add(nameOf(volume));
      byHandle.set(handleOf(volume), id);
    }
    put({
      ...common(claim),
      id,
      kind: 'PersistentVolumeClaim',
      state: claim.status?.phase ?? '',
      size: String(claim.status?.capacity?.['storage'] ?? claim.spec?.resources?.requests?.['storage'] ?? ''),
      place: volume === undefined ? '' : `${nameOf(volume)} ${volume.spec?.csi?.volumeHandle ?? ''}`.trim(),
      parent: sourceOf(claim),
    });
  }
  for (const volume of volumes) {
    if (claimed.has(nameOf(volume))) continue;
    const id = `volume/${nameOf(volume)}`;
    byHandle.set(handleOf(volume), id);
    put({
      ...common(volume),
      id,
      kind: 'PersistentVolume',
      state: volume.status?.phase ?? '',
      size: String(volume.spec?.capacity?.['storage'] ?? ''),
      place: volume.spec?.csi?.volumeHandle ?? '',
      parent: undefined,
    });
  }
  const spoken = new Set<string>();
  for (const snapshot of snapshots) {
    const content = contentOf.get(
      snapshot.status?.boundVolumeSnapshotContentName ?? snapshot.spec?.source?.volumeSnapshotContentName ?? '',
    );
    if (content !== undefined) spoken.add(nameOf(content));
    put({
      ...common(snapshot),
      id: snapshotId(spaceOf(snapshot), nameOf(snapshot)),
      kind: 'VolumeSnapshot',
      state: stateOf(snapshot),
      size: String(snapshot.status?.restoreSize ?? ''),
      place: content === undefined ? '' : `${nameOf(content)} ${content.status?.snapshotHandle ?? ''}`.trim(),
      parent: cutFrom(snapshot, content, byHandle),
    });
  }
  for (const content of contents) {
    if (spoken.has(nameOf(content))) continue;
    const source = content.spec?.source?.volumeHandle;
    put({
      ...common(content),
      id: `content/${nameOf(content)}`,
      kind: 'VolumeSnapshotContent',
      state: content.status?.readyToUse === true ? 'ready, without a VolumeSnapshot' : 'without a VolumeSnapshot',
      size: String(content.status?.restoreSize ?? ''),
      place: content.status?.snapshotHandle ?? content.spec?.source?.snapshotHandle ?? '',
      parent: source === undefined ? undefined : (byHandle.get(`${content.spec?.driver ?? ''} ${source}`) ?? `gone/volume ${source}`),
    });
  }
  for (const { parent } of [...nodes.values()]) if (parent !== undefined && !nodes.has(parent)) put(gone(parent));
  return [...nodes.values()];
}

/** By the volume that was cut, where that is known: a claim may have been deleted and made anew under its name. */
function cutFrom(
  snapshot: VolumeSnapshot,
  content: VolumeSnapshotContent | undefined,
  byHandle: ReadonlyMap<string, string>,
): string | undefined {
  const handle = content?.spec?.source?.volumeHandle;
  if (handle !== undefined) {
    const known = byHandle.get(`${content?.spec?.driver ?? ''} ${handle}`);
    if (known !== undefined) return known;
    return `gone/volume ${handle}`;
  }
  const claim = snapshot.spec?.source?.persistentVolumeClaimName;
  return claim === undefined ? undefined : claimId(spaceOf(snapshot), claim);
}

function sourceOf(claim: PersistentVolumeClaim): string | undefined {
  const source = claim.spec?.dataSourceRef ?? claim.spec?.dataSource;
  if (source?.name === undefined) return undefined;
  const namespace = source.namespace ?? spaceOf(claim);
  if (source.kind === 'VolumeSnapshot') return snapshotId(namespace, source.name);
  if (source.kind === 'PersistentVolumeClaim') return claimId(namespace, source.name);
  return `gone/${source.kind ?? ''} ${namespace}/${source.name}`;
}

function gone(id: string): LineageNode {
  const [what = '', ...rest] = id.split('/');
  const kinds: Readonly<Record<string, string>> = { claim: 'PersistentVolumeClaim', snapshot: 'VolumeSnapshot' };
  return {
    id,
    kind: kinds[what] ?? 'source',
    name: rest.join('/'),
    state: kinds[what] === undefined ? 'not in this cluster' : 'gone',
    size: '',
    createdAt: '',
    place: '',
    parent: undefined,
  };
}

function stateOf({ status }: VolumeSnapshot): string {
  if (status?.error?.message !== undefined && status.readyToUse !== true) return 'error';
  return status?.readyToUse === true ? 'ready' : 'not ready';
}

function common(object: KubeObject): Pick<LineageNode, 'name' | 'createdAt'> {
  const { name = '', namespace, creationTimestamp = '' } = object.metadata ?? {};
  return { name: namespace === undefined ? name : `${namespace}/${name}`, createdAt: creationTimestamp };
}

function nameOf({ metadata }: KubeObject): string {
  return metadata?.name ?? '';
}

function spaceOf({ metadata }: KubeObject): string {
  return metadata?.namespace ?? '';
}

function handleOf({ spec }: PersistentVolume): string {
  return `${spec?.csi?.driver ?? ''} ${spec?.csi?.volumeHandle ?? ''}`;
}

/** By the id of what they came from, in the order given. */
export function childrenByParent(nodes: readonly LineageNode[]): ReadonlyMap<string, readonly LineageNode[]> {
  const children = new Map<string, LineageNode[]>();
  for (const node of nodes) {
    if (node.parent === undefined) continue;
    const siblings = children.get(node.parent);
    if (siblings === undefined) children.set(node.parent, [node]);
    else siblings.push(node);
  }
  return children;
}

interface GrowingTree extends LineageTree {
  readonly children: GrowingTree[];
}

/**
 * Trees in the order of their roots' names. What only comes from itself, round and round, has no root and begins anywhere.
 * Without recursion: restores of restores go as deep as somebody likes.
 */
export function growTrees(nodes: readonly LineageNode[]): LineageTree[] {
  const sorted = [...nodes].sort((a, b) => (a.name < b.name ? -1 : 1));
  const below = childrenByParent(sorted);
  const grown = new Set<string>();
  const sprout = (node: LineageNode): GrowingTree => {
    grown.add(node.id);
    return { node, children: [] };
  };
  const grow = (root: LineageNode): LineageTree => {
    const tree = sprout(root);
    const todo = [tree];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      for (const child of below.get(next.node.id) ?? []) if (!grown.has(child.id)) next.children.push(sprout(child));
      for (const child of next.children) todo.push(child);
    }
    return tree;
  };
  const trees = sorted.filter(({ parent }) => parent === undefined).map(grow);
  for (const node of nodes) if (!grown.has(node.id)) trees.push(grow(node));
  return trees;
}
