/** What one VolumeSnapshotContent's loop knows, and everything it can do. */
import type { Effect } from '../../lib/controller/step.ts';
import type { Patch } from '../../lib/kube/client.ts';
import type { VolumeSnapshotClass, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { SecretName } from '../secret-templates.ts';
import type { CreateRecord } from './case-book.ts';

export interface ContentRules {
  readonly driverName: string;
  readonly snapshotNamePrefix: string;
  /** -1: the whole uid with its dashes; else so many of its hexadecimal digits. */
  readonly snapshotNameUuidLength: number;
  readonly extraCreateMetadata: boolean;
  readonly readyPollMinMs: number;
  readonly readyPollMaxMs: number;
}

/** Values of a secret, behind a function: nothing that prints a state can print them. */
export interface SecretValues {
  readonly reveal: () => Record<string, string>;
}

/** The effects that ask the driver; each has a back-off of its own. */
export type DriverEffect = 'create-snapshot' | 'refresh-snapshot' | 'delete-snapshot';

export type DriverAnswer =
  | {
      readonly kind: 'snapshot';
      readonly effect: 'create-snapshot' | 'refresh-snapshot';
      readonly handle: string;
      /** Nanoseconds since the epoch; undefined where the driver gave none. */
      readonly creationTime: bigint | undefined;
      readonly sizeBytes: bigint;
      readonly ready: boolean;
    }
  | { readonly kind: 'deleted' }
  | {
      readonly kind: 'failed';
      readonly effect: DriverEffect;
      /** For people: no secret, and the same words for the same failure. */
      readonly message: string;
      /** True if the driver certainly made nothing (of use for create-snapshot only). */
      readonly decided: boolean;
      /** The case was closed by repetition, not by knowledge. */
      readonly gaveUp: boolean;
    }
  /** Not executed: this process may not be the leader any more. */
  | { readonly kind: 'not-leader' };

export interface ContentState {
  /** Wall clock of the gathering or of the last driver's answer, ms. */
  readonly now: number;
  readonly rules: ContentRules;
  readonly content: VolumeSnapshotContent;
  /** The class that the content names. */
  readonly snapshotClass: VolumeSnapshotClass | undefined;
  readonly listsSnapshots: boolean;
  /** What this process knows of earlier calls for this content. */
  readonly record: CreateRecord;
  /** The last answer that was not yet written down. */
  readonly answer: DriverAnswer | undefined;
  /** Read in this run. */
  readonly secret: SecretValues | undefined;
  /** True once an answer said that the content is no more. */
  readonly gone: boolean;
}

/** A CreateSnapshot request but for its secrets. */
export interface CreateRequest {
  readonly sourceVolumeId: string;
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A call and what comes before it share a kind, and with it the not-before time: no mark or GET ahead of a held call. */
export type ContentEffect =
  | (Effect & { readonly kind: DriverEffect; readonly action: 'read-secret'; readonly secret: SecretName })
  /** Saved before the call that may outlive its time limit. `doubtful`: an earlier call may have been made all the same. */
  | (Effect & { readonly kind: 'create-snapshot'; readonly action: 'mark'; readonly patch: Patch; readonly doubtful: boolean })
  | (Effect & { readonly kind: 'create-snapshot'; readonly action: 'call'; readonly request: CreateRequest })
  | (Effect & { readonly kind: 'refresh-snapshot'; readonly action: 'call'; readonly handle: string })
  | (Effect & { readonly kind: 'delete-snapshot'; readonly action: 'call'; readonly handle: string })
  /** The mark again, while a call is undecided and somebody overwrote the annotations. */
  | (Effect & { readonly kind: 'assert-mark'; readonly patch: Patch })
  | (Effect & { readonly kind: 'unmark'; readonly patch: Patch })
  | (Effect & { readonly kind: 'write-error'; readonly patch: Patch })
  | (Effect & { readonly kind: 'save-status'; readonly patch: Patch })
  /** Takes our finalizer off the content, which then goes. */
  | (Effect & { readonly kind: 'release-content'; readonly patch: Patch });

export type ContentAnswer =
  | { readonly kind: 'content'; readonly object: VolumeSnapshotContent; readonly record: CreateRecord }
  | { readonly kind: 'gone' }
  | { readonly kind: 'secret'; readonly secret: SecretValues }
  /** `content`: as the cache has it after the call, which may have taken a minute. */
  | {
      readonly kind: 'driver';
      readonly answer: DriverAnswer;
      readonly record: CreateRecord;
      readonly content: VolumeSnapshotContent;
      readonly now: number;
    };

/** A step that asks the driver. */
export type DriverCall = Extract<ContentEffect, { readonly action: 'call' }>;
export type MarkStep = Extract<ContentEffect, { readonly action: 'mark' }>;
