/**
 * A dynamic snapshot without a content: everything is checked in the caches first, then the snapshot's
 * finalizers, then the claim's (a PUT with uid and resourceVersion, which stands in for the live read),
 * then the content. A hopeless snapshot pins neither itself nor its claim.
 */
import type { PersistentVolume, PersistentVolumeClaim, VolumeSnapshotClass } from '../../lib/kube/objects.ts';
import { text } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { CLAIM_PROTECTION, REASON, SNAPSHOTTER_SECRET, contentNameOf } from '../names.ts';
import { classNotFound, noInput, notUpdated, withMore } from '../peer-words.ts';
import { withFinalizer } from '../../lib/sidecar/finalizers.ts';
import { resolveSecret } from '../secret-templates.ts';
import { contentBody } from './content-body.ts';
import { chooseDefaultClass, sourceVolume, type SourceVolume } from './default-class.ts';
import { failureEvents } from './failure-events.ts';
import { fail, failMissing, report } from './failure.ts';
import { nodeOf } from './node-affinity.ts';
import { protectSnapshot } from './protection.ts';
import { contentCreation, FOR_CLASS, FOR_CONTENT, type SourceWords } from './source-words.ts';
import { sourceOf } from '../source.ts';
import type { BindingEffect, BindingNext, BindingState, Refusal } from './state.ts';

export function decideCreation(state: BindingState): BindingNext {
  const { snapshot } = state;
  if (text(snapshot.spec?.volumeSnapshotClassName) === undefined) return decideDefaultClass(state);
  const classStep = decideNamedClass(state);
  if (classStep !== undefined) return classStep;
  const found = findSource(state, FOR_CONTENT);
  return found.ok ? decideContent(state, found) : found.step;
}

/** Undefined where the named class is there, or none is named. */
export function decideNamedClass(state: BindingState): BindingNext | undefined {
  const name = text(state.snapshot.spec?.volumeSnapshotClassName);
  if (name === undefined || state.snapshotClass !== undefined) return undefined;
  const message = `Failed to get snapshot class with error ${classNotFound(name)}`;
  return failMissing(state, 'class', { name, reason: REASON.classMissing, message, keepsReady: true });
}

function decideDefaultClass(state: BindingState): BindingNext {
  const { snapshot, defaultClasses } = state;
  const found = findSource(state, FOR_CLASS);
  if (!found.ok) return found.step;
  const chosen = chooseDefaultClass(defaultClasses, found.source.driver);
  if (!chosen.ok) return fail(state, FOR_CLASS.failure(withMore(chosen.fault, chosen.more)));
  const { uid, resourceVersion } = snapshot.metadata ?? {};
  // Conditional: a class that the user names meanwhile is not overwritten.
  const body = { metadata: { uid, resourceVersion }, spec: { volumeSnapshotClassName: chosen.value } };
  return { kind: 'set-class', backoff: 'set-class', inputs: inputsOf(uid, chosen.value), patch: { type: 'merge', body } };
}

interface FoundSource {
  readonly ok: true;
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume;
  readonly source: SourceVolume;
}

/** The bound CSI volume behind the snapshot's claim, or the step that says why there is none. */
function findSource(state: BindingState, words: SourceWords): FoundSource | { readonly ok: false; readonly step: BindingNext } {
  const { snapshot, claim, volume } = state;
  const source = sourceOf(snapshot);
  if (claim === undefined) {
    const name = source.kind === 'claim' ? source.claimName : '';
    const more = `PersistentVolumeClaim ${snapshot.metadata?.namespace ?? ''}/${name} was not found`;
    const failure = words.failure(withMore(words.noClaim(snapshot, name), more));
    return { ok: false, step: failMissing(state, 'claim', { name, ...failure }) };
  }
  const found = sourceVolume(claim, volume);
  if (found.ok) return { ok: true, claim, volume: found.volume, source: found.value };
  const { kind, fault, more } = found;
  const failure = words.failure(withMore((kind === 'no-csi' ? words.noCsi : words.noVolume)(snapshot, fault), more));
  if (kind === 'missing') return { ok: false, step: failMissing(state, 'volume', { name: claim.spec?.volumeName ?? '', ...failure }) };
  return { ok: false, step: fail(state, failure) };
}

function decideContent(state: BindingState, { claim, volume, source }: FoundSource): BindingNext {
  const { snapshot, snapshotClass, rules, nodes } = state;
  if (snapshotClass === undefined) return { kind: 'done', reason: 'waits for the class' };
  if (text(claim.metadata?.deletionTimestamp) !== undefined)
    return fail(
      state,
      contentCreation(notUpdated(claim.metadata?.name ?? '', 'cannot add finalizer on claim because it is being deleted')),
    );
  if (snapshotClass.driver !== source.driver) return fail(state, contentCreation(driverMismatch(snapshotClass, source)));
  const secret = resolveSecret(snapshotClass.parameters, SNAPSHOTTER_SECRET, {
    contentName: contentNameOf(snapshot.metadata?.uid ?? ''),
    snapshot: { name: snapshot.metadata?.name ?? '', namespace: snapshot.metadata?.namespace ?? '' },
  });
  if (!secret.ok) return fail(state, contentCreation(withMore(noInput(snapshot.metadata?.name ?? '', secret.fault), secret.more)));
  const first = protectSnapshot(snapshot, snapshotClass.deletionPolicy) ?? seeSnapshot(state) ?? protectClaim(state, claim);
  if (first !== undefined) return first;
  const content = contentBody({
    snapshot,
    snapshotClass,
    source,
    volume,
    secret: secret.value,
    nodeName: rules.distributedSnapshotting ? nodeOf(volume, nodes) : undefined,
    keepsVolumeMode: rules.preventVolumeModeConversion,
  });
  return { kind: 'create-content', backoff: 'create-content', action: 'post', inputs: createInputs(state), content };
}

/**
 * Finalizers that an earlier life set do not say that the snapshot still lives: a cache that lags would make
 * a content for one that is gone. The answer of our own write says it, and costs nothing.
 */
function seeSnapshot(state: BindingState): BindingEffect | undefined {
  if (state.confirmed.has('snapshot')) return undefined;
  return { kind: 'create-content', backoff: 'create-content', action: 'see-snapshot', inputs: createInputs(state) };
}

function protectClaim(state: BindingState, claim: PersistentVolumeClaim): BindingEffect | undefined {
  if (claim.metadata?.finalizers?.includes(CLAIM_PROTECTION) === true) return undefined;
  return { kind: 'protect-claim', backoff: 'protect-claim', inputs: createInputs(state), claim: withFinalizer(claim, CLAIM_PROTECTION) };
}

function driverMismatch({ metadata, driver }: VolumeSnapshotClass, source: SourceVolume): string {
  return `VolumeSnapshotClass ${metadata?.name ?? ''} is of driver ${driver ?? ''} while the source volume is of driver ${source.driver}`;
}

/** The API server said no: the status says it once, an event at each attempt, and it is tried again at its back-off. */
export function decideRefused(state: BindingState, { effect, message }: Refusal): BindingNext {
  const step = effect === 'create-content' ? ({ kind: effect, action: 'post' } as const) : { kind: effect };
  const [first, ...more] = failureEvents(state.snapshot, step, message);
  const told = more[0] ?? first;
  const events = first === undefined ? [] : [first];
  // What the retry tells needs no event beside the status.
  const write = told === undefined ? undefined : report(state, told);
  if (write !== undefined) return { ...write, before: more };
  return { kind: 'retry', backoff: effect, inputs: createInputs(state), reason: message, events };
}

/** What the content depends on; the deferred write of its name shares the post's not-before time. */
export function createInputs({ snapshot: { metadata, spec }, claim }: BindingState): string {
  return inputsOf(metadata?.uid, spec?.source, spec?.volumeSnapshotClassName, claim?.metadata?.uid);
}
