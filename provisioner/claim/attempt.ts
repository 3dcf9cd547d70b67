/**
 * One attempt to provision a claim that is ours and has no volume: from its wish to the call, one Step at a
 * time. Checks that need nothing but caches come first, then live reads, then writes, then the call, so that
 * an attempt that cannot succeed costs nothing. Peer facts: tables 1.4, 2.2, 2.3, 4.2.
 */
import type { VolumeContentSource } from '../../proto/gen/csi.ts';
import { CLONE_FINALIZER, volumeNameFor } from '../names.ts';
import { checkClone } from './clone.ts';
import { grantProblem, isSource, sourceKey } from './data-source.ts';
import type { SourceObject } from './data-source.ts';
import { callInputs, sourceInputs } from './inputs.ts';
import type { Intent, SourceReference } from './intent.ts';
import { sameIntent } from './intent.ts';
import { planVolume } from './persistent-volume.ts';
import { draftOf, requestOf } from './request.ts';
import type { Draft } from './request.ts';
import { checkRestore, checkSnapshot, isProtected } from './restore.ts';
import type { Parameters } from './secrets.ts';
import { createStep, problem, reschedule } from './steps.ts';
import type { CaseRecord, ClaimDecision, ClaimState } from './state.ts';
import { toRequirement, topologyFor } from './topology.ts';
import type { OwnClaim } from './verify.ts';
import { verify } from './verify.ts';

export function attempt(state: ClaimState, own: OwnClaim): ClaimDecision {
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
    volumeName: volumeNameFor(state.uid, settings.naming),
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
  const intent: Intent = {
    claim: { namespace: own.claim.metadata?.namespace ?? '', name: own.claim.metadata?.name ?? '', uid: state.uid },
    request: requestOf(drafted.draft, {
      contentSource: filled.found?.content,
      topology: topology.kind === 'terms' ? toRequirement(topology) : undefined,
      mutableParameters: mutable.parameters,
    }),
    plan: planVolume({
      driver: settings.driver,
      claim: own.claim,
      class: own.class,
      draft: drafted.draft,
      readOnlyMany: settings.readOnlyMany,
      attributesClass: attributesClassOf(state, own),
    }),
    secret: drafted.draft.secrets.provisioner,
    source: filled.found?.reference,
    selectedNode: state.topology?.selected?.name,
    omittedTopology: undefined,
  };
  return protectSource(state, intent) ?? saveRecord(state, intent) ?? createStep(state, intent);
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
    return { kind: 'read-snapshot', backoff: 'read-snapshot', inputs: sourceInputs(state), source };
  }
  const snapshot = state.live.snapshot === undefined ? state.source.snapshot : state.live.snapshot.object;
  const bound = checkSnapshot(snapshot, source.name);
  if (bound.kind === 'refused' || snapshot === undefined) return problem(state, bound.kind === 'refused' ? bound : { message: '' });
  if (state.live.content === undefined)
    return { kind: 'read-content', backoff: 'read-content', inputs: sourceInputs(state), name: bound.contentName };
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
  if (state.live.attributesClass === undefined)
    return { kind: 'read-attributes-class', backoff: 'read-attributes-class', inputs: sourceInputs(state), name };
  const { object } = state.live.attributesClass;
  if (object === undefined) return problem(state, { message: `VolumeAttributesClass ${name} is not found` });
  if (object.driverName === state.settings.driver) return { parameters: object.parameters ?? {} };
  return problem(state, {
    message: `VolumeAttributesClass ${name} is for driver ${object.driverName ?? ''}, not for ${state.settings.driver}`,
  });
}

/**
 * The source must not go while the driver reads it: its finalizer is set before the call, and by the same
 * write it is seen alive. On an object that is being deleted none can be set any more.
 */
export function protectSource(state: ClaimState, { source }: Intent): ClaimDecision | undefined {
  if (source === undefined || state.protectedSource) return undefined;
  const inputs = sourceInputs(state);
  if (source.kind === 'snapshot') {
    // Without a cache nobody tells us of a finalizer that goes: then the write is made in any case.
    const snapshot = state.live.snapshot === undefined ? state.source.snapshot : state.live.snapshot.object;
    if (snapshot === undefined || snapshot.metadata?.deletionTimestamp !== undefined || isProtected(state.source)) return undefined;
    return { kind: 'protect-snapshot', backoff: 'protect-snapshot', inputs, source, snapshot };
  }
  const { claim } = state.source;
  if (claim === undefined || claim.metadata?.deletionTimestamp !== undefined) return undefined;
  return claim.metadata?.finalizers?.includes(CLONE_FINALIZER) === true
    ? undefined
    : { kind: 'protect-claim', backoff: 'protect-claim', inputs, source, claim };
}

function saveRecord(state: ClaimState, intent: Intent): ClaimDecision | undefined {
  const { record } = state;
  if (record !== undefined && sameIntent(record.intent, intent) && !isLost(state, record)) return undefined;
  return { kind: 'save-record', backoff: 'save-record', inputs: callInputs(state), intent, replaces: record };
}

/** Only this process remembers, though a record could be written: the Lease was taken away, or refused for a time. */
export function isLost({ durable }: ClaimState, { lease }: CaseRecord): boolean {
  return durable && lease === undefined;
}
