/**
 * What the API server holds, known at once: the invariants look here, never through a cache of a program.
 * Fed by watches of the sandbox without latency.
 */
import type { HttpRequest, HttpStream } from '../../lib/doors/http.ts';
import { parseJson } from '../../lib/kube/json.ts';
import { INT64_FIELDS } from '../../lib/kube/resources.ts';
import type {
  CoreEvent,
  CsiNode,
  CsiStorageCapacity,
  KubeObject,
  Lease,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  ReferenceGrant,
  Resource,
  Secret,
  StorageClass,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import {
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  EVENTS,
  groupSnapshotResources,
  LEASES,
  NODES,
  PERSISTENT_VOLUMES,
  PERSISTENT_VOLUME_CLAIMS,
  REFERENCE_GRANTS,
  SECRETS,
  STORAGE_CLASSES,
  VOLUME_SNAPSHOTS,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
} from '../../lib/kube/resources.ts';
import type { Pod } from '../../sandbox/binder/pods.ts';
import { PODS_OF_SANDBOX } from '../../sandbox/binder/pods.ts';

export interface Change<T> {
  readonly old: T | undefined;
  readonly object: T | undefined;
}

class Kind<T extends KubeObject> {
  readonly objects = new Map<string, T>();
  readonly listeners: ((change: Change<T>) => void)[] = [];
  /** Memo of `all`: asked far more often than something changes. */
  private list: readonly T[] | undefined;

  apply(type: string, object: T): void {
    const uid = object.metadata?.uid ?? '';
    const old = this.objects.get(uid);
    if (type === 'DELETED') this.objects.delete(uid);
    else this.objects.set(uid, object);
    this.list = undefined;
    for (const listener of this.listeners) listener({ old, object: type === 'DELETED' ? undefined : object });
  }

  clear(): void {
    this.objects.clear();
    this.list = undefined;
  }

  all(): readonly T[] {
    this.list ??= [...this.objects.values()];
    return this.list;
  }
}

const GROUP_KINDS = groupSnapshotResources('v1');

export class Mirror {
  readonly claims = new Kind<PersistentVolumeClaim>();
  readonly volumes = new Kind<PersistentVolume>();
  readonly snapshots = new Kind<VolumeSnapshot>();
  readonly contents = new Kind<VolumeSnapshotContent>();
  readonly groups = new Kind<VolumeGroupSnapshot>();
  readonly groupContents = new Kind<VolumeGroupSnapshotContent>();
  readonly leases = new Kind<Lease>();
  /** These are followed by `startAll` only. */
  readonly nodes = new Kind<Node>();
  readonly csiNodes = new Kind<CsiNode>();
  readonly classes = new Kind<StorageClass>();
  readonly snapshotClasses = new Kind<VolumeSnapshotClass>();
  readonly secrets = new Kind<Secret>();
  readonly grants = new Kind<ReferenceGrant>();
  readonly events = new Kind<CoreEvent>();
  readonly pods = new Kind<Pod>();
  /** Only where somebody publishes them. */
  readonly capacities = new Kind<CsiStorageCapacity>();
  /** One of each watch. */
  private aborts: AbortController[] = [];
  private readonly open: (request: HttpRequest, signal: AbortSignal) => Promise<HttpStream>;

  private readonly followsCapacities: boolean;
  /** Whether the kinds of groups are installed. */
  private readonly followsGroups: boolean;

  constructor(open: (request: HttpRequest, signal: AbortSignal) => Promise<HttpStream>, { capacities = false, groups = false } = {}) {
    this.open = open;
    this.followsCapacities = capacities;
    this.followsGroups = groups;
  }

  /** Again after `stop`: what the server holds now replaces what was known, and nobody is told of what is gone. */
  async start(): Promise<void> {
    for (const kind of [this.claims, this.volumes, this.snapshots, this.contents, this.groups, this.groupContents, this.leases])
      kind.clear();
    await this.follow(PERSISTENT_VOLUME_CLAIMS, this.claims);
    await this.follow(PERSISTENT_VOLUMES, this.volumes);
    await this.follow(VOLUME_SNAPSHOTS, this.snapshots);
    await this.follow(VOLUME_SNAPSHOT_CONTENTS, this.contents);
    if (this.followsGroups) {
      await this.follow(GROUP_KINDS.snapshots, this.groups);
      await this.follow(GROUP_KINDS.contents, this.groupContents);
    }
    await this.follow(LEASES, this.leases);
  }

  /** With what claims and snapshots name, and what users are told. */
  async startAll(): Promise<void> {
    await this.start();
    const { nodes, csiNodes, classes, snapshotClasses, secrets, grants, events, pods, capacities } = this;
    for (const kind of [nodes, csiNodes, classes, snapshotClasses, secrets, grants, events, pods, capacities]) kind.clear();
    await this.follow(NODES, this.nodes);
    await this.follow(CSI_NODES, this.csiNodes);
    await this.follow(STORAGE_CLASSES, this.classes);
    await this.follow(VOLUME_SNAPSHOT_CLASSES, this.snapshotClasses);
    await this.follow(SECRETS, this.secrets);
    await this.follow(REFERENCE_GRANTS, this.grants);
    await this.follow(EVENTS, this.events);
    await this.follow(PODS_OF_SANDBOX, this.pods);
    if (this.followsCapacities) await this.follow(CSI_STORAGE_CAPACITIES, this.capacities);
  }

  /** Snapshots that their users asked for one by one: members of groups are not among them. */
  singles(): readonly VolumeSnapshot[] {
    return this.snapshots.all().filter((snapshot) => !isMember(snapshot));
  }

  stop(): void {
    for (const abort of this.aborts.splice(0)) abort.abort();
  }

  private async follow<T extends KubeObject>(resource: Resource<T>, kind: Kind<T>): Promise<void> {
    const root = resource.group === '' ? '/api/v1' : `/apis/${resource.group}/${resource.version}`;
    const path = `${root}/${resource.plural}?watch=true&timeoutSeconds=1000000`;
    const abort = new AbortController();
    this.aborts.push(abort);
    const { chunks } = await this.open({ method: 'GET', path, headers: { accept: 'application/json' } }, abort.signal);
    const decoder = new TextDecoder();
    void (async () => {
      let rest = '';
      for await (const chunk of chunks) {
        rest += decoder.decode(chunk, { stream: true });
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (line === '') continue;
          const event = parseJson(line, INT64_FIELDS) as { type: string; object: T };
          if (event.type !== 'BOOKMARK') kind.apply(event.type, event.object);
        }
      }
    })();
  }
}

/** Made by a group for one of its volumes. */
export function isMember({ metadata }: VolumeSnapshot): boolean {
  return metadata?.ownerReferences?.some(({ kind }) => kind === 'VolumeGroupSnapshot') === true;
}
