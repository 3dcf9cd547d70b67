/** Generated clusters around one VolumeSnapshot, and what snapshot-controller and csi-snapshotter do with them. */
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
import { decide as decideSidecar } from '../../../snapshotter/content/decide.ts';
import { absorb as absorbSidecar } from '../../../snapshotter/content/execute.ts';
import { gather as gatherSidecar } from '../../../snapshotter/content/gather.ts';
import type { ContentNext, ContentState } from '../../../snapshotter/content/state.ts';
import { decide as decideContent } from '../../../snapshotter/content-protection/decide.ts';
import { gather as gatherContent } from '../../../snapshotter/content-protection/gather.ts';
import { declareInformers as declareForController } from '../../../snapshotter/controller-role.ts';
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
import { declareInformers as declareForSidecar } from '../../../snapshotter/sidecar-role.ts';
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
import type { FixedInformers, Keeping, Objects } from './fixed-informers.ts';
import { fixedInformers } from './fixed-informers.ts';

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

function objectsOf(world: SnapshotterWorld): Objects {
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

const clock = { now: () => EPOCH_MS, monotonic: () => 0, setTimer: () => () => {} };

/** Every step that the three controllers of snapshot-controller take, up to the write of the content. */
export function controllerSteps(
  world: SnapshotterWorld,
  keeping: Keeping,
): { readonly steps: unknown; readonly informers: FixedInformers } {
  const informers = fixedInformers(objectsOf(world), keeping);
  const caches = declareForController({ informers }, { distributed: true, groupResources: undefined });
  const { snapshots, contents, classes, claims, volumes, nodes } = caches;
  const stores = {
    snapshots: snapshots.store,
    contents: contents.store,
    classes: classes.store,
    claims: claims.store,
    volumes: volumes.store,
    nodes: nodes?.store,
  };
  const rules = { preventVolumeModeConversion: true, distributedSnapshotting: true };
  const binding = gatherBinding(
    {
      kind: SINGLE,
      groupKind: undefined,
      relations: singleRelations({ ...stores, groups: undefined }),
      stores,
      rules,
      clock,
      refusals: new Map(),
      contentWent: new Set(),
    },
    'default/nightly',
  );
  const claim = gatherClaim({ ...stores, groups: undefined }, 'default/data');
  const content = gatherContent({ ...stores, kind: SINGLE, groupOf: () => 'none', alone: new Set() }, CONTENT_NAME);
  const steps = {
    binding: binding === undefined ? undefined : untilTheContent(binding),
    claim: claim === undefined ? undefined : decideClaim(claim),
    content: content === undefined ? undefined : decideContent(content),
  };
  return { steps, informers };
}

/** A live read finds the snapshot as the cache has it. */
function untilTheContent(state: BindingState): readonly BindingNext[] {
  const first = decideBinding(state);
  if (first.kind !== 'create-content' || first.action !== 'see-snapshot') return [first];
  return [first, decideBinding(absorbBinding(state, first, { kind: 'snapshot', object: state.snapshot }))];
}

/** Every step of csi-snapshotter, up to the driver's call. */
export function sidecarSteps(world: SnapshotterWorld, keeping: Keeping): { readonly steps: unknown; readonly informers: FixedInformers } {
  const informers = fixedInformers(objectsOf(world), keeping);
  const { contents, classes } = declareForSidecar({ informers }, undefined);
  const none = new Set<string>();
  const identity = { name: DRIVER, vendorVersion: '1', plugin: none, controller: new Set(['LIST_SNAPSHOTS']), groupController: none };
  const rules = {
    driverName: DRIVER,
    snapshotNamePrefix: 'snapshot',
    snapshotNameUuidLength: -1,
    extraCreateMetadata: true,
    readyPollMinMs: 1_000,
    readyPollMaxMs: 10_000,
  };
  const driver = { identity: () => identity };
  const state = gatherSidecar({ contents: contents.store, classes: classes.store, rules, clock, driver, memory: new Map() }, CONTENT_NAME);
  return { steps: state === undefined ? undefined : untilTheCall(state), informers };
}

/** A secret is there, and the mark is set as it is asked for. */
function untilTheCall(state: ContentState): readonly ContentNext[] {
  const first = decideSidecar(state);
  const marked = {
    ...state,
    content: { ...state.content, metadata: { ...state.content.metadata, annotations: { [BEING_CREATED]: 'yes' } } },
  };
  if (!('action' in first) || first.action === 'call') return [first];
  const next =
    first.action === 'mark'
      ? marked
      : absorbSidecar(state, first, { kind: 'secret', secret: { of: { name: 'key', namespace: 'vault' }, reveal: () => ({}) } });
  return [first, decideSidecar(next)];
}
