/** What the objects of a random world are made of, and how the text of one is turned into that of a side. */
import type { KubeObject, Resource, StorageClass } from '../../../lib/kube/objects.ts';
import type { Side } from '../programs.ts';

export const SIDES: readonly Side[] = ['ours', 'go'];
export const SIDE = 'side-any';

/** What a text of a world is for one side. */
export function ofSide(text: string, side: Side): string {
  return text.replaceAll(SIDE, `side-${side}`);
}

export function ofNoSide(text: string, side: Side): string {
  return text.replaceAll(`side-${side}`, SIDE);
}

/** What an object of a world is for one side. */
export function objectOf<T extends KubeObject>(object: T, side: Side): T {
  return JSON.parse(ofSide(JSON.stringify(object), side)) as T;
}

export interface MadeObject {
  readonly resource: Resource<KubeObject>;
  readonly object: KubeObject;
  readonly status?: object;
  /** The uid of this one, made earlier, is written into `object` where it has the word UID. */
  readonly refersTo?: { readonly resource: Resource<KubeObject>; readonly namespace: string; readonly name: string };
}

/** In place of the uid of what an object refers to. */
export const UID = 'uid-of-what-it-refers-to';

export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const BETA_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
/** The prefix of class parameters that are not the driver's. */
export const RESERVED = 'csi.storage.k8s.io';

/** What objects of a namespace need to know of their world. */
export interface Place {
  /** Begins the names of cluster-wide objects. */
  readonly name: string;
  readonly driver: string;
  readonly namespace: string;
  readonly classes: readonly StorageClass[];
  readonly nodeNames: readonly string[];
}
