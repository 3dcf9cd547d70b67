/** The events of reads and writes that failed with an exception, with the Go program's reasons: one place for all of them. */
import type { EventNote } from '../../lib/controller/step.ts';
import { keyOf } from '../../lib/controller/store.ts';
import { warning } from '../../lib/sidecar/event-notes.ts';
import type { ContentObject, SharedReason, SnapshotObject } from '../kinds/kind.ts';
import type { FailedWrite } from '../kinds/words.ts';
import type { BindingEffect, BindingState } from './state.ts';

interface Told {
  readonly reason: SharedReason;
  readonly write: FailedWrite;
}

const PREPARATION: Told = { reason: 'contentCreation', write: 'prepare-content' };
const FINALIZER: Told = { reason: 'finalizerFailed', write: 'write-finalizers' };
const STATUS: Told = { reason: 'statusFailed', write: 'write-status' };
const CONTENT_DELETE: Told = { reason: 'contentDelete', write: 'delete-content' };

const BY_KIND: Readonly<Record<Exclude<BindingEffect['kind'], 'confirm' | 'create-content'>, Told>> = {
  'set-class': { reason: 'defaultClass', write: 'set-class' },
  'write-error': STATUS,
  'write-status': STATUS,
  'note-failure': STATUS,
  'add-finalizers': FINALIZER,
  'add-owner': FINALIZER,
  'release-snapshot': FINALIZER,
  'protect-claim': { reason: 'contentCreation', write: 'protect-claim' },
  'bind-content': { reason: 'bindFailed', write: 'bind-content' },
  'mark-content': CONTENT_DELETE,
  'delete-content': CONTENT_DELETE,
};

const BY_READ: Readonly<Record<(BindingEffect & { kind: 'confirm' })['needed'], Told>> = {
  content: { reason: 'missingContent', write: 'read-content' },
  class: { reason: 'classMissing', write: 'read-class' },
  claim: PREPARATION,
  volume: PREPARATION,
  selection: PREPARATION,
  group: FINALIZER,
  'group-content': FINALIZER,
};

/** The last one says what stands in the status, where the status says it. */
export function failureEvents<S extends SnapshotObject, C extends ContentObject>(
  { kind, snapshot, sources }: Pick<BindingState<S, C>, 'kind' | 'snapshot' | 'sources'>,
  step: FailedStep,
  why: string,
): readonly EventNote[] {
  const at = { key: keyOf(snapshot), claims: sources.map(({ name }) => name) };
  return toldOf(step).map(({ reason, write }) =>
    warning(kind.snapshots, snapshot, { reason: kind.reasons[reason], message: kind.words.failed(write, at, why) }),
  );
}

/** As much of a step as decides what is told. */
type FailedStep =
  | { readonly kind: 'confirm'; readonly needed: keyof typeof BY_READ }
  | { readonly kind: 'create-content'; readonly action: string }
  | { readonly kind: keyof typeof BY_KIND };

function toldOf(step: FailedStep): readonly Told[] {
  if (step.kind === 'confirm') return [BY_READ[step.needed]];
  if (step.kind !== 'create-content') return [BY_KIND[step.kind]];
  if (step.action === 'note-name') return [STATUS];
  if (step.action !== 'post') return [PREPARATION];
  return [
    { reason: 'createContentFailed', write: 'post-content' },
    { reason: 'contentCreation', write: 'create-content' },
  ];
}
