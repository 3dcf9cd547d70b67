/**
 * The names of CSIStorageCapacity objects: their labels, by which a program knows its own, and the name of the object of
 * a class and a segment. The labels are the Go program's, so that either takes over what the other published.
 */
import { createHash } from 'node:crypto';
import type { CsiStorageCapacity } from '../../lib/kube/objects.ts';
import { segmentId } from '../segments/segment.ts';

export const DRIVER_NAME_LABEL = 'csi.storage.k8s.io/drivername';
export const MANAGED_BY_LABEL = 'csi.storage.k8s.io/managed-by';
export const CAPACITY_PREFIX = 'csisc-';

const PROGRAM = 'external-provisioner';
const LONGEST_LABEL = 63;
const HASH_LENGTH = 8;

/** Value of the managed-by label: one for a driver, or one for each node where the provisioner runs on every node. */
export function managedBy(nodeName?: string): string {
  if (nodeName === undefined) return PROGRAM;
  const whole = `${PROGRAM}-${nodeName}`;
  if (whole.length <= LONGEST_LABEL) return whole;
  // As much of the first part as leaves room for `-HASH-NODE`; a node name that leaves none is only hashed.
  const room = LONGEST_LABEL - HASH_LENGTH - 2 - nodeName.length;
  return room > 0 ? `${PROGRAM.slice(0, room)}-${fnv1a(PROGRAM)}-${nodeName}` : `${PROGRAM}-${fnv1a(whole)}`;
}

/** FNV-1a, 32 bit, over UTF-8, as eight hexadecimal digits. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(HASH_LENGTH, '0');
}

export interface Publisher {
  readonly driver: string;
  readonly managedBy: string;
}

/** `key=value,key=value`: exactly the objects of this publisher. */
export function selectorOf({ driver, managedBy: manager }: Publisher): string {
  return `${DRIVER_NAME_LABEL}=${driver},${MANAGED_BY_LABEL}=${manager}`;
}

export function labelsOf({ driver, managedBy: manager }: Publisher): Record<string, string> {
  return { [DRIVER_NAME_LABEL]: driver, [MANAGED_BY_LABEL]: manager };
}

/** The same for whoever publishes the same: a create that is repeated finds what the first one made. */
export function capacityName({ driver, managedBy: manager }: Publisher, item: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([driver, manager, item]))
    .digest('hex');
  return `${CAPACITY_PREFIX}${digest.slice(0, 32)}`;
}

/** Key of the capacity of a class in a segment. */
export function itemOf(className: string, segment: string): string {
  return `${className} ${segment}`;
}

export function partsOf(item: string): { readonly className: string; readonly segment: string } {
  const space = item.indexOf(' ');
  return { className: item.slice(0, space), segment: item.slice(space + 1) };
}

/** What an object is about. One that names no segment is about nothing that could be wanted. */
export function itemOfObject({ metadata, storageClassName = '', nodeTopology }: CsiStorageCapacity): string {
  const isSegment = nodeTopology !== undefined && (nodeTopology.matchExpressions ?? []).length === 0;
  return itemOf(storageClassName, isSegment ? segmentId(nodeTopology.matchLabels ?? {}) : `of ${metadata?.name ?? ''}`);
}
