/** The controller keyed by PersistentVolumeClaim. Claims that are no source of a snapshot cost a look at an index, no more. */
import { type Controller, createController } from '../../lib/controller/controller.ts';
import { sharedOptions, type ControllerPace } from '../../lib/controller/shared-options.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import type { EventNote, Reconciler } from '../../lib/controller/step.ts';
import type { PersistentVolumeClaim, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { CLAIM_INDEX, type SnapshotInformers } from '../snapshot-informers.ts';
import { snapshotKeyOf } from '../content-accessors.ts';
import { CLAIM_PROTECTION, REASON } from '../names.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { failureText } from '../../lib/sidecar/refusal.ts';
import { snapshotWarning } from '../regarding.ts';
import { decide } from './decide.ts';
import { absorb, execute, type ProtectionExecuteDeps } from './execute.ts';
import { gather, type ProtectionGatherDeps, SOURCE_INDEX, VOLUME_INDEX } from './gather.ts';
import type { ProtectionEffect, ProtectionState } from './state.ts';

export function reconciler(
  deps: ProtectionGatherDeps & ProtectionExecuteDeps,
): Reconciler<ProtectionState, ProtectionEffect, PersistentVolumeClaim> {
  return {
    gather: (key) => gather(deps, key),
    decide,
    execute: (step, _, signal) => execute(deps, step, signal),
    absorb,
    failed: (_, { error, state }) => failureEvents(error, state),
  };
}

function failureEvents(error: unknown, { snapshots }: ProtectionState): readonly EventNote[] {
  const why = failureText(error);
  if (why === undefined) return [];
  const message = `Error check and remove PVC Finalizer for VolumeSnapshot: ${why}`;
  return snapshots.map(({ snapshot }) => snapshotWarning(snapshot, REASON.claimFinalizer, message));
}

export interface ProtectionOptions extends ControllerPace {
  readonly context: RoleContext;
  readonly informers: SnapshotInformers;
  readonly applyWrite: ApplyWrite;
}

export function createClaimProtectionController(options: ProtectionOptions): Controller {
  const { context, informers, applyWrite } = options;
  const { claims, volumes, snapshots, contents } = informers;
  const controller = createController({
    ...sharedOptions(context, options),
    name: 'snapshot-controller-claim',
    reconciler: reconciler({
      claims: claims.store,
      volumes: volumes.store,
      snapshots: snapshots.store,
      contents: contents.store,
      client: context.client,
      applyWrite,
    }),
  });

  claims.onEvent(({ key, object }) => {
    const concerned =
      object?.metadata?.finalizers?.includes(CLAIM_PROTECTION) === true || snapshots.store.byIndex(CLAIM_INDEX.name, key).length > 0;
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
