/** The snapshot-controller's controller keyed by VolumeSnapshotContent. */
import { type Controller, createController } from '../../lib/controller/controller.ts';
import type { Informer } from '../../lib/controller/informer.ts';
import { sharedOptions, type ControllerPace } from '../../lib/controller/shared-options.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import type { EventNote, Reconciler } from '../../lib/controller/step.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { REASON, contentNameOf } from '../names.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { failureText } from '../../lib/sidecar/refusal.ts';
import { contentWarning } from '../regarding.ts';
import { decide, isAlone } from './decide.ts';
import { absorb, type ContentProtectionExecuteDeps, execute } from './execute.ts';
import { type ContentProtectionGatherDeps, gather } from './gather.ts';
import type { ContentProtectionAnswer, ContentProtectionEffect, ContentProtectionState } from './state.ts';

export function reconciler(
  deps: ContentProtectionGatherDeps & ContentProtectionExecuteDeps & { readonly alone: Set<string> },
): Reconciler<ContentProtectionState, ContentProtectionEffect, ContentProtectionAnswer> {
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

function failureEvents(error: unknown, { content }: ContentProtectionState, { kind }: ContentProtectionEffect): readonly EventNote[] {
  const why = failureText(error);
  if (why === undefined) return [];
  if (kind === 'protect-content')
    return [contentWarning(content, REASON.finalizerFailed, `Failed to check and update the finalizer: ${why}`)];
  const message = `Failed to delete a snapshot content whose VolumeSnapshot is gone: ${why}`;
  return [contentWarning(content, REASON.contentDelete, message)];
}

export interface ContentProtectionOptions extends ControllerPace {
  readonly context: RoleContext;
  readonly informers: { readonly contents: Informer<VolumeSnapshotContent>; readonly snapshots: Informer<VolumeSnapshot> };
  readonly applyWrite: ApplyWrite;
}

export function createContentProtectionController(options: ContentProtectionOptions): Controller {
  const { context, applyWrite } = options;
  const { contents, snapshots } = options.informers;
  const alone = new Set<string>();
  const controller = createController({
    ...sharedOptions(context, options),
    name: 'snapshot-controller-content',
    reconciler: reconciler({ contents: contents.store, snapshots: snapshots.store, alone, client: context.client, applyWrite }),
  });
  contents.onEvent(({ key, old, object }) => {
    if (old !== undefined && old.metadata?.uid !== object?.metadata?.uid) alone.delete(old.metadata?.uid ?? '');
    controller.enqueue(key);
  });
  // The watches are not in step: a content may have been seen before the end of its VolumeSnapshot.
  snapshots.onEvent(({ old, object }) => {
    if (old === undefined || old.metadata?.uid === object?.metadata?.uid) return;
    const name = contentNameOf(old.metadata?.uid ?? '');
    if (contents.store.get(name) !== undefined) controller.enqueue(name);
  });
  return controller;
}
