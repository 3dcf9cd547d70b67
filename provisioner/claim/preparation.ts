/**
 * The first part of an attempt: everything that is checked before anything is written. Checks that need nothing but caches
 * come first, then live reads. The order is the Go program's: docs/peer-behaviour.md#order-of-an-attempt. Pure.
 */
import type { VolumeContentSource } from '../../proto/gen/csi.ts';
import { ATTRIBUTES, CLONE, PROVISIONING, RESTORE, unsupported } from '../facts/abilities.ts';
import { claimNotice } from '../facts/claim-events.ts';
import { REASON, volumeNameFor } from '../facts/names.ts';
import type { EventNote } from '../../lib/controller/step.ts';
import { checkClone } from './clone.ts';
import { sourceWords } from './failure-words.ts';
import { grantProblem, isSource } from '../facts/data-source.ts';
import type { SourceObject } from '../facts/data-source.ts';
import type { SourceReference } from '../intent/intent.ts';
import { uncertainOf } from '../intent/operation.ts';
import type { Requirement } from './places.ts';
import { draftOf, wishOf } from './request.ts';
import type { Draft, Wish } from './request.ts';
import { csiClass } from '../migration/plugins.ts';
import { checkRestore, checkSnapshot } from './restore.ts';
import { heldBack, problem, reschedule } from './steps.ts';
import type { ClaimDecision, ClaimState } from './state.ts';
import { topologyFor } from './topology.ts';
import type { OwnClaim } from './verify.ts';
import { verify } from './verify.ts';

interface Found {
  readonly content: VolumeContentSource;
  readonly reference: SourceReference;
  /** The source needs so many bytes, more than the claim asks for. */
  readonly raisedTo?: bigint;
}

export interface Preparation {
  /** With the class as the driver understands it. */
  readonly own: OwnClaim;
  readonly draft: Draft;
  /** What the volume is to be filled from. */
  readonly found: Found | undefined;
  /** What is worth telling before the call. */
  readonly notes: readonly EventNote[];
  /** Undefined: the driver chooses. */
  readonly topology: Requirement | undefined;
}

/** A decision: what has to be read first, or what stands in the way. */
export function prepare(state: ClaimState, asItIs: OwnClaim): Preparation | ClaimDecision {
  const { settings } = state;
  if (state.dataSource.kind === 'invalid') return problem(state, { message: state.dataSource.message });
  const notGranted = grantProblem(state.dataSource, asItIs.claim, state.source.grants);
  if (notGranted !== undefined) return problem(state, { message: notGranted });
  if (state.dataSource.kind === 'foreign') {
    return problem(state, { message: 'Assuming an external populator will provision the volume', type: 'Normal', final: true });
  }
  const understood = csiClass(settings.driver, asItIs.class);
  if (!understood.ok) return problem(state, { message: `failed to translate storage class: ${understood.fault}` });
  const own: OwnClaim = { claim: asItIs.claim, class: understood.value };
  const missing = missingCapability(state);
  if (missing !== undefined) return problem(state, { message: missing });
  const input = {
    claim: own.claim,
    class: own.class,
    volumeName: nameOf(state),
    defaultFsType: settings.defaultFsType,
    extraCreateMetadata: settings.extraCreateMetadata,
    copiedLabels: settings.copiedLabels,
    singleNodeMultiWriter: settings.capabilities.has('SINGLE_NODE_MULTI_WRITER'),
  };
  const wished = wishOf(input);
  if (wished.kind === 'invalid') return problem(state, wished);
  const unverified = verify(state, own.claim);
  if (unverified !== undefined) return unverified;
  const filled = contentSource(state, own, wished.wish);
  if (!('found' in filled)) return filled;
  const topology = state.topology === undefined ? { kind: 'any' as const } : topologyFor(state.topology);
  if (topology.kind === 'error') return problem(state, { message: `error generating accessibility requirements: ${topology.message}` });
  if (topology.kind === 'reschedule') return reschedule(state, topology.message);
  const drafted = draftOf(wished.wish, input);
  if (drafted.kind === 'invalid') return problem(state, drafted);
  const raised = raise(state, drafted.draft, filled.found);
  return { own, ...raised, found: filled.found, topology: topology.kind === 'terms' ? topology.requirement : undefined };
}

/** The driver is asked for what the snapshot needs, and the user told why the volume is larger. */
function raise(state: ClaimState, draft: Draft, found: Found | undefined): Pick<Preparation, 'draft' | 'notes'> {
  if (found?.raisedTo === undefined) return { draft, notes: [] };
  const message =
    `the claim asks for ${draft.requestedBytes} bytes, and VolumeSnapshot ${found.reference.name} restores to ${found.raisedTo}: ` +
    'the volume is made that large';
  return { draft: { ...draft, requestedBytes: found.raisedTo }, notes: claimNotice(state, { reason: REASON.raised, message }) };
}

/** A name that a call was made under stays, whatever the flags say since: one volume of a claim, one name. */
function nameOf({ uid, settings, misfit, progress }: ClaimState): string {
  const [earlier] = misfit === undefined ? (uncertainOf(progress.operation)?.intents ?? []) : [];
  return earlier?.request.name ?? volumeNameFor(uid, settings.naming);
}

function missingCapability({ settings: { capabilities, attributesClasses }, dataSource, claim }: ClaimState): string | undefined {
  const modifies = attributesClasses && (claim?.spec?.volumeAttributesClassName ?? '') !== '';
  return unsupported(capabilities, [
    ...PROVISIONING,
    ...(dataSource.kind === 'snapshot' ? [RESTORE] : []),
    ...(dataSource.kind === 'claim' ? [CLONE] : []),
    ...(modifies ? [ATTRIBUTES] : []),
  ]);
}

type Filling = Pick<Preparation, 'found'> | ClaimDecision;

function contentSource(state: ClaimState, own: OwnClaim, wish: Wish): Filling {
  const { dataSource } = state;
  if (!isSource(dataSource)) return { found: undefined };
  return dataSource.kind === 'snapshot'
    ? fromSnapshot(state, own, { source: dataSource, wish })
    : fromClaim(state, own, { source: dataSource, wish });
}

/** In the Go program's frame. */
function refused(state: ClaimState, { kind, name }: SourceObject, why: string): ClaimDecision {
  return problem(state, { message: sourceWords(name, why, kind) });
}

interface Wanted {
  readonly source: SourceObject;
  readonly wish: Wish;
}

function fromSnapshot(state: ClaimState, own: OwnClaim, { source, wish }: Wanted): Filling {
  const { live } = state;
  const isLive = live.snapshot !== undefined;
  const snapshot = live.snapshot === undefined ? state.source.snapshot : live.snapshot.object;
  const readLive: ClaimDecision = { kind: 'read-snapshot', ...heldBack(state, 'attempt'), source };
  if (!state.source.snapshotsCached && !isLive) return readLive;
  const bound = checkSnapshot(snapshot, source.name);
  // The cache may be older than the claim: nobody is refused by it alone.
  if (bound.kind === 'refused') return isLive ? refused(state, source, bound.message) : readLive;
  if (live.content?.name !== bound.contentName) return { kind: 'read-content', ...heldBack(state, 'attempt'), name: bound.contentName };
  const verdict = checkRestore({
    claim: own.claim,
    class: own.class,
    snapshot: bound.snapshot,
    content: live.content.object,
    requestedBytes: wish.requestedBytes,
    preventModeConversion: state.settings.preventModeConversion,
    raise: state.settings.raiseToRestoreSize,
  });
  if (verdict.kind === 'refused') return isLive ? refused(state, source, verdict.message) : readLive;
  return {
    found: {
      content: { type: { $case: 'snapshot', value: { snapshotId: verdict.snapshotHandle } } },
      reference: { kind: 'snapshot', namespace: source.namespace, name: source.name, uid: bound.snapshot.metadata?.uid ?? '' },
      ...(verdict.raisedTo === undefined ? {} : { raisedTo: verdict.raisedTo }),
    },
  };
}

function fromClaim(state: ClaimState, own: OwnClaim, { source, wish }: Wanted): Filling {
  const verdict = checkClone({
    claim: own.claim,
    class: own.class,
    source: state.source.claim,
    sourceName: source.name,
    sourceVolume: state.source.volume,
    requestedBytes: wish.requestedBytes,
    begun: (uncertainOf(state.progress.operation)?.intents ?? []).some(
      (earlier) => earlier.source?.uid === state.source.claim?.metadata?.uid,
    ),
  });
  if (verdict.kind === 'refused') return refused(state, source, verdict.message);
  return {
    found: {
      content: { type: { $case: 'volume', value: { volumeId: verdict.volumeHandle } } },
      reference: { kind: 'claim', namespace: source.namespace, name: source.name, uid: state.source.claim?.metadata?.uid ?? '' },
    },
  };
}
