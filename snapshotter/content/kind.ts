/**
 * What differs between single snapshots and group snapshots. The loop of csi-snapshotter is one: it asks the kind of its
 * content for names, words and fields. The two kinds are in single.ts and group.ts.
 */
import type { EventReason } from '../../lib/controller/event-table.ts';
import type { DriverIdentity } from '../../lib/csi/capabilities.ts';
import type { MakingRpc } from '../../lib/csi/outcome.ts';
import type {
  ObjectReference,
  Resource,
  VolumeGroupSnapshotClass,
  VolumeGroupSnapshotContent,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import type { SecretKeys, TemplateKeys } from '../names.ts';
import type { StatusChanges } from '../object-patch.ts';
import type { FoundSnapshot, Handles } from './found.ts';

export type Content = VolumeSnapshotContent | VolumeGroupSnapshotContent;
export type ContentClass = VolumeSnapshotClass | VolumeGroupSnapshotClass;

/** What a content says. Fields of the object may be absent, empty or odd; these are not. */
export interface ContentFacts {
  /** The volumes to cut; undefined where it names none, since an administrator brought what it stands for. */
  readonly sources: readonly string[] | undefined;
  /** What an administrator brought. */
  readonly given: Handles | undefined;
  /** What the driver made or confirmed. */
  readonly saved: Handles | undefined;
  /** One sentence on what makes the source senseless for any driver. */
  readonly fault: string | undefined;
  /** Of the VolumeSnapshot or VolumeGroupSnapshot. */
  readonly ref: ObjectReference | undefined;
  /** When the driver cut it, ms since the epoch. */
  readonly cutMs: number | undefined;
  readonly className: string | undefined;
  /**
   * A member of a group is made and deleted with it. `announced` by an annotation: that holds its making up, but only the
   * status, which no user may write, has it spared from deletion (`confirmed`).
   */
  readonly membership: 'none' | 'announced' | 'confirmed';
}

export interface ContentKind<C extends Content> {
  readonly resource: Resource<C>;
  /** For people. */
  readonly noun: 'snapshot' | 'group snapshot';
  /** What messages call the content. */
  readonly contentNoun: 'content' | 'group snapshot content';
  /** The same, where the mark being-created cannot be taken away. */
  readonly unmarkedNoun: 'content' | 'groupSnapshotContent';
  /** What messages call the volumes to cut. */
  readonly sourcesNoun: string;
  /** `VolumeSnapshot`, `VolumeSnapshotClass`; the resource has the content's. */
  readonly ownerKind: string;
  readonly classKind: string;
  readonly createRpc: MakingRpc;
  readonly finalizer: string;
  readonly beingCreated: string;
  readonly beingDeleted: string;
  /** Annotations: the secret of creation and deletion. */
  readonly secretAnnotations: SecretKeys;
  /** Class parameters: the secret of a question. */
  readonly questionSecret: TemplateKeys;
  /** Parameters that are added with --extra-create-metadata. */
  readonly metadataParameters: { readonly name: string; readonly namespace: string; readonly content: string };
  readonly reasons: Readonly<Record<'creationFailed' | 'updateFailed' | 'deleteFailed' | 'uncertain' | 'oddTime', EventReason>>;
  /** Fields of the status that are true no longer once the driver has deleted what they are about. */
  readonly perishable: readonly string[];
  readonly read: (content: C) => ContentFacts;
  /** Whether the driver can be asked about a snapshot that an administrator brought. */
  readonly answersQuestions: (identity: DriverIdentity) => boolean;
  /** The capability that the kind needs and the driver does not announce. */
  readonly lacks: (identity: DriverIdentity) => string | undefined;
  /** `volume v`, `volumes [v w]`. */
  readonly nameVolumes: (sources: readonly string[]) => string;
  /** Undefined where the status says it all: a poll whose answer is the old one writes nothing. */
  readonly statusChange: (content: C, answer: FoundSnapshot, nowMs: number) => StatusChanges | undefined;
}
