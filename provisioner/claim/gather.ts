/**
 * What the caches and this process know of a claim, by its uid. Only reads. A claim that is bound and has nothing
 * open costs a few look-ups.
 */
import { BY_CLAIM, BY_HANDLE } from '../caches.ts';
import type { Caches } from '../caches.ts';
import type { ClaimProgress, ClaimsInProgress } from '../intent/claims-in-progress.ts';
import { NO_PROGRESS } from '../intent/claims-in-progress.ts';
import { misfit as misfitOfIntent } from '../intent/fits.ts';
import type { Intent } from '../intent/intent.ts';
import { isOpen, uncertainOf, volumeNameOf } from '../intent/operation.ts';
import type { Operation } from '../intent/operation.ts';
import { volumeNameFor } from '../facts/names.ts';
import type { SourceProtections } from '../source-protections.ts';
import { dataSourceOf, grantsFor, isSource, sourceKey } from '../facts/data-source.ts';
import type { DataSource } from '../facts/data-source.ts';
import { isReachable } from '../facts/node.ts';
import { csiClass } from '../migration/plugins.ts';
import { classNameOf, isHandedTo, selectedNodeOf } from '../facts/ownership.ts';
import { NO_ANSWERS, NO_SOURCE } from './state.ts';
import type { Settings } from '../facts/settings.ts';
import type { ClaimState, SourceFacts } from './state.ts';
import type { TopologyBook } from './topology-book.ts';
import type { TopologyInput } from './topology.ts';

export interface GatherDeps {
  readonly caches: Caches;
  readonly progress: ClaimsInProgress;
  readonly protections: SourceProtections;
  readonly settings: () => Settings;
  readonly topology: TopologyBook | undefined;
  readonly strictTopology: boolean;
  readonly immediateTopology: boolean;
  /** List version of claims when this process became leader; older cached claims are read live before a volume is made for them. */
  readonly minVersion: { value: bigint | undefined };
  readonly now: () => number;
  readonly monotonic: () => number;
}

export function gather(deps: GatherDeps, uid: string): ClaimState | undefined {
  const { caches } = deps;
  const claim = caches.claims.store.byUid(uid);
  const progress = deps.progress.of(uid);
  if (claim === undefined && progress === NO_PROGRESS) return undefined;
  const settings = deps.settings();
  const { operation } = progress;
  const misfit = misfitOf(deps, operation);
  const intent = misfit === undefined ? intentOf(operation) : undefined;
  const className = claim === undefined ? intent?.className : classNameOf(claim);
  const storageClass = className === undefined ? undefined : caches.classes.store.get(className);
  // While something is open only the PV of its name ends it: another one, pre-bound by an admin, says nothing
  // about the volume that our call may have made.
  const name = (misfit === undefined ? volumeNameOf(operation) : undefined) ?? volumeNameFor(uid, settings.naming);
  const bound = isOpen(operation) ? undefined : caches.volumes.store.byIndex(BY_CLAIM, uid)[0];
  const needsVolume = claim !== undefined && isHandedTo(settings.driver, claim) && (claim.spec?.volumeName ?? '') === '';
  const dataSource: DataSource = claim === undefined ? { kind: 'none' } : dataSourceOf(claim, { crossNamespace: settings.crossNamespace });
  const unwanted = operation.phase === 'open' ? operation.unwanted : undefined;
  return {
    uid,
    now: deps.now(),
    settings,
    claim,
    class: storageClass,
    volume: bound ?? caches.volumes.store.get(name),
    unwantedHeldBy: unwanted === undefined ? undefined : holderOf(deps, unwanted.handle),
    progress,
    misfit,
    minVersion: deps.minVersion.value,
    dataSource,
    source: needsVolume ? sourceFacts(deps, dataSource) : NO_SOURCE,
    topology:
      needsVolume && settings.topology ? topologyInput(deps, { uid, claim, allowed: allowedBy(settings, storageClass) }) : undefined,
    nodeWaitMs: waitOf(progress.competition, deps.monotonic()),
    ...NO_ANSWERS,
  };
}

/** Two nodes may call two volumes alike. */
function holderOf({ caches, settings }: GatherDeps, handle: string): string | undefined {
  return caches.volumes.store.byIndex(BY_HANDLE, handle).find((volume) => isReachable(volume, settings().node))?.metadata?.name;
}

function waitOf(competition: ClaimProgress['competition'], now: number): number | undefined {
  return competition?.untilMs === undefined ? undefined : Math.max(0, competition.untilMs - now);
}

/** A class that cannot be translated is refused before anybody looks at topology. */
function allowedBy({ driver }: Settings, storageClass: ClaimState['class']): TopologyOf['allowed'] {
  const understood = storageClass === undefined ? undefined : csiClass(driver, storageClass);
  return understood?.ok === true ? understood.value.allowedTopologies : undefined;
}

function intentOf(operation: Operation): Intent | undefined {
  return operation.phase === 'none' || operation.phase === 'closing' ? undefined : operation.intent;
}

function misfitOf({ caches, settings }: GatherDeps, operation: Operation): string | undefined {
  const { driver, naming } = settings();
  const facts = { driver, naming, classes: () => caches.classes.store.list(), volumes: () => caches.volumes.store.list() };
  for (const intent of uncertainOf(operation)?.intents ?? []) {
    const why = misfitOfIntent(intent, facts);
    if (why !== undefined) return why;
  }
  return undefined;
}

export function sourceFacts({ caches, protections }: Pick<GatherDeps, 'caches' | 'protections'>, dataSource: DataSource): SourceFacts {
  const grants = grantsFor(dataSource, () => caches.grants?.store.list() ?? []);
  if (!isSource(dataSource)) return { ...NO_SOURCE, grants };
  const key = sourceKey(dataSource);
  const claim = dataSource.kind === 'claim' ? caches.claims.store.get(key) : undefined;
  const volumeName = claim?.spec?.volumeName ?? '';
  return {
    snapshot: dataSource.kind === 'snapshot' ? caches.snapshots?.store.get(key) : undefined,
    snapshotsCached: caches.snapshots?.available() ?? false,
    claim,
    volume: volumeName === '' ? undefined : caches.volumes.store.get(volumeName),
    grants,
    releasing: dataSource.kind === 'snapshot' && protections.releasing.has(key),
  };
}

interface TopologyOf extends Pick<ClaimState, 'uid'> {
  readonly claim: NonNullable<ClaimState['claim']>;
  readonly allowed: NonNullable<ClaimState['class']>['allowedTopologies'];
}

function topologyInput(deps: GatherDeps, { uid, claim, allowed }: TopologyOf): TopologyInput | undefined {
  return deps.topology?.inputFor({
    claim: { uid, name: claim.metadata?.name ?? '' },
    selectedNode: selectedNodeOf(claim),
    allowed,
    strict: deps.strictTopology,
    immediate: deps.immediateTopology,
  });
}
