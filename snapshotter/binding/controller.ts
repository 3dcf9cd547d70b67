/**
 * The controller keyed by VolumeSnapshot: which events wake which snapshots, and the loop's parts put
 * together. A secondary object wakes only if what is read of it differs.
 */
import { createController } from '../../lib/controller/controller.ts';
import type { Controller } from '../../lib/controller/controller.ts';
import type { Informer, InformerEvent } from '../../lib/controller/informer.ts';
import { laneOf } from '../../lib/controller/lane.ts';
import type { LanePace } from '../../lib/controller/lane.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { Index } from '../../lib/controller/store.ts';
import { isRest } from '../../lib/controller/step.ts';
import { isUnknownOutcome } from '../../lib/kube/api-error.ts';
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import { isDeleting, refersTo, snapshotKeyOf, text } from '../content-facts.ts';
import { AS_SOURCE_PROTECTION } from '../names.ts';
import { createPendingAnswers } from '../pending-answers.ts';
import type { Absorb } from '../refusal.ts';
import type { SnapshotTimer } from '../snapshot-timer.ts';
import { decide } from './decide.ts';
import { absorb, execute } from './execute.ts';
import { RESTORES_INDEX, gather } from './gather.ts';
import { createLatePosts } from './late-posts.ts';
import { contentNames, sourceOf } from './source.ts';
import type { BindingAnswer, BindingEffect, BindingRules, BindingState, Refusal } from './state.ts';

/** Snapshots by the claim that they are of (namespace/name). Shared with claim-protection. */
export const CLAIM_INDEX: Index<VolumeSnapshot> = {
  name: 'claim',
  values: (snapshot) => {
    const source = sourceOf(snapshot);
    return source.kind === 'claim' ? [`${snapshot.metadata?.namespace ?? ''}/${source.claimName}`] : [];
  },
};

/** Snapshots by the names that their content may have. */
const CONTENT_INDEX: Index<VolumeSnapshot> = { name: 'content', values: (snapshot) => [...new Set(contentNames(snapshot))] };

/** Un-ready snapshots by class; the empty value holds those that wait for a default. */
const CLASS_INDEX: Index<VolumeSnapshot> = {
  name: 'class',
  values: (snapshot) =>
    snapshot.status?.readyToUse === true || isDeleting(snapshot) ? [] : [text(snapshot.spec?.volumeSnapshotClassName) ?? ''],
};

export const SNAPSHOT_INDEXES: readonly Index<VolumeSnapshot>[] = [CLAIM_INDEX, CONTENT_INDEX, CLASS_INDEX];

export interface SnapshotInformers {
  readonly snapshots: Informer<VolumeSnapshot>;
  readonly contents: Informer<VolumeSnapshotContent>;
  readonly classes: Informer<VolumeSnapshotClass>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly nodes: Informer<Node> | undefined;
}

export interface BindingOptions extends LanePace {
  readonly context: RoleContext;
  readonly informers: SnapshotInformers;
  readonly absorb: Absorb;
  readonly rules: BindingRules;
  readonly timer: SnapshotTimer;
  /** The longest life of a request at the API server. */
  readonly requestLifeMs: number;
}

export function createBindingController(options: BindingOptions): Controller {
  const { context, informers, timer } = options;
  const refusals = createPendingAnswers<Refusal>();
  const latePosts = createLatePosts(context.doors.clock, options.requestLifeMs);
  const gatherer = {
    stores: {
      snapshots: informers.snapshots.store,
      contents: informers.contents.store,
      classes: informers.classes.store,
      claims: informers.claims.store,
      volumes: informers.volumes.store,
      nodes: informers.nodes?.store,
    },
    rules: options.rules,
    clock: context.doors.clock,
    refusals,
    latePosts,
  };
  const controller = createController<BindingState, BindingEffect, BindingAnswer>({
    ...laneOf(context, options),
    name: 'snapshot-controller-snapshot',
    reconciler: {
      gather: (key) => {
        const state = gather(gatherer, key);
        if (state !== undefined) timer.seen(key, state);
        return state;
      },
      decide: (state) => {
        const step = decide(state);
        if (isRest(step)) refusals.settle(keyOf(state.snapshot));
        return step;
      },
      execute: async (step, state, signal) => {
        const key = keyOf(state.snapshot);
        const tools = { client: context.client, absorb: options.absorb, refused: (refusal: Refusal) => refusals.keep(key, refusal) };
        const answer = await execute(tools, step, { state, signal }).catch((error: unknown) => {
          if (isPost(step) && isUnknownOutcome(error)) latePosts.unanswered(state.snapshot.metadata?.uid ?? '');
          throw error;
        });
        if (step.kind === 'write-status') timer.written(key, step);
        if (step.kind === 'add-finalizers' && !isProtected(state.snapshot)) latePosts.protectedHere(state.snapshot.metadata?.uid ?? '');
        return answer;
      },
      absorb,
    },
  });
  const wake = (snapshots: readonly VolumeSnapshot[]): void => {
    for (const snapshot of snapshots) controller.enqueue(keyOf(snapshot));
  };
  const { store } = informers.snapshots;

  informers.snapshots.onEvent(({ key, old, object }) => {
    if (object === undefined) {
      latePosts.forget(old?.metadata?.uid ?? '');
      refusals.settle(key);
      timer.gone(key);
    }
    controller.enqueue(key);
  });
  informers.contents.onEvent((event) => {
    noteGone(event);
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
  return {
    ...controller,
    start: (signal) => {
      latePosts.began();
      controller.start(signal);
    },
  };

  function noteGone({ old, object }: InformerEvent<VolumeSnapshotContent>): void {
    const content = object ?? old;
    const key = content === undefined ? undefined : snapshotKeyOf(content);
    if (content === undefined || key === undefined) return;
    const snapshot = store.get(key);
    if (snapshot === undefined || !refersTo(content, snapshot)) return;
    if (object === undefined) latePosts.contentWent(snapshot.metadata?.uid ?? '', content);
    else latePosts.contentCame(snapshot.metadata?.uid ?? '');
  }
}

function isPost(step: BindingEffect): boolean {
  return step.kind === 'create-content' && step.action === 'post';
}

/** Every program puts this one on before it posts a content. */
function isProtected({ metadata }: VolumeSnapshot): boolean {
  return metadata?.finalizers?.includes(AS_SOURCE_PROTECTION) === true;
}
