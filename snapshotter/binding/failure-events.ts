/** The events of reads and writes that failed with an exception, with the Go program's reasons: one place for all of them. */
import type { EventReason } from '../../lib/controller/event-table.ts';
import type { EventNote } from '../../lib/controller/step.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { VolumeSnapshot } from '../../lib/kube/objects.ts';
import { REASON } from '../names.ts';
import { notUpdated } from '../peer-words.ts';
import { snapshotWarning } from '../regarding.ts';
import { sourceOf } from '../source.ts';
import type { BindingEffect } from './state.ts';

interface Told {
  readonly reason: EventReason;
  readonly words: string;
  /** What the Go program says that it failed to update. */
  readonly updating?: 'snapshot' | 'claim';
}

const CONTENT_CREATION: Told = { reason: REASON.contentCreation, words: 'Failed to create snapshot content with error' };
const FINALIZER: Told = { reason: REASON.finalizerFailed, words: 'Failed to check and update snapshot:', updating: 'snapshot' };
const STATUS: Told = { reason: REASON.statusFailed, words: 'Snapshot status update failed,', updating: 'snapshot' };
const CONTENT_DELETE: Told = { reason: REASON.contentDelete, words: 'Failed to delete snapshot content API object:' };

const BY_KIND: Readonly<Record<Exclude<BindingEffect['kind'], 'confirm' | 'create-content'>, Told>> = {
  'set-class': { reason: REASON.defaultClass, words: 'Failed to set default snapshot class with error' },
  'write-error': STATUS,
  'write-status': STATUS,
  'add-finalizers': FINALIZER,
  'release-snapshot': FINALIZER,
  'protect-claim': { ...CONTENT_CREATION, updating: 'claim' },
  'bind-content': { reason: REASON.bindFailed, words: 'Snapshot failed to bind VolumeSnapshotContent,' },
  'mark-content': CONTENT_DELETE,
  'delete-content': CONTENT_DELETE,
};

const BY_READ: Readonly<Record<(BindingEffect & { kind: 'confirm' })['needed'], Told>> = {
  content: { reason: REASON.missingContent, words: 'VolumeSnapshotContent could not be read:' },
  class: { reason: REASON.classMissing, words: 'Failed to get snapshot class with error' },
  claim: CONTENT_CREATION,
  volume: CONTENT_CREATION,
};

/** The last one says what stands in the status, where the status says it. */
export function failureEvents(snapshot: VolumeSnapshot, step: FailedStep, why: string): readonly EventNote[] {
  return toldOf(snapshot, step).map(({ reason, words, updating }) => {
    const what = updating === undefined ? why : notUpdated(updating === 'claim' ? claimOf(snapshot) : keyOf(snapshot), why);
    return snapshotWarning(snapshot, reason, `${words} ${what}`);
  });
}

function claimOf(snapshot: VolumeSnapshot): string {
  const source = sourceOf(snapshot);
  return source.kind === 'claim' ? source.claimName : '';
}

/** As much of a step as decides what is told. */
type FailedStep =
  | { readonly kind: 'confirm'; readonly needed: keyof typeof BY_READ }
  | { readonly kind: 'create-content'; readonly action: string }
  | { readonly kind: keyof typeof BY_KIND };

function toldOf(snapshot: VolumeSnapshot, step: FailedStep): readonly Told[] {
  if (step.kind === 'confirm') return [BY_READ[step.needed]];
  if (step.kind !== 'create-content') return [BY_KIND[step.kind]];
  if (step.action === 'note-name') return [STATUS];
  const words = `Error creating volume snapshot content object for snapshot ${keyOf(snapshot)}:`;
  if (step.action !== 'post') return [CONTENT_CREATION];
  return [
    { reason: REASON.createContentFailed, words },
    { ...CONTENT_CREATION, updating: 'snapshot' },
  ];
}
