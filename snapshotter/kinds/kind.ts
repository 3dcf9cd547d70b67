/**
 * What differs between single snapshots and groups of them, as values: kinds, names, finalizers, reasons, words, and where
 * their objects carry the same facts. The rules are one set for both (binding/, content-protection/).
 */
import type { EventReason } from '../../lib/controller/event-table.ts';
import type { KubeObject, ObjectReference, Quantity, Resource, SnapshotError } from '../../lib/kube/objects.ts';
import type { TemplateKeys } from '../names.ts';
import type { SourceVolume } from './sources.ts';
import type { KindWords } from './words.ts';

/** A VolumeSnapshot or a VolumeGroupSnapshot. */
export interface SnapshotObject extends KubeObject {
  status?: { creationTime?: string; readyToUse?: boolean; error?: SnapshotError };
}

/** A VolumeSnapshotContent or a VolumeGroupSnapshotContent. */
export interface ContentObject extends KubeObject {
  spec?: { deletionPolicy?: string; driver?: string };
  status?: { readyToUse?: boolean; error?: SnapshotError };
}

/** A VolumeSnapshotClass or a VolumeGroupSnapshotClass. */
export interface SnapshotClass extends KubeObject {
  driver?: string;
  deletionPolicy?: string;
  parameters?: Record<string, string>;
}

export type SnapshotSource =
  /** Of one claim, or of all that a selector finds. */
  | { readonly kind: 'claims' }
  | { readonly kind: 'content'; readonly contentName: string }
  /** Neither or both: the schema forbids it, old objects may have it. */
  | { readonly kind: 'invalid' };

export interface ContentParts<S> {
  readonly snapshot: S;
  readonly snapshotClass: SnapshotClass;
  readonly volumes: readonly SourceVolume[];
  /** What both kinds say alike. */
  readonly metadata: NonNullable<KubeObject['metadata']>;
  readonly reference: ObjectReference;
  readonly keepsVolumeMode: boolean;
}

/** What a content says that its snapshot's status repeats. */
export interface ContentNews {
  /** RFC 3339, whole seconds. */
  readonly creationTime: string | undefined;
  readonly restoreSize: Quantity | undefined;
}

/** Where the fields are that differ by name, in the spec of a content and in the status of a snapshot. */
export interface FieldNames {
  readonly reference: string;
  readonly className: string;
  readonly boundName: string;
}

/** Of the events that both kinds have. */
export type SharedReason =
  | 'creating'
  | 'created'
  | 'ready'
  | 'bindFailed'
  | 'finalizerFailed'
  | 'statusFailed'
  | 'createContentFailed'
  | 'classMissing'
  | 'defaultClass'
  | 'contentCreation'
  | 'misboundContent'
  | 'mismatchedContent'
  | 'missingContent'
  | 'contentDelete'
  | 'deletePending'
  | 'handleSet'
  | 'misbound'
  | 'validation'
  | 'contentValidation';

export interface SnapshotKind<S extends SnapshotObject, C extends ContentObject> {
  readonly snapshots: Resource<S>;
  readonly contents: Resource<C>;
  readonly classes: Resource<SnapshotClass>;
  readonly fields: FieldNames;
  readonly reasons: Readonly<Record<SharedReason, EventReason>>;
  readonly words: KindWords;
  /** As metrics name them. */
  readonly operations: { readonly create: string; readonly ready: string; readonly delete: string };
  /** Annotation of a class; only the exact value `true` counts. */
  readonly isDefaultClass: string;
  readonly contentProtection: string;
  /** Annotation of a content. */
  readonly beingDeleted: string;
  readonly secret: TemplateKeys;
  readonly secretAnnotations: { readonly name: string; readonly namespace: string };
  /** The finalizers of a snapshot whose content has this policy. */
  readonly protection: (deletionPolicy: string | undefined) => readonly string[];
  /** The schema lets nobody change a bound name. */
  readonly keepsBoundName: boolean;
  /** What is taken off a snapshot that goes. */
  readonly released: readonly string[];

  readonly sourceOf: (snapshot: S) => SnapshotSource;
  readonly classNameOf: (object: S | C) => string | undefined;
  readonly boundNameOf: (snapshot: S) => string | undefined;
  /** Made twice, a content is still one: its name is made of the uid. */
  readonly contentNameOf: (uid: string) => string;
  readonly referenceOf: (content: C) => ObjectReference | undefined;
  /** It names what it is made of. */
  readonly isDynamic: (content: C) => boolean;
  /** It names what an administrator brought. */
  readonly isGiven: (content: C) => boolean;
  /** The driver has made it. */
  readonly hasHandle: (content: C) => boolean;
  /** A call for it may be running. */
  readonly isBeingCreated: (content: C) => boolean;
  readonly contentBody: (parts: ContentParts<S>) => C;
  readonly newsOf: (content: C) => ContentNews;
}
