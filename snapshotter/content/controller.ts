/** The sidecar's controller keyed by VolumeSnapshotContent: its reconciler, its wake-ups, its memory. */
import { type Controller, createController } from '../../lib/controller/controller.ts';
import type { Informer } from '../../lib/controller/informer.ts';
import { sharedOptions, type ControllerPace } from '../../lib/controller/shared-options.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import type { Reconciler } from '../../lib/controller/step.ts';
import { type Index, keyOf } from '../../lib/controller/store.ts';
import type { Driver } from '../../lib/csi/capabilities.ts';
import type { VolumeSnapshotClass, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { text } from '../content-accessors.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { failureText } from '../../lib/sidecar/refusal.ts';
import { decide } from './decide.ts';
import { absorb, type ContentExecuteDeps, execute } from './execute.ts';
import { failureEvents } from './failure-events.ts';
import { type ContentGatherDeps, gather } from './gather.ts';
import type { ContentAnswer, ContentEffect, ContentMemory, ContentRules, ContentState } from './state.ts';

const CLASS_INDEX: Index<VolumeSnapshotContent> = {
  name: 'class',
  values: ({ spec }) => {
    const name = text(spec?.volumeSnapshotClassName);
    return name === undefined ? [] : [name];
  },
};

export const CONTENT_INDEXES: readonly Index<VolumeSnapshotContent>[] = [CLASS_INDEX];

export function reconciler(
  deps: Omit<ContentGatherDeps, 'memory'> & ContentExecuteDeps,
): Reconciler<ContentState, ContentEffect, ContentAnswer> {
  return {
    gather: (key) => gather(deps, key),
    decide,
    execute: (step, state, signal) => execute(deps, step, { state, signal }),
    absorb,
    settled: (_, { content }) => {
      const uid = content.metadata?.uid ?? '';
      const remembered = deps.memory.get(uid);
      if (remembered?.answer !== undefined) deps.memory.set(uid, { calls: remembered.calls });
    },
    failed: (_, { error, state, step }) => {
      const why = failureText(error);
      return why === undefined ? [] : failureEvents(state, step, why);
    },
  };
}

export interface ContentControllerOptions extends ControllerPace {
  readonly context: RoleContext;
  readonly contents: Informer<VolumeSnapshotContent>;
  readonly classes: Informer<VolumeSnapshotClass>;
  readonly applyWrite: ApplyWrite;
  readonly driver: Driver;
  readonly rules: ContentRules;
  readonly gaveUp: () => void;
}

export function createContentController(options: ContentControllerOptions): Controller {
  const { context, contents, classes, driver, rules, applyWrite, gaveUp } = options;
  const memory: ContentMemory = new Map();
  const controller = createController({
    ...sharedOptions(context, options),
    name: 'csi-snapshotter-content',
    reconciler: reconciler({
      client: context.client,
      csi: driver.client,
      clock: context.doors.clock,
      contents: contents.store,
      classes: classes.store,
      driver,
      rules,
      memory,
      applyWrite,
      gaveUp,
    }),
  });
  contents.onEvent(({ key, old, object }) => {
    if (old !== undefined && old.metadata?.uid !== object?.metadata?.uid) memory.delete(old.metadata?.uid ?? '');
    controller.enqueue(key);
  });
  classes.onEvent(({ key, changed, object }) => {
    if (!changed && object !== undefined) return;
    for (const content of contents.store.byIndex(CLASS_INDEX.name, key)) controller.enqueue(keyOf(content));
  });
  return controller;
}
