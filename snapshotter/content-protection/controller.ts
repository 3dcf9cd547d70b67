/** The snapshot-controller's controller keyed by VolumeSnapshotContent, or by VolumeGroupSnapshotContent. */
import { type Controller, createController } from '../../lib/controller/controller.ts';
import type { InformerEvent } from '../../lib/controller/informer.ts';
import { sharedOptions, type ControllerPace } from '../../lib/controller/shared-options.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import type { EventNote, Reconciler } from '../../lib/controller/step.ts';
import type { ApplyWrite } from '../apply-write.ts';
import type { ContentObject, SnapshotKind, SnapshotObject } from '../kinds/kind.ts';
import { memberContentNameOf } from '../names.ts';
import { warning } from '../../lib/sidecar/event-notes.ts';
import { failureText } from '../../lib/sidecar/refusal.ts';
import type { KindInformers } from '../snapshot-informers.ts';
import { decide, isAlone } from './decide.ts';
import { absorb, type ContentProtectionExecuteDeps, execute } from './execute.ts';
import { type ContentProtectionGatherDeps, gather } from './gather.ts';
import type { ContentProtectionAnswer, ContentProtectionEffect, ContentProtectionState } from './state.ts';

export function reconciler<S extends SnapshotObject, C extends ContentObject>(
  deps: ContentProtectionGatherDeps<S, C> & ContentProtectionExecuteDeps & { readonly alone: Set<string> },
): Reconciler<ContentProtectionState<S, C>, ContentProtectionEffect, ContentProtectionAnswer<C>> {
  return {
    gather: (key) => gather(deps, key),
    decide,
    execute: (step, state, signal) => execute(deps, step, { state, signal }),
    absorb,
    observed: (_, state) => {
      if (state.snapshot === 'there') deps.alone.delete(state.content.metadata?.uid ?? '');
      else if (isAlone(state)) deps.alone.add(state.content.metadata?.uid ?? '');
    },
    failed: (_, { error, state, step }) => failureEvents(error, state, step),
  };
}

function failureEvents<S extends SnapshotObject, C extends ContentObject>(
  error: unknown,
  { kind, content }: ContentProtectionState<S, C>,
  step: ContentProtectionEffect,
): readonly EventNote[] {
  const why = failureText(error);
  if (why === undefined) return [];
  const words =
    step.kind === 'protect-content'
      ? { reason: kind.reasons.finalizerFailed, message: `Failed to check and update the finalizer: ${why}` }
      : {
          reason: kind.reasons.contentDelete,
          message: `Failed to delete a snapshot content whose ${kind.snapshots.kind} is gone: ${why}`,
        };
  return [warning(kind.contents, content, words)];
}

export interface ContentProtectionOptions<S extends SnapshotObject, C extends ContentObject> extends ControllerPace {
  readonly name: string;
  readonly context: RoleContext;
  readonly kind: SnapshotKind<S, C>;
  readonly informers: Pick<KindInformers<S, C>, 'contents' | 'snapshots'>;
  readonly groupOf: (content: C) => ContentProtectionState['group'];
  readonly applyWrite: ApplyWrite;
}

export function createContentProtectionController<S extends SnapshotObject, C extends ContentObject>(
  options: ContentProtectionOptions<S, C>,
): Controller {
  const { context, kind, applyWrite, groupOf } = options;
  const { contents, snapshots } = options.informers;
  const alone = new Set<string>();
  const controller = createController({
    ...sharedOptions(context, options),
    name: options.name,
    reconciler: reconciler({
      kind,
      contents: contents.store,
      snapshots: snapshots.store,
      groupOf,
      alone,
      client: context.client,
      applyWrite,
    }),
  });
  contents.onEvent(({ key, old, object }) => {
    if (old !== undefined && old.metadata?.uid !== object?.metadata?.uid) alone.delete(old.metadata?.uid ?? '');
    controller.enqueue(key);
  });
  // The watches are not in step: a content may have been seen before the end of its snapshot.
  snapshots.onEvent((event) => {
    for (const name of contentsOfGone(event)) if (contents.store.get(name) !== undefined) controller.enqueue(name);
  });
  return controller;

  function contentsOfGone({ old, object }: InformerEvent<S>): readonly string[] {
    if (old === undefined || old.metadata?.uid === object?.metadata?.uid) return [];
    return [kind.contentNameOf(old.metadata?.uid ?? ''), memberContentNameOf(old.metadata?.name)].filter((name) => name !== undefined);
  }
}
