/** The clusters of snapshotter-worlds.ts with a group of two claims beside, and what snapshot-controller does with them. */
import fc from 'fast-check';
import { PERSISTENT_VOLUMES, PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS, VOLUME_SNAPSHOT_CONTENTS } from '../../../lib/kube/resources.ts';
import { decide as decideBinding } from '../../../snapshotter/binding/decide.ts';
import { absorb } from '../../../snapshotter/binding/execute.ts';
import { gather as gatherBinding } from '../../../snapshotter/binding/gather.ts';
import { groupRelations } from '../../../snapshotter/binding/group-relations.ts';
import { singleRelations } from '../../../snapshotter/binding/single-relations.ts';
import { decide as decideClaim } from '../../../snapshotter/claim-protection/decide.ts';
import { gather as gatherClaim } from '../../../snapshotter/claim-protection/gather.ts';
import { decide as decideContent } from '../../../snapshotter/content-protection/decide.ts';
import { gather as gatherContent } from '../../../snapshotter/content-protection/gather.ts';
import { declareInformers } from '../../../snapshotter/controller-role.ts';
import { CAUSE } from '../../../snapshotter/failure-note.ts';
import { SINGLE } from '../../../snapshotter/kinds/single-kind.ts';
import { decide as decideMember } from '../../../snapshotter/members/decide.ts';
import { gather as gatherMember } from '../../../snapshotter/members/gather.ts';
import {
  GROUP_BEING_CREATED,
  GROUP_BEING_DELETED,
  GROUP_BOUND_PROTECTION,
  GROUP_DELETION_SECRET_NAME,
  GROUP_DELETION_SECRET_NAMESPACE,
  GROUP_SECRET,
  IS_DEFAULT_GROUP_CLASS,
  MANAGED_BY_LABEL,
} from '../../../snapshotter/names.ts';
import { groupOfContent, type SnapshotInformers } from '../../../snapshotter/snapshot-informers.ts';
import {
  GROUP,
  GROUP_CONTENT,
  MADE,
  MEMBER,
  MEMBER_KEY,
  RESOURCES,
  aGroup,
  aMemberContent,
  aMemberSnapshot,
  aProtected,
  theContent,
} from '../../../snapshotter/testing/groups.ts';
import { aClass, DRIVER, noted, READY_STATUS } from '../../../snapshotter/testing/objects.ts';
import { type FixedInformers, fixedInformers, type Keeping, type Objects } from './fixed-informers.ts';
import { clock, objectsOf, singleSteps, worlds as snapshotterWorlds } from './snapshotter-worlds.ts';

export type ControllerWorld = typeof worlds extends fc.Arbitrary<infer T> ? T : never;

const GOING = { deletionTimestamp: '2026-01-01T00:01:00Z' };

const groups = fc.record({
  namesClass: fc.boolean(),
  isDeleted: fc.boolean(),
  isNoted: fc.boolean(),
  ready: fc.constantFrom(undefined, false, true),
  class: fc.record({
    driver: fc.constantFrom(DRIVER, DRIVER, 'other'),
    deletionPolicy: fc.constantFrom('Delete', 'Retain'),
    parameters: fc.constantFrom({}, { [GROUP_SECRET.name]: 's', [GROUP_SECRET.namespace]: 'vault' }),
    isDefault: fc.constantFrom(undefined, 'true', 'false'),
  }),
  content: fc.constantFrom('none', 'asked', 'failing', 'made'),
  annotations: fc.constantFrom(
    {},
    { [GROUP_BEING_CREATED]: 'yes' },
    { [GROUP_BEING_DELETED]: 'yes' },
    { [GROUP_DELETION_SECRET_NAME]: 'key', [GROUP_DELETION_SECRET_NAMESPACE]: 'vault' },
  ),
  isLabelled: fc.boolean(),
  policy: fc.constantFrom('Delete', 'Retain'),
  member: fc.constantFrom('none', 'posted', 'made'),
});

export const worlds = fc.record({ single: snapshotterWorlds, group: groups });

function groupObjectsOf(world: ControllerWorld['group']): Objects {
  const { isDefault, ...itsClass } = world.class;
  const copied = world.content === 'failing' ? { error: { message: 'no luck' } } : {};
  const group = aGroup({
    metadata: {
      finalizers: [GROUP_BOUND_PROTECTION],
      ...(world.isDeleted ? GOING : {}),
      ...(world.isNoted ? { annotations: noted(CAUSE.missing) } : {}),
    },
    ...(world.ready === undefined
      ? {}
      : { status: { readyToUse: world.ready, boundVolumeGroupSnapshotContentName: GROUP_CONTENT, ...copied } }),
  });
  if (!world.namesClass) delete group.spec?.volumeGroupSnapshotClassName;
  const content = theContent({
    metadata: {
      annotations: { ...world.annotations, ...(world.content === 'failing' ? noted(CAUSE.invalid) : {}) },
      ...(world.isLabelled ? { labels: { [MANAGED_BY_LABEL]: 'n1' } } : {}),
    },
    spec: { deletionPolicy: world.policy },
    ...(world.content === 'made' ? { status: MADE } : {}),
    ...(world.content === 'failing' ? { status: { readyToUse: false, error: { message: 'no luck' } } } : {}),
  });
  const sources = [aProtected('one'), aProtected('two')];
  return {
    [RESOURCES.snapshots.plural]: [group],
    [RESOURCES.contents.plural]: world.content === 'none' ? [] : [content],
    [RESOURCES.classes.plural]: [
      aClass({
        ...itsClass,
        metadata: { name: 'groups', ...(isDefault === undefined ? {} : { annotations: { [IS_DEFAULT_GROUP_CLASS]: isDefault } }) },
      }),
    ],
    [PERSISTENT_VOLUME_CLAIMS.plural]: sources.flatMap(({ claim }) => claim ?? []),
    [PERSISTENT_VOLUMES.plural]: sources.flatMap(({ volume }) => volume ?? []),
    [VOLUME_SNAPSHOTS.plural]: world.member === 'none' ? [] : [aMemberSnapshot()],
    [VOLUME_SNAPSHOT_CONTENTS.plural]: world.member === 'made' ? [aMemberContent({ status: READY_STATUS })] : [],
  };
}

export function controllerSteps(
  { single, group }: ControllerWorld,
  keeping: Keeping,
): { readonly steps: unknown; readonly informers: FixedInformers } {
  const singles = objectsOf(single);
  const more = groupObjectsOf(group);
  const plurals = new Set([...Object.keys(singles), ...Object.keys(more)]);
  const objects = Object.fromEntries([...plurals].map((plural) => [plural, [...(singles[plural] ?? []), ...(more[plural] ?? [])]]));
  const informers = fixedInformers(objects, keeping);
  const caches = declareInformers({ informers }, { distributed: true, groupResources: RESOURCES });
  return { steps: { single: singleSteps(caches), group: groupSteps(caches) }, informers };
}

function groupSteps({ snapshots, contents, classes, claims, volumes, nodes, groups: of }: SnapshotInformers): unknown {
  if (of === undefined) throw new Error('groups are served here');
  const groupStores = { groups: of.snapshots.store, groupContents: of.contents.store, groupsGone: new Set<string>() };
  const stores = {
    snapshots: snapshots.store,
    contents: contents.store,
    claims: claims.store,
    volumes: volumes.store,
    groups: groupStores,
  };
  const shared = {
    groupKind: RESOURCES.snapshots,
    settings: { preventVolumeModeConversion: true, distributedSnapshotting: true },
    clock,
    refusals: new Map(),
    contentWent: new Set<string>(),
  };
  const binding = gatherBinding(
    {
      ...shared,
      kind: GROUP,
      relations: groupRelations(stores),
      stores: { snapshots: of.snapshots.store, contents: of.contents.store, classes: of.classes.store, nodes: nodes?.store },
    },
    'default/group',
  );
  const ofMember = gatherBinding(
    {
      ...shared,
      kind: SINGLE,
      relations: singleRelations(stores),
      stores: { snapshots: snapshots.store, contents: contents.store, classes: classes.store, nodes: nodes?.store },
    },
    MEMBER_KEY,
  );
  const content = gatherContent(
    { kind: GROUP, contents: of.contents.store, snapshots: of.snapshots.store, groupOf: () => 'none', alone: new Set() },
    GROUP_CONTENT,
  );
  const contentOfMember = gatherContent(
    {
      kind: SINGLE,
      contents: contents.store,
      snapshots: snapshots.store,
      groupOf: (one) => groupOfContent(one, of.contents.store),
      alone: new Set(),
    },
    MEMBER.content,
  );
  const member = gatherMember({ ...stores, groupKind: RESOURCES.snapshots, keepsVolumeMode: true }, MEMBER_KEY);
  const claim = gatherClaim(stores, 'default/one');
  return {
    binding: binding === undefined ? undefined : untilThePost(binding),
    ofMember: ofMember === undefined ? undefined : decideBinding(ofMember),
    content: content === undefined ? undefined : decideContent(content),
    contentOfMember: contentOfMember === undefined ? undefined : decideContent(contentOfMember),
    member: member === undefined ? undefined : decideMember(member),
    claim: claim === undefined ? undefined : decideClaim(claim),
  };
}

type GroupState = NonNullable<ReturnType<typeof gatherBinding<ReturnType<typeof aGroup>, ReturnType<typeof theContent>>>>;

/** Live reads find what the caches have. */
function untilThePost(state: GroupState): readonly unknown[] {
  const step = decideBinding(state);
  if (step.kind === 'create-content' && step.action === 'see-snapshot')
    return [step, ...untilThePost(absorb(state, step, { kind: 'snapshot', object: state.snapshot }))];
  if (step.kind === 'confirm' && step.needed === 'selection')
    return [step, ...untilThePost(absorb(state, step, { kind: 'selection', sources: state.sources }))];
  return [step];
}
