/**
 * Everything that `decide` looks at for one claim, and everything it can ask for. Plain values: what was
 * gathered from the caches and this process's memory, plus the answers of the present run.
 */
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  ReferenceGrant,
  StorageClass,
  VolumeAttributesClass,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import type { Topology, VolumeCapability } from '../../proto/gen/csi.ts';
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type { Outcome } from '../../lib/csi/outcome.ts';
import type { ClaimProgress } from '../intent/claims-in-progress.ts';
import type { Intent, SourceReference } from '../intent/intent.ts';
import type { Settings } from '../facts/settings.ts';
import type { SecretName, SecretValues } from '../../lib/sidecar/secret.ts';
import type { DataSource, SourceObject } from '../facts/data-source.ts';
import type { TopologyInput } from './topology.ts';

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

/** Why a call is made: for the claim; to find what an earlier request of the claim made; to settle what a claim that wants no volume any more may have left. */
export type CallPurpose = 'attempt' | 'recover' | 'settle';

/** A call of the driver that brought no volume for the claim. */
export type CallFailure = { readonly purpose: CallPurpose; readonly message: string } & (
  | { readonly kind: 'refused'; readonly outcome: Outcome; readonly grpcCode: number | undefined }
  /** The secret could not be read, so nothing was sent. */
  | { readonly kind: 'no-secret' }
  /** It made something that cannot be given to the claim. */
  | { readonly kind: 'unfit' }
);

/** Is there room for a claim? `places`: those of which one has to have it; empty: wherever the driver likes. */
export interface CapacityQuestion {
  readonly bytes: bigint;
  readonly capabilities: readonly VolumeCapability[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly places: readonly Topology[];
}

/** A live read: an object, or the certainty that there is none. */
export type Read<T> = { readonly object: T | undefined };

export interface ClaimState {
  readonly uid: string;
  readonly now: number;
  readonly settings: Settings;
  readonly claim: PersistentVolumeClaim | undefined;
  readonly class: StorageClass | undefined;
  /** The PV of the volume's name, or another one of this claim. */
  readonly volume: PersistentVolume | undefined;
  /** A PV that holds the unwanted volume of the operation: then it is not ours to delete. */
  readonly unwantedHeldBy: string | undefined;
  readonly progress: ClaimProgress;
  /** Why what an earlier process wrote down for this claim is not acted upon. */
  readonly misfit: string | undefined;
  /** Claims at this version or older are read live before a volume is made for them. Undefined: not read yet. */
  readonly minVersion: bigint | undefined;
  readonly dataSource: DataSource;
  readonly source: SourceFacts;
  readonly topology: TopologyInput | undefined;
  /** Of a claim that nodes compete for: how long others go first. Undefined: it was not drawn yet. */
  readonly nodeWaitMs: number | undefined;

  /** Answers of this run. */
  readonly live: {
    readonly snapshot?: Read<VolumeSnapshot>;
    /** `name`: the one that was asked for. */
    readonly content?: Read<VolumeSnapshotContent> & { readonly name: string };
    readonly attributesClass?: Read<VolumeAttributesClass>;
    /** The claim of an inherited operation, or else its PV, of which the caches show neither. */
    readonly owner?: Read<PersistentVolumeClaim | PersistentVolume>;
    /** The PV that stands where ours was to be saved. */
    readonly existingVolume?: Read<PersistentVolume>;
  };
  readonly secret: SecretValues | undefined;
  readonly protectedSource: boolean;
  readonly callFailure: CallFailure | undefined;
  /** Why the unwanted volume could not be deleted in this run. */
  readonly deleteFailure: string | undefined;
  /** So many earlier requests were sent again in this run, since the driver knows the name under other properties. */
  readonly recovered: number;
  readonly saveFailure: { readonly kind: 'exists' } | { readonly kind: 'refused'; readonly message: string } | undefined;
  /** Is there room on this node? `unknown`: the driver does not say. */
  readonly room: 'some' | 'none' | 'unknown' | undefined;
  /** The PV was saved in this run. */
  readonly saved: boolean;
  readonly rescheduled: boolean;
}

/** The answers of a run that has only begun. */
export const NO_ANSWERS = {
  live: {},
  secret: undefined,
  protectedSource: false,
  callFailure: undefined,
  deleteFailure: undefined,
  recovered: 0,
  saveFailure: undefined,
  room: undefined,
  saved: false,
  rescheduled: false,
} as const satisfies Partial<ClaimState>;

export const NO_SOURCE: SourceFacts = {
  snapshot: undefined,
  snapshotsCached: true,
  claim: undefined,
  volume: undefined,
  grants: [],
  releasing: false,
};

/**
 * Names of the back-offs. An attempt is held back as a whole: its reads and writes share the call's. `report`: only the telling is.
 * `select-node`: the competition for a claim.
 */
export type ClaimBackoff = 'create-volume' | 'settle' | 'save-volume' | 'report' | 'select-node';
type ClaimEffect = Effect<ClaimBackoff>;

export type ClaimStep =
  | (ClaimEffect & { readonly kind: 'read-min-version' | 'read-claim' })
  | (ClaimEffect & { readonly kind: 'read-owner'; readonly intent: Intent })
  | (ClaimEffect & { readonly kind: 'read-snapshot'; readonly source: SourceObject })
  | (ClaimEffect & { readonly kind: 'read-content'; readonly name: string })
  | (ClaimEffect & { readonly kind: 'read-attributes-class'; readonly name: string })
  | (ClaimEffect & { readonly kind: 'read-secret'; readonly secret: SecretName; readonly purpose: CallPurpose })
  | (ClaimEffect & { readonly kind: 'protect-snapshot'; readonly source: SourceReference; readonly snapshot: VolumeSnapshot })
  | (ClaimEffect & { readonly kind: 'protect-claim'; readonly source: SourceReference; readonly claim: PersistentVolumeClaim })
  | (ClaimEffect & { readonly kind: 'write-intent'; readonly intent: Intent })
  /** `plan`: the PV but for what the driver answers. */
  | (ClaimEffect & {
      readonly kind: 'create-volume';
      readonly intent: Intent;
      readonly plan: PersistentVolume;
      readonly purpose: CallPurpose;
    })
  | (ClaimEffect & { readonly kind: 'delete-unwanted'; readonly handle: string })
  | (ClaimEffect & { readonly kind: 'save-volume'; readonly volume: PersistentVolume })
  | (ClaimEffect & { readonly kind: 'read-volume'; readonly name: string })
  | (ClaimEffect & { readonly kind: 'close' })
  | (ClaimEffect & { readonly kind: 'draw-wait' })
  | (ClaimEffect & { readonly kind: 'read-capacity'; readonly question: CapacityQuestion })
  | (ClaimEffect & { readonly kind: 'select-node'; readonly claim: PersistentVolumeClaim; readonly node: string })
  | (ClaimEffect & { readonly kind: 'reschedule'; readonly claim: PersistentVolumeClaim });

export type ClaimDecision = ClaimStep | Rest<ClaimBackoff>;

export type ClaimAnswer =
  | { readonly kind: 'min-version'; readonly version: bigint }
  | { readonly kind: 'claim'; readonly claim: PersistentVolumeClaim | undefined; readonly progress: ClaimProgress }
  | { readonly kind: 'owner'; readonly object: PersistentVolumeClaim | PersistentVolume | undefined; readonly progress: ClaimProgress }
  | { readonly kind: 'snapshot'; readonly object: VolumeSnapshot | undefined }
  | { readonly kind: 'content'; readonly name: string; readonly object: VolumeSnapshotContent | undefined }
  | { readonly kind: 'attributes-class'; readonly object: VolumeAttributesClass | undefined }
  | { readonly kind: 'secret'; readonly secret: SecretValues; readonly progress: ClaimProgress }
  | { readonly kind: 'no-secret'; readonly failure: CallFailure; readonly progress: ClaimProgress }
  | { readonly kind: 'protected'; readonly progress: ClaimProgress }
  | { readonly kind: 'written'; readonly progress: ClaimProgress }
  /** The source lost its finalizer meanwhile: nothing was written. */
  | { readonly kind: 'unprotected'; readonly source: SourceFacts; readonly progress: ClaimProgress }
  | { readonly kind: 'called'; readonly failure: CallFailure | undefined; readonly progress: ClaimProgress }
  /** `failure`: the unwanted volume is still there, and why. */
  | { readonly kind: 'deleted'; readonly failure: string | undefined; readonly progress: ClaimProgress }
  | { readonly kind: 'saved'; readonly volume: PersistentVolume; readonly progress: ClaimProgress }
  | { readonly kind: 'save-failed'; readonly failure: NonNullable<ClaimState['saveFailure']> }
  | { readonly kind: 'existing-volume'; readonly object: PersistentVolume | undefined; readonly progress: ClaimProgress }
  | { readonly kind: 'closed'; readonly progress: ClaimProgress }
  | { readonly kind: 'wait'; readonly waitMs: number; readonly progress: ClaimProgress }
  | { readonly kind: 'room'; readonly room: NonNullable<ClaimState['room']> }
  | { readonly kind: 'node-selected'; readonly claim: PersistentVolumeClaim; readonly progress: ClaimProgress }
  | { readonly kind: 'rescheduled'; readonly claim: PersistentVolumeClaim };
