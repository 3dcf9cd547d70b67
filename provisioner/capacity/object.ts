/** The CSIStorageCapacity of a class in a segment, as it is written. Pure. */
import type { CsiStorageCapacity, OwnerReference } from '../../lib/kube/objects.ts';
import { formatBinarySI, toBytesRoundedUp } from '../../lib/kube/quantity.ts';
import { CAPACITY_PREFIX, capacityName, labelsOf } from './names.ts';
import type { Publishing, Room, Wanted } from './state.ts';

export interface NewObject {
  readonly item: string;
  readonly wanted: Wanted;
  readonly room: Room;
  /** The name of the item is somebody else's: the server makes one up. */
  readonly nameTaken: boolean;
}

export function newObject(publishing: Publishing, { item, wanted, room, nameTaken }: NewObject): CsiStorageCapacity {
  const { namespace, owner } = publishing;
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIStorageCapacity',
    metadata: {
      ...(nameTaken ? { generateName: CAPACITY_PREFIX } : { name: capacityName(publishing, item) }),
      namespace,
      labels: labelsOf(publishing),
      ...(owner === undefined ? {} : { ownerReferences: [owner] }),
    },
    storageClassName: wanted.className,
    // Without labels it selects every node; absent it would select none.
    nodeTopology: Object.keys(wanted.segment).length === 0 ? {} : { matchLabels: { ...wanted.segment } },
    ...quantities(room),
  };
}

function quantities({ available, largest }: Room): Pick<CsiStorageCapacity, 'capacity' | 'maximumVolumeSize'> {
  return { capacity: formatBinarySI(available), ...(largest === undefined ? {} : { maximumVolumeSize: formatBinarySI(largest) }) };
}

/** The object with this room and this owner; undefined where it has both. */
export function updated(object: CsiStorageCapacity, room: Room, owner: OwnerReference | undefined): CsiStorageCapacity | undefined {
  const owners = object.metadata?.ownerReferences ?? [];
  const isOwned = owner === undefined || owners.some(({ uid, controller }) => uid === owner.uid && controller === true);
  if (isOwned && sameBytes(object.capacity, room.available) && sameBytes(object.maximumVolumeSize, room.largest)) return undefined;
  const { capacity: _capacity, maximumVolumeSize: _largest, ...rest } = object;
  return {
    ...rest,
    ...(isOwned ? {} : { metadata: { ...object.metadata, ownerReferences: withOwner(owners, owner) } }),
    ...quantities(room),
  };
}

function sameBytes(quantity: CsiStorageCapacity['capacity'], bytes: bigint | undefined): boolean {
  return (quantity === undefined ? undefined : toBytesRoundedUp(quantity)) === bytes;
}

/** Earlier owners stay. Only one may be the controller, and that is ours: the server refuses a second one. */
function withOwner(owners: readonly OwnerReference[], owner: OwnerReference): OwnerReference[] {
  const others = owners.filter(({ uid }) => uid !== owner.uid);
  return [...others.map((other) => (other.controller === true ? { ...other, controller: false } : other)), owner];
}
