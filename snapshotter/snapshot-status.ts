/**
 * What a VolumeSnapshot's status should say, from its content's. The content is written by the sidecar,
 * the snapshot's status by the snapshot-controller alone. Source: docs/peer-behaviour.md#status-copy.
 *
 * The status mirrors the content while the snapshot is un-ready, also over what stands there: a value
 * that a late write left on the wrong object heals here.
 */
import type { SnapshotError, VolumeSnapshot, VolumeSnapshotContent } from '../lib/kube/objects.ts';
import { formatBinarySI, toBytesRoundedUp } from '../lib/kube/quantity.ts';
import { formatTime, parseTime } from '../lib/kube/time.ts';
import { text } from './content-accessors.ts';
import type { StatusChanges } from './object-patch.ts';

export interface StatusCopy {
  readonly changes: StatusChanges;
  /** True if the content has no news yet: only the bound name (and "not ready") would be written. */
  readonly nameOnly: boolean;
  /** The snapshot was made: its creation time appears. */
  readonly created: boolean;
  readonly ready: boolean;
}

/** Undefined where the status says it all already. */
export function statusCopy(snapshot: VolumeSnapshot, content: VolumeSnapshotContent): StatusCopy | undefined {
  const old = snapshot.status ?? {};
  const ready = content.status?.readyToUse === true;
  const news: Record<string, unknown> = {};
  const creationTime = secondsOf(content.status?.creationTime);
  if (creationTime !== undefined && parseTime(old.creationTime) !== parseTime(creationTime)) news['creationTime'] = creationTime;
  const restoreSize = quantityOf(content.status?.restoreSize);
  if (restoreSize !== undefined && isNothing(old.restoreSize) && old.restoreSize !== restoreSize) news['restoreSize'] = restoreSize;
  if (ready && old.readyToUse !== true) news['readyToUse'] = true;
  if (!ready && old.readyToUse === true) news['readyToUse'] = false;
  const error = ready ? undefined : (content.status?.error ?? undefined);
  if (!sameError(old.error, error)) news['error'] = error === undefined ? null : errorOf(error);
  const names: Record<string, unknown> = {};
  if (old.boundVolumeSnapshotContentName !== content.metadata?.name) names['boundVolumeSnapshotContentName'] = content.metadata?.name ?? '';
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

function sameError(old: SnapshotError | undefined, next: SnapshotError | undefined): boolean {
  if (old === undefined || old === null || next === undefined) return (old ?? undefined) === next;
  return (old.message ?? '') === (next.message ?? '');
}

/** Only the fields of the schema, and only where they are there: the server refuses a null. */
function errorOf({ time, message }: SnapshotError): SnapshotError {
  return { ...(typeof time === 'string' ? { time } : {}), ...(typeof message === 'string' ? { message } : {}) };
}

/** Nanoseconds to metav1.Time. An odd type is as absent. */
function secondsOf(nanoseconds: unknown): string | undefined {
  const exact = integer(nanoseconds);
  if (exact === undefined) return undefined;
  const ms = Number(exact / 1_000_000n);
  return Math.abs(ms) > 8.64e15 ? undefined : formatTime(ms);
}

function quantityOf(bytes: unknown): string | undefined {
  const exact = integer(bytes);
  return exact === undefined ? undefined : formatBinarySI(exact);
}

function integer(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}

function isNothing(quantity: string | number | undefined): boolean {
  return quantity === undefined || quantity === null || toBytesRoundedUp(quantity) === 0n;
}
