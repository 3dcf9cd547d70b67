/** The capacity of one class in one segment: what is published of it, what the driver says, and what can be done. */
import type { CsiStorageCapacity, OwnerReference } from '../../lib/kube/objects.ts';
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type { Segment } from '../segments/segment.ts';
import type { Publisher } from './names.ts';

/** What the driver said, in bytes. */
export interface Room {
  readonly available: bigint;
  /** Of one volume; undefined: not said. */
  readonly largest: bigint | undefined;
}

/** A class and a segment that are there. */
export interface Wanted {
  readonly className: string;
  readonly segment: Segment;
  /** Of the class, without those that are for sidecars only. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Changes with whatever may change the driver's answer. */
  readonly question: string;
}

/** What is the same for all capacities of a program. */
export interface Publishing extends Publisher {
  readonly namespace: string;
  /** Of every object; undefined: none. */
  readonly owner: OwnerReference | undefined;
  readonly pollMs: number;
}

export interface CapacityState {
  readonly item: string;
  readonly publishing: Publishing;
  /** False where CSIStorageCapacities cannot be listed. */
  readonly cached: boolean;
  /** Undefined: the class or the segment is gone, or takes no capacity. */
  readonly wanted: Wanted | undefined;
  /** Those of ours about the item that are not being deleted; the first is kept. */
  readonly objects: readonly CsiStorageCapacity[];
  /** The latest answer to `wanted.question`. */
  readonly room: Room | undefined;

  /** Answers of this run. */
  readonly asked: boolean;
  readonly failure: string | undefined;
  /** An object that is not ours has the name. */
  readonly nameTaken: boolean;
  /** It was written; whoever changes it on its way to the server is not argued with. */
  readonly written: Room | undefined;
}

export type CapacityStep =
  | (Effect<'ask'> & { readonly kind: 'ask'; readonly wanted: Wanted })
  | (Effect<'write'> & { readonly kind: 'create'; readonly object: CsiStorageCapacity })
  | (Effect<'write'> & { readonly kind: 'update'; readonly object: CsiStorageCapacity })
  | (Effect<'delete'> & { readonly kind: 'delete'; readonly object: CsiStorageCapacity });

export type CapacityDecision = CapacityStep | Rest<CapacityStep['backoff']>;

export type CapacityAnswer =
  | { readonly kind: 'room'; readonly room: Room }
  | { readonly kind: 'failed'; readonly message: string }
  /** Undefined: it is gone. */
  | { readonly kind: 'object'; readonly object: CsiStorageCapacity | undefined }
  | { readonly kind: 'name-taken' };
