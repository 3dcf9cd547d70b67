/**
 * One attempt to provision a claim that is ours and has no volume: from its wish to the call, one Step at a
 * time. Checks that need nothing but caches come first, then live reads, then writes, then the call, so that
 * an attempt that cannot succeed costs nothing. The order of the checks is the Go program's: docs/peer-behaviour.md#order-of-an-attempt.
 */
import type { VolumeContentSource } from '../../proto/gen/csi.ts';
import type { EventNote } from '../../lib/controller/step.ts';
import { claimWarning } from '../facts/claim-events.ts';
import { CLONE_FINALIZER, REASON, volumeNameFor } from '../facts/names.ts';
import { checkClone } from './clone.ts';
import { grantProblem, isSource, sourceKey } from '../facts/data-source.ts';
import type { SourceObject } from '../facts/data-source.ts';
import { attemptInputs } from './inputs.ts';
import type { Intent, SourceReference } from '../intent/intent.ts';
import { classVersionOf, sameIntent } from '../intent/intent.ts';
import { uncertainOf } from '../intent/operation.ts';
import { planVolume } from './persistent-volume.ts';
import { csiClass } from '../migration/plugins.ts';
import { draftOf, requestOf } from './request.ts';
import type { Draft } from './request.ts';
import { checkRestore, checkSnapshot, isProtected } from './restore.ts';
import type { Parameters } from '../facts/secrets.ts';
import { createStep, problem, reschedule, secretStep } from './steps.ts';
import type { ClaimDecision, ClaimState } from './state.ts';
import { toRequirement, topologyFor } from './topology.ts';
import type { OwnClaim } from './verify.ts';
import { verify } from './verify.ts';

export function attempt(state: ClaimState, found: OwnClaim): ClaimDecision {
  const { settings } = state;
  if (state.dataSource.kind === 'foreign') {
    return problem(state, { message: 'Assuming an external populator will provision the volume', type: 'Normal', final: true });
  }
  if (state.dataSource.kind === 'invalid') return problem(state, { message: state.dataSource.message });
  const understood = csiClass(settings.driver, found.class);
  if (!understood.ok) return problem(state, { message: understood.fault });
  const own: OwnClaim = { claim: found.claim, class: understood.value };
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
  const mutable = mutableParameters(state, own);
  if ('kind' in mutable) return mutable;
  const wanted: Intent = {
    claim: { namespace: own.claim.metadata?.namespace ?? '', name: own.claim.metadata?.name ?? '', uid: state.uid },
    className: own.class.metadata?.name ?? '',
    classVersion: classVersionOf(own.class),
    request: requestOf(drafted.draft, {
      contentSource: filled.found?.content,
      topology: topology.kind === 'terms' ? toRequirement(topology) : undefined,
      mutableParameters: mutable.parameters,
    }),
    secret: drafted.draft.secrets.provisioner,
    source: filled.found?.reference,
    selectedNode: state.topology?.selected?.name,
    omittedTopology: undefined,
  };
  const intent = withEarlierTopology(state, wanted);
  const plan = planVolume({
    driver: settings.driver,
    claim: own.claim,
    class: own.class,
    draft: drafted.draft,
    readOnlyMany: settings.readOnlyMany,
    attributesClass: attributesClassOf(state, own),
    provisionedBy: found.class.provisioner ?? settings.driver,
  });
  return (
    secretStep(state, intent.secret, 'attempt') ??
    protectSource(state, intent) ??
    writeIntent(state, intent) ??
    createStep(state, intent, { plan, purpose: 'attempt' })
  );
}

/** A name that a call was made under stays, whatever the flags say since: one volume of a claim, one name. */
function nameOf({ uid, settings, misfit, progress }: ClaimState): string {
  const [earlier] = misfit === undefined ? (uncertainOf(progress.operation)?.intents ?? []) : [];
  return earlier?.request.name ?? volumeNameFor(uid, settings.naming);
}

/**
 * Nodes come and go between two attempts at the same class. While the outcome of a call for this node is unknown, the same terms are
 * asked for again, so that the request is the same and the driver can answer it (as in the Go program).
 */
function withEarlierTopology({ progress: { operation } }: ClaimState, wanted: Intent): Intent {
  const same = (uncertainOf(operation)?.intents ?? []).find(
    (earlier) =>
      earlier.omittedTopology === undefined &&
      earlier.selectedNode === wanted.selectedNode &&
      sameIntent(withTopologyOf(earlier, wanted), earlier),
  );
  return same === undefined ? wanted : withTopologyOf(same, wanted);
}

function withTopologyOf(earlier: Intent, wanted: Intent): Intent {
  return { ...wanted, request: { ...wanted.request, accessibilityRequirements: earlier.request.accessibilityRequirements } };
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

type Filling =
  | { readonly found: { readonly content: VolumeContentSource; readonly reference: SourceReference } | undefined }
  | ClaimDecision;

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
    return { kind: 'read-snapshot', ...held(state), source };
  }
  const snapshot = state.live.snapshot === undefined ? state.source.snapshot : state.live.snapshot.object;
  const bound = checkSnapshot(snapshot, source.name);
  if (bound.kind === 'refused' || snapshot === undefined) return problem(state, bound.kind === 'refused' ? bound : { message: '' });
  if (state.live.content === undefined) return { kind: 'read-content', ...held(state), name: bound.contentName };
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

function attributesClassOf({ settings }: ClaimState, { claim }: OwnClaim): string | undefined {
  return settings.attributesClasses ? claim.spec?.volumeAttributesClassName || undefined : undefined;
}

function mutableParameters(state: ClaimState, own: OwnClaim): { readonly parameters: Parameters | undefined } | ClaimDecision {
  const name = attributesClassOf(state, own);
  if (name === undefined) return { parameters: undefined };
  if (state.live.attributesClass === undefined) return { kind: 'read-attributes-class', ...held(state), name };
  const { object } = state.live.attributesClass;
  if (object === undefined) return problem(state, { message: `VolumeAttributesClass ${name} is not found` });
  if (object.driverName === state.settings.driver) return { parameters: object.parameters ?? {} };
  return problem(state, {
    message: `VolumeAttributesClass ${name} is for driver ${object.driverName ?? ''}, not for ${state.settings.driver}`,
  });
}

function held(state: ClaimState): { readonly backoff: 'create-volume'; readonly inputs: string } {
  return { backoff: 'create-volume', inputs: attemptInputs(state) };
}

/**
 * The source must not go while the driver reads it: its finalizer is set before the call, and by the same
 * write it is seen alive. On an object that is being deleted none can be set any more.
 */
function protectSource(state: ClaimState, { source }: Intent): ClaimDecision | undefined {
  if (source === undefined || state.protectedSource) return undefined;
  if (source.kind === 'snapshot') {
    // Without a cache nobody tells us of a finalizer that goes: then the write is made in any case.
    const snapshot = state.live.snapshot === undefined ? state.source.snapshot : state.live.snapshot.object;
    if (snapshot === undefined || snapshot.metadata?.deletionTimestamp !== undefined || isProtected(state.source)) return undefined;
    return { kind: 'protect-snapshot', ...held(state), source, snapshot };
  }
  const { claim } = state.source;
  if (claim === undefined || claim.metadata?.deletionTimestamp !== undefined) return undefined;
  return claim.metadata?.finalizers?.includes(CLONE_FINALIZER) === true
    ? undefined
    : { kind: 'protect-claim', ...held(state), source, claim };
}

/** Right before the call, and again before every call: what stands in the journal already costs nothing. */
function writeIntent(state: ClaimState, intent: Intent): ClaimDecision | undefined {
  const { operation } = state.progress;
  if (operation.phase === 'open' && operation.call === 'not-sent' && sameIntent(operation.intent, intent)) return undefined;
  return { kind: 'write-intent', ...held(state), intent, before: replacedNote(state, intent) };
}

/** What another process, or whoever may write Leases, wrote down for this claim is not what is asked for. */
function replacedNote(state: ClaimState, intent: Intent): readonly EventNote[] {
  const { operation, inherited } = state.progress;
  const differs = inherited && operation.phase === 'open' && !sameIntent(operation.intent, intent);
  const why = state.misfit ?? (differs ? 'it asks for something else than the claim and its class' : undefined);
  if (why === undefined) return [];
  const message = `an entry of this claim in the journal is not acted upon: ${why}. The volume is made as the claim asks for it`;
  return claimWarning(state, { reason: REASON.undecided, message });
}
