/** The controller of groups' members, keyed by VolumeSnapshot: those of a group are made and deleted side by side. */
import { type Controller, createController } from '../../lib/controller/controller.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import { sharedOptions, type ControllerPace } from '../../lib/controller/shared-options.ts';
import type { EventNote, Reconciler } from '../../lib/controller/step.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { GroupSnapshotResources } from '../../lib/kube/resources.ts';
import { warning } from '../../lib/sidecar/event-notes.ts';
import { failureText } from '../../lib/sidecar/refusal.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { snapshotKeyOf } from '../content-accessors.ts';
import { isGroupContent } from '../group-fields.ts';
import { GROUP_INDEX, type GroupStores, memberKeysOf } from '../membership.ts';
import { groupContentNameOf, REASON } from '../names.ts';
import { isNoNews, type SnapshotInformers } from '../snapshot-informers.ts';
import { decide } from './decide.ts';
import { absorb, execute, type MemberExecuteDeps } from './execute.ts';
import { gather, type MemberGatherDeps } from './gather.ts';
import type { MemberAnswer, MemberEffect, MemberState } from './state.ts';

export function reconciler(deps: MemberGatherDeps & MemberExecuteDeps): Reconciler<MemberState, MemberEffect, MemberAnswer> {
  return {
    gather: (key) => gather(deps, key),
    decide,
    execute: (step, state, signal) => execute(deps, step, { state, signal }),
    absorb,
    failed: (_, { error, state, step }) => failureEvents(deps, { error, state, step }),
  };
}

function failureEvents(
  { groupResources }: Pick<MemberExecuteDeps, 'groupResources'>,
  { error, state, step }: { readonly error: unknown; readonly state: MemberState; readonly step: MemberEffect },
): readonly EventNote[] {
  const why = failureText(error);
  const { group, key } = state;
  if (why === undefined || group === undefined) return [];
  const told =
    step.kind === 'delete-snapshot'
      ? {
          reason: REASON.memberDelete,
          message: `failed to delete snapshot API object ${key} part of group snapshot ${keyOf(group)}: ${why}`,
        }
      : { reason: REASON.groupContentCreation, message: `failed to create group snapshot content with error member ${key}: ${why}` };
  return [warning(groupResources.snapshots, group, told)];
}

export interface MemberOptions extends ControllerPace {
  readonly context: RoleContext;
  readonly informers: SnapshotInformers & { readonly groups: NonNullable<SnapshotInformers['groups']> };
  readonly groups: GroupStores;
  readonly groupResources: GroupSnapshotResources;
  readonly applyWrite: ApplyWrite;
  readonly keepsVolumeMode: boolean;
}

export function createMemberController(options: MemberOptions): Controller {
  const { context, informers, groupResources } = options;
  const { snapshots, contents, volumes, groups } = informers;
  const controller = createController({
    ...sharedOptions(context, options),
    name: 'snapshot-controller-group-member',
    reconciler: reconciler({
      snapshots: snapshots.store,
      contents: contents.store,
      volumes: volumes.store,
      groups: options.groups,
      groupKind: groupResources.snapshots,
      keepsVolumeMode: options.keepsVolumeMode,
      client: context.client,
      applyWrite: options.applyWrite,
      groupResources,
    }),
  });
  const wake = (keys: readonly string[]): void => {
    for (const key of keys) controller.enqueue(key);
  };

  snapshots.onEvent(({ key, old, object }) => {
    const belongs = [old, object].some((snapshot) => snapshot !== undefined && GROUP_INDEX.values(snapshot).length > 0);
    if (belongs) controller.enqueue(key);
  });
  contents.onEvent((event) => {
    if (isNoNews(event)) return;
    for (const content of [event.old, event.object])
      if (content !== undefined && isGroupContent(content)) wake([snapshotKeyOf(content) ?? '']);
  });
  groups.snapshots.onEvent((event) => {
    if (isNoNews(event)) return;
    wake(snapshots.store.byIndex(GROUP_INDEX.name, event.key).map(keyOf));
    for (const group of [event.old, event.object]) {
      const content = groups.contents.store.get(groupContentNameOf(group?.metadata?.uid ?? ''));
      if (content !== undefined) wake(memberKeysOf(content));
    }
  });
  groups.contents.onEvent((event) => {
    for (const content of [event.old, event.object]) {
      if (content === undefined) continue;
      wake(memberKeysOf(content));
      // Members of a pre-provisioned group have names of their own.
      const { namespace, name } = content.spec?.volumeGroupSnapshotRef ?? {};
      wake(snapshots.store.byIndex(GROUP_INDEX.name, `${namespace ?? ''}/${name ?? ''}`).map(keyOf));
    }
  });
  return controller;
}
