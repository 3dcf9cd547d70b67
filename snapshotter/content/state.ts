/** What the loop of one content knows, and everything it can do. */
import type { EventReason } from '../../lib/controller/event-table.ts';
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type { Patch } from '../../lib/kube/client.ts';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { SecretName, SecretValues } from '../../lib/sidecar/secret.ts';
import type { Cause } from '../failure-note.ts';
import type { CreateCalls } from './create-calls.ts';
import type { FoundSnapshot, Handles } from './found.ts';
import type { Content, ContentClass, ContentKind } from './kind.ts';

export interface ContentSettings {
  readonly driverName: string;
  readonly snapshotNamePrefix: string;
  /** -1: the whole uid with its dashes; else so many of its hexadecimal digits. */
  readonly snapshotNameUuidLength: number;
  readonly extraCreateMetadata: boolean;
  readonly readyPollMinMs: number;
  readonly readyPollMaxMs: number;
}

/** The effects that ask the driver; each has a back-off of its own. */
export type DriverEffect = 'create-snapshot' | 'refresh-snapshot' | 'delete-snapshot';

export interface DriverFailure {
  readonly kind: 'failed';
  readonly effect: DriverEffect;
  readonly reason: EventReason;
  /** For programs. */
  readonly cause: Cause;
  /** For people: no secret, and the same words for the same failure. */
  readonly message: string;
  /** An event of this attempt went with the status that says it. */
  readonly isTold?: true;
}

export type DriverAnswer = FoundSnapshot | DriverFailure;

/** What this process remembers of a content. A restart loses it, which is safe: annotations and names make every call repeatable. */
export interface Remembered {
  readonly calls: CreateCalls;
  /** Not yet written down. The write may fail and wait, and the call must not be made again meanwhile, ahead of its back-off. */
  readonly answer?: DriverAnswer | undefined;
}

/** By uid. */
export type ContentMemory = Map<string, Remembered>;

export interface ContentState<C extends Content = VolumeSnapshotContent> {
  readonly kind: ContentKind<C>;
  /** Wall clock of the gathering or of the last driver's answer, ms. */
  readonly now: number;
  readonly settings: ContentSettings;
  readonly content: C;
  /** The class that the content names. */
  readonly snapshotClass: ContentClass | undefined;
  /** The driver can be asked about a snapshot that an administrator brought. */
  readonly answersQuestions: boolean;
  /** The capability that this needs and the driver does not announce. */
  readonly lacks: string | undefined;
  readonly calls: CreateCalls;
  /** The last answer that was not yet written down. */
  readonly answer: DriverAnswer | undefined;
  /** Read in this run. */
  readonly secret: SecretValues | undefined;
  /** True once an answer said that the content is no more. */
  readonly gone: boolean;
}

/**
 * Why something is to be made. `replay`: for deletion, which waits for a call that may be running. `search`: for deletion,
 * to find what a call may have made, for which nobody waits.
 */
export type Purpose = 'create' | 'replay' | 'search';

/** A request to make a snapshot or a group, but for its secrets. */
export interface CreateRequest {
  readonly sources: readonly string[];
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export type ContentBackoff = DriverEffect | 'write-marks' | 'write-error' | 'save-status' | 'clear-status' | 'release-content';

type ContentStep<K extends ContentBackoff> = Effect<K> & { readonly kind: K };

/** A call and what comes before it share a back-off: no mark or GET ahead of a held call. */
export type ContentEffect =
  | (ContentStep<DriverEffect> & { readonly action: 'read-secret'; readonly secret: SecretName })
  /** Saved before the call that may outlive its time limit. */
  | (ContentStep<'create-snapshot'> & { readonly action: 'mark'; readonly patch: Patch })
  | (ContentStep<'create-snapshot'> & { readonly action: 'call'; readonly request: CreateRequest; readonly purpose: Purpose })
  | (ContentStep<'refresh-snapshot' | 'delete-snapshot'> & { readonly action: 'call'; readonly handles: Handles })
  /** After an answer, or again where somebody overwrote the annotations. */
  | (ContentStep<'write-marks'> & { readonly patch: Patch })
  | (ContentStep<'write-error'> & { readonly patch: Patch })
  | (ContentStep<'save-status'> & { readonly patch: Patch })
  /** The driver has deleted it, but somebody else keeps the content: it must not name what is gone. */
  | (ContentStep<'clear-status'> & { readonly patch: Patch })
  /** Takes our finalizer off the content, which then goes. */
  | (ContentStep<'release-content'> & { readonly patch: Patch });

export type ContentNext = ContentEffect | Rest<ContentBackoff>;

export type ContentAnswer<C extends Content = VolumeSnapshotContent> =
  | { readonly kind: 'content'; readonly object: C }
  | { readonly kind: 'gone' }
  | { readonly kind: 'secret'; readonly secret: SecretValues }
  /** `content`: as the cache has it after the call, which may have taken a minute. */
  | {
      readonly kind: 'driver';
      readonly answer: DriverAnswer | undefined;
      readonly calls: CreateCalls;
      readonly content: C;
      readonly now: number;
    };

/** A step that asks the driver. */
export type DriverCall = Extract<ContentEffect, { readonly action: 'call' }>;
