/**
 * What the binder does next about one object: at most one write, and an event that tells why. Decisions
 * are pure functions to steps; binder.ts carries them out.
 */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';

/** An Event about the object. */
export interface Notice {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** `claim` and `volume` write the object, `…-status` its status alone. */
export type Step =
  | { readonly kind: 'rest'; readonly notice?: Notice }
  | { readonly kind: 'claim' | 'claim-status'; readonly claim: PersistentVolumeClaim; readonly notice?: Notice }
  | { readonly kind: 'volume' | 'volume-status'; readonly volume: PersistentVolume };

/** Nothing to do until something changes. */
export const REST: Step = { kind: 'rest' };

/** What decisions may look at. */
export interface World {
  volume(name: string): PersistentVolume | undefined;
  /** By `namespace/name`. */
  claim(key: string): PersistentVolumeClaim | undefined;
  class(name: string): StorageClass | undefined;
  /** Of the class that is marked as default and made last. */
  defaultClass(): string | undefined;
  /** Volumes without a claim, and those whose claimRef names this claim. */
  candidates(claimKey: string): readonly PersistentVolume[];
  /** Pods that name the claim, with the node they are bound to (empty if none) and whether they have ended. */
  podsOf(claimKey: string): readonly { readonly name: string; readonly node: string; readonly ended: boolean }[];
}
