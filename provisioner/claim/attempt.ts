/**
 * One attempt to provision a claim that is ours and has no volume: from its wish to the call, one Step at a
 * time. Checks come first (preparation.ts), then reads, then writes, then the call, so that an attempt that cannot succeed costs nothing.
 */
import type { EventNote } from '../../lib/controller/step.ts';
import { claimWarning } from '../facts/claim-events.ts';
import { CLONE_FINALIZER, REASON } from '../facts/names.ts';
import { giveBack } from './source-node.ts';
import type { Intent } from '../intent/intent.ts';
import { classVersionOf, lacksTopology, sameIntent } from '../intent/intent.ts';
import { uncertainOf } from '../intent/operation.ts';
import { planVolume } from './persistent-volume.ts';
import { prepare } from './preparation.ts';
import { requestOf } from './request.ts';
import { isProtected } from './restore.ts';
import type { Parameters } from '../facts/secrets.ts';
import { createStep, heldBack, problem, secretStep } from './steps.ts';
import type { ClaimDecision, ClaimState } from './state.ts';
import type { OwnClaim } from './verify.ts';

export function attempt(state: ClaimState, asItIs: OwnClaim): ClaimDecision {
  const { settings } = state;
  const preparation = prepare(state, asItIs);
  if ('kind' in preparation) return preparation;
  const givenBack = giveBack(state, preparation);
  if (givenBack !== undefined) return givenBack;
  const { own, draft, found, topology, notes } = preparation;
  const mutable = mutableParameters(state, own);
  if ('kind' in mutable) return mutable;
  const wanted: Intent = {
    claim: { namespace: own.claim.metadata?.namespace ?? '', name: own.claim.metadata?.name ?? '', uid: state.uid },
    className: own.class.metadata?.name ?? '',
    classVersion: classVersionOf(own.class),
    request: requestOf(draft, {
      contentSource: found?.content,
      topology: topology?.asked,
      mutableParameters: mutable.parameters,
    }),
    secret: draft.secrets.provisioner,
    source: found?.reference,
    selectedNode: state.topology?.selected?.name,
    omittedTopology: topology?.digest,
  };
  const intent = withEarlierTopology(state, wanted);
  const plan = planVolume({
    driver: settings.driver,
    claim: own.claim,
    class: own.class,
    draft,
    readOnlyMany: settings.readOnlyMany,
    attributesClass: attributesClassOf(state, own),
    provisionedBy: asItIs.class.provisioner ?? settings.driver,
  });
  return (
    secretStep(state, intent.secret, 'attempt') ??
    protectSource(state, intent) ??
    writeIntent(state, intent) ??
    createStep(state, intent, { plan, purpose: 'attempt', notes })
  );
}

/**
 * Nodes come and go between two attempts at the same class. While the outcome of a call for this node is unknown, the same terms are
 * asked for again, so that the request is the same and the driver can answer it (as in the Go program).
 */
function withEarlierTopology({ progress: { operation } }: ClaimState, wanted: Intent): Intent {
  const same = (uncertainOf(operation)?.intents ?? []).find(
    (earlier) =>
      !lacksTopology(earlier) && earlier.selectedNode === wanted.selectedNode && sameIntent(withTopologyOf(earlier, wanted), earlier),
  );
  return same === undefined ? wanted : withTopologyOf(same, wanted);
}

function withTopologyOf(earlier: Intent, wanted: Intent): Intent {
  const { request, omittedTopology } = earlier;
  return { ...wanted, omittedTopology, request: { ...wanted.request, accessibilityRequirements: request.accessibilityRequirements } };
}

function attributesClassOf({ settings }: ClaimState, { claim }: OwnClaim): string | undefined {
  return settings.attributesClasses ? claim.spec?.volumeAttributesClassName || undefined : undefined;
}

function mutableParameters(state: ClaimState, own: OwnClaim): { readonly parameters: Parameters | undefined } | ClaimDecision {
  const name = attributesClassOf(state, own);
  if (name === undefined) return { parameters: undefined };
  if (state.live.attributesClass === undefined) return { kind: 'read-attributes-class', ...heldBack(state, 'attempt'), name };
  const { object } = state.live.attributesClass;
  if (object === undefined) return problem(state, { message: `volumeattributesclasses.storage.k8s.io "${name}" not found` });
  if (object.driverName === state.settings.driver) return { parameters: object.parameters ?? {} };
  return problem(state, {
    message: `VAC ${name} referenced in PVC is for driver ${object.driverName ?? ''} which does not match driver name ${state.settings.driver}`,
  });
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
    return { kind: 'protect-snapshot', ...heldBack(state, 'attempt'), source, snapshot };
  }
  const { claim } = state.source;
  if (claim === undefined || claim.metadata?.deletionTimestamp !== undefined) return undefined;
  return claim.metadata?.finalizers?.includes(CLONE_FINALIZER) === true
    ? undefined
    : { kind: 'protect-claim', ...heldBack(state, 'attempt'), source, claim };
}

/** Right before the call, and again before every call: what stands in the journal already costs nothing. */
function writeIntent(state: ClaimState, intent: Intent): ClaimDecision | undefined {
  const { operation } = state.progress;
  if (operation.phase === 'open' && operation.call === 'not-sent' && sameIntent(operation.intent, intent)) return undefined;
  return { kind: 'write-intent', ...heldBack(state, 'attempt'), intent, before: replacedNote(state, intent) };
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
