/**
 * `capacity-is-what-the-driver-says`: for each class with late binding and each segment in which a node of the driver lies
 * there is one CSIStorageCapacity of ours with the room that the driver has, owned by what controls the Pod, and no other;
 * what others publish is left alone. Where each node has a provisioner of its own, each publishes its node's segment.
 * `capacity-is-written-once`: no write leaves an object as it was.
 */
import type { HttpAnswer, HttpRequest } from '../../lib/doors/http.ts';
import type { CsiStorageCapacity } from '../../lib/kube/objects.ts';
import { toBytesRoundedUp } from '../../lib/kube/quantity.ts';
import type { Records, Segment } from '../../mock-driver/model/records.ts';
import { Violation } from './invariants.ts';
import type { IsServed } from './local-places.ts';
import { DRIVER, ZONE } from './manifests.ts';
import type { Mirror } from './mirror.ts';
import { roomIn, segmentText } from './rooms.ts';

const MANAGED_BY = 'csi.storage.k8s.io/managed-by';
const MANAGER = 'external-provisioner';
export const OURS = { 'csi.storage.k8s.io/drivername': DRIVER, [MANAGED_BY]: MANAGER };

/** Names of the nodes that have a provisioner each; undefined: there is one for all. */
export interface OnNodes {
  readonly names: readonly string[];
  readonly isServed: IsServed;
}

export class CapacityChecks {
  /** What the driver answers everybody, whatever it has. Undefined: the truth. */
  said: bigint | undefined;
  private readonly mirror: Mirror;
  private readonly records: () => Records;
  private readonly onNodes: OnNodes | undefined;
  private readonly managers: readonly string[];
  /** Versions of the objects of others, by uid: nobody but their owner changes them, and here that one sleeps. */
  private readonly foreign = new Map<string, string>();

  constructor(mirror: Mirror, records: () => Records, onNodes?: OnNodes) {
    this.mirror = mirror;
    this.records = records;
    this.onNodes = onNodes;
    this.managers = onNodes === undefined ? [MANAGER] : onNodes.names.map(managerOn);
    mirror.capacities.listeners.push(({ object }) => {
      const { uid = '', resourceVersion = '' } = object?.metadata ?? {};
      if (object !== undefined && !this.isOurs(object) && !this.foreign.has(uid)) this.foreign.set(uid, resourceVersion);
    });
  }

  /** To be asked once things have settled. */
  violations(): Violation[] {
    const found = [...this.publishers()].flatMap(([manager, segments]) => this.wrongOf(manager, segments));
    for (const [uid, version] of this.foreign) {
      const present = this.mirror.capacities.objects.get(uid);
      if (present?.metadata?.resourceVersion !== version) found.push(`one of somebody else (${uid}) was changed or deleted`);
    }
    return found.map((message) => new Violation('capacity-is-what-the-driver-says', message));
  }

  private wrongOf(manager: string, segments: readonly Segment[]): readonly string[] {
    const wanted = this.wanted(segments);
    const found: string[] = [];
    const there = new Map<string, string>();
    for (const object of this.mirror.capacities.all().filter((candidate) => managerOf(candidate) === manager)) {
      const item = itemOf(object);
      const name = object.metadata?.name ?? '';
      const double = there.get(item);
      const room = wanted.get(item);
      there.set(item, name);
      if (double !== undefined) found.push(`${name} and ${double} are both about ${item}`);
      if (room === undefined) found.push(`${name} is about ${item}, which is not there`);
      else if (bytesOf(object.capacity) !== room || bytesOf(object.maximumVolumeSize) !== room)
        found.push(
          `${name} about ${item} says ${object.capacity ?? 'nothing'} and at most ${object.maximumVolumeSize ?? 'anything'}, not ${room}`,
        );
      if (!this.isOwned(object)) found.push(`${name} about ${item} is not owned by what controls the Pod`);
    }
    for (const item of wanted.keys()) if (!there.has(item)) found.push(`${manager} says nothing about ${item}`);
    return found;
  }

  /** A PUT that the server took and that changed nothing. */
  vainWrite({ path, body }: HttpRequest, { status, body: answer }: HttpAnswer): Violation | undefined {
    if (!path.includes('/csistoragecapacities/') || status !== 200) return undefined;
    const version = (bytes: Uint8Array | undefined): unknown =>
      (JSON.parse(new TextDecoder().decode(bytes)) as CsiStorageCapacity).metadata?.resourceVersion;
    return version(body) === version(answer) ? new Violation('capacity-is-written-once', `PUT ${path} changed nothing`) : undefined;
  }

  /** Who publishes now, each with its segments. */
  private publishers(): ReadonlyMap<string, readonly Segment[]> {
    const { onNodes } = this;
    if (onNodes === undefined) return new Map([[MANAGER, this.segments()]]);
    return new Map(onNodes.names.filter((node) => onNodes.isServed(node)).map((node) => [managerOn(node), [{ [ZONE]: node }]]));
  }

  private isOurs(object: CsiStorageCapacity): boolean {
    return this.managers.includes(managerOf(object) ?? '');
  }

  /** Room in bytes by `CLASS SEGMENT`. */
  private wanted(segments: readonly Segment[]): ReadonlyMap<string, bigint> {
    const names = this.mirror.classes
      .all()
      .filter(({ provisioner, volumeBindingMode }) => provisioner === DRIVER && volumeBindingMode === 'WaitForFirstConsumer')
      .map(({ metadata }) => metadata?.name ?? '');
    return new Map(
      segments.flatMap((segment) => {
        const room = this.said ?? roomIn(this.records(), segment);
        return names.map((name) => [`${name} ${segmentText(segment)}`, room] as const);
      }),
    );
  }

  private segments(): readonly Segment[] {
    return this.mirror.csiNodes.all().flatMap(({ metadata, spec }) => {
      const entry = spec?.drivers?.find(({ name }) => name === DRIVER);
      const keys = entry === undefined ? undefined : (entry.topologyKeys ?? []);
      const labels = this.mirror.nodes.all().find((node) => node.metadata?.name === metadata?.name)?.metadata?.labels;
      if (keys === undefined || labels === undefined || !keys.every((key) => labels[key] !== undefined)) return [];
      return [Object.fromEntries(keys.map((key) => [key, labels[key] ?? '']))];
    });
  }

  private isOwned({ metadata }: CsiStorageCapacity): boolean {
    const pod = this.mirror.pods.all().find((candidate) => candidate.metadata?.namespace === 'kube-system');
    const uid = pod?.metadata?.ownerReferences?.find(({ controller }) => controller === true)?.uid;
    const controllers = (metadata?.ownerReferences ?? []).filter(({ controller }) => controller === true);
    return uid !== undefined && controllers.length === 1 && controllers[0]?.uid === uid;
  }
}

function managerOn(node: string): string {
  return `${MANAGER}-${node}`;
}

/** Undefined: it is about another driver. */
function managerOf({ metadata: { labels = {} } = {} }: CsiStorageCapacity): string | undefined {
  return labels['csi.storage.k8s.io/drivername'] === DRIVER ? labels[MANAGED_BY] : undefined;
}

function itemOf({ storageClassName = '', nodeTopology }: CsiStorageCapacity): string {
  return `${storageClassName} ${nodeTopology === undefined ? 'nowhere' : segmentText(nodeTopology.matchLabels ?? {})}`;
}

function bytesOf(quantity: CsiStorageCapacity['capacity']): bigint | undefined {
  return quantity === undefined ? undefined : toBytesRoundedUp(quantity);
}
