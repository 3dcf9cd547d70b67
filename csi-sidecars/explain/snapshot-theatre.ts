/** The controllers of snapshot-controller and csi-snapshotter over the lists, put together as their roles do it, with the flags' defaults. */
import type { Informer, InformerSet } from '../../lib/controller/informer.ts';
import type { Reconciler } from '../../lib/controller/step.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { VolumeGroupSnapshot, VolumeGroupSnapshotContent, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { GroupSnapshotResources } from '../../lib/kube/resources.ts';
import { readFlags } from '../../lib/process/flags.ts';
import { reconciler as bindingReconciler } from '../../snapshotter/binding/controller.ts';
import { groupRelations } from '../../snapshotter/binding/group-relations.ts';
import { type Relations, sourceIn } from '../../snapshotter/binding/relations.ts';
import { singleRelations } from '../../snapshotter/binding/single-relations.ts';
import type { BindingAnswer, BindingEffect, BindingState } from '../../snapshotter/binding/state.ts';
import { decide as decideClaimProtection } from '../../snapshotter/claim-protection/decide.ts';
import { gather as gatherClaimProtection } from '../../snapshotter/claim-protection/gather.ts';
import { reconciler as contentReconciler } from '../../snapshotter/content/controller.ts';
import { groupContent } from '../../snapshotter/content/group.ts';
import type { Content, ContentClass, ContentKind } from '../../snapshotter/content/kind.ts';
import { SINGLE_CONTENT } from '../../snapshotter/content/single.ts';
import type { ContentEffect, ContentState } from '../../snapshotter/content/state.ts';
import { reconciler as contentProtectionReconciler } from '../../snapshotter/content-protection/controller.ts';
import type { ContentProtectionEffect, ContentProtectionState } from '../../snapshotter/content-protection/state.ts';
import { CONTROLLER_FLAGS, readControllerOptions } from '../../snapshotter/controller-options.ts';
import { declareInformers as declareControllerInformers } from '../../snapshotter/controller-role.ts';
import { groupKind } from '../../snapshotter/kinds/group-kind.ts';
import type { ContentObject, SnapshotKind, SnapshotObject } from '../../snapshotter/kinds/kind.ts';
import { SINGLE } from '../../snapshotter/kinds/single-kind.ts';
import type { GroupStores } from '../../snapshotter/membership.ts';
import { readSidecarOptions, SIDECAR_FLAGS } from '../../snapshotter/sidecar-options.ts';
import { declareInformers as declareSidecarInformers } from '../../snapshotter/sidecar-role.ts';
import { groupOfContent, type KindInformers, type SnapshotInformers } from '../../snapshotter/snapshot-informers.ts';
import { identityOf } from './capabilities.ts';
import { unused } from './looking-client.ts';
import { rehearse, type Rehearsed } from './rehearse.ts';

/** What is done with one kind of snapshots. */
export interface KindTheatre<S extends SnapshotObject, C extends ContentObject> {
  readonly kind: SnapshotKind<S, C>;
  binding(key: string): Promise<Rehearsed<BindingState<S, C>, BindingEffect<C>> | undefined>;
  contentProtection(name: string): Promise<Rehearsed<ContentProtectionState<S, C>, ContentProtectionEffect> | undefined>;
  /** By the csi-snapshotter of that driver. */
  content(driver: string, name: string): Promise<Rehearsed<ContentState<C & Content>, ContentEffect> | undefined>;
}

export interface SnapshotTheatre {
  readonly caches: SnapshotInformers;
  readonly singles: KindTheatre<VolumeSnapshot, VolumeSnapshotContent>;
  /** Undefined where the server has no group kinds. */
  readonly groups: KindTheatre<VolumeGroupSnapshot, VolumeGroupSnapshotContent> | undefined;
  /** Why snapshot-controller keeps its finalizer on a claim, or what it does with it. */
  claimProtection(key: string): { readonly kind: string; readonly reason?: string } | undefined;
}

export interface SnapshotTheatreInput {
  readonly informers: InformerSet;
  /** Undefined where the server has no group kinds. */
  readonly groupResources: GroupSnapshotResources | undefined;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

interface PartsOfKind<S extends SnapshotObject, C extends ContentObject & Content> {
  readonly relations: Relations<S, C>;
  readonly groupOf: (content: C) => ContentProtectionState['group'];
  readonly ofDriver: {
    readonly kind: ContentKind<C>;
    readonly contents: Informer<C>;
    readonly classes: Informer<ContentClass>;
    readonly namePrefix: string;
    readonly nameUuidLength: number;
  };
}

/** Declares what is read; the lists are to be filled before anything is asked. */
export function openSnapshotTheatre({ informers, groupResources, client, clock, signal }: SnapshotTheatreInput): SnapshotTheatre {
  const options = readControllerOptions(readFlags(CONTROLLER_FLAGS, []));
  const caches = declareControllerInformers({ informers }, { distributed: options.enableDistributedSnapshotting, groupResources });
  const sidecar = declareSidecarInformers({ informers }, { nodeName: undefined, groupKinds: groupResources });
  const stores = {
    snapshots: caches.snapshots.store,
    contents: caches.contents.store,
    claims: caches.claims.store,
    volumes: caches.volumes.store,
  };
  const groups: GroupStores | undefined =
    caches.groups === undefined
      ? undefined
      : { groups: caches.groups.snapshots.store, groupContents: caches.groups.contents.store, groupsGone: new Set<string>() };
  const applyWrite = (): undefined => undefined;
  const flags = readSidecarOptions(readFlags(SIDECAR_FLAGS, []), () => undefined);

  const openKind = <S extends SnapshotObject, C extends ContentObject & Content>(
    kind: SnapshotKind<S, C>,
    own: KindInformers<S, C>,
    { relations, groupOf, ofDriver }: PartsOfKind<S, C>,
  ): KindTheatre<S, C> => {
    const binding: Reconciler<BindingState<S, C>, BindingEffect<C>, BindingAnswer<S, C>> = bindingReconciler({
      kind,
      stores: { snapshots: own.snapshots.store, contents: own.contents.store, classes: own.classes.store, nodes: caches.nodes?.store },
      relations,
      groupKind: groupResources?.snapshots,
      groupResources,
      sourceOf: (claim) => sourceIn(stores, claim.metadata?.name ?? '', claim),
      settings: {
        preventVolumeModeConversion: options.preventVolumeModeConversion,
        distributedSnapshotting: options.enableDistributedSnapshotting,
      },
      clock,
      client,
      applyWrite,
      refusals: new Map(),
      contentWent: new Set(),
      timer: unused('timer'),
    });
    const protection = contentProtectionReconciler({
      kind,
      contents: own.contents.store,
      snapshots: own.snapshots.store,
      groupOf,
      alone: new Set(),
      client,
      applyWrite,
    });
    return {
      kind,
      binding: (key) =>
        rehearse(binding, {
          key,
          signal,
          reads: (step) => step.kind === 'confirm' || (step.kind === 'create-content' && step.action === 'see-snapshot'),
        }),
      contentProtection: (name) => rehearse(protection, { key: name, signal, reads: ({ kind: step }) => step === 'see-snapshot' }),
      content: (driver, name) => {
        const identity = identityOf(driver, { topology: false });
        const content = contentReconciler({
          kind: ofDriver.kind,
          client,
          calls: unused('driver'),
          clock,
          contents: ofDriver.contents.store,
          classes: ofDriver.classes.store,
          driver: { identity: () => identity },
          settings: {
            driverName: driver,
            snapshotNamePrefix: ofDriver.namePrefix,
            snapshotNameUuidLength: ofDriver.nameUuidLength,
            extraCreateMetadata: flags.extraCreateMetadata,
            readyPollMinMs: flags.readyPollIntervalMinMs,
            readyPollMaxMs: flags.readyPollIntervalMaxMs,
          },
          memory: new Map(),
          applyWrite,
          gaveUp: () => undefined,
        });
        return rehearse(content, { key: name, signal, reads: (step) => 'action' in step && step.action === 'read-secret' });
      },
    };
  };
  const { groupContents, groupClasses } = sidecar;

  return {
    caches,
    singles: openKind(SINGLE, caches, {
      relations: singleRelations({ ...stores, groups }),
      groupOf: (content) => groupOfContent(content, caches.groups?.contents.store),
      ofDriver: {
        kind: SINGLE_CONTENT,
        contents: sidecar.contents,
        classes: sidecar.classes,
        namePrefix: flags.snapshotNamePrefix,
        nameUuidLength: flags.snapshotNameUuidLength,
      },
    }),
    groups:
      caches.groups === undefined ||
      groups === undefined ||
      groupResources === undefined ||
      groupContents === undefined ||
      groupClasses === undefined
        ? undefined
        : openKind(groupKind(groupResources), caches.groups, {
            relations: groupRelations({ ...stores, groups }),
            groupOf: () => 'none',
            ofDriver: {
              kind: groupContent(groupResources.contents),
              contents: groupContents,
              classes: groupClasses,
              namePrefix: flags.groupsnapshotNamePrefix,
              nameUuidLength: flags.groupsnapshotNameUuidLength,
            },
          }),
    claimProtection: (key) => {
      const state = gatherClaimProtection({ ...stores, groups }, key);
      return state === undefined ? undefined : decideClaimProtection(state);
    },
  };
}
