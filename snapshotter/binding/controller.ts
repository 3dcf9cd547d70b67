/**
 * The controller keyed by VolumeSnapshot: which events wake which snapshots, and the loop's parts put
 * together. A secondary object wakes only if what is read of it differs.
 */
import { type Controller, createController } from '../../lib/controller/controller.ts';
import type { InformerEvent } from '../../lib/controller/informer.ts';
import { sharedOptions, type ControllerPace } from '../../lib/controller/shared-options.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import type { Reconciler } from '../../lib/controller/step.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { isDeleting, refersTo, snapshotKeyOf } from '../content-accessors.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { failureText } from '../../lib/sidecar/refusal.ts';
import { CLAIM_INDEX, CLASS_INDEX, CONTENT_INDEX, type SnapshotInformers } from '../snapshot-informers.ts';
import type { SnapshotTimer } from '../snapshot-timer.ts';
import { decide } from './decide.ts';
import { absorb, type BindingExecuteDeps, execute } from './execute.ts';
import { failureEvents } from './failure-events.ts';
import { type BindingGatherDeps, gather, RESTORES_INDEX } from './gather.ts';
import type { BindingAnswer, BindingEffect, BindingRules, BindingState, Refusal } from './state.ts';

type BindingDeps = BindingGatherDeps & BindingExecuteDeps & { readonly timer: SnapshotTimer };

export function reconciler(deps: BindingDeps): Reconciler<BindingState, BindingEffect, BindingAnswer> {
  return {
    gather: (key) => gather(deps, key),
    decide,
    execute: (step, state, signal) => execute(deps, step, { state, signal }),
    absorb,
    observed: (key, state) => deps.timer.seen(key, state),
    settled: (_, { snapshot }) => void deps.refusals.delete(snapshot.metadata?.uid ?? ''),
    failed: (_, { error, state, step }) => {
      const why = failureText(error);
      return why === undefined ? [] : failureEvents(state.snapshot, step, why);
    },
  };
}

export interface BindingOptions extends ControllerPace {
  readonly context: RoleContext;
  readonly informers: SnapshotInformers;
  readonly applyWrite: ApplyWrite;
  readonly rules: BindingRules;
  readonly timer: SnapshotTimer;
}

export function createBindingController(options: BindingOptions): Controller {
  const { context, informers, timer, rules, applyWrite } = options;
  const refusals = new Map<string, Refusal>();
  const contentWent = new Set<string>();
  const stores = {
    snapshots: informers.snapshots.store,
    contents: informers.contents.store,
    classes: informers.classes.store,
    claims: informers.claims.store,
    volumes: informers.volumes.store,
    nodes: informers.nodes?.store,
  };
  const controller = createController({
    ...sharedOptions(context, options),
    name: 'snapshot-controller-snapshot',
    reconciler: reconciler({ stores, rules, clock: context.doors.clock, client: context.client, applyWrite, refusals, contentWent, timer }),
  });
  const wake = (snapshots: readonly VolumeSnapshot[]): void => {
    for (const snapshot of snapshots) controller.enqueue(keyOf(snapshot));
  };
  const { store } = informers.snapshots;

  informers.snapshots.onEvent(({ key, old, object }) => {
    if (old !== undefined && old.metadata?.uid !== object?.metadata?.uid) {
      contentWent.delete(old.metadata?.uid ?? '');
      refusals.delete(old.metadata?.uid ?? '');
    }
    if (object === undefined) timer.gone(key);
    controller.enqueue(key);
  });
  informers.contents.onEvent((event) => {
    noteWhetherThere(event);
    if (!event.changed && event.object !== undefined) return;
    for (const content of [event.old, event.object]) {
      const key = content === undefined ? undefined : snapshotKeyOf(content);
      if (key !== undefined && store.get(key) !== undefined) controller.enqueue(key);
    }
    wake(store.byIndex(CONTENT_INDEX.name, event.key));
  });
  informers.classes.onEvent(({ key, changed, object }) => {
    if (changed || object === undefined) wake([...store.byIndex(CLASS_INDEX.name, key), ...store.byIndex(CLASS_INDEX.name, '')]);
  });
  informers.claims.onEvent(({ key, old, object, changed }) => {
    if (!changed && object !== undefined) return;
    wake(store.byIndex(CLAIM_INDEX.name, key));
    for (const claim of [old, object])
      for (const snapshotKey of claim === undefined ? [] : RESTORES_INDEX.values(claim)) {
        const snapshot = store.get(snapshotKey);
        if (snapshot !== undefined && isDeleting(snapshot)) controller.enqueue(snapshotKey);
      }
  });
  informers.volumes.onEvent(({ old, object, changed }) => {
    if (!changed && object !== undefined) return;
    for (const volume of [old, object]) {
      const { namespace, name } = volume?.spec?.claimRef ?? {};
      if (name !== undefined) wake(store.byIndex(CLAIM_INDEX.name, `${namespace ?? ''}/${name}`));
    }
  });
  return controller;

  function noteWhetherThere({ old, object }: InformerEvent<VolumeSnapshotContent>): void {
    const content = object ?? old;
    const snapshot = content === undefined ? undefined : store.get(snapshotKeyOf(content) ?? '');
    if (content === undefined || snapshot === undefined || !refersTo(content, snapshot)) return;
    if (object === undefined) contentWent.add(snapshot.metadata?.uid ?? '');
    else contentWent.delete(snapshot.metadata?.uid ?? '');
  }
}
