/** The sidecar's controller keyed by VolumeSnapshotContent: its wake-ups, its memory, and the loop's parts put together. */
import { createController } from '../../lib/controller/controller.ts';
import type { Controller } from '../../lib/controller/controller.ts';
import type { Informer } from '../../lib/controller/informer.ts';
import { laneOf } from '../../lib/controller/lane.ts';
import type { LanePace } from '../../lib/controller/lane.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import { isRest } from '../../lib/controller/step.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { Index } from '../../lib/controller/store.ts';
import type { Driver } from '../../lib/csi/capabilities.ts';
import type { VolumeSnapshotClass, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { parseTime } from '../../lib/kube/time.ts';
import { text } from '../content-facts.ts';
import { createPendingAnswers } from '../pending-answers.ts';
import type { Absorb } from '../refusal.ts';
import { createCaseBook } from './case-book.ts';
import type { CreateRecord } from './case-book.ts';
import { decide } from './decide.ts';
import { absorb, execute } from './execute.ts';
import { gather } from './gather.ts';
import type { ContentAnswer, ContentEffect, ContentRules, ContentState, DriverAnswer } from './state.ts';

const CLASS_INDEX: Index<VolumeSnapshotContent> = {
  name: 'class',
  values: ({ spec }) => {
    const name = text(spec?.volumeSnapshotClassName);
    return name === undefined ? [] : [name];
  },
};

export const CONTENT_INDEXES: readonly Index<VolumeSnapshotContent>[] = [CLASS_INDEX];

export interface ContentControllerOptions extends LanePace {
  readonly context: RoleContext;
  readonly contents: Informer<VolumeSnapshotContent>;
  readonly classes: Informer<VolumeSnapshotClass>;
  readonly absorb: Absorb;
  readonly driver: Driver;
  readonly rules: ContentRules;
  readonly gaveUp: () => void;
}

/** `start` of the answer begins the work and, with it, the certainty about contents that appear from then on. */
export function createContentController(options: ContentControllerOptions): Controller {
  const { context, contents, classes, driver } = options;
  const { clock } = context.doors;
  const cases = createCaseBook();
  const answers = createPendingAnswers<DriverAnswer>();
  let startedAtMs: number | undefined;

  const conclude = (
    state: ContentState,
    { answer, record }: { readonly answer: DriverAnswer; readonly record: CreateRecord },
  ): ContentAnswer => {
    const uid = state.content.metadata?.uid ?? '';
    const now = contents.store.get(keyOf(state.content));
    const alive = now?.metadata?.uid === uid;
    if (alive) {
      cases.write(uid, record);
      answers.keep(uid, answer);
    }
    return { kind: 'driver', answer, record, content: alive ? now : state.content, now: clock.now() };
  };
  const tools = {
    client: context.client,
    absorb: options.absorb,
    csi: driver.client,
    clock,
    cases,
    leaseIsFresh: () => context.leaseIsFresh(),
    conclude,
    gaveUp: options.gaveUp,
  };
  const gatherer = { contents: contents.store, classes: classes.store, rules: options.rules, clock, driver, cases, answers };
  const controller = createController<ContentState, ContentEffect, ContentAnswer>({
    ...laneOf(context, options),
    name: 'csi-snapshotter-content',
    reconciler: {
      gather: (key) => gather(gatherer, key),
      decide: (state) => {
        const step = decide(state);
        if (isRest(step)) answers.settle(state.content.metadata?.uid ?? '');
        return step;
      },
      execute: (step, state, signal) => execute(tools, step, { state, signal }),
      absorb,
    },
  });

  contents.onEvent(({ key, old, object }) => {
    const appeared = object !== undefined && old?.metadata?.uid !== object.metadata?.uid;
    if (appeared && wasMadeAfterStart(object)) cases.born(object.metadata?.uid ?? '');
    if (old !== undefined && old.metadata?.uid !== object?.metadata?.uid) {
      cases.forget(old.metadata?.uid ?? '');
      answers.settle(old.metadata?.uid ?? '');
    }
    controller.enqueue(key);
  });
  classes.onEvent(({ key, changed, object }) => {
    if (!changed && object !== undefined) return;
    for (const content of contents.store.byIndex(CLASS_INDEX.name, key)) controller.enqueue(keyOf(content));
  });

  /** An event may be late: an object from before our start may have had another leader's call. */
  function wasMadeAfterStart({ metadata }: VolumeSnapshotContent): boolean {
    const madeMs = parseTime(metadata?.creationTimestamp);
    return startedAtMs !== undefined && madeMs !== undefined && madeMs > startedAtMs;
  }

  return {
    ...controller,
    start: (signal) => {
      startedAtMs = clock.now();
      controller.start(signal);
    },
  };
}
