/** The controller keyed by PersistentVolumeClaim. Claims that are no source of a snapshot cost a look at an index, no more. */
import { createController } from '../../lib/controller/controller.ts';
import type { Controller } from '../../lib/controller/controller.ts';
import { laneOf } from '../../lib/controller/lane.ts';
import type { LanePace } from '../../lib/controller/lane.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import { isRest } from '../../lib/controller/step.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { CLAIM_INDEX } from '../binding/controller.ts';
import type { SnapshotInformers } from '../binding/controller.ts';
import { snapshotKeyOf } from '../content-facts.ts';
import { CLAIM_PROTECTION } from '../names.ts';
import { createPendingAnswers } from '../pending-answers.ts';
import type { Absorb } from '../refusal.ts';
import { decide } from './decide.ts';
import { absorb, execute } from './execute.ts';
import { SOURCE_INDEX, VOLUME_INDEX, gather } from './gather.ts';
import type { ProtectionAnswer, ProtectionEffect, ProtectionState } from './state.ts';

export interface ProtectionOptions extends LanePace {
  readonly context: RoleContext;
  readonly informers: SnapshotInformers;
  readonly absorb: Absorb;
}

export function createClaimProtectionController(options: ProtectionOptions): Controller {
  const { context, informers } = options;
  const { claims, volumes, snapshots, contents } = informers;
  const refusals = createPendingAnswers<string>();
  const gatherer = {
    claims: claims.store,
    volumes: volumes.store,
    snapshots: snapshots.store,
    contents: contents.store,
    claimIndex: CLAIM_INDEX.name,
    refusals,
  };
  const controller = createController<ProtectionState, ProtectionEffect, ProtectionAnswer>({
    ...laneOf(context, options),
    name: 'snapshot-controller-claim',
    reconciler: {
      gather: (key) => gather(gatherer, key),
      decide: (state) => {
        const step = decide(state);
        if (isRest(step)) refusals.settle(keyOf(state.claim));
        return step;
      },
      execute: (step, state, signal) => {
        const refused = (message: string): void => refusals.keep(keyOf(state.claim), message);
        return execute({ client: context.client, absorb: options.absorb, refused }, step, signal);
      },
      absorb,
    },
  });

  claims.onEvent(({ key, object }) => {
    const concerned =
      object?.metadata?.finalizers?.includes(CLAIM_PROTECTION) === true || snapshots.store.byIndex(CLAIM_INDEX.name, key).length > 0;
    if (object === undefined) refusals.settle(key);
    if (concerned || object === undefined) controller.enqueue(key);
  });
  snapshots.onEvent(({ old, object }) => {
    for (const snapshot of [old, object])
      for (const key of snapshot === undefined ? [] : CLAIM_INDEX.values(snapshot)) controller.enqueue(key);
  });
  contents.onEvent(({ old, object, changed }) => {
    if (!changed && object !== undefined) return;
    for (const content of [old, object]) for (const key of content === undefined ? [] : claimsOf(content)) controller.enqueue(key);
  });
  return controller;

  /** Through its snapshot while that lives, else through the volume. */
  function claimsOf(content: VolumeSnapshotContent): readonly string[] {
    const snapshot = snapshots.store.get(snapshotKeyOf(content) ?? '');
    const byVolume = SOURCE_INDEX.values(content).flatMap((value) => volumes.store.byIndex(VOLUME_INDEX.name, value));
    const owners = byVolume.flatMap(({ spec }) =>
      spec?.claimRef?.name === undefined ? [] : [`${spec.claimRef.namespace ?? ''}/${spec.claimRef.name}`],
    );
    return [...new Set([...(snapshot === undefined ? [] : CLAIM_INDEX.values(snapshot)), ...owners])];
  }
}
