/**
 * The controller keyed by VolumeSnapshot, or by VolumeGroupSnapshot: which events wake which of them, and the loop's
 * parts put together. A secondary object wakes only if what is read of it differs.
 */
import { type Controller, createController } from '../../lib/controller/controller.ts';
import type { InformerEvent } from '../../lib/controller/informer.ts';
import { sharedOptions, type ControllerPace } from '../../lib/controller/shared-options.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import type { Reconciler } from '../../lib/controller/step.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { GroupSnapshotResources } from '../../lib/kube/resources.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { refersTo, snapshotKeyOf } from '../kinds/accessors.ts';
import type { ContentObject, SnapshotKind, SnapshotObject } from '../kinds/kind.ts';
import { failureText } from '../../lib/sidecar/refusal.ts';
import { CLASS_INDEX_NAME, CONTENT_INDEX_NAME, isNoNews, type KindInformers, type SnapshotInformers } from '../snapshot-informers.ts';
import type { SnapshotTimer } from '../snapshot-timer.ts';
import { decide } from './decide.ts';
import { absorb, type BindingExecuteDeps, execute } from './execute.ts';
import { failureEvents } from './failure-events.ts';
import { type BindingGatherDeps, gather } from './gather.ts';
import { type Relations, RESTORES_INDEX, sourceIn } from './relations.ts';
import type { BindingAnswer, BindingEffect, BindingSettings, BindingState, Refusal } from './state.ts';

type BindingDeps<S extends SnapshotObject, C extends ContentObject> = BindingGatherDeps<S, C> &
  BindingExecuteDeps & { readonly refusals: Map<string, Refusal>; readonly timer: SnapshotTimer<S, C> };

export function reconciler<S extends SnapshotObject, C extends ContentObject>(
  deps: BindingDeps<S, C>,
): Reconciler<BindingState<S, C>, BindingEffect<C>, BindingAnswer<S, C>> {
  return {
    gather: (key) => gather(deps, key),
    decide,
    execute: (step, state, signal) => execute(deps, step, { state, signal }),
    absorb,
    observed: (key, state) => deps.timer.seen(key, state),
    settled: (_, { snapshot }) => void deps.refusals.delete(snapshot.metadata?.uid ?? ''),
    failed: (_, { error, state, step }) => {
      const why = failureText(error);
      return why === undefined ? [] : failureEvents(state, step, why);
    },
  };
}

export interface BindingOptions<S extends SnapshotObject, C extends ContentObject> extends ControllerPace {
  readonly name: string;
  readonly context: RoleContext;
  readonly kind: SnapshotKind<S, C>;
  /** Of the kind. */
  readonly own: KindInformers<S, C>;
  readonly informers: Pick<SnapshotInformers, 'claims' | 'volumes' | 'nodes'>;
  readonly relations: Relations<S, C>;
  /** Undefined where groups are off. */
  readonly groupResources: GroupSnapshotResources | undefined;
  readonly applyWrite: ApplyWrite;
  readonly settings: BindingSettings;
  readonly timer: SnapshotTimer<S, C>;
}

export function createBindingController<S extends SnapshotObject, C extends ContentObject>(options: BindingOptions<S, C>): Controller {
  const { context, kind, own, informers, relations, groupResources, timer, settings, applyWrite } = options;
  const refusals = new Map<string, Refusal>();
  const contentWent = new Set<string>();
  const controller = createController({
    ...sharedOptions(context, options),
    name: options.name,
    reconciler: reconciler({
      kind,
      stores: {
        snapshots: own.snapshots.store,
        contents: own.contents.store,
        classes: own.classes.store,
        nodes: informers.nodes?.store,
      },
      relations,
      groupKind: groupResources?.snapshots,
      groupResources,
      sourceOf: (claim) => sourceIn({ volumes: informers.volumes.store }, claim.metadata?.name ?? '', claim),
      settings,
      clock: context.doors.clock,
      client: context.client,
      applyWrite,
      refusals,
      contentWent,
      timer,
    }),
  });
  const { store } = own.snapshots;
  const wake = (keys: readonly string[]): void => {
    for (const key of keys) controller.enqueue(key);
  };
  const found = (index: string, value: string): readonly string[] => store.byIndex(index, value).map(keyOf);

  own.snapshots.onEvent(({ key, old, object }) => {
    if (old !== undefined && old.metadata?.uid !== object?.metadata?.uid) {
      contentWent.delete(old.metadata?.uid ?? '');
      refusals.delete(old.metadata?.uid ?? '');
      timer.gone(key);
    }
    controller.enqueue(key);
  });
  own.contents.onEvent((event) => {
    noteWhetherThere(event);
    if (isNoNews(event)) return;
    for (const content of [event.old, event.object]) {
      const key = content === undefined ? undefined : snapshotKeyOf(kind, content);
      if (key !== undefined && store.get(key) !== undefined) controller.enqueue(key);
    }
    wake(found(CONTENT_INDEX_NAME, event.key));
  });
  own.classes.onEvent((event) => {
    if (!isNoNews(event)) wake([...found(CLASS_INDEX_NAME, event.key), ...found(CLASS_INDEX_NAME, '')]);
  });
  informers.claims.onEvent((event) => {
    if (isNoNews(event)) return;
    for (const claim of [event.old, event.object]) {
      if (claim === undefined) continue;
      wake(relations.ofClaim(claim));
      for (const restored of RESTORES_INDEX.values(claim)) wake(relations.ofRestore(restored));
    }
  });
  informers.volumes.onEvent((event) => {
    if (isNoNews(event)) return;
    for (const volume of [event.old, event.object]) {
      const { namespace, name } = volume?.spec?.claimRef ?? {};
      if (name !== undefined) wake(relations.ofClaim({ metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }));
    }
  });
  return controller;

  function noteWhetherThere({ old, object }: InformerEvent<C>): void {
    const content = object ?? old;
    const snapshot = content === undefined ? undefined : store.get(snapshotKeyOf(kind, content) ?? '');
    if (content === undefined || snapshot === undefined || !refersTo(kind, content, snapshot)) return;
    if (object === undefined) contentWent.add(snapshot.metadata?.uid ?? '');
    else contentWent.delete(snapshot.metadata?.uid ?? '');
  }
}
