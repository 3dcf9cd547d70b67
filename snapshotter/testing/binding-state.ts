/** A state of the binding loop, with named overrides, and what its tests ask of a step. */
import type { EventNote } from '../../lib/controller/step.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { decide } from '../binding/decide.ts';
import type { BindingState } from '../binding/state.ts';
import { SINGLE } from '../kinds/single-kind.ts';
import { AS_SOURCE_PROTECTION, BOUND_PROTECTION, CLAIM_PROTECTION } from '../names.ts';
import { EPOCH_MS, aClaim, aClass, aSnapshot, aVolume } from './objects.ts';

/** Everything there for a dynamic snapshot, nothing done yet. */
export function aBindingState({ claim = aClaim(), volume = aVolume(), ...more }: Overrides = {}): BindingState {
  return {
    now: EPOCH_MS,
    settings: { preventVolumeModeConversion: true, distributedSnapshotting: false },
    kind: SINGLE,
    groupKind: undefined,
    snapshot: aSnapshot(),
    gone: false,
    content: undefined,
    snapshotClass: aClass(),
    defaultClasses: [],
    sources: [{ name: 'data', claim: claim ?? undefined, volume: volume ?? undefined }],
    selector: undefined,
    nodes: [],
    restores: [],
    members: { unmade: [], undeleted: [] },
    membership: undefined,
    groupName: undefined,
    confirmed: new Set(['snapshot']),
    refusal: undefined,
    posted: false,
    ...more,
  };
}

/** `null`: the one source has no such thing. */
export interface Overrides extends Partial<BindingState> {
  readonly claim?: PersistentVolumeClaim | null;
  readonly volume?: PersistentVolume | null;
}

export const bothFinalizers = { finalizers: [AS_SOURCE_PROTECTION, BOUND_PROTECTION] };
export const protectedClaim = aClaim({ metadata: { finalizers: [CLAIM_PROTECTION] } });
export const confirmedAll = new Set(['snapshot', 'content', 'class', 'claim data', 'volume pv-data', 'selection']);
export const deleting = { deletionTimestamp: '2026-01-01T00:01:00Z' };

export function reasons(notes: readonly EventNote[] | undefined): readonly string[] {
  return (notes ?? []).map(({ type, reason }) => `${type} ${reason}`);
}

/** The step must be a status error; answers its message and event reasons. */
export function failure(state: BindingState): {
  readonly message: string;
  readonly events: readonly string[];
  readonly readyToUse: unknown;
} {
  const step = decide(state);
  if (step.kind !== 'write-error' || step.patch.type !== 'json') throw new Error(`expected an error, got ${step.kind}`);
  const values = step.patch.operations.flatMap(({ op, path, value }) => (op === 'test' ? [] : [[path, value] as const]));
  const whole = values.find(([path]) => path === '/status')?.[1] as { error?: { message?: string }; readyToUse?: boolean } | undefined;
  const error = whole?.error ?? (values.find(([path]) => path === '/status/error')?.[1] as { message?: string } | undefined);
  const readyToUse = whole === undefined ? values.find(([path]) => path === '/status/readyToUse')?.[1] : whole.readyToUse;
  return { message: error?.message ?? '', events: reasons(step.before), readyToUse };
}
