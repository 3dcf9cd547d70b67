/** The sidecar's controller keyed by content, made once for each kind: its reconciler, its wake-ups, its memory. */
import { type Controller, createController } from '../../lib/controller/controller.ts';
import type { Informer } from '../../lib/controller/informer.ts';
import { sharedOptions, type ControllerPace } from '../../lib/controller/shared-options.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import type { Reconciler } from '../../lib/controller/step.ts';
import { type Index, keyOf } from '../../lib/controller/store.ts';
import type { Driver } from '../../lib/csi/capabilities.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { failureText } from '../../lib/sidecar/refusal.ts';
import { decide } from './decide.ts';
import type { DriverCalls } from './driver-calls.ts';
import { absorb, type ContentExecuteDeps, execute } from './execute.ts';
import { failureEvents } from './failure-events.ts';
import { type ContentGatherDeps, gather } from './gather.ts';
import type { Content, ContentClass, ContentKind } from './kind.ts';
import type { ContentAnswer, ContentEffect, ContentMemory, ContentSettings, ContentState } from './state.ts';

const CLASS_INDEX = 'class';

/** Contents by the class that they name. */
export function contentIndexes<C extends Content>({ read }: ContentKind<C>): readonly Index<C>[] {
  const values = (content: C): readonly string[] => {
    const { className } = read(content);
    return className === undefined ? [] : [className];
  };
  return [{ name: CLASS_INDEX, values }];
}

export function reconciler<C extends Content>(
  deps: Omit<ContentGatherDeps<C>, 'memory'> & ContentExecuteDeps<C>,
): Reconciler<ContentState<C>, ContentEffect, ContentAnswer<C>> {
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

export interface ContentControllerOptions<C extends Content, K extends ContentClass> extends ControllerPace {
  readonly context: RoleContext;
  /** Of the queue, as the Go program's. */
  readonly name: string;
  readonly kind: ContentKind<C>;
  readonly contents: Informer<C>;
  readonly classes: Informer<K>;
  readonly applyWrite: ApplyWrite;
  readonly driver: Pick<Driver, 'identity'>;
  readonly calls: DriverCalls;
  readonly settings: ContentSettings;
  readonly gaveUp: () => void;
}

export function createContentController<C extends Content, K extends ContentClass>(options: ContentControllerOptions<C, K>): Controller {
  const { context, name, kind, contents, classes, driver, calls, settings, applyWrite, gaveUp } = options;
  const memory: ContentMemory = new Map();
  const controller = createController({
    ...sharedOptions(context, options),
    name,
    reconciler: reconciler({
      kind,
      client: context.client,
      calls,
      clock: context.doors.clock,
      contents: contents.store,
      classes: classes.store,
      driver,
      settings,
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
    for (const content of contents.store.byIndex(CLASS_INDEX, key)) controller.enqueue(keyOf(content));
  });
  return controller;
}
