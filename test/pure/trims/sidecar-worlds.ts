/** The clusters of snapshotter-worlds.ts with a group content beside, and what csi-snapshotter does with them. */
import fc from 'fast-check';
import { groupSnapshotResources } from '../../../lib/kube/resources.ts';
import { decide } from '../../../snapshotter/content/decide.ts';
import { absorb } from '../../../snapshotter/content/execute.ts';
import { type ContentGatherDeps, gather } from '../../../snapshotter/content/gather.ts';
import type { Content } from '../../../snapshotter/content/kind.ts';
import { SINGLE_CONTENT } from '../../../snapshotter/content/single.ts';
import type { ContentNext, ContentState } from '../../../snapshotter/content/state.ts';
import {
  CREATION_UNCERTAIN,
  GROUP_BEING_CREATED,
  GROUP_BEING_DELETED,
  GROUP_DELETION_SECRET_NAME,
  GROUP_DELETION_SECRET_NAMESPACE,
} from '../../../snapshotter/names.ts';
import { declareInformers } from '../../../snapshotter/sidecar-role.ts';
import {
  aGivenGroupContent,
  aGroupClass,
  aGroupContent,
  GROUP_CONTENT,
  GROUP_CONTENT_NAME,
  READY_GROUP_STATUS,
} from '../../../snapshotter/testing/group-content.ts';
import { CONTENT_NAME, DRIVER, EPOCH_MS } from '../../../snapshotter/testing/objects.ts';
import { type FixedInformers, fixedInformers, type Keeping, type Objects } from './fixed-informers.ts';
import { objectsOf, worlds as snapshotterWorlds } from './snapshotter-worlds.ts';

export type SidecarWorld = typeof worlds extends fc.Arbitrary<infer T> ? T : never;

const groups = fc.record({
  isGiven: fc.boolean(),
  isDeleted: fc.boolean(),
  ready: fc.constantFrom(undefined, false, true),
  annotations: fc.constantFrom(
    {},
    { [GROUP_BEING_CREATED]: 'yes' },
    { [GROUP_BEING_DELETED]: 'yes' },
    { [CREATION_UNCERTAIN]: 'yes' },
    { [GROUP_DELETION_SECRET_NAME]: 'key', [GROUP_DELETION_SECRET_NAMESPACE]: 'vault' },
  ),
  policy: fc.constantFrom('Delete', 'Retain'),
  driver: fc.constantFrom(DRIVER, DRIVER, 'other'),
  parameters: fc.constantFrom({}, { kind: 'full' }),
});

export const worlds = fc.record({ single: snapshotterWorlds, group: groups });

const KINDS = groupSnapshotResources('v1');

function groupObjectsOf({ isGiven, isDeleted, ready, annotations, policy, driver, parameters }: SidecarWorld['group']): Objects {
  const content = (isGiven ? aGivenGroupContent : aGroupContent)({
    spec: { deletionPolicy: policy },
    metadata: { name: GROUP_CONTENT_NAME, annotations, ...(isDeleted ? { deletionTimestamp: '2026-01-01T00:01:00Z' } : {}) },
    ...(ready === undefined ? {} : { status: { ...READY_GROUP_STATUS, readyToUse: ready } }),
  });
  return {
    [KINDS.contents.plural]: [content],
    [KINDS.classes.plural]: [aGroupClass({ driver, parameters })],
  };
}

const clock = { now: () => EPOCH_MS, monotonic: () => 0, setTimer: () => () => {} };

/** Every step of csi-snapshotter, up to the driver's call. */
export function sidecarSteps(world: SidecarWorld, keeping: Keeping): { readonly steps: unknown; readonly informers: FixedInformers } {
  const informers = fixedInformers({ ...objectsOf(world.single), ...groupObjectsOf(world.group) }, keeping);
  const { contents, classes, groupContents, groupClasses } = declareInformers({ informers }, { nodeName: undefined, groupKinds: KINDS });
  const none = new Set<string>();
  const identity = { name: DRIVER, vendorVersion: '1', plugin: none, controller: new Set(['LIST_SNAPSHOTS']), groupController: none };
  const settings = {
    driverName: DRIVER,
    snapshotNamePrefix: 'snapshot',
    snapshotNameUuidLength: -1,
    extraCreateMetadata: true,
    readyPollMinMs: 1_000,
    readyPollMaxMs: 10_000,
  };
  const shared = { settings, clock, driver: { identity: () => identity }, memory: new Map() };
  if (groupContents === undefined || groupClasses === undefined) throw new Error('groups were asked for');
  const steps = [
    stepsOf({ ...shared, kind: SINGLE_CONTENT, contents: contents.store, classes: classes.store }, CONTENT_NAME),
    stepsOf({ ...shared, kind: GROUP_CONTENT, contents: groupContents.store, classes: groupClasses.store }, GROUP_CONTENT_NAME),
  ];
  return { steps, informers };
}

function stepsOf<C extends Content>(deps: ContentGatherDeps<C>, name: string): readonly ContentNext[] | undefined {
  const state = gather(deps, name);
  return state === undefined ? undefined : untilTheCall(state);
}

/** A secret is there, and the mark is set as it is asked for. */
function untilTheCall<C extends Content>(state: ContentState<C>): readonly ContentNext[] {
  const first = decide(state);
  const { content, kind } = state;
  const marked = { ...state, content: { ...content, metadata: { ...content.metadata, annotations: { [kind.beingCreated]: 'yes' } } } };
  if (!('action' in first) || first.action === 'call') return [first];
  const next =
    first.action === 'mark'
      ? marked
      : absorb(state, first, { kind: 'secret', secret: { of: { name: 'key', namespace: 'vault' }, reveal: () => ({}) } });
  return [first, decide(next)];
}
