/**
 * The first part of an attempt: everything that is checked before anything is written. Checks that need nothing but caches
 * come first, then live reads. The order is the Go program's: docs/peer-behaviour.md#order-of-an-attempt. Pure.
 */
import type { VolumeContentSource } from '../../proto/gen/csi.ts';
import { volumeNameFor } from '../facts/names.ts';
import { checkClone } from './clone.ts';
import { grantProblem, isSource, sourceKey } from '../facts/data-source.ts';
import type { SourceObject } from '../facts/data-source.ts';
import type { SourceReference } from '../intent/intent.ts';
import { uncertainOf } from '../intent/operation.ts';
import { draftOf } from './request.ts';
import type { Draft } from './request.ts';
import { checkRestore, checkSnapshot } from './restore.ts';
import { heldBack, problem, reschedule } from './steps.ts';
import type { ClaimDecision, ClaimState } from './state.ts';
import type { TopologyResult } from './topology.ts';
import { topologyFor } from './topology.ts';
import type { OwnClaim } from './verify.ts';
import { verify } from './verify.ts';

export interface Preparation {
  readonly draft: Draft;
  /** What the volume is to be filled from. */
  readonly found: { readonly content: VolumeContentSource; readonly reference: SourceReference } | undefined;
  /** Undefined: the driver chooses. */
  readonly topology: (TopologyResult & { readonly kind: 'terms' }) | undefined;
}

/** A decision: what has to be read first, or what stands in the way. */
export function prepare(state: ClaimState, own: OwnClaim): Preparation | ClaimDecision {
  const { settings } = state;
  if (state.dataSource.kind === 'foreign') {
    return problem(state, { message: 'Assuming an external populator will provision the volume', type: 'Normal', final: true });
  }
  if (state.dataSource.kind === 'invalid') return problem(state, { message: state.dataSource.message });
  const missing = missingCapability(state);
  if (missing !== undefined) return problem(state, { message: missing });
  const drafted = draftOf({
    claim: own.claim,
    class: own.class,
    volumeName: nameOf(state),
    defaultFsType: settings.defaultFsType,
    extraCreateMetadata: settings.extraCreateMetadata,
    singleNodeMultiWriter: settings.capabilities.has('SINGLE_NODE_MULTI_WRITER'),
  });
  if (drafted.kind === 'invalid') return problem(state, drafted);
  const unverified = verify(state, own.claim);
  if (unverified !== undefined) return unverified;
  const filled = contentSource(state, own, drafted.draft);
  if (!('found' in filled)) return filled;
  const topology = state.topology === undefined ? { kind: 'any' as const } : topologyFor(state.topology);
  if (topology.kind === 'error') return problem(state, { message: `no topology for the volume: ${topology.message}` });
  if (topology.kind === 'reschedule') return reschedule(state, topology.message);
  return { draft: drafted.draft, found: filled.found, topology: topology.kind === 'terms' ? topology : undefined };
}

/** A name that a call was made under stays, whatever the flags say since: one volume of a claim, one name. */
function nameOf({ uid, settings, misfit, progress }: ClaimState): string {
  const [earlier] = misfit === undefined ? (uncertainOf(progress.operation)?.intents ?? []) : [];
  return earlier?.request.name ?? volumeNameFor(uid, settings.naming);
}

function missingCapability({ settings: { capabilities, attributesClasses }, dataSource, claim }: ClaimState): string | undefined {
  const wanted: readonly (readonly [string, string])[] = [
    ['CONTROLLER_SERVICE', 'dynamic provisioning'],
    ['CREATE_DELETE_VOLUME', 'dynamic provisioning'],
    ...(dataSource.kind === 'snapshot' ? [['CREATE_DELETE_SNAPSHOT', 'restoring a snapshot'] as const] : []),
    ...(dataSource.kind === 'claim' ? [['CLONE_VOLUME', 'cloning a volume'] as const] : []),
    ...(attributesClasses && (claim?.spec?.volumeAttributesClassName ?? '') !== ''
      ? [['MODIFY_VOLUME', 'a VolumeAttributesClass'] as const]
      : []),
  ];
  const lacking = wanted.find(([capability]) => !capabilities.has(capability));
  return lacking === undefined
    ? undefined
    : `the CSI driver does not support ${lacking[1]}: it does not report the capability ${lacking[0]}`;
}

type Filling = Pick<Preparation, 'found'> | ClaimDecision;

function contentSource(state: ClaimState, own: OwnClaim, draft: Draft): Filling {
  const { dataSource } = state;
  if (!isSource(dataSource)) return { found: undefined };
  const refused = grantProblem(dataSource, own.claim, state.source.grants);
  if (refused !== undefined) return problem(state, { message: refused });
  return dataSource.kind === 'snapshot'
    ? fromSnapshot(state, own, { source: dataSource, draft })
    : fromClaim(state, own, { source: dataSource, draft });
}

interface Wanted {
  readonly source: SourceObject;
  readonly draft: Draft;
}

function fromSnapshot(state: ClaimState, own: OwnClaim, { source, draft }: Wanted): Filling {
  if (!state.source.snapshotsCached && state.live.snapshot === undefined) {
    return { kind: 'read-snapshot', ...heldBack(state, 'attempt'), source };
  }
  const snapshot = state.live.snapshot === undefined ? state.source.snapshot : state.live.snapshot.object;
  const bound = checkSnapshot(snapshot, source.name);
  if (bound.kind === 'refused' || snapshot === undefined) return problem(state, bound.kind === 'refused' ? bound : { message: '' });
  if (state.live.content === undefined) return { kind: 'read-content', ...heldBack(state, 'attempt'), name: bound.contentName };
  const verdict = checkRestore({
    claim: own.claim,
    class: own.class,
    snapshot,
    content: state.live.content.object,
    requestedBytes: draft.requestedBytes,
    preventModeConversion: state.settings.preventModeConversion,
  });
  if (verdict.kind === 'refused') return problem(state, verdict);
  return {
    found: {
      content: { type: { $case: 'snapshot', value: { snapshotId: verdict.snapshotHandle } } },
      reference: { kind: 'snapshot', namespace: source.namespace, name: source.name, uid: snapshot.metadata?.uid ?? '' },
    },
  };
}

function fromClaim(state: ClaimState, own: OwnClaim, { source, draft }: Wanted): Filling {
  const verdict = checkClone({
    claim: own.claim,
    class: own.class,
    source: state.source.claim,
    sourceName: sourceKey(source),
    sourceVolume: state.source.volume,
    requestedBytes: draft.requestedBytes,
    begun: (uncertainOf(state.progress.operation)?.intents ?? []).some(
      (earlier) => earlier.source?.uid === state.source.claim?.metadata?.uid,
    ),
  });
  if (verdict.kind === 'refused') return problem(state, verdict);
  return {
    found: {
      content: { type: { $case: 'volume', value: { volumeId: verdict.volumeHandle } } },
      reference: { kind: 'claim', namespace: source.namespace, name: source.name, uid: state.source.claim?.metadata?.uid ?? '' },
    },
  };
}
