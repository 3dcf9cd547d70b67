/** The controller keyed by PersistentVolumeClaim. Claims that are no source of a snapshot cost a look at an index, no more. */
import { type Controller, createController } from '../../lib/controller/controller.ts';
import { sharedOptions, type ControllerPace } from '../../lib/controller/shared-options.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import type { EventNote, Reconciler } from '../../lib/controller/step.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { PersistentVolumeClaim, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import {
  CLAIM_INDEX,
  isNoNews,
  PROTECTED_INDEX,
  type SnapshotInformers,
  SOURCE_INDEX,
  SOURCES_INDEX,
  VOLUME_INDEX,
} from '../snapshot-informers.ts';
import { snapshotKeyOf } from '../content-accessors.ts';
import { CLAIM_PROTECTION, REASON } from '../names.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { failureText } from '../../lib/sidecar/refusal.ts';
import { snapshotWarning } from '../regarding.ts';
import { decide } from './decide.ts';
import { absorb, execute, type ProtectionExecuteDeps } from './execute.ts';
import { gather, type ProtectionGatherDeps } from './gather.ts';
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
  const { claims, volumes, snapshots, contents, groups } = informers;
  const controller = createController({
    ...sharedOptions(context, options),
    name: 'snapshot-controller-claim',
    reconciler: reconciler({
      claims: claims.store,
      volumes: volumes.store,
      snapshots: snapshots.store,
      contents: contents.store,
      groups: groups === undefined ? undefined : { groups: groups.snapshots.store, groupContents: groups.contents.store },
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
  // A group whose need ends, or whose selection cannot be told from what is left of it, lets go of what it held.
  groups?.snapshots.onEvent((event) => {
    if (isNoNews(event)) return;
    const namespace = (event.object ?? event.old)?.metadata?.namespace ?? '';
    for (const claim of claims.store.byIndex(PROTECTED_INDEX.name, namespace)) controller.enqueue(keyOf(claim));
  });
  groups?.contents.onEvent((event) => {
    if (isNoNews(event)) return;
    for (const content of [event.old, event.object])
      for (const value of content === undefined ? [] : SOURCES_INDEX.values(content))
        for (const key of ownersOf(value)) controller.enqueue(key);
  });
  return controller;

  /** Through its snapshot while that lives, else through the volume. */
  function claimsOf(content: VolumeSnapshotContent): readonly string[] {
    const snapshot = snapshots.store.get(snapshotKeyOf(content) ?? '');
    const owners = SOURCE_INDEX.values(content).flatMap(ownersOf);
    return [...new Set([...(snapshot === undefined ? [] : CLAIM_INDEX.values(snapshot)), ...owners])];
  }

  /** The claims of a volume, by driver and handle. */
  function ownersOf(value: string): readonly string[] {
    return volumes.store.byIndex(VOLUME_INDEX.name, value).flatMap(({ spec }) => {
      const { namespace, name } = spec?.claimRef ?? {};
      return name === undefined ? [] : [`${namespace ?? ''}/${name}`];
    });
  }
}
