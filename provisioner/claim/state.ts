/**
 * Everything that `decide` looks at for one claim, and everything it can ask for. Plain values: what was
 * gathered from the caches and this process's memory, plus the answers of the present run.
 */
import type {
  Lease,
  PersistentVolume,
  PersistentVolumeClaim,
  ReferenceGrant,
  StorageClass,
  VolumeAttributesClass,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type { Outcome } from '../../lib/csi/outcome.ts';
import type { ClaimMemory } from '../ledger.ts';
import type { VolumeNaming } from '../names.ts';
import type { DataSource, SourceObject } from './data-source.ts';
import type { Intent, SourceReference } from './intent.ts';
import type { TopologyInput } from './topology.ts';

/** Flags, gates and the driver's capabilities. Constant but across a reconnect of the driver. */
export interface ClaimSettings {
  readonly driver: string;
  /** Names of plugin and controller capabilities. */
  readonly capabilities: ReadonlySet<string>;
  readonly naming: VolumeNaming;
  readonly defaultFsType: string;
  readonly extraCreateMetadata: boolean;
  readonly preventModeConversion: boolean;
  readonly readOnlyMany: boolean;
  readonly crossNamespace: boolean;
  readonly attributesClasses: boolean;
  /** The driver has topology and the gate is on. */
  readonly topology: boolean;
  /** With more than one replica the caches may be older than what the last leader did. */
  readonly elected: boolean;
  readonly retryMaxMs: number;
}

/** The record of the case. `lease` is undefined where only this process remembers. */
export interface CaseRecord {
  readonly intent: Intent;
  readonly lease: { readonly uid: string; readonly resourceVersion: string } | undefined;
}

export interface SourceFacts {
  readonly snapshot: VolumeSnapshot | undefined;
  /** False where VolumeSnapshots cannot be listed: then one is read live. */
  readonly snapshotsCached: boolean;
  readonly claim: PersistentVolumeClaim | undefined;
  readonly volume: PersistentVolume | undefined;
  readonly grants: readonly ReferenceGrant[];
  /** The finalizer in the cache is about to be taken away by us. */
  readonly releasing: boolean;
}

/** How CreateVolume ended in this run. */
export type CallFailure =
  | {
      readonly kind: 'refused';
      readonly outcome: Outcome;
      readonly gaveUp: boolean;
      readonly grpcCode: number | undefined;
      readonly message: string;
    }
  /** It was not sent: the secret could not be read. */
  | { readonly kind: 'not-sent'; readonly message: string }
  /** It made something that cannot be given to the claim. */
  | { readonly kind: 'unfit'; readonly message: string };

/** A live read: an object, or the certainty that there is none. */
export type Read<T> = { readonly object: T | undefined };

export interface ClaimState {
  readonly uid: string;
  readonly now: number;
  readonly settings: ClaimSettings;
  readonly claim: PersistentVolumeClaim | undefined;
  readonly class: StorageClass | undefined;
  /** The PV of the case's name, whoever owns it. */
  readonly volume: PersistentVolume | undefined;
  readonly record: CaseRecord | undefined;
  /** A record exists that cannot be read, and why. */
  readonly unreadable: { readonly message: string; readonly lease: { readonly uid: string; readonly resourceVersion: string } } | undefined;
  /** Records can be written to the API server (as far as is known). */
  readonly durable: boolean;
  /** Until then a POST of this claim's record may still arrive, unless the record stands. */
  readonly lateRecordMs: number;
  readonly memory: ClaimMemory;
  readonly floor: bigint | undefined;
  readonly dataSource: DataSource;
  readonly source: SourceFacts;
  readonly topology: TopologyInput | undefined;

  /** Answers of this run. */
  readonly live: {
    readonly snapshot?: Read<VolumeSnapshot>;
    readonly content?: Read<VolumeSnapshotContent>;
    readonly attributesClass?: Read<VolumeAttributesClass>;
    /** The PV that stands in the way of ours. */
    readonly obstacle?: Read<PersistentVolume>;
  };
  /** The first live read of this attempt: what is held back if the attempt fails. */
  readonly door: LiveRead | undefined;
  readonly protectedSource: boolean;
  readonly callFailure: CallFailure | undefined;
  readonly saveFailure: { readonly kind: 'exists' } | { readonly kind: 'refused'; readonly message: string } | undefined;
  /** The PV was saved in this run, and nobody was told yet. */
  readonly saved: boolean;
  readonly rescheduled: boolean;
  readonly reported: string | undefined;
  /** This process may no longer be the leader: nothing new is begun. */
  readonly leaseStale: boolean;
}

export type LiveRead = 'read-snapshot' | 'read-content' | 'read-attributes-class';

/** The answers of a run that has only begun. */
export const NO_ANSWERS = {
  live: {},
  door: undefined,
  protectedSource: false,
  callFailure: undefined,
  saveFailure: undefined,
  saved: false,
  rescheduled: false,
  reported: undefined,
  leaseStale: false,
} as const satisfies Partial<ClaimState>;

export const NO_SOURCE: SourceFacts = {
  snapshot: undefined,
  snapshotsCached: true,
  claim: undefined,
  volume: undefined,
  grants: [],
  releasing: false,
};

export interface CreateVolumeStep extends Effect {
  readonly kind: 'create-volume';
  readonly intent: Intent;
}

export type ClaimStep =
  | (Effect & { readonly kind: 'read-floor' | 'read-claim' | 'read-record' })
  | (Effect & { readonly kind: 'read-snapshot'; readonly source: SourceObject })
  | (Effect & { readonly kind: 'read-content'; readonly name: string })
  | (Effect & { readonly kind: 'read-attributes-class'; readonly name: string })
  | (Effect & { readonly kind: 'protect-snapshot'; readonly source: SourceReference; readonly snapshot: VolumeSnapshot })
  | (Effect & { readonly kind: 'protect-claim'; readonly source: SourceReference; readonly claim: PersistentVolumeClaim })
  | (Effect & { readonly kind: 'save-record'; readonly intent: Intent; readonly replaces: CaseRecord | undefined })
  | CreateVolumeStep
  | (Effect & { readonly kind: 'save-volume'; readonly volume: PersistentVolume })
  | (Effect & { readonly kind: 'read-volume'; readonly name: string })
  | (Effect & { readonly kind: 'drop-record'; readonly lease: CaseRecord['lease'] })
  | (Effect & { readonly kind: 'reschedule'; readonly claim: PersistentVolumeClaim })
  | (Effect & { readonly kind: 'report'; readonly message: string });

export type ClaimDecision = ClaimStep | Rest;

export type ClaimAnswer =
  | { readonly kind: 'floor'; readonly floor: bigint; readonly memory: ClaimMemory }
  | { readonly kind: 'claim'; readonly claim: PersistentVolumeClaim | undefined; readonly memory: ClaimMemory }
  /** Also the record that was found where one was to be written. */
  | { readonly kind: 'record'; readonly lease: Lease | undefined; readonly memory: ClaimMemory }
  | { readonly kind: 'snapshot'; readonly object: VolumeSnapshot | undefined }
  | { readonly kind: 'content'; readonly object: VolumeSnapshotContent | undefined }
  | { readonly kind: 'attributes-class'; readonly object: VolumeAttributesClass | undefined }
  | { readonly kind: 'protected'; readonly memory: ClaimMemory }
  /** Undefined: it could not be written, only this process remembers. */
  | { readonly kind: 'recorded'; readonly intent: Intent; readonly lease: Lease | undefined; readonly memory: ClaimMemory }
  /** The source lost its finalizer meanwhile: nothing was written. */
  | { readonly kind: 'unprotected'; readonly source: SourceFacts; readonly memory: ClaimMemory }
  | { readonly kind: 'called'; readonly failure: CallFailure | undefined; readonly memory: ClaimMemory }
  | { readonly kind: 'saved'; readonly volume: PersistentVolume; readonly memory: ClaimMemory }
  | { readonly kind: 'save-failed'; readonly failure: NonNullable<ClaimState['saveFailure']> }
  | { readonly kind: 'obstacle'; readonly object: PersistentVolume | undefined; readonly memory: ClaimMemory }
  | { readonly kind: 'dropped'; readonly memory: ClaimMemory }
  | { readonly kind: 'rescheduled'; readonly claim: PersistentVolumeClaim }
  | { readonly kind: 'reported' }
  /** Not done: this process may no longer be the leader. */
  | { readonly kind: 'lease-stale' };
