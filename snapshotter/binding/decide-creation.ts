/**
 * A dynamic snapshot, or a group of them, without a content: everything is checked in the caches first, then the
 * snapshot's finalizers and, side by side, those of the claims that it names (PUTs with uid and resourceVersion, which stand in
 * for the live reads); a group's claims after what its selector finds now. Then the content. A hopeless snapshot pins
 * neither itself nor its claims; a claim whose snapshot could not be protected is let go with it (claim-protection/).
 */
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { keyOf } from '../../lib/controller/store.ts';
import { text } from '../content-accessors.ts';
import { CAUSE, type Cause } from '../failure-note.ts';
import { inputsOf } from '../inputs.ts';
import type { ContentObject, SnapshotClass, SnapshotObject } from '../kinds/kind.ts';
import { findSources, type FoundSource, type SourceFault } from '../kinds/sources.ts';
import type { ClassFault, CreationFault } from '../kinds/words.ts';
import { CLAIM_PROTECTION } from '../names.ts';
import { withFinalizer } from '../../lib/sidecar/finalizers.ts';
import { resolveSecret } from '../secret-templates.ts';
import { contentMetadata, referenceTo } from './content-body.ts';
import { chooseDefaultClass } from './default-class.ts';
import { failureEvents } from './failure-events.ts';
import { confirm, fail, failMissing, type Failure, noteFailure, report } from './failure.ts';
import { commonNode } from './node-affinity.ts';
import { protectSnapshot } from './protection.ts';
import { type BindingEffect, type BindingNext, type BindingState, confirmation, type Refusal } from './state.ts';

const CAUSE_OF = {
  'nothing-selected': CAUSE.missing,
  'no-claim': CAUSE.missing,
  'claim-unbound': CAUSE.notYet,
  'no-volume': CAUSE.missing,
  'volume-of-another': CAUSE.missing,
  'no-csi-volume': CAUSE.invalid,
  'default-classes': CAUSE.inTheWay,
  'claim-deleted': CAUSE.inTheWay,
  'other-driver': CAUSE.invalid,
  'no-common-node': CAUSE.invalid,
  secret: CAUSE.invalid,
} as const satisfies Record<(SourceFault | ClassFault | CreationFault)['kind'], Cause>;

/** So many claims are written side by side. */
const CLAIMS_AT_ONCE = 16;

export function decideCreation<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> {
  if (state.kind.classNameOf(state.snapshot) === undefined) return decideDefaultClass(state);
  const classStep = decideNamedClass(state);
  if (classStep !== undefined) return classStep;
  const sources = usableSources(state, (fault) => noContent(state, fault));
  return sources.ok ? decideContent(state, sources.found) : sources.step;
}

/** Undefined where the named class is there, or none is named. */
export function decideNamedClass<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> | undefined {
  const { kind } = state;
  const name = kind.classNameOf(state.snapshot);
  if (name === undefined || state.snapshotClass !== undefined) return undefined;
  return failMissing(state, 'class', {
    name,
    reason: kind.reasons.classMissing,
    message: kind.words.classMissing(name),
    cause: CAUSE.missing,
    keepsReady: true,
  });
}

function decideDefaultClass<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> {
  const { kind, snapshot, defaultClasses } = state;
  const failure = (fault: SourceFault | ClassFault): Failure => ({
    reason: kind.reasons.defaultClass,
    message: kind.words.noDefaultClass(named(snapshot), fault),
    cause: CAUSE_OF[fault.kind],
    keepsReady: true,
  });
  const sources = usableSources(state, failure);
  if (!sources.ok) return sources.step;
  // Volumes of several drivers: the class of the first is chosen, and then told not to fit the others.
  const driver = sources.found[0]?.source.driver ?? '';
  const { chosen, names } = chooseDefaultClass(defaultClasses, driver);
  if (chosen === undefined) return fail(state, failure({ kind: 'default-classes', driver, names }));
  const { uid, resourceVersion } = snapshot.metadata ?? {};
  // Conditional: a class that the user names meanwhile is not overwritten.
  const body = { metadata: { uid, resourceVersion }, spec: { [kind.fields.className]: chosen } };
  return { kind: 'set-class', backoff: 'set-class', inputs: inputsOf(uid, chosen), patch: { type: 'merge', body } };
}

type UsableSources<C extends ContentObject> =
  | { readonly ok: true; readonly found: readonly FoundSource[] }
  | { readonly ok: false; readonly step: BindingNext<C> };

/** The bound CSI volumes behind the snapshot's claims, or the step that says why there are none. */
function usableSources<S extends SnapshotObject, C extends ContentObject>(
  state: BindingState<S, C>,
  failure: (fault: SourceFault) => Failure,
): UsableSources<C> {
  const { sources, selector } = state;
  if (sources.length === 0) {
    const nothing = failure({ kind: 'nothing-selected', selector: selector ?? '' });
    return { ok: false, step: failMissing(state, 'selection', { name: selector ?? '', ...nothing }) };
  }
  const usable = findSources(sources);
  if (usable.ok) return usable;
  const { fault, missing } = usable;
  if (missing === undefined) return { ok: false, step: fail(state, failure(fault)) };
  const name = missing === 'volume' && 'volume' in fault ? fault.volume : 'claim' in fault ? fault.claim : '';
  return { ok: false, step: failMissing(state, missing, { name, ...failure(fault) }) };
}

function decideContent<S extends SnapshotObject, C extends ContentObject>(
  state: BindingState<S, C>,
  sources: readonly FoundSource[],
): BindingNext<C> {
  const { kind, snapshot, snapshotClass, settings, nodes } = state;
  if (snapshotClass === undefined) return { kind: 'done', reason: 'waits for the class' };
  const fault = faultOf(snapshotClass, sources);
  if (fault !== undefined) return refuse(state, fault);
  const node = settings.distributedSnapshotting ? commonNode(sources, nodes) : { ok: true as const, name: undefined };
  if (!node.ok) return refuse(state, { kind: 'no-common-node', volumes: sources.map(({ volume }) => volume.metadata?.name ?? '') });
  const name = kind.contentNameOf(snapshot.metadata?.uid ?? '');
  const secret = resolveSecret(snapshotClass.parameters, kind.secret, {
    contentName: name,
    snapshot: { name: snapshot.metadata?.name ?? '', namespace: snapshot.metadata?.namespace ?? '' },
  });
  if (!secret.ok) return refuse(state, { kind: 'secret', fault: secret.fault, more: secret.more });
  const bare = bareClaims(sources);
  // What a selector finds is only known once it was asked for live.
  const meanwhile = state.selector === undefined ? bare : [];
  const first =
    protectSnapshot(state, snapshotClass.deletionPolicy, meanwhile) ??
    seeSnapshot(state) ??
    seeSelection(state) ??
    protectClaims(state, bare);
  if (first !== undefined) return first;
  const content = kind.contentBody({
    snapshot,
    snapshotClass,
    volumes: sources.map(({ source }) => source),
    metadata: contentMetadata(kind, name, { secret: secret.value, nodeName: node.name }),
    reference: referenceTo(kind, snapshot),
    keepsVolumeMode: settings.preventVolumeModeConversion,
  });
  return { kind: 'create-content', backoff: 'create-content', action: 'post', inputs: createInputs(state), content };
}

function faultOf({ metadata, driver }: SnapshotClass, sources: readonly FoundSource[]): CreationFault | undefined {
  for (const { claim, volume, source } of sources) {
    if (text(claim.metadata?.deletionTimestamp) !== undefined) return { kind: 'claim-deleted', claim: claim.metadata?.name ?? '' };
    const drivers = { ofClass: driver ?? '', ofVolume: source.driver };
    if (driver !== source.driver)
      return {
        kind: 'other-driver',
        className: metadata?.name ?? '',
        claim: claim.metadata?.name ?? '',
        volume: volume.metadata?.name ?? '',
        drivers,
      };
  }
  return undefined;
}

/**
 * Finalizers that an earlier life set do not say that the snapshot still lives: a cache that lags would make
 * a content for one that is gone. The answer of our own write says it, and costs nothing.
 */
function seeSnapshot<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingEffect<C> | undefined {
  if (state.confirmed.has(confirmation('snapshot', ''))) return undefined;
  return { kind: 'create-content', backoff: 'create-content', action: 'see-snapshot', inputs: createInputs(state) };
}

/** A claim that was labelled just before the group was made belongs to it, whether the cache has seen that or not. */
function seeSelection<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingEffect<C> | undefined {
  return state.selector === undefined ? undefined : confirm(state, 'selection', state.selector);
}

/** With our finalizer, which they do not have yet. */
function bareClaims(sources: readonly FoundSource[]): readonly PersistentVolumeClaim[] {
  const bare = sources.flatMap(({ claim }) => (claim.metadata?.finalizers?.includes(CLAIM_PROTECTION) === true ? [] : [claim]));
  return bare.slice(0, CLAIMS_AT_ONCE).map((claim) => withFinalizer(claim, CLAIM_PROTECTION));
}

function protectClaims<S extends SnapshotObject, C extends ContentObject>(
  state: BindingState<S, C>,
  claims: readonly PersistentVolumeClaim[],
): BindingEffect<C> | undefined {
  return claims.length === 0 ? undefined : { kind: 'protect-claim', backoff: 'protect-claim', inputs: createInputs(state), claims };
}

/** The API server said no: the status says it once, an event at each attempt, and it is tried again at its back-off. */
export function decideRefused<S extends SnapshotObject, C extends ContentObject>(
  state: BindingState<S, C>,
  { effect, message, cause }: Refusal,
): BindingNext<C> {
  const step = effect === 'create-content' ? ({ kind: effect, action: 'post' } as const) : { kind: effect };
  const [first, ...more] = failureEvents(state, step, message);
  const told = more[0] ?? first;
  const events = first === undefined ? [] : [first];
  // What the retry tells needs no event beside the status.
  const write = told === undefined ? undefined : report(state, told);
  if (write !== undefined) return { ...write, before: more };
  return noteFailure(state, cause) ?? { kind: 'retry', backoff: effect, inputs: createInputs(state), reason: message, events };
}

function refuse<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>, fault: CreationFault): BindingNext<C> {
  return fail(state, noContent(state, fault));
}

function noContent<S extends SnapshotObject, C extends ContentObject>(
  { kind, snapshot }: BindingState<S, C>,
  fault: SourceFault | CreationFault,
): Failure {
  const who = named(snapshot);
  const also = kind.words.alsoTold(who, fault);
  return {
    reason: kind.reasons.contentCreation,
    message: kind.words.noContent(who, fault),
    cause: CAUSE_OF[fault.kind],
    ...(also === undefined ? {} : { also: { reason: kind.reasons.createContentFailed, message: also } }),
  };
}

function named(snapshot: SnapshotObject): { readonly key: string; readonly name: string } {
  return { key: keyOf(snapshot), name: snapshot.metadata?.name ?? '' };
}

/** What the content depends on; the deferred write of its name shares the post's not-before time. */
export function createInputs<S extends SnapshotObject, C extends ContentObject>({ kind, snapshot, sources }: BindingState<S, C>): string {
  const { metadata, spec } = snapshot as S & { spec?: { source?: unknown } };
  return inputsOf(
    metadata?.uid,
    spec?.source,
    kind.classNameOf(snapshot),
    sources.map(({ claim }) => claim?.metadata?.uid),
  );
}
