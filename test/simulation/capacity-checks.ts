/**
 * `capacity-is-what-the-driver-says`: for each class with late binding and each segment in which a node of the driver lies
 * there is one CSIStorageCapacity of ours with the room that the driver has, owned by what controls the Pod, and no other;
 * what others publish is left alone. `capacity-is-written-once`: no write leaves an object as it was.
 */
import type { HttpAnswer, HttpRequest } from '../../lib/doors/http.ts';
import type { CsiStorageCapacity } from '../../lib/kube/objects.ts';
import { toBytesRoundedUp } from '../../lib/kube/quantity.ts';
import type { Records, Segment } from '../../mock-driver/model/records.ts';
import { Violation } from './invariants.ts';
import { DRIVER } from './manifests.ts';
import type { Mirror } from './mirror.ts';

const MANAGED_BY = 'csi.storage.k8s.io/managed-by';
export const OURS = { 'csi.storage.k8s.io/drivername': DRIVER, [MANAGED_BY]: 'external-provisioner' };

export class CapacityChecks {
  private readonly mirror: Mirror;
  private readonly records: () => Records;
  /** Versions of the objects of others, by uid: nobody but their owner changes them, and here that one sleeps. */
  private readonly foreign = new Map<string, string>();

  constructor(mirror: Mirror, records: () => Records) {
    this.mirror = mirror;
    this.records = records;
    mirror.capacities.listeners.push(({ object }) => {
      const { uid = '', resourceVersion = '' } = object?.metadata ?? {};
      if (object !== undefined && !isOurs(object) && !this.foreign.has(uid)) this.foreign.set(uid, resourceVersion);
    });
  }

  /** To be asked once things have settled. */
  violations(): Violation[] {
    const wanted = this.wanted();
    const found: string[] = [];
    const there = new Map<string, string>();
    for (const object of this.mirror.capacities.all().filter(isOurs)) {
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
    for (const item of wanted.keys()) if (!there.has(item)) found.push(`there is none about ${item}`);
    for (const [uid, version] of this.foreign) {
      const present = this.mirror.capacities.objects.get(uid);
      if (present?.metadata?.resourceVersion !== version) found.push(`one of somebody else (${uid}) was changed or deleted`);
    }
    return found.map((message) => new Violation('capacity-is-what-the-driver-says', message));
  }

  /** A PUT that the server took and that changed nothing. */
  vainWrite({ path, body }: HttpRequest, { status, body: answer }: HttpAnswer): Violation | undefined {
    if (!path.includes('/csistoragecapacities/') || status !== 200) return undefined;
    const version = (bytes: Uint8Array | undefined): unknown =>
      (JSON.parse(new TextDecoder().decode(bytes)) as CsiStorageCapacity).metadata?.resourceVersion;
    return version(body) === version(answer) ? new Violation('capacity-is-written-once', `PUT ${path} changed nothing`) : undefined;
  }

  /** Room in bytes by `CLASS SEGMENT`. */
  private wanted(): ReadonlyMap<string, bigint> {
    const names = this.mirror.classes
      .all()
      .filter(({ provisioner, volumeBindingMode }) => provisioner === DRIVER && volumeBindingMode === 'WaitForFirstConsumer')
      .map(({ metadata }) => metadata?.name ?? '');
    const rooms = new Map<string, bigint>();
    for (const segment of this.segments()) for (const name of names) rooms.set(`${name} ${show(segment)}`, this.roomIn(segment));
    return rooms;
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

  private roomIn(segment: Segment): bigint {
    const { nodes, volumes } = this.records();
    const isThere = (place: Segment | undefined): boolean => place !== undefined && show(place) === show(segment);
    const pool = nodes.flatMap(({ pools }) => pools).find((candidate) => isThere(candidate.segment))?.bytes ?? 0n;
    const used = volumes.filter((volume) => isThere(volume.segment)).reduce((sum, { bytes }) => sum + bytes, 0n);
    return pool > used ? pool - used : 0n;
  }

  private isOwned({ metadata }: CsiStorageCapacity): boolean {
    const pod = this.mirror.pods.all().find((candidate) => candidate.metadata?.namespace === 'kube-system');
    const uid = pod?.metadata?.ownerReferences?.find(({ controller }) => controller === true)?.uid;
    const controllers = (metadata?.ownerReferences ?? []).filter(({ controller }) => controller === true);
    return uid !== undefined && controllers.length === 1 && controllers[0]?.uid === uid;
  }
}

function isOurs({ metadata }: CsiStorageCapacity): boolean {
  return Object.entries(OURS).every(([label, value]) => metadata?.labels?.[label] === value);
}

function itemOf({ storageClassName = '', nodeTopology }: CsiStorageCapacity): string {
  return `${storageClassName} ${nodeTopology === undefined ? 'nowhere' : show(nodeTopology.matchLabels ?? {})}`;
}

function bytesOf(quantity: CsiStorageCapacity['capacity']): bigint | undefined {
  return quantity === undefined ? undefined : toBytesRoundedUp(quantity);
}

function show(segment: Segment): string {
  return Object.entries(segment)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}
