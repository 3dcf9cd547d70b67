/** Generated clusters around one VolumeSnapshot, and what snapshot-controller does with them. */
import fc from 'fast-check';
import {
  NODES,
  PERSISTENT_VOLUMES,
  PERSISTENT_VOLUME_CLAIMS,
  VOLUME_SNAPSHOTS,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
} from '../../../lib/kube/resources.ts';
import { decide as decideBinding } from '../../../snapshotter/binding/decide.ts';
import { absorb as absorbBinding } from '../../../snapshotter/binding/execute.ts';
import { gather as gatherBinding } from '../../../snapshotter/binding/gather.ts';
import { singleRelations } from '../../../snapshotter/binding/single-relations.ts';
import type { BindingNext, BindingState } from '../../../snapshotter/binding/state.ts';
import { decide as decideClaim } from '../../../snapshotter/claim-protection/decide.ts';
import { gather as gatherClaim } from '../../../snapshotter/claim-protection/gather.ts';
import { decide as decideContent } from '../../../snapshotter/content-protection/decide.ts';
import { gather as gatherContent } from '../../../snapshotter/content-protection/gather.ts';
import type { SnapshotInformers } from '../../../snapshotter/snapshot-informers.ts';
import { SINGLE } from '../../../snapshotter/kinds/single-kind.ts';
import {
  AS_SOURCE_PROTECTION,
  BEING_CREATED,
  BEING_DELETED,
  BOUND_PROTECTION,
  CLAIM_PROTECTION,
  CREATION_UNCERTAIN,
  GROUP_HANDLE,
  IS_DEFAULT_CLASS,
  SNAPSHOTTER_SECRET,
} from '../../../snapshotter/names.ts';
import { CAUSE } from '../../../snapshotter/failure-note.ts';
import {
  aClaim,
  aClass,
  aContent,
  aSnapshot,
  aVolume,
  CONTENT_NAME,
  DRIVER,
  EPOCH_MS,
  noted,
} from '../../../snapshotter/testing/objects.ts';
import type { Objects } from './fixed-informers.ts';

export type SnapshotterWorld = typeof worlds extends fc.Arbitrary<infer T> ? T : never;
const RELEASED = { deletionTimestamp: '2026-01-01T00:01:00Z' };
const SECRETS = { [SNAPSHOTTER_SECRET.name]: 's', [SNAPSHOTTER_SECRET.namespace]: 'vault' };

/** Each a record of choices: what of them matters is for the programs to say. */
export const worlds = fc.record({
  namesClass: fc.boolean(),
  isDeleted: fc.boolean(),
  hasContent: fc.boolean(),
  ready: fc.constantFrom(undefined, false, true),
  /** Told on content and snapshot. */
  fails: fc.boolean(),
  isNoted: fc.boolean(),
  class: fc.record({
    driver: fc.constantFrom(DRIVER, DRIVER, 'other'),
    deletionPolicy: fc.constantFrom('Delete', 'Retain'),
    parameters: fc.constantFrom({}, { kind: 'full' }, SECRETS),
    isDefault: fc.constantFrom(undefined, 'true', 'false'),
  }),
  volume: fc.record({
    driver: fc.constantFrom(DRIVER, DRIVER, undefined),
    handle: fc.constantFrom('vol-1', 'vol-2'),
    claimUid: fc.constantFrom('claim-uid', 'another'),
    mode: fc.constantFrom('Filesystem', 'Block'),
    zone: fc.constantFrom(undefined, 'a', 'b'),
  }),
  content: fc.record({
    isDeleted: fc.boolean(),
    handle: fc.constantFrom(undefined, 'snap-1'),
    isNoted: fc.boolean(),
    mark: fc.constantFrom(undefined, BEING_CREATED, BEING_DELETED, CREATION_UNCERTAIN, GROUP_HANDLE),
    policy: fc.constantFrom('Delete', 'Retain'),
  }),
});

export function objectsOf(world: SnapshotterWorld): Objects {
  const { content, volume } = world;
  const finalizers = [AS_SOURCE_PROTECTION, BOUND_PROTECTION];
  const metadata = { finalizers, ...(world.isDeleted ? RELEASED : {}), ...(world.isNoted ? { annotations: noted(CAUSE.missing) } : {}) };
  const error = world.fails ? { error: { message: 'no luck' } } : {};
  const source = { persistentVolumeClaimName: 'data' };
  const term = { matchExpressions: [{ key: 'zone', operator: 'In', values: [volume.zone ?? ''] }] };
  return {
    [VOLUME_SNAPSHOTS.plural]: [
      aSnapshot({
        metadata,
        spec: { source, ...(world.namesClass ? { volumeSnapshotClassName: 'snap' } : {}) },
        ...(world.ready === undefined
          ? {}
          : { status: { readyToUse: world.ready, boundVolumeSnapshotContentName: CONTENT_NAME, ...error } }),
      }),
    ],
    [VOLUME_SNAPSHOT_CONTENTS.plural]: world.hasContent
      ? [
          aContent({
            metadata: {
              ...(content.isDeleted ? RELEASED : {}),
              annotations: {
                ...(content.mark === undefined ? {} : { [content.mark]: 'yes' }),
                ...(content.isNoted ? noted(CAUSE.missing) : {}),
              },
            },
            spec: { deletionPolicy: content.policy },
            ...(content.handle === undefined
              ? {}
              : { status: { snapshotHandle: content.handle, readyToUse: world.ready === true, ...error } }),
          }),
        ]
      : [],
    [VOLUME_SNAPSHOT_CLASSES.plural]: [
      aClass({
        ...world.class,
        metadata: {
          name: 'snap',
          uid: 'class-uid',
          ...(world.class.isDefault === undefined ? {} : { annotations: { [IS_DEFAULT_CLASS]: world.class.isDefault } }),
        },
      }),
    ],
    [PERSISTENT_VOLUME_CLAIMS.plural]: [aClaim({ metadata: { finalizers: [CLAIM_PROTECTION] } })],
    [PERSISTENT_VOLUMES.plural]: [
      aVolume({
        claimRef: { name: 'data', namespace: 'default', uid: volume.claimUid },
        ...(volume.driver === undefined ? { csi: undefined } : { csi: { driver: volume.driver, volumeHandle: volume.handle } }),
        volumeMode: volume.mode,
        ...(volume.zone === undefined ? {} : { nodeAffinity: { required: { nodeSelectorTerms: [term] } } }),
      } as Parameters<typeof aVolume>[0]),
    ],
    [NODES.plural]: [{ metadata: { name: 'n1', uid: 'n1', labels: { zone: 'a' } } }],
  };
}

export const clock = { now: () => EPOCH_MS, monotonic: () => 0, setTimer: () => () => {} };

/** Every step that the controllers of snapshot-controller take for the single snapshot, up to the write of the content. */
export function singleSteps({ snapshots, contents, classes, claims, volumes, nodes }: SnapshotInformers): unknown {
  const stores = {
    snapshots: snapshots.store,
    contents: contents.store,
    classes: classes.store,
    claims: claims.store,
    volumes: volumes.store,
    nodes: nodes?.store,
  };
  const settings = { preventVolumeModeConversion: true, distributedSnapshotting: true };
  const binding = gatherBinding(
    {
      kind: SINGLE,
      groupKind: undefined,
      relations: singleRelations({ ...stores, groups: undefined }),
      stores,
      settings,
      clock,
      refusals: new Map(),
      contentWent: new Set(),
    },
    'default/nightly',
  );
  const claim = gatherClaim({ ...stores, groups: undefined }, 'default/data');
  const content = gatherContent({ ...stores, kind: SINGLE, groupOf: () => 'none', alone: new Set() }, CONTENT_NAME);
  return {
    binding: binding === undefined ? undefined : untilTheContent(binding),
    claim: claim === undefined ? undefined : decideClaim(claim),
    content: content === undefined ? undefined : decideContent(content),
  };
}

/** A live read finds the snapshot as the cache has it. */
function untilTheContent(state: BindingState): readonly BindingNext[] {
  const first = decideBinding(state);
  if (first.kind !== 'create-content' || first.action !== 'see-snapshot') return [first];
  return [first, decideBinding(absorbBinding(state, first, { kind: 'snapshot', object: state.snapshot }))];
}
