/**
 * A VolumeSnapshot that belongs to a group, or says so. Its group makes it (members/) and deletes it. What only says so is
 * a snapshot like any other, unless the group that it names is gone: then it goes too.
 */
import { keyOf } from '../../lib/controller/store.ts';
import { warning } from '../../lib/sidecar/event-notes.ts';
import { testAbsent, testUid } from '../../lib/sidecar/finalizers.ts';
import { isDeleting } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { refersTo } from '../kinds/accessors.ts';
import type { ContentObject, SnapshotObject } from '../kinds/kind.ts';
import { ownersOf } from '../membership.ts';
import { groupContentNameOf } from '../names.ts';
import { confirm } from './failure.ts';
import type { BindingEffect, BindingNext, BindingState } from './state.ts';

/** Undefined where the snapshot's own loop goes on. */
export function decideMember<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> | undefined {
  const { kind, snapshot, content, membership } = state;
  if (membership === undefined) return undefined;
  const { proof, group, name, uid } = membership;
  if (proof === 'unseen') {
    const read = confirm(state, 'group-content', groupContentNameOf(uid ?? ''));
    if (read !== undefined) return read;
  }
  const deleting = isDeleting(snapshot);
  if (proof !== 'yes') {
    if (deleting) return undefined;
    const read = group === 'unseen' ? confirm(state, 'group', name) : undefined;
    return read ?? (group === 'gone' ? { kind: 'done', reason: 'its group is gone: it goes too' } : undefined);
  }
  if (!deleting) {
    if (group === 'unserved') return { kind: 'done', reason: 'belongs to a group snapshot, and groups are not served' };
    if (kind.boundNameOf(snapshot) !== undefined || kind.sourceOf(snapshot).kind === 'content') return undefined;
    const isMade = content !== undefined && refersTo(kind, content, snapshot) && kind.hasHandle(content);
    return isMade ? undefined : { kind: 'done', reason: 'its group makes it' };
  }
  switch (group) {
    case 'unseen':
      return confirm(state, 'group', name);
    case 'gone':
      return undefined;
    case 'going':
      return { kind: 'done', reason: 'waits for its group to go' };
    case 'there':
    case 'unserved': {
      const groupKey = `${snapshot.metadata?.namespace ?? ''}/${name}`;
      const message =
        `deletion of the individual volume snapshot ${keyOf(snapshot)} is not allowed as it belongs to group snapshot ${groupKey}. ` +
        'Deleting the group snapshot will trigger the deletion of all the individual volume snapshots that are part of the group.' +
        (group === 'there' ? '' : ' Group snapshots are not served now: switch them on, or install their kinds');
      const events = [warning(kind.snapshots, snapshot, { reason: kind.reasons.deletePending, message })];
      if (group === 'unserved') return { kind: 'done', reason: 'belongs to a group snapshot', events };
      const inputs = inputsOf(snapshot.metadata?.uid, groupKey);
      return { kind: 'retry', backoff: 'release-snapshot', inputs, reason: 'belongs to a group snapshot', events };
    }
    default:
      return group satisfies never;
  }
}

/** A group owns what an administrator brought for it, too. The garbage collector acts on it: the group is read live before. */
export function takeOwner<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingEffect<C> | undefined {
  const { snapshot, membership, groupKind } = state;
  if (groupKind === undefined || membership === undefined || membership.proof !== 'yes' || membership.group !== 'there') return undefined;
  if (ownersOf(snapshot).length > 0) return undefined;
  const read = confirm(state, 'group', membership.name);
  if (read !== undefined || membership.uid === undefined) return read;
  const { group, version, kind } = groupKind;
  const owner = { apiVersion: `${group}/${version}`, kind, name: membership.name, uid: membership.uid };
  const owners = snapshot.metadata?.ownerReferences ?? [];
  const path = '/metadata/ownerReferences';
  const operations =
    owners.length > 0
      ? [{ op: 'add' as const, path: `${path}/-`, value: owner }]
      : [...testAbsent(snapshot.metadata?.ownerReferences, path), { op: 'add' as const, path, value: [owner] }];
  return {
    kind: 'add-owner',
    backoff: 'add-owner',
    inputs: inputsOf(snapshot.metadata?.uid, owner),
    patch: { type: 'json', operations: [testUid(snapshot), ...operations] },
  };
}
