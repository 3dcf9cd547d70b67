/**
 * What a snapshot's status should say, from its content's. The content is written by the sidecar, the snapshot's
 * status by the snapshot-controller alone. Source: docs/peer-behaviour.md#status-copy.
 *
 * The status mirrors the content while the snapshot is un-ready, also over what stands there: a value
 * that a late write left on the wrong object heals here.
 */
import type { SnapshotError } from '../lib/kube/objects.ts';
import { toBytesRoundedUp } from '../lib/kube/quantity.ts';
import { parseTime } from '../lib/kube/time.ts';
import { text } from './content-accessors.ts';
import type { ContentObject, SnapshotKind, SnapshotObject } from './kinds/kind.ts';
import type { StatusChanges } from './object-patch.ts';

export interface StatusCopy {
  readonly changes: StatusChanges;
  /** True if the content has no news yet: only the bound name (and "not ready") would be written. */
  readonly nameOnly: boolean;
  /** The snapshot was made: its creation time appears. */
  readonly created: boolean;
  readonly ready: boolean;
}

export interface CopySource<S extends SnapshotObject, C extends ContentObject> {
  readonly kind: SnapshotKind<S, C>;
  readonly snapshot: S;
  readonly content: C;
  /** The content is not all of it: something else has to be there before the snapshot may be called ready. */
  readonly isIncomplete?: boolean;
  /** Of the group that a single snapshot belongs to. */
  readonly groupName?: string | undefined;
}

/** Undefined where the status says it all already. */
export function statusCopy<S extends SnapshotObject, C extends ContentObject>(source: CopySource<S, C>): StatusCopy | undefined {
  const { kind, snapshot, content, isIncomplete = false, groupName } = source;
  const old: OldStatus = snapshot.status ?? {};
  const ready = content.status?.readyToUse === true && !isIncomplete;
  const { creationTime, restoreSize } = kind.newsOf(content);
  const news: Record<string, unknown> = {};
  if (creationTime !== undefined && parseTime(old.creationTime) !== parseTime(creationTime)) news['creationTime'] = creationTime;
  if (restoreSize !== undefined && isNothing(old.restoreSize) && old.restoreSize !== restoreSize) news['restoreSize'] = restoreSize;
  if (ready && old.readyToUse !== true) news['readyToUse'] = true;
  if (!ready && old.readyToUse === true) news['readyToUse'] = false;
  const error = content.status?.readyToUse === true ? undefined : (content.status?.error ?? undefined);
  if (!sameError(old.error, error)) news['error'] = error === undefined ? null : errorOf(error);
  if (groupName !== undefined && text(old.volumeGroupSnapshotName) === undefined) news['volumeGroupSnapshotName'] = groupName;
  const names: Record<string, unknown> = {};
  const bound = kind.boundNameOf(snapshot);
  if (bound !== content.metadata?.name && (bound === undefined || !kind.keepsBoundName))
    names[kind.fields.boundName] = content.metadata?.name ?? '';
  if (!ready && typeof old.readyToUse !== 'boolean') names['readyToUse'] = false;
  const changes = { ...names, ...news };
  if (Object.keys(changes).length === 0) return undefined;
  return {
    changes,
    nameOnly: Object.keys(news).length === 0,
    created: creationTime !== undefined && text(old.creationTime) === undefined,
    ready: ready && old.readyToUse !== true,
  };
}

/** As far as one of the kinds has it. */
type OldStatus = NonNullable<SnapshotObject['status']> & { restoreSize?: string | number; volumeGroupSnapshotName?: string };

function sameError(old: SnapshotError | undefined, next: SnapshotError | undefined): boolean {
  if (old === undefined || old === null || next === undefined) return (old ?? undefined) === next;
  return (old.message ?? '') === (next.message ?? '');
}

/** Only the fields of the schema, and only where they are there: the server refuses a null. */
function errorOf({ time, message }: SnapshotError): SnapshotError {
  return { ...(typeof time === 'string' ? { time } : {}), ...(typeof message === 'string' ? { message } : {}) };
}

function isNothing(quantity: string | number | undefined): boolean {
  return quantity === undefined || quantity === null || toBytesRoundedUp(quantity) === 0n;
}
